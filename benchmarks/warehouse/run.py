"""Loading and extracting: rows a CPU-second and peak memory, beside plain tools that promise less.

Each measure runs in a process of its own (CPU time and peak memory are the process's). The input is made up: persons
with 100 measurements and 10 conditions each, as CSV.gz. Peers, in the same run: DuckDB's own typed read_csv of the same
files (no reject table, no coercion, no check), and pandas' read_csv of the same files.

"""

from __future__ import annotations

import argparse
import hashlib
import json
import platform
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
MEASUREMENTS, CONDITIONS = 100, 10


def make(folder: Path, persons: int) -> None:
    """The files, written by DuckDB: the same for the same number of persons."""
    import duckdb

    folder.mkdir(parents=True, exist_ok=True)
    out = "(FORMAT csv, HEADER, COMPRESSION gzip)"
    visits, days = persons * MEASUREMENTS, "CAST(i % 4000 AS INTEGER)"
    queries = {
        "person": "SELECT i AS person_id, 8507 + 25 * (i % 2) AS gender_concept_id, 1930 + i % 80 AS year_of_birth, "
        f"'IPP' || i AS person_source_value FROM range({persons}) AS r(i)",
        "measurement": f"SELECT i AS measurement_id, i % {persons} AS person_id, "
        f"3000000 + i % 97 AS measurement_concept_id, DATE '2010-01-01' + {days} AS measurement_date, "
        f"TIMESTAMP '2010-01-01 08:00:00' + INTERVAL ({days}) DAY AS measurement_datetime, "
        "round(hash(i) % 100000 / 97, 3) AS value_as_number, 8840 AS unit_concept_id, "
        f"'mg/dL' AS unit_source_value FROM range({visits}) AS r(i)",
        "condition_occurrence": f"SELECT i AS condition_occurrence_id, i % {persons} AS person_id, "
        f"4000000 + i % 211 AS condition_concept_id, DATE '2010-01-01' + {days} AS condition_start_date "
        f"FROM range({persons * CONDITIONS}) AS r(i)",
        "cohort": f"SELECT 1 AS cohort_definition_id, i AS subject_id FROM range({persons // 2}) AS r(i)",
        "cohort_definition": "SELECT 1 AS cohort_definition_id, 'half' AS cohort_definition_name",
    }
    with duckdb.connect() as connection:
        for table, query in queries.items():
            connection.execute(f"COPY ({query}) TO '{folder / table}.csv.gz' {out}").fetchall()


def load(folder: Path, work: Path) -> int:
    from anon_pipeline.warehouse import load_folder

    return sum(load_folder(folder, work / "warehouse.duckdb").tables.values())


def extract(folder: Path, work: Path) -> int:
    from anon_pipeline.keys import Key
    from anon_pipeline.policy import load_policy
    from anon_pipeline.warehouse import extract as extract_cohort
    from anon_pipeline.warehouse import open_warehouse

    (work / "p.yaml").write_text("schema: anon-pipeline/policy/1\ncohort: {definition_id: 1}\n")
    with open_warehouse(work / "warehouse.duckdb") as warehouse:
        key = Key(hashlib.sha256(b"benchmark").digest())
        report = extract_cohort(warehouse, "half", load_policy(work / "p.yaml"), key, work / "out")
    return sum(rows for name, rows in report.counts.items() if name.startswith("rows/"))


def digests(folder: Path, work: Path) -> int:
    from anon_pipeline.keys import Key
    from anon_pipeline.policy import load_policy
    from anon_pipeline.warehouse import open_warehouse, source_digests

    with open_warehouse(work / "warehouse.duckdb") as warehouse:
        found = source_digests(warehouse, "half", load_policy(work / "p.yaml"), Key(hashlib.sha256(b"b").digest()))
    return sum(rows for _, rows in found.values())


def peer_duckdb(folder: Path, work: Path) -> int:
    import duckdb

    rows = 0
    with duckdb.connect(str(work / "peer.duckdb"), config={"threads": 2, "memory_limit": "1GB"}) as connection:
        for path in sorted(folder.glob("*.csv.gz")):
            name = path.name.split(".")[0]
            connection.execute(f"CREATE TABLE {name} AS SELECT * FROM read_csv('{path}')").fetchall()
            rows += connection.execute(f"SELECT count(*) FROM {name}").fetchall()[0][0]
    return rows


def peer_pandas(folder: Path, work: Path) -> int:
    import pandas as pd

    return sum(len(pd.read_csv(path)) for path in sorted(folder.glob("*.csv.gz")))


MEASURES = {
    "warehouse load": load,
    "warehouse extract": extract,
    "source digests": digests,
    "peer: DuckDB read_csv": peer_duckdb,
    "peer: pandas read_csv": peer_pandas,
}


def one(name: str, folder: Path, work: Path) -> None:
    """In a child: run one measure and print what it took."""
    started = time.process_time()
    rows = MEASURES[name](folder, work)
    usage = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps({"rows": rows, "cpu": time.process_time() - started, "peak": usage.ru_maxrss / 1024}))


def measured(folder: Path, work: Path, label: str) -> list[str]:
    lines = []
    for name in MEASURES:
        command = [sys.executable, __file__, "--one", name, "--folder", str(folder), "--work", str(work)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            lines.append(f"| {label} | {name} | failed | | | |")
            continue
        found = json.loads(done.stdout.splitlines()[-1])
        rate = found["rows"] / found["cpu"]
        cells = [f"{found['rows']:,}", f"{found['cpu']:.1f}", f"{rate:,.0f}", f"{found['peak']:.0f}"]
        lines.append(f"| {label} | {name} | {' | '.join(cells)} |")
        print(lines[-1], flush=True)
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--persons", type=int, nargs="*", default=[5_000, 50_000])
    parser.add_argument("--one")
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--work", type=Path)
    options = parser.parse_args()
    if options.one:
        one(options.one, options.folder, options.work)
        return
    lines: list[str] = []
    with tempfile.TemporaryDirectory() as scratch:
        for persons in options.persons:
            folder, work = Path(scratch) / f"in{persons}", Path(scratch) / f"work{persons}"
            work.mkdir()
            make(folder, persons)
            lines += measured(folder, work, f"{persons:,} persons")
    write(lines, " ".join(["python", "benchmarks/warehouse/run.py", *sys.argv[1:]]))


def write(lines: list[str], command: str) -> None:
    import duckdb
    import pandas as pd
    import pyarrow as pa

    text = [
        "# Warehouse: loading and extraction",
        "",
        f"2026-11-22, {platform.machine()}, 2 cores shared with other work (CPU time is what counts), "
        f"Python {platform.python_version()}, duckdb {duckdb.__version__}, pyarrow {pa.__version__}, "
        f"pandas {pd.__version__}.",
        "",
        f"    {command}",
        "",
        "Input: 100 measurements and 10 conditions a person, CSV.gz. The cohort is half of the persons. Peak memory is",
        "the whole process's, imports included. The peers only read: they reject, coerce and check nothing.",
        "",
        "| input | measure | rows | CPU s | rows / CPU s | peak MB |",
        "|---|---|---|---|---|---|",
        *lines,
    ]
    (HERE / "RESULTS.md").write_text("\n".join(text) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
