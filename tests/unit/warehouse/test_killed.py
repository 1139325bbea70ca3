"""A load or an extraction that is killed leaves nothing half-made under the name it was asked for."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest

from anon_pipeline.warehouse import load_folder, open_warehouse

LOAD = (
    "import sys; from anon_pipeline.warehouse import load_folder; print('go', flush=True); load_folder(*sys.argv[1:])"
)
EXTRACT = """
import sys
from anon_pipeline.keys import Key
from anon_pipeline.policy import load_policy
from anon_pipeline.warehouse import extract, open_warehouse
with open_warehouse(sys.argv[1]) as warehouse:
    policy = load_policy(sys.argv[2])
    print('go', flush=True)
    extract(warehouse, 'all', policy, Key(bytes(range(32))), sys.argv[3])
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("kill")
    (root / "omop").mkdir()
    with duckdb.connect() as connection:
        for table, columns in {
            "person": "i AS person_id",
            "measurement": "i AS measurement_id, i AS person_id, 3 AS measurement_concept_id, "
            "DATE '2020-01-01' AS measurement_date",
            "condition_occurrence": "i AS condition_occurrence_id, i AS person_id, 3 AS condition_concept_id, "
            "DATE '2020-01-01' AS condition_start_date",
        }.items():
            path = root / "omop" / f"{table}.csv"
            connection.execute(f"COPY (SELECT {columns} FROM range(40000) AS r(i)) TO '{path}' (HEADER)").fetchall()
    (root / "cohort.sql").write_text("SELECT person_id FROM person")
    (root / "p.yaml").write_text("schema: anon-pipeline/policy/1\ncohort: {sql: cohort.sql}\n")
    return root


def killed_after(seconds: float, arguments: list[str]) -> int:
    with subprocess.Popen([sys.executable, "-c", *arguments], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(seconds)
        process.send_signal(signal.SIGKILL)
    return process.returncode


@pytest.mark.parametrize("seconds", [0.1, 0.5])
def test_a_killed_load(folder: Path, tmp_path: Path, seconds: float) -> None:
    target = tmp_path / "w.duckdb"
    code = killed_after(seconds, [LOAD, str(folder / "omop"), str(target)])
    assert target.exists() == (code == 0)
    assert load_folder(folder / "omop", target).tables["person"] == 40_000
    assert [path.name for path in tmp_path.iterdir()] == ["w.duckdb"]


@pytest.mark.parametrize("seconds", [0.05, 0.4])
def test_a_killed_extraction(folder: Path, tmp_path: Path, seconds: float) -> None:
    from anon_pipeline.keys import Key
    from anon_pipeline.policy import load_policy
    from anon_pipeline.warehouse import extract, purge

    warehouse = folder / "w.duckdb"
    if not warehouse.exists():
        load_folder(folder / "omop", warehouse)
    out = tmp_path / "out"
    code = killed_after(seconds, [EXTRACT, str(warehouse), str(folder / "p.yaml"), str(out)])
    assert out.exists() == (code == 0)
    with open_warehouse(warehouse) as opened:
        report = extract(opened, "all", load_policy(folder / "p.yaml"), Key(bytes(range(32))), out)
    assert report.complete
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    purge(out)
    assert list(tmp_path.iterdir()) == []
