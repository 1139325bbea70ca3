"""A cohort's files: their layout, schemas and bytes; what does not leave; what is told."""

from __future__ import annotations

import gzip
import importlib.util
import shutil
import stat
import sys
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from anon_pipeline.cohort import ExtractedCohort
from anon_pipeline.errors import BadInput
from anon_pipeline.keys import Key
from anon_pipeline.policy import Policy, load_policy
from anon_pipeline.warehouse import cdm, extract, load_folder, open_warehouse, purge, source_digests

spec = importlib.util.spec_from_file_location("warehouse_hospital", Path(__file__).with_name("hospital.py"))
assert spec is not None
assert spec.loader is not None
hospital = importlib.util.module_from_spec(spec)
sys.modules["warehouse_hospital"] = hospital
spec.loader.exec_module(hospital)

COHORT = "hepatopathie-steatosique"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("hospital")
    hospital.write_tables(root / "omop")
    hospital.write_images(root / "dicom")
    samples = [hospital.ipp(number) for number in range(25)] + ["CANARY-STRANGER"]
    (root / "all.vcf.gz").write_bytes(gzip.compress(hospital.vcf_text(samples).encode()))
    report = load_folder(root / "omop", root / "warehouse.duckdb")
    assert report.rejected == 0
    return root


def policy(place: Path, text: str = "", sql: str | None = None) -> Policy:
    if sql is not None:
        (place / "cohort.sql").write_text(sql)
        text += "\ncohort: {sql: cohort.sql}"
    path = place / "policy.yaml"
    path.write_text("schema: anon-pipeline/policy/1\n" + text)
    return load_policy(path)


def everything(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def test_cohorts_have_names_that_a_partition_may_have(place) -> None:
    with open_warehouse(place / "warehouse.duckdb") as warehouse:
        assert [(entry.name, entry.definition_id, entry.persons) for entry in warehouse.cohorts()] == [
            (COHORT, 1, 31),
            ("oedeme-coeur-2", 2, 10),
            ("oedeme-coeur-3", 3, 5),
            ("cohort-4", 4, 1),
        ]
        assert str(warehouse.cohorts()[0]) == COHORT


def test_layout_schemas_and_no_canary_but_in_notes(place, key: Key, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with open_warehouse(place / "warehouse.duckdb") as warehouse:
        report = extract(warehouse, COHORT, policy(place), key, out, images=place / "dicom", vcf=place / "all.vcf.gz")
    extracted = ExtractedCohort(COHORT, out)
    assert report.complete
    assert report.training_persons + report.holdout_persons == 30
    assert report.unknown_members == 1
    assert report.absent == {}
    seen: list[int] = []
    for cohort in (extracted.training, extracted.holdout):
        members = set(pq.read_table(cohort.members)["person_id"].to_pylist())
        seen += members
        for table in ("person", "measurement", "condition_occurrence", "death", "note", "observation"):
            content = cohort.read(table)
            assert content.schema.equals(cdm.arrow_schema(table))
            assert set(content["person_id"].to_pylist()) == members
            assert content["person_id"].to_pylist() == sorted(content["person_id"].to_pylist())
        used = set(cohort.read("concept")["concept_id"].to_pylist())
        assert {1, 7} <= used <= {1, 2, 3, 4, 5, 7}  # what the rows use, and 7 above 1; nobody uses 6 and 8
        index = pq.read_table(cohort.images / "index.parquet")
        assert index.schema.names == ["person_id", "path", "sha256"]
        assert set(index["person_id"].to_pylist()) <= members
    assert sorted(seen) == [hospital.person_id(number) for number in range(30)]
    for path in out.rglob("*.parquet"):
        content = pq.read_table(path)
        assert not any(pa.types.is_null(field.type) for field in content.schema)
        columns = [name for name in content.schema.names if name not in ("note_title", "note_text")]
        text = str(content.select(columns).to_pydict())
        assert "CANARY" not in text
        assert "7700000" not in text
    for cohort in (extracted.training, extracted.holdout):
        assert b"CANARY" not in gzip.decompress(cohort.vcf.read_bytes())
    assert "CANARY" not in (out / "extraction.json").read_text()
    assert not [path for path in out.rglob("*") if "CANARY" in path.name]
    assert {stat.S_IMODE(path.stat().st_mode) for path in [out, *out.rglob("*")] if path.is_dir()} == {0o700}


def test_images_and_genomes_go_to_their_patient(place, key: Key, tmp_path: Path) -> None:
    import pydicom

    out = tmp_path / "out"
    with open_warehouse(place / "warehouse.duckdb") as warehouse:
        report = extract(warehouse, COHORT, policy(place), key, out, images=place / "dicom", vcf=place / "all.vcf.gz")
    assert report.counts["images/training"] + report.counts["images/holdout"] == 20
    assert (report.counts["images/other_patients"], report.counts["images/repeated"]) == (1, 1)
    assert report.quarantined == {
        "images: cut short": 1,
        "images: no PatientID or cut before it": 1,
        "images: not DICOM": 1,
    }
    extracted = ExtractedCohort(COHORT, out)
    genotypes: dict[int, str] = {}
    for cohort in (extracted.training, extracted.holdout):
        for row in pq.read_table(cohort.images / "index.parquet").to_pylist():
            number = pydicom.dcmread(cohort.images / row["path"], stop_before_pixels=True).PatientID.strip()
            assert hospital.person_id(int(number[-4:])) == row["person_id"]
        lines = gzip.decompress(cohort.vcf.read_bytes()).decode().splitlines()
        samples = next(line for line in lines if line.startswith("#CHROM")).split("\t")[9:]
        assert samples == sorted(samples, key=int)
        first = next(line for line in lines if not line.startswith("#")).split("\t")
        assert first[7:9] == ["END=2", "GT"]
        assert sum(not line.startswith("#") for line in lines) == 50
        genotypes |= dict(zip(map(int, samples), first[9:], strict=True))
    assert genotypes == {hospital.person_id(i): f"{i % 2}|{i % 2}" for i in range(25)}


def test_same_warehouse_same_bytes_and_nothing_depends_on_row_order(place, key: Key, tmp_path: Path) -> None:
    shuffled = tmp_path / "shuffled.duckdb"
    shutil.copy(place / "warehouse.duckdb", shuffled)
    with duckdb.connect(str(shuffled)) as connection:
        for table in ("measurement", "person", "note", "concept"):
            connection.execute(f"CREATE TABLE s AS SELECT * FROM {table} ORDER BY hash(rowid)").fetchall()
            connection.execute(f"DROP TABLE {table}").fetchall()
            connection.execute(f"ALTER TABLE s RENAME TO {table}").fetchall()
    outs = []
    for number, path in enumerate((place / "warehouse.duckdb", place / "warehouse.duckdb", shuffled)):
        outs.append(tmp_path / str(number))
        with open_warehouse(path) as warehouse:
            extract(warehouse, COHORT, policy(place), key, outs[-1], images=place / "dicom", vcf=place / "all.vcf.gz")
    assert everything(outs[0]) == everything(outs[1]) == everything(outs[2])


def test_digests_change_with_a_members_row_and_with_nothing_else(place, key: Key, tmp_path: Path) -> None:
    own, some = tmp_path / "w.duckdb", place / "dicom" / "sub"
    shutil.copy(place / "warehouse.duckdb", own)

    def digests() -> dict[str, tuple[str, int]]:
        with open_warehouse(own) as warehouse:
            return source_digests(warehouse, COHORT, policy(place), key, vcf=place / "all.vcf.gz", images=some)

    def change(sql: str) -> None:
        with duckdb.connect(str(own)) as connection:
            connection.execute(sql).fetchall()

    before = digests()
    with open_warehouse(own) as warehouse:
        report = extract(warehouse, COHORT, policy(place), key, tmp_path / "o", vcf=place / "all.vcf.gz", images=some)
    assert report.sources == before
    change(f"UPDATE measurement SET value_as_number = 99 WHERE person_id = {hospital.person_id(35)}")
    assert digests() == before
    change(f"UPDATE measurement SET measurement_source_value = 'x' WHERE person_id = {hospital.person_id(1)}")
    assert digests() == before
    change(
        f"UPDATE measurement SET value_as_number = 99 WHERE person_id = {hospital.person_id(1)} AND measurement_id < 9"
    )
    after = digests()
    assert {name for name in before if before[name] != after[name]} == {"warehouse/measurement"}
    change(f"INSERT INTO cohort VALUES (1, {hospital.person_id(31)}, NULL, NULL)")
    assert digests()["warehouse/cohort"] != after["warehouse/cohort"]
    other = Key(b"another key of at least 32 bytes")
    with open_warehouse(own) as warehouse:
        keyed = source_digests(warehouse, COHORT, policy(place), other)
    assert not {digest for digest, _ in keyed.values()} & {digest for digest, _ in digests().values()}


def test_the_holdout_is_a_function_of_the_person_alone(place, key: Key, tmp_path: Path) -> None:
    held = {}
    some = f"SELECT person_id FROM person WHERE person_id < {hospital.person_id(22)}"
    for name, wanted in ((COHORT, policy(place)), ("some", policy(place, sql=some))):
        with open_warehouse(place / "warehouse.duckdb") as warehouse:
            extract(warehouse, name, wanted, key, tmp_path / name)
        held[name] = set(pq.read_table(ExtractedCohort(name, tmp_path / name).holdout.members)["person_id"].to_pylist())
    assert held["some"] == held[COHORT] & {hospital.person_id(number) for number in range(22)}


def test_the_share_held_out_is_the_policys(key: Key) -> None:
    from anon_pipeline.warehouse.members import HOLDOUT, Members

    members = Members(np.arange(20_000, dtype=np.int64), np.zeros(20_000, np.int8))
    assert abs(float((members.split(key, 0.2).parts == HOLDOUT).mean()) - 0.2) < 0.01
    for few in range(2, 8):
        parts = Members(np.arange(few, dtype=np.int64), np.zeros(few, np.int8)).split(key, 0.05).parts
        assert 0 < (parts == HOLDOUT).sum() < few


def test_a_cohort_by_sql_or_definition(place, key: Key, tmp_path: Path) -> None:
    few = "-- twelve\nWITH w AS (SELECT person_id FROM person WHERE person_id < 0 LIMIT 12)"
    sql = few + " SELECT Person_ID FROM w;\n-- end; of it"
    with open_warehouse(place / "warehouse.duckdb") as warehouse:
        report = extract(warehouse, "by-sql", policy(place, sql=sql), key, tmp_path / "a")
        assert (report.origin, report.training_persons + report.holdout_persons) == ("policy SQL", 12)
        report = extract(warehouse, "any", policy(place, "cohort: {definition_id: 3}"), key, tmp_path / "b")
        assert report.training_persons + report.holdout_persons == 5
        subject = policy(place, sql="SELECT subject_id FROM cohort WHERE cohort_definition_id = 2")
        assert extract(warehouse, "s", subject, key, tmp_path / "c").unknown_members == 0
        with pytest.raises(BadInput, match="not in the warehouse"):
            extract(warehouse, "absent", policy(place), key, tmp_path / "d")
        with pytest.raises(BadInput, match="no member"):
            extract(warehouse, "empty", policy(place, sql="SELECT 1 AS person_id WHERE false"), key, tmp_path / "d")
    assert not (tmp_path / "d").exists()


@pytest.mark.parametrize(
    "sql",
    [
        "",
        "-- nothing",
        "DROP TABLE person",
        "SELECT person_id FROM person; DELETE FROM person",
        "WITH x AS (DELETE FROM person RETURNING person_id) SELECT person_id FROM x",
        "SELECT person_id FROM person) AS q; DROP TABLE person; SELECT * FROM (SELECT 1",
        "SELECT person_id INTO copied FROM person",
        "COPY person TO '/tmp/x'",
        "SELECT person_id FROM read_csv('/etc/passwd')",
        "SELECT CAST(person_source_value AS BIGINT) AS person_id FROM person",
        "SELECT person_source_value AS person_id FROM person",
        "SELECT person_source_value FROM person",
        "SELECT person_id FROM no_such_table_CANARY",
        "SELECT 'CANARY' AS person_id",
    ],
)
def test_other_statements_are_refused_without_a_value_in_the_message(place, key: Key, tmp_path: Path, sql: str) -> None:
    with open_warehouse(place / "warehouse.duckdb") as warehouse, pytest.raises(BadInput) as failure:
        extract(warehouse, "bad", policy(place, sql=sql), key, tmp_path / "out")
    assert "CANARY" not in str(failure.value)
    assert failure.value.__cause__ is None
    assert not list(tmp_path.iterdir())


def test_what_cannot_be_used_is_refused_by_name(place, key: Key, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no such file"):
        open_warehouse(tmp_path / "absent.duckdb")
    (tmp_path / "text.duckdb").write_text("CANARY" * 10)
    with pytest.raises(BadInput, match="not a DuckDB file"):
        open_warehouse(f"duckdb:///{tmp_path / 'text.duckdb'}")
    with pytest.raises(BadInput, match="mysql"):
        open_warehouse("mysql://user:CANARY@host/db")
    with open_warehouse(place / "warehouse.duckdb") as warehouse:
        with pytest.raises(BadInput, match="not a folder"):
            extract(warehouse, COHORT, policy(place), key, tmp_path / "o", images=tmp_path / "absent")
        (tmp_path / "mine").mkdir()
        (tmp_path / "mine" / "thesis.txt").write_text("years of work")
        with pytest.raises(BadInput, match="not replaced"):
            extract(warehouse, COHORT, policy(place), key, tmp_path / "mine")
    assert (tmp_path / "mine" / "thesis.txt").exists()
    assert not (tmp_path / "o").exists()


@pytest.mark.parametrize("damage", ["half", "gzip", "newline", "columns", "header", "samples", "bgzf"])
def test_a_broken_vcf_is_bad_input(place, key: Key, tmp_path: Path, damage: str) -> None:
    import pysam

    whole = hospital.vcf_text([hospital.ipp(i) for i in range(10)], 3000)
    path = tmp_path / "x.vcf.gz"
    if damage == "bgzf":
        with pysam.BGZFile(str(path), "wb", None) as stream:
            stream.write(whole.encode())
        path.write_bytes(path.read_bytes()[:-28])
    elif damage == "gzip":
        path.write_bytes(gzip.compress(whole.encode())[:-500])
    else:
        text = {
            "half": whole[: len(whole) // 2],
            "newline": whole[:-1],
            "columns": whole.replace("\trs7\t", "\t"),
            "header": whole.replace("##fileformat=VCFv4.2\n", ""),
            "samples": "\n".join(line for line in whole.splitlines() if not line.startswith("#CHROM")) + "\n",
        }[damage]
        path.write_bytes(gzip.compress(text.encode()))
    with open_warehouse(place / "warehouse.duckdb") as warehouse, pytest.raises(BadInput, match="VCF") as failure:
        extract(warehouse, COHORT, policy(place), key, tmp_path / "out", vcf=path)
    assert "CANARY" not in str(failure.value)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["x.vcf.gz"]


def test_bcf_is_read_too(place, key: Key, tmp_path: Path) -> None:
    import pysam

    plain, binary = tmp_path / "x.vcf", tmp_path / "x.bcf"
    plain.write_text(hospital.vcf_text([hospital.ipp(i) for i in range(10)]).replace(",URL=CANARY", ""))
    with pysam.VariantFile(str(plain)) as source, pysam.VariantFile(str(binary), "wb", header=source.header) as sink:
        for record in source:
            sink.write(record)
    contents = []
    for path in (plain, binary):
        with open_warehouse(place / "warehouse.duckdb") as warehouse:
            extract(warehouse, COHORT, policy(place), key, tmp_path / "out", vcf=path)
        contents.append(gzip.decompress(ExtractedCohort(COHORT, tmp_path / "out").training.vcf.read_bytes()))
    assert [line for line in contents[0].splitlines() if line[:2] != b"##"] == [
        line for line in contents[1].splitlines() if line[:2] != b"##"
    ]


def test_absent_modalities_and_columns_are_told(key: Key, place, tmp_path: Path) -> None:
    small = tmp_path / "small.duckdb"
    with duckdb.connect(str(small)) as connection:
        connection.execute('CREATE TABLE "PERSON" ("Person_Id" INTEGER, gender_concept_id VARCHAR)').fetchall()
        connection.execute("INSERT INTO PERSON VALUES (1, '8507'), (2, 'CANARY'), (2, '8532'), (3, NULL)").fetchall()
    wanted = policy(place, sql="SELECT person_id FROM person")
    with open_warehouse(small) as warehouse:
        assert warehouse.cohorts() == []
        report = extract(warehouse, "c", wanted, key, tmp_path / "out")
    assert report.absent["measurement"] == "not in the warehouse"
    assert set(report.absent) >= {"text", "biology", "genomics", "imaging", "concept"}
    assert "birth_datetime" in report.missing_columns["person"]
    assert report.counts["repeated/person"] == 1
    assert report.complete
    both = ExtractedCohort("c", tmp_path / "out")
    rows = both.training.read("person").num_rows + both.holdout.read("person").num_rows
    assert rows == 3
    assert both.training.read("person").schema.equals(cdm.arrow_schema("person"))


def test_a_failure_leaves_the_former_extraction_and_nothing_else(place, key: Key, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with open_warehouse(place / "warehouse.duckdb") as warehouse:
        extract(warehouse, COHORT, policy(place), key, out)
        before = everything(out)
        with pytest.raises(BadInput):
            extract(warehouse, COHORT, policy(place), key, out, vcf=place / "omop" / "person.csv")
        assert everything(out) == before
        (tmp_path / ".out.partial").mkdir()
        extract(warehouse, COHORT, policy(place), key, out, vcf=place / "all.vcf.gz")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert len(everything(out)) == len(before) + 2


def test_purge_removes_everything_and_only_extractions(place, key: Key, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with open_warehouse(place / "warehouse.duckdb") as warehouse:
        extract(warehouse, COHORT, policy(place), key, out, images=place / "dicom")
    (tmp_path / ".out.partial").mkdir()
    (tmp_path / ".out.partial" / "person.parquet").write_bytes(b"CANARY")
    images = len(list((place / "dicom").rglob("*")))
    purge(ExtractedCohort(COHORT, out))
    assert list(tmp_path.iterdir()) == []
    assert len(list((place / "dicom").rglob("*"))) == images
    purge(out)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "a").write_text("x")
    with pytest.raises(BadInput):
        purge(tmp_path / "mine")
