"""Time and memory of ``anon-pipeline tables`` (and ``scan``) against the number of patients: Parquet in, Parquet out.

    python benchmarks/tables/scale.py --sizes 1000x15,10000x15,100000x15
    python benchmarks/tables/scale.py --verb scan --sizes 1000000x50

Each size runs in its own process through the command line; CPU seconds and peak memory are the child's own.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq


def made_up(rows: int, columns: int, seed: int = 0) -> pa.Table:
    """A mixed table with four latent factors: a third categories, the rest numbers, some zero-inflated or missing."""
    rng = np.random.default_rng(seed)
    shape = np.random.default_rng(1)
    factors = rng.standard_normal((rows, 4))
    out = {}
    for j in range(columns):
        loading = shape.standard_normal(4) / 2
        value = factors @ loading + rng.standard_normal(rows)
        if j % 3 == 0:
            levels = np.array([f"level {c}" for c in range(2 + j % 6)])
            cuts = np.linspace(-2, 2, len(levels) + 1)[1:-1]
            out[f"category_{j}"] = pa.array(levels[np.searchsorted(cuts, value)]).dictionary_encode()
        elif j % 3 == 1:
            whole = np.maximum(np.round(40 + 25 * value), 0).astype(np.int64)
            out[f"count_{j}"] = pa.array(whole)
        else:
            out[f"level_{j}"] = pa.array(np.round(np.exp(value), 2), mask=rng.random(rows) < 0.1)
    return pa.table(out)


def measure(rows: int, columns: int, folder: Path, verb: str) -> dict[str, float | str]:
    source, target = folder / "in.parquet", folder / "out.parquet"
    with pq.ParquetWriter(source, made_up(1, columns).schema) as writer:
        for low in range(0, rows, 100_000):
            writer.write_table(made_up(min(100_000, rows - low), columns, low))
    command = [str(Path(sys.executable).with_name("anon-pipeline")), verb, str(source), "--quiet"]
    command += [str(target)] if verb == "tables" else ["--report", str(folder / "report.json")]
    began = time.monotonic()
    process = subprocess.Popen(command, env={**os.environ})
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - began
    if status:
        raise SystemExit(f"{rows} x {columns}: exit {status}")
    return {
        "verb": verb,
        "rows": rows,
        "columns": columns,
        "wall_s": round(wall, 1),
        "cpu_s": round(usage.ru_utime + usage.ru_stime, 1),
        "peak_mb": round(usage.ru_maxrss / 1024),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="1000x15,10000x15,100000x15")
    parser.add_argument("--verb", choices=("tables", "scan"), default="tables")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    results = []
    for size in options.sizes.split(","):
        rows, columns = map(int, size.split("x"))
        with tempfile.TemporaryDirectory() as folder:
            results.append(measure(rows, columns, Path(folder), options.verb))
        print(results[-1], flush=True)
    print("own peak", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, "MB")
    if options.json:
        kept = json.loads(options.json.read_text()) if options.json.exists() else []
        options.json.write_text(json.dumps(kept + results, indent=1))


if __name__ == "__main__":
    main()
