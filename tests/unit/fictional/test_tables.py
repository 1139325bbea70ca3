"""The OMOP tables hold together: keys, dates, concepts, cohorts, units, detection limits."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from anon_pipeline.fictional.schema import SCHEMAS, arrow_table


@pytest.fixture(scope="module")
def sql(large_hospital: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(large_hospital / "warehouse.duckdb"), read_only=True) as connection:
        yield connection


def count(sql: duckdb.DuckDBPyConnection, query: str) -> int:
    row = sql.execute(query).fetchone()
    assert row is not None
    return int(row[0])


def test_files_have_the_cdm_schema_and_bigint_ids(large_hospital: Path) -> None:
    for path in sorted((large_hospital / "omop").glob("*.parquet")):
        schema = pq.read_schema(path)
        assert schema.equals(SCHEMAS[path.stem]), path.stem
        assert all(field.type == pa.int64() for field in schema if field.name.endswith("_id") and "vocabulary" not in
                   field.name and "domain" not in field.name and "class_id" not in field.name), path.stem  # fmt: skip


@pytest.mark.parametrize(
    ("table", "key"),
    [("person", "person_id"), ("visit_occurrence", "visit_occurrence_id"), ("measurement", "measurement_id"),
     ("condition_occurrence", "condition_occurrence_id"), ("drug_exposure", "drug_exposure_id"), ("note", "note_id"),
     ("procedure_occurrence", "procedure_occurrence_id"), ("observation", "observation_id"),
     ("observation_period", "observation_period_id"), ("location", "location_id"), ("concept", "concept_id")],
)  # fmt: skip
def test_keys_are_unique(sql: duckdb.DuckDBPyConnection, table: str, key: str) -> None:
    assert count(sql, f"SELECT count(*) - count(DISTINCT {key}) FROM {table}") == 0
    assert count(sql, f"SELECT count(*) FROM {table}") > 0


def test_ids_are_as_wild_as_in_real_exports(sql: duckdb.DuckDBPyConnection) -> None:
    assert count(sql, "SELECT count(*) FROM person WHERE person_id < 0") > 100
    assert count(sql, "SELECT count(*) FROM person WHERE person_id > 9007199254740992") > 100


@pytest.mark.parametrize(
    "table",
    ["visit_occurrence", "condition_occurrence", "drug_exposure", "procedure_occurrence", "measurement", "observation",
     "death", "note", "observation_period"],
)  # fmt: skip
def test_foreign_keys_resolve(sql: duckdb.DuckDBPyConnection, table: str) -> None:
    columns = {row[0] for row in sql.execute(f"DESCRIBE {table}").fetchall()}
    for key, target in (("person_id", "person"), ("visit_occurrence_id", "visit_occurrence"),
                        ("provider_id", "provider"), ("care_site_id", "care_site")):  # fmt: skip
        if key in columns:
            query = (
                f"SELECT count(*) FROM {table} WHERE {key} IS NOT NULL AND {key} NOT IN (SELECT {key} FROM {target})"
            )
            assert count(sql, query) == 0, (table, key)


def test_every_concept_is_in_the_vocabulary(sql: duckdb.DuckDBPyConnection) -> None:
    tables = [row[0] for row in sql.execute("SELECT table_name FROM duckdb_tables()").fetchall()]
    for table in tables:
        for column, *_ in sql.execute(f"DESCRIBE {table}").fetchall():
            if column.endswith("concept_id") and table not in ("vocabulary", "cdm_source"):
                query = f"SELECT count(*) FROM {table} WHERE {column} NOT IN (SELECT concept_id FROM concept)"
                assert count(sql, query) == 0, (table, column)


def test_local_concepts_are_over_two_billion(sql: duckdb.DuckDBPyConnection) -> None:
    wrong = "(vocabulary_id LIKE 'CHU-%' OR vocabulary_id = 'CCAM') <> (concept_id >= 2000000000)"
    assert count(sql, f"SELECT count(*) FROM concept WHERE {wrong}") == 0


def test_nothing_happens_outside_the_observation_period(sql: duckdb.DuckDBPyConnection) -> None:
    for table, start in (("visit_occurrence", "visit_start_date"), ("visit_occurrence", "visit_end_date"),
                         ("measurement", "measurement_date"), ("condition_occurrence", "condition_start_date"),
                         ("drug_exposure", "drug_exposure_start_date"), ("drug_exposure", "drug_exposure_end_date"),
                         ("death", "death_date"), ("note", "note_date")):  # fmt: skip
        query = (
            f"SELECT count(*) FROM {table} JOIN observation_period USING (person_id) WHERE {start} NOT BETWEEN "
            "observation_period_start_date AND observation_period_end_date"
        )
        assert count(sql, query) == 0, (table, start)
    assert count(sql, "SELECT count(*) FROM drug_exposure WHERE drug_exposure_end_date < drug_exposure_start_date") == 0


def test_cohorts_overlap_and_match_the_diagnoses(sql: duckdb.DuckDBPyConnection) -> None:
    rows = sql.execute("SELECT cohort_definition_name FROM cohort_definition ORDER BY 1").fetchall()
    names = [row[0] for row in rows]
    assert names == ["Cardiomyopathie hypertrophique", "Hépatopathie stéatosique"]
    assert count(sql, "SELECT count(*) FROM cohort WHERE cohort_definition_id = 1") == 1200
    assert count(sql, "SELECT count(*) FROM cohort WHERE cohort_definition_id = 2") == 1100
    assert count(sql, "SELECT count(*) - count(DISTINCT subject_id) FROM cohort") == 400
    undiagnosed = (
        "SELECT count(*) FROM cohort WHERE cohort_definition_id = 2 AND subject_id NOT IN "
        "(SELECT person_id FROM condition_occurrence WHERE condition_concept_id = 2000000204)"
    )
    assert count(sql, undiagnosed) == 0


def test_the_first_hundred_patients_make_cohorts_of_fifty(large_hospital: Path) -> None:
    people = pq.read_table(large_hospital / "omop/person.parquet")["person_id"].to_pylist()[:100]
    rows = pq.read_table(large_hospital / "omop/cohort.parquet").to_pylist()
    sizes = [sum(row["subject_id"] in people for row in rows if row["cohort_definition_id"] == i) for i in (1, 2)]
    assert sizes == [60, 55]


def test_laboratory_is_irregular_missing_by_design_and_censored(sql: duckdb.DuckDBPyConnection) -> None:
    assert count(sql, "SELECT count(*) FROM measurement WHERE operator_concept_id = 4171756") > 100
    probnp = ("SELECT round(1000 * count(DISTINCT person_id) FILTER (measurement_concept_id = 2000000107) / "
              "count(DISTINCT person_id)) FROM measurement WHERE person_id {} (SELECT subject_id FROM cohort WHERE "
              "cohort_definition_id = 2)")  # fmt: skip
    assert count(sql, probnp.format("IN")) > 1.5 * count(sql, probnp.format("NOT IN"))
    assert count(sql, "SELECT count(DISTINCT n) FROM (SELECT count(*) AS n FROM measurement GROUP BY person_id)") > 30
    assert count(sql, "SELECT count(*) FROM measurement WHERE range_low > range_high") == 0
    # A value below its detection limit is reported as the limit.
    below = "SELECT count(DISTINCT value_as_number) FROM measurement WHERE operator_concept_id = 4171756 "
    assert count(sql, below + "AND measurement_concept_id = 2000000105") == 1


def test_identifying_columns_are_filled(sql: duckdb.DuckDBPyConnection) -> None:
    assert count(sql, "SELECT count(*) FROM person WHERE person_source_value IS NULL OR birth_datetime IS NULL") == 0
    assert count(sql, "SELECT count(*) - count(DISTINCT person_source_value) FROM person") == 0
    assert count(sql, "SELECT count(*) FROM location WHERE address_1 IS NULL OR zip IS NULL") == 0


def test_arrow_table_refuses_unknown_columns() -> None:
    with pytest.raises(ValueError, match="no columns"):
        arrow_table("death", {"person_id": [1], "name": ["x"]})
