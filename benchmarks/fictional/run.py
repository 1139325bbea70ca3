"""What building the fictional hospital costs: CPU time, peak memory and size, each build in a process of its own.

    .venv/bin/python benchmarks/fictional/run.py [--sizes 10000 100000 1000000] [--full 100]

Writes RESULTS.md beside itself.
"""

from __future__ import annotations

import argparse
import json
import platform
import shutil
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

_CHILD = """
import json, resource, sys
from anon_pipeline.fictional import build
report = build(sys.argv[1], int(sys.argv[2]), 1, tables_only=sys.argv[3] == "tables")
usage = resource.getrusage(resource.RUSAGE_SELF)
cpu, rows = usage.ru_utime + usage.ru_stime, sum(report.rows.values())
print(json.dumps({"cpu": cpu, "rss": usage.ru_maxrss / 1024, "rows": rows}))
"""


def measure(folder: Path, patients: int, kind: str) -> dict[str, float]:
    out = folder / f"{kind}-{patients}"
    command = [sys.executable, "-c", _CHILD, str(out), str(patients), kind]
    result = subprocess.run(command, check=True, capture_output=True, text=True)
    found = json.loads(result.stdout.splitlines()[-1])
    found["size"] = sum(path.stat().st_size for path in out.rglob("*") if path.is_file()) / 1e6
    shutil.rmtree(out)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="*", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--full", type=int, nargs="*", default=[100])
    arguments = parser.parse_args()
    lines = [
        "# Building the fictional hospital",
        "",
        f"Date 2026-11-22. Command: `{' '.join(['python', 'benchmarks/fictional/run.py', *sys.argv[1:]])}`.",
        f"Machine: {platform.machine()}, one core of a shared machine. Python {platform.python_version()}, "
        + ", ".join(f"{name} {version(name)}" for name in ("numpy", "pyarrow", "duckdb", "pydicom"))
        + ".",
        "",
        "CPU is user plus system time of the whole process, imports and DuckDB included.",
        "",
        "| build | patients | rows | CPU s | ms a patient | peak RSS MB | MB on disk |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    with tempfile.TemporaryDirectory() as folder:
        for kind, sizes in (("everything", arguments.full), ("tables", arguments.sizes)):
            for patients in sizes:
                found = measure(Path(folder), patients, kind)
                lines.append(
                    f"| {kind} | {patients:,} | {int(found['rows']):,} | {found['cpu']:.1f} | "
                    f"{1000 * found['cpu'] / patients:.2f} | {found['rss']:.0f} | {found['size']:.0f} |"
                )
                print(lines[-1], flush=True)
                Path(__file__).with_name("RESULTS.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
