"""Building: what is there, the same bytes again, prefixes, refusals, nothing half-made."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import duckdb
import numpy as np
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from anon_pipeline import fictional
from anon_pipeline.cli.main import app
from anon_pipeline.errors import BadInput
from anon_pipeline.fictional import builder

from .conftest import SEED, SMALL


def digests(root: Path, skip: tuple[str, ...] = ("warehouse.duckdb",)) -> dict[str, str]:
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file() and path.name not in skip
    }


def warehouse(root: Path) -> dict[str, list[tuple[object, ...]]]:
    with duckdb.connect(str(root / "warehouse.duckdb"), read_only=True) as connection:
        tables = [row[0] for row in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()]
        return {table: connection.execute(f"SELECT * FROM {table} ORDER BY ALL").fetchall() for table in sorted(tables)}


def test_everything_is_there(hospital: Path) -> None:
    for name in ("omop/person.parquet", "warehouse.duckdb", "patients.jsonl", "staff.jsonl", "associations.json",
                 "genomics/cohort.vcf.gz", "genomics/cohort.vcf.gz.tbi", "README.md"):  # fmt: skip
        assert (hospital / name).is_file(), name
    assert len(list((hospital / "dicom").iterdir())) == SMALL
    assert len((hospital / "patients.jsonl").read_text(encoding="utf-8").splitlines()) == SMALL


def test_same_arguments_give_the_same_bytes(hospital: Path, tmp_path: Path) -> None:
    fictional.build(tmp_path / "again", SMALL, SEED)
    assert digests(tmp_path / "again") == digests(hospital)
    assert warehouse(tmp_path / "again") == warehouse(hospital)


def test_another_seed_gives_another_hospital(hospital: Path, tmp_path: Path) -> None:
    fictional.build(tmp_path / "other", 3, 5, tables_only=True)
    ours = set(pq.read_table(hospital / "omop/person.parquet")["person_source_value"].to_pylist())
    theirs = set(pq.read_table(tmp_path / "other/omop/person.parquet")["person_source_value"].to_pylist())
    assert not ours & theirs


def test_a_patient_does_not_depend_on_how_many_there_are(hospital: Path, tmp_path: Path) -> None:
    fewer = tmp_path / "fewer"
    fictional.build(fewer, 5, SEED)
    few = [json.loads(line) for line in (fewer / "patients.jsonl").read_text(encoding="utf-8").splitlines()]
    many = [json.loads(line) for line in (hospital / "patients.jsonl").read_text(encoding="utf-8").splitlines()]
    assert few == many[:5]
    kept = {row["person_id"] for row in few}
    for table in ("person", "visit_occurrence", "measurement", "drug_exposure", "note"):
        ours = pq.read_table(hospital / f"omop/{table}.parquet").to_pylist()
        theirs = pq.read_table(fewer / f"omop/{table}.parquet").to_pylist()
        assert [row for row in ours if row["person_id"] in kept] == theirs
    images = digests(hospital / "dicom")
    assert digests(fewer / "dicom").items() <= images.items()


def test_a_patient_does_not_depend_on_how_many_blocks_there_are(tmp_path: Path) -> None:
    for name, patients in (("one", 40), ("two", 5_020)):
        fictional.build(tmp_path / name, patients, SEED, tables_only=True)
    for table in ("person", "measurement"):
        one = pq.read_table(tmp_path / f"one/omop/{table}.parquet")
        two = pq.read_table(tmp_path / f"two/omop/{table}.parquet")
        assert two.filter(np.isin(two["person_id"].to_numpy(), one["person_id"].to_numpy())).equals(one)
    assert len(np.unique(two["measurement_id"].to_numpy())) == two.num_rows


def test_tables_only_writes_the_same_tables(hospital: Path, tmp_path: Path) -> None:
    out = tmp_path / "tables"
    report = fictional.build(out, SMALL, SEED, tables_only=True)
    assert (report.documents, report.images, report.variants) == (0, 0, 0)
    assert not any((out / name).exists() for name in ("dicom", "genomics", "patients.jsonl", "omop/note.parquet"))
    assert digests(out / "omop").items() <= digests(hospital / "omop").items()


def test_command_line(tmp_path: Path) -> None:
    out = tmp_path / "hospital"
    arguments = ["fictional", "--patients", "3", "--seed", "5", "--out", str(out), "--tables-only", "--json"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert json.loads(result.output)["rows"]["person"] == 3
    assert CliRunner().invoke(app, arguments).exit_code == 2  # the folder is not empty any more


@pytest.mark.parametrize(("patients", "seed"), [(0, 1), (-3, 1), (5, -1), (10**9, 1)])
def test_refuses_numbers_out_of_range(tmp_path: Path, patients: int, seed: int) -> None:
    with pytest.raises(BadInput):
        fictional.build(tmp_path / "no", patients, seed)
    assert not (tmp_path / "no").exists()


def test_a_failed_build_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(builder, "write_associations", full)
    with pytest.raises(OSError, match="disk full"):
        fictional.build(tmp_path / "no", 2, 5, tables_only=True)
    assert list(tmp_path.iterdir()) == []
