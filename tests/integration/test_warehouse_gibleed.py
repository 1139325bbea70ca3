"""The GiBleed OMOP set, as published: loaded whole, three cohorts of it extracted by SQL."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from anon_pipeline.cli.main import app
from anon_pipeline.cohort import ExtractedCohort

SHARED = Path(os.environ.get("ANON_PIPELINE_SHARED_DATA", Path(__file__).parents[3] / "shared" / "data"))
GIBLEED = SHARED / "omop_gibleed"
ROWS = {
    "person": 2694,
    "condition_occurrence": 65332,
    "drug_exposure": 67707,
    "procedure_occurrence": 37409,
    "measurement": 44053,
    "observation": 1477,
    "visit_occurrence": 1037,
    "concept_ancestor": 65690,
}
COHORTS = {
    "gi-bleed": "SELECT person_id FROM condition_occurrence WHERE condition_concept_id = 192671",
    "women": "SELECT person_id FROM person WHERE gender_concept_id = 8532;",
    "old_measured": "-- measured after 65\nWITH m AS (SELECT m.person_id FROM measurement m "
    "JOIN person p USING (person_id) WHERE year(m.measurement_date) - p.year_of_birth >= 65) "
    "SELECT DISTINCT person_id AS SUBJECT_ID FROM m",
}

pytestmark = [
    pytest.mark.shared_data,
    pytest.mark.skipif(not GIBLEED.is_dir(), reason=f"{GIBLEED} is not there"),
]


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("gibleed")
    arguments = ["warehouse", "load", str(GIBLEED), "--to", str(root / "w.duckdb"), "--json"]
    arguments += ["--report", str(root / "r.json")]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout) == json.loads((root / "r.json").read_text())
    return root


def test_every_row_is_loaded_and_every_departure_listed(loaded: Path) -> None:
    report = json.loads((loaded / "r.json").read_text())
    assert {table: report["tables"][table] for table in ROWS} == ROWS
    assert report["rejected"] == 0
    assert report["faulty_files"] == []
    assert len(report["files"]) == len(list(GIBLEED.iterdir()))
    files = {each["file"]: each for each in report["files"]}
    assert files["person.csv.gz"]["renamed_columns"] == {"birth_datetime": "expression"}
    assert files["vocabulary.csv.gz"]["renamed_columns"] == {"vocabulary_reference": "expression"}
    assert files["cost.csv.gz"]["renamed_columns"] == {"revenue_code_source_value": "misspelt name"}
    assert set(report["other_tables"]) == {'other."cohort_attribute"', 'other."concept_hierarchy"'}
    assert set(report["missing_tables"]) == {"episode", "episode_event", "cohort_definition"}
    with duckdb.connect(str(loaded / "w.duckdb"), read_only=True) as connection:
        born = connection.execute("SELECT count(*) FROM person WHERE year(birth_datetime) = year_of_birth").fetchall()
        assert born == [(2694,)]


def test_three_cohorts_by_sql(loaded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANON_PIPELINE_KEY", hashlib.sha256(b"a key of the tests").hexdigest())
    for name, sql in COHORTS.items():
        (tmp_path / f"{name}.sql").write_text(sql)
        (tmp_path / f"{name}.yaml").write_text(f"schema: anon-pipeline/policy/1\ncohort: {{sql: {name}.sql}}\n")
        out = tmp_path / "out" / name
        url = f"duckdb:///{loaded / 'w.duckdb'}"
        result = CliRunner().invoke(
            app, ["warehouse", "extract", url, name, str(out), "--policy", str(tmp_path), "--json"]
        )
        assert result.exit_code == 0, result.output
        report = json.loads(result.stdout)
        with duckdb.connect(str(loaded / "w.duckdb"), read_only=True) as connection:
            bare = sql.rstrip(";")
            members = f"(SELECT DISTINCT COLUMNS('(?i)person_id|subject_id') AS person_id FROM ({bare}\n))"
            expected = connection.execute(f"SELECT count(*) FROM {members}").fetchall()[0][0]
            conditions = connection.execute(
                f"SELECT count(*) FROM condition_occurrence SEMI JOIN {members} AS m USING (person_id)"
            ).fetchall()[0][0]
        assert report["training_persons"] + report["holdout_persons"] == expected > 300
        both = ExtractedCohort(name, out)
        parts = [part.read("condition_occurrence").num_rows for part in (both.training, both.holdout)]
        assert sum(parts) == conditions == report["counts"]["rows/condition_occurrence"]
        assert 0.1 < report["holdout_persons"] / expected < 0.3
        assert report["complete"]
        used = set(both.training.read("condition_occurrence")["condition_concept_id"].to_pylist())
        known = set(pq.read_table(both.training.path("concept"))["concept_id"].to_pylist())
        with duckdb.connect(str(loaded / "w.duckdb"), read_only=True) as connection:
            listed = {row[0] for row in connection.execute("SELECT concept_id FROM concept").fetchall()}
        assert used & listed <= known


def test_the_command_line_tells_bad_input(loaded: Path, tmp_path: Path) -> None:
    run = CliRunner().invoke
    assert run(app, ["warehouse", "load", str(tmp_path), "--to", str(tmp_path / "w")]).exit_code == 2
    assert run(app, ["warehouse", "cohorts", str(tmp_path / "absent.duckdb")]).exit_code == 2
    assert run(app, ["warehouse", "cohorts", "postgresql://a:b@127.0.0.1:1/x"]).exit_code == 75
    nothing = run(app, ["warehouse", "cohorts", str(loaded / "w.duckdb"), "--json"])
    assert (nothing.exit_code, json.loads(nothing.stdout)["cohorts"]) == (0, [])
