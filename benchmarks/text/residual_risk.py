"""What the gate sees of de-identified notes: the detector as shipped, without its classifier, and one that finds nothing.

    python benchmarks/text/residual_risk.py [--patients 60] [--notes 200] [--canaries 400]

The same attacks as the pipeline's, on the notes of a fictional hospital; limits of policies/default.yaml. Writes
RESIDUAL.md beside this file.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
os.environ.setdefault("OMP_NUM_THREADS", "1")


def notes_of(patients: int, seed: int, most: int) -> list[tuple[int, int, str, str]]:
    """(note_id, person_id, text, date) of a fictional hospital, spread over its patients."""
    import duckdb

    from anon_pipeline.fictional.builder import build

    with tempfile.TemporaryDirectory() as folder:
        build(Path(folder) / "hospital", patients, seed, progress=False, images=False)
        with duckdb.connect(str(Path(folder) / "hospital" / "warehouse.duckdb"), read_only=True) as warehouse:
            query = (
                "SELECT note_id, person_id, note_text, CAST(note_date AS VARCHAR) FROM note "
                "ORDER BY row_number() OVER (PARTITION BY person_id ORDER BY note_id), person_id LIMIT ?"
            )
            return warehouse.execute(query, [most]).fetchall()


def attack(notes: list[tuple[int, int, str, str]], canaries: int, seed: int) -> tuple[list[dict[str, Any]], float]:
    """Judged rows, and the CPU seconds that the attacks took."""
    from anon_pipeline.keys import Key
    from anon_pipeline.modalities.text import engine, residual
    from anon_pipeline.risk import text_attacks as attacks
    from anon_pipeline.risk.limits import default_limits, judge

    key = Key(bytes(range(32)))
    documents = [{"id": str(n), "text": text, "patient_id": str(p), "date": day} for n, p, text, day in notes]
    released = [made["text"] for made in engine.deidentify_documents(documents, key)]
    originals, persons = [text for _, _, text, _ in notes], [p for _, p, _, _ in notes]
    begun = time.process_time()
    placed = [attacks.replaced(a, b) for a, b in zip(originals, released, strict=True)]
    names, texts = residual.by_person(persons, originals, [()] * len(notes), released)
    rows = attacks.rows(
        {
            "canaries": residual.canary_audit([{"text": t} for t in originals], key, {}, canaries, seed),
            "second_detector": attacks.second_detector(released, placed, persons, 11),
            "name_linkage": attacks.name_linkage(names, texts),
            "fact_linkage": attacks.fact_linkage(originals, released, seed=seed),
        }
    )
    judge(rows, default_limits())
    return rows, time.process_time() - begun


def silent() -> Any:
    """A classifier whose thresholds nothing reaches."""

    class Silent:
        def predict(self, texts: list[str]) -> list[None]:
            return [None for _ in texts]

    return Silent()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patients", type=int, default=60)
    parser.add_argument("--notes", type=int, default=200)
    parser.add_argument("--canaries", type=int, default=400)
    parser.add_argument("--seed", type=int, default=20261122)
    arguments = parser.parse_args()
    from anon_pipeline.modalities.text import engine

    notes = notes_of(arguments.patients, arguments.seed, arguments.notes)
    tagger: Callable[..., Any] = engine._tagger
    detect: Callable[..., Any] = engine.detect
    kinds: list[tuple[str, Callable[..., Any], Callable[..., Any]]] = [
        ("as shipped", tagger, detect),
        ("rules alone", lambda _: silent(), detect),
        ("finds nothing", tagger, lambda texts, *_: [[] for _ in texts]),
    ]
    found = {}
    for name, tags, detects in kinds:
        engine._tagger, engine.detect = tags, detects  # type: ignore[assignment]
        found[name] = attack(notes, arguments.canaries, arguments.seed)
    names = [f"{row['name']}/{row['metric']}" for row in found["as shipped"][0]]
    lines = [
        "# Residual risk of de-identified notes: measured",
        "",
        f"{platform.machine()}, {os.cpu_count()} cores shared with other work, 2026-11-22. Command: "
        f"`python benchmarks/text/residual_risk.py {' '.join(sys.argv[1:])}`.".replace(" `.", "`."),
        f"{len(notes)} notes of {arguments.patients} patients of the fictional hospital, no record used. Value and 95 % "
        "interval; bold: over the limit of",
        "`policies/default.yaml`, so that the gate refuses.",
        "",
        "| `deidentified/...` | " + " | ".join(found) + " |",
        "|---|" + "---|" * len(found),
    ]
    for place, name in enumerate(names):
        cells = [cell(rows[place]) for rows, _ in found.values()]
        lines.append(f"| `{name}` | " + " | ".join(cells) + " |")
    seconds = found["as shipped"][1]
    lines += ["", f"The attacks took {seconds:.0f} CPU-seconds beside the notes' own de-identification."]
    (HERE / "RESIDUAL.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


def cell(row: dict[str, Any]) -> str:
    text = f"{row['value']:.3g} ({row['low']:.3g} to {row['high']:.3g})"
    return f"**{text}**" if row["passed"] is False else text


if __name__ == "__main__":
    main()
