"""The Great Expectations suites: a sound release passes, each planted fault is found, and no value is told."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from anon_pipeline.quality.gx import expectations

DAY = dt.date(2020, 1, 1)


def tables() -> dict[str, pa.Table]:
    people = pa.array([-7, 3, 2**62], pa.int64())
    days = pa.array([DAY, DAY, None], pa.date32())
    return {
        "person": pa.table(
            {
                "person_id": people,
                "gender_concept_id": pa.array([8507, 8532, 0], pa.int64()),
                "year_of_birth": pa.array([1950, 1960, 1970], pa.int64()),
                "month_of_birth": pa.array([None, 1, 12], pa.int64()),
                "person_source_value": pa.nulls(3, pa.string()),
            }
        ),
        "visit_occurrence": pa.table(
            {
                "visit_occurrence_id": pa.array([10, 20, 30], pa.int64()),
                "person_id": people,
                "visit_concept_id": pa.array([9201, 9202, 9201], pa.int64()),
                "visit_start_date": pa.array([DAY] * 3, pa.date32()),
                "visit_end_date": days,
            }
        ),
        "condition_occurrence": pa.table(
            {
                "condition_occurrence_id": pa.array([1, 2, 3], pa.int64()),
                "person_id": people,
                "condition_concept_id": pa.array([201826, 0, 201826], pa.int64()),
                "condition_start_date": pa.array([DAY] * 3, pa.date32()),
                "visit_occurrence_id": pa.array([10, None, 30], pa.int64()),
            }
        ),
        "death": pa.table({"person_id": pa.array([], pa.int64()), "death_date": pa.array([], pa.date32())}),
    }


def write(folder: Path, content: dict[str, pa.Table]) -> Path:
    folder.mkdir(exist_ok=True)
    for name, table in content.items():
        pq.write_table(table, folder / f"{name}.parquet")
    return folder


def failed(folder: Path) -> set[str]:
    return {f["name"] for f in expectations(folder) if not f["passed"] and f["blocking"]}


def with_column(table: pa.Table, name: str, values: pa.Array) -> pa.Table:
    return table.set_column(table.schema.get_field_index(name), name, values)


def test_a_sound_release_passes_and_every_category_is_asked(tmp_path: Path) -> None:
    findings = expectations(write(tmp_path / "r", tables()))
    assert [f["name"] for f in findings if not f["passed"]] == ["quality/death/rows"]
    assert not next(f for f in findings if f["name"] == "quality/death/rows")["blocking"]
    names = {f["name"] for f in findings}
    assert {
        f"quality/visit_occurrence/{c}" for c in ("columns", "types", "identifying", "rows", "ids", "keys")
    } <= names
    assert {"quality/visit_occurrence/dates", "quality/person/ranges", "quality/condition_occurrence/keys"} <= names


def faults() -> dict[str, tuple[str, str, pa.Table]]:
    sound = tables()
    person, visit, condition = sound["person"], sound["visit_occurrence"], sound["condition_occurrence"]
    return {
        "column missing": ("person", "quality/person/columns", person.drop_columns(["year_of_birth"])),
        "id as text": (
            "person",
            "quality/person/types",
            with_column(person, "gender_concept_id", pa.array(["8507", "8532", "0"])),
        ),
        "id twice": (
            "person",
            "quality/person/ids",
            with_column(person, "person_id", pa.array([3, 3, 2**62], pa.int64())),
        ),
        "id null": (
            "visit_occurrence",
            "quality/visit_occurrence/ids",
            with_column(visit, "visit_occurrence_id", pa.array([10, None, 30], pa.int64())),
        ),
        "unknown person": (
            "condition_occurrence",
            "quality/condition_occurrence/keys",
            with_column(condition, "person_id", pa.array([3, 4, 2**62], pa.int64())),
        ),
        "unknown visit": (
            "condition_occurrence",
            "quality/condition_occurrence/keys",
            with_column(condition, "visit_occurrence_id", pa.array([11, None, 30], pa.int64())),
        ),
        "end before start": (
            "visit_occurrence",
            "quality/visit_occurrence/dates",
            with_column(visit, "visit_end_date", pa.array([dt.date(2019, 12, 31), None, DAY], pa.date32())),
        ),
        "before birth": (
            "condition_occurrence",
            "quality/condition_occurrence/dates",
            with_column(condition, "condition_start_date", pa.array([DAY, dt.date(1900, 1, 1), DAY], pa.date32())),
        ),
        "year far away": (
            "condition_occurrence",
            "quality/condition_occurrence/dates",
            with_column(condition, "condition_start_date", pa.array([DAY, dt.date(9999, 1, 1), DAY], pa.date32())),
        ),
        "month 13": (
            "person",
            "quality/person/ranges",
            with_column(person, "month_of_birth", pa.array([13, 1, 12], pa.int64())),
        ),
        "nobody": ("person", "quality/person/rows", person.slice(0, 0)),
        "source value": (
            "person",
            "quality/person/identifying",
            with_column(person, "person_source_value", pa.array([None, "x", None], pa.string())),
        ),
    }


@pytest.mark.parametrize("fault", sorted(faults()))
def test_a_fault_is_found_where_it_is(tmp_path: Path, fault: str) -> None:
    table, finding, content = faults()[fault]
    assert finding in failed(write(tmp_path / "r", {**tables(), table: content}))


def test_findings_hold_no_value(tmp_path: Path) -> None:
    sound = tables()
    canary = 987654321987
    sound["condition_occurrence"] = with_column(
        sound["condition_occurrence"], "person_id", pa.array([canary, canary, canary], pa.int64())
    )
    sound["person"] = with_column(sound["person"], "person_source_value", pa.array(["canary-x"] * 3))
    told = json.dumps(expectations(write(tmp_path / "r", sound)))
    assert str(canary) not in told
    assert "canary-x" not in told


def test_keys_are_looked_up_in_the_other_folders(tmp_path: Path) -> None:
    content = tables()
    first = write(tmp_path / "a", {"person": content["person"]})
    second = write(tmp_path / "b", {"visit_occurrence": content["visit_occurrence"]})
    assert all(f["passed"] for f in expectations(first, second))
    assert "quality/visit_occurrence/keys" in failed(second)
    assert "quality/person/rows" in failed(second)


def test_without_tables_there_is_nothing_to_tell(tmp_path: Path) -> None:
    assert expectations(tmp_path) == []
