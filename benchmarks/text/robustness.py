"""What a run costs and survives: memory against the number of notes, a 20 MB note, empty and broken ones, load time."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

CHILD = """
import json, resource, sys, time
from pathlib import Path
import torch; torch.set_num_threads(1)
from anon_pipeline.keys import Key
from anon_pipeline.modalities.text.run import Request, run
begun = time.process_time()
report = run(Request(Path(sys.argv[1]), Path(sys.argv[2]), Key(bytes(range(32)))))
print(json.dumps({"seconds": time.process_time() - begun, "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
                  "documents": report["documents"], "quarantined": report["quarantined"]}))
"""
LOAD = """
import time
import numpy, torch
begun = time.process_time(); wall = time.perf_counter()
from anon_pipeline.modalities.text.tagger import Tagger
Tagger()
print(time.process_time() - begun, time.perf_counter() - wall)
"""


def _run(rows: list[str]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    with tempfile.TemporaryDirectory() as folder:
        source, out = Path(folder) / "in.jsonl", Path(folder) / "out.jsonl"
        source.write_text("\n".join(rows) + "\n", encoding="utf-8", errors="surrogatepass")
        made = subprocess.run([sys.executable, "-c", CHILD, str(source), str(out)], capture_output=True, text=True, check=True)  # fmt: skip
        results = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    return json.loads(made.stdout.splitlines()[-1]), results


def memory(texts: list[str]) -> list[tuple[int, float]]:
    """(notes, peak megabytes) for the notes once and ten times over."""
    out = []
    for times in (1, 10):
        rows = [json.dumps({"id": str(i), "text": t, "patient_id": f"p{i}"}) for i, t in enumerate(texts * times)]
        out.append((len(rows), _run(rows)[0]["megabytes"]))
    return out


def large(megabytes: int = 20) -> dict[str, Any]:
    """One note of that many MB with names at its start, middle and end."""
    filler = "Examen sans particularité, suites simples, pas de fièvre ni de douleur. Pansement propre, reprise du transit.\n"
    hidden = "Vu par le Dr Anne KERMORVANT le 12/03/2020, tél. 06 12 34 56 78.\n"
    block = filler * (megabytes * 500_000 // len(filler))
    made, results = _run([json.dumps({"id": "large", "text": hidden + block + hidden + block + hidden})])
    released = results[0]["text"] if results else ""
    left = [s for s in ("KERMORVANT", "12/03/2020", "06 12 34 56 78") if s in released]
    return {**made, "left": len(left), "characters": len(released)}


def broken() -> dict[str, str]:
    """What happens to each kind of broken note: 'processed' (nothing left in it) or the fact that it was quarantined."""
    name = "Mme Anne KERMORVANT"
    kinds = {
        "empty": "", "spaces": " \n\t ", "binary": "\x00\x01\x02\x7f" * 200, "NULs": f"Vue ce jour : {name}\x00, 12/03/2020\x00.",
        "lone surrogates": f"\ud800Vue ce jour : {name}\udc00 le 12/03/2020.", "right to left and combining": f"\u202eVue\u0301 : {name}\u200b le 12/03/2020.",
        "one long line": f"{'mot ' * 5000}{name} {'mot ' * 5000}", "one long word": "a" * 100_000 + f" {name}",
    }  # fmt: skip
    out = {}
    made, results = _run([json.dumps({"id": k, "text": t}) for k, t in kinds.items()])
    by = {r["id"]: r["text"] for r in results}
    for kind in kinds:
        out[kind] = "quarantined" if kind not in by else "identifier left" if "KERMORVANT" in by[kind] else "processed"
    assert made["documents"] + made["quarantined"] == len(kinds)
    return out


def load_seconds() -> tuple[float, float]:
    """(CPU, wall) seconds to load the classifier once numpy and torch are imported."""
    made = subprocess.run([sys.executable, "-c", LOAD], capture_output=True, text=True, check=True)
    cpu, wall = made.stdout.split()
    return float(cpu), float(wall)


def children_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime + time.process_time()
