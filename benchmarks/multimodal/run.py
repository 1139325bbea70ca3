"""Avatars across modalities: planted associations, attacks, tasks of two modalities, time and memory.

    .venv/bin/python benchmarks/multimodal/run.py --part small [--seeds 20] [--folder DIR]
    .venv/bin/python benchmarks/multimodal/run.py --part middle [--pictured 1000]   # 2,000 patients
    .venv/bin/python benchmarks/multimodal/run.py --part large      # 10,000 patients, 2,500 with notes, images, genome
    .venv/bin/python benchmarks/multimodal/run.py --part search     # a draw among a million, with CUDA where it is
    .venv/bin/python benchmarks/multimodal/run.py --part encoders   # eigen-images against a convolutional autoencoder
    .venv/bin/python benchmarks/multimodal/run.py --part fusion [--folder DIR]  # against autoencoders; encoders of notes
    .venv/bin/python benchmarks/multimodal/run.py --part table      # RESULTS.md from what was measured

Each part writes PART.json beside itself; a part that was cut short keeps what it had measured.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
GENERATED = ("extraction", "embedding", "anonymised")


def save(part: str, content: dict[str, Any]) -> None:
    (HERE / f"{part}.json").write_text(json.dumps(content, indent=1, sort_keys=True) + "\n")


def kept_before(part: str) -> dict[str, Any]:
    path = HERE / f"{part}.json"
    return json.loads(path.read_text()) if path.is_file() else {}


def small(folder: Path, seeds: int, patients: int = 100, limit_s: float = 1e9, clear: bool = True) -> None:
    """Effects in avatars over effects in patients, a hospital a seed; nobody is held out (see the folds). clear: remove
    each hospital, instead of keeping it for the next run."""
    import cohorts

    found = kept_before("small") or {"patients": patients, "seeds": {}}
    start = time.monotonic()
    for seed in range(seeds):
        if str(seed) in found["seeds"] or time.monotonic() - start > limit_s:
            continue
        root = folder / f"small-{seed}"
        cohorts.hospital(root, patients, 1000 + seed)
        made = cohorts.context(root, holdout=0.05, genomics="withheld")
        cpu = time.process_time()
        cohorts.run(made, GENERATED)
        pairs = cohorts.planted(made)
        found["seeds"][str(seed)] = {
            "cpu": round(time.process_time() - cpu, 1),
            "effects": {n: [real["effect"], made_["effect"], real["truth"]] for n, (real, made_) in pairs.items()},
        }
        save("small", found)
        shutil.rmtree(root if clear else root / "work")


def middle(folder: Path, patients: int = 2000, pictured: int | None = None) -> None:
    import cohorts

    root = folder / f"middle-{patients}"
    cohorts.hospital(root, patients, 77, pictured)
    made = cohorts.context(root, holdout=0.2)
    found: dict[str, Any] = {"patients": patients, "pictured": pictured or patients, "stages": []}
    for prefixes in (GENERATED, ("quality/expectations", "quality/utility", "risk")):
        found["stages"] += cohorts.run(made, prefixes)
        if prefixes is GENERATED:
            found["planted"] = {n: list(pair) for n, pair in cohorts.planted(made).items()}
        save("middle", found)
    found["utility"] = json.loads((made.folder("quality/utility") / "utility.json").read_text())
    for criterion in ("singling_out", "linkability", "membership"):
        found[criterion] = json.loads((made.folder(f"risk/{criterion}") / "attacks.json").read_text())
    found["counts"] = {m: made.evidence(f"anonymised/{m}").counts for m in ("text", "imaging", "genomics")}
    found["embedding"] = {m: made.evidence(f"embedding/{m}").counts for m in ("text", "imaging", "genomics")}
    save("middle", found)


def large(folder: Path, patients: int = 10_000, pictured: int = 2500) -> None:
    import cohorts

    root = folder / f"large-{patients}"
    cohorts.hospital(root, patients, 77, pictured)
    made = cohorts.context(root, holdout=0.2)
    found: dict[str, Any] = {"patients": patients, "pictured": pictured, "stages": []}
    for prefix in (*GENERATED, "quality", "risk"):
        found["stages"] += cohorts.run(made, (prefix,))
        if prefix == "anonymised":
            found["planted"] = {n: list(pair) for n, pair in cohorts.planted(made).items()}
        save("large", found)
    for criterion in ("singling_out", "linkability", "membership"):
        found[criterion] = json.loads((made.folder(f"risk/{criterion}") / "attacks.json").read_text())
    save("large", found)


def fusion(folder: Path, patients: int = 2500) -> None:
    """Multiple factor analysis against joint autoencoders, and encoders of notes, on people not learnt from."""
    import cohorts
    import fusions
    import text_encoders

    root = folder / f"middle-{patients}"
    if not (root / "work/everyone/embedding/imaging/embedding.npz").is_file():
        cohorts.hospital(root, patients, 77)
        cohorts.run(cohorts.context(root, holdout=0.2), ("extraction", "embedding"))
    work = root / "work/everyone"
    found: dict[str, Any] = {"patients": patients, "fusion": fusions.compare(work)}
    save("fusion", found)
    save("fusion", found | {"text": text_encoders.compare(work)})


def search(
    sizes: tuple[int, ...] = (10_000, 100_000, 1_000_000), width: int = 50, k: int = 60, reach: float = 0.33
) -> None:
    """Drawing as many avatars as there are people: CPU time and peak memory."""
    import resource

    import numpy as np
    import torch

    from anon_pipeline.avatars.density import draw_local

    devices = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
    found: dict[str, Any] = {"width": width, "k": k, "reach": reach, "rows": []}
    for size in sizes:
        rng = np.random.default_rng(size)
        vectors = (rng.standard_normal((size, width)) * np.linspace(2, 0.2, width)).astype(np.float32)
        for device in devices:
            cpu, wall = time.process_time(), time.monotonic()
            draw_local(vectors, k, size, rng, reach=reach, device=device)
            row = {"size": size, "device": device, "cpu": round(time.process_time() - cpu, 1),
                   "wall": round(time.monotonic() - wall, 1)}  # fmt: skip
            row["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
            found["rows"].append(row)
            print(row, flush=True)
            save("search", found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--part", choices=("small", "middle", "large", "search", "encoders", "fusion", "table"), required=True
    )
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--patients", type=int, default=0)
    parser.add_argument("--pictured", type=int, default=None, help="how many have notes, images and a genome")
    parser.add_argument("--limit-s", type=float, default=1e9, help="start no seed after so many seconds")
    parser.add_argument("--folder", type=Path, default=None, help="where cohorts are built; default a temporary one")
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore")
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.folder or Path(temporary)
        size = {"patients": arguments.patients} if arguments.patients else {}
        if arguments.part == "small":
            small(folder, arguments.seeds, limit_s=arguments.limit_s, clear=arguments.folder is None, **size)
        elif arguments.part == "middle":
            middle(folder, pictured=arguments.pictured, **size)
        elif arguments.part == "large":
            large(folder, **size)
        elif arguments.part == "search":
            search()
        elif arguments.part == "encoders":
            from encoders import compare

            save("encoders", compare(folder))
        elif arguments.part == "fusion":
            fusion(folder, **size)
    from table import write

    write(HERE)


if __name__ == "__main__":
    main()
