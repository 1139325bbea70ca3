"""Files as found in the wild: formats, encodings, broken quotes, cut or empty files; nothing is half-written."""

from __future__ import annotations

import bz2
import csv
import datetime as dt
import gzip
import io
import lzma
import stat
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from anon_pipeline.errors import BadInput, TransientFailure, VerdictBroken
from anon_pipeline.warehouse import load_folder
from anon_pipeline.warehouse.records import CarefulReader, FastReader, NotRegular, read_header


def at(*parts: int) -> dt.datetime:
    return dt.datetime(*parts)  # noqa: DTZ001 (the datetimes of OMOP have no zone)


PERSON = "person_id,gender_concept_id,person_source_value\n"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters(load, delimiter) -> None:
    rows = "person_id,gender_concept_id,person_source_value\n1,8507,a b\n2,8532,\n".replace(",", delimiter)
    loaded = load({"person.csv": rows})
    assert loaded.rows("SELECT person_id, gender_concept_id, person_source_value FROM person ORDER BY 1") == [
        (1, 8507, "a b"),
        (2, 8532, None),
    ]


@pytest.mark.parametrize(
    ("encoding", "note"),
    [
        ("utf-8", []),
        ("utf-8-sig", []),
        ("latin-1", ["2 lines are not UTF-8, taken as Windows-1252"]),
        ("utf-16", ["encoded as utf-16"]),
    ],
)
def test_encodings(load, encoding, note) -> None:
    text = PERSON + "1,8507,Éloïse\n2,8507,plain\n3,8532,Gaël\n"
    loaded = load({"person.csv": text.encode(encoding)})
    assert [row[0] for row in loaded.rows("SELECT person_source_value FROM person ORDER BY person_id")] == [
        "Éloïse",
        "plain",
        "Gaël",
    ]
    assert loaded.file("person.csv").notes == note


def test_windows_signs_and_mixed_encodings(load) -> None:
    loaded = load({"person.csv": PERSON.encode() + b"1,1,\x80 \x93x\x94\n2,1,\xc3\xa9\n3,1,\x81\n"})
    assert [row[0] for row in loaded.rows("SELECT person_source_value FROM person ORDER BY person_id")] == [
        "€ “x”",
        "é",
        "\x81",
    ]


@pytest.mark.parametrize(
    ("name", "squeeze"),
    [
        ("person.csv.gz", gzip.compress),
        ("person.csv", gzip.compress),
        ("person.csv.gz", bytes),
        ("person.csv.bz2", bz2.compress),
        ("person.tsv.xz", lzma.compress),
        ("person.csv.zst", lambda data: pa.compress(data, "zstd", asbytes=True)),
    ],
)
def test_compression_is_told_by_content(load, name, squeeze) -> None:
    loaded = load({name: squeeze((PERSON + "1,8507,a\n").encode())})
    assert loaded.report.tables == {"person": 1}


def test_line_ends_blank_lines_quoted_headers_and_trailing_delimiters(load) -> None:
    loaded = load(
        {
            "person.csv": '"PERSON_ID","Gender_Concept_Id","person_source_value"\r\n"1","8507","x"\r\n\r\n'
            '"2","8532",""\r\n',
            "death.csv": b"person_id,death_date\r1,2020-01-01\r2,2020-01-02\r",
            "observation_period.csv": "sep=;\nobservation_period_id;person_id;"
            "observation_period_start_date\n1;1;2020-01-01;;\n",
        }
    )
    assert loaded.report.tables == {"person": 2, "death": 2, "observation_period": 1}
    assert loaded.file("observation_period.csv").notes == ["1 records with empty columns after the last one, cut off"]


def test_empty_files(load) -> None:
    loaded = load({"person.csv": PERSON, "death.csv": b"", "note.csv.gz": "", "measurement.csv": "\n\n"})
    assert loaded.file("death.csv").status == "empty"
    assert loaded.file("person.csv").status == "loaded"
    assert loaded.file("note.csv.gz").status == "unreadable"
    assert loaded.file("measurement.csv").status == "unreadable"
    assert loaded.report.tables["person"] == 0


def test_broken_quotes_cost_their_own_line_only(load) -> None:
    loaded = load(
        {
            "person.csv": PERSON
            + '1,1,ok\n2,1,"never closed\n3,1,fine\n4,1,5" wide\n5,1,"he said "no" twice"\n'
            + '6,1\n7,1,a,b\n8,1,"x, ""y"""\n'
        }
    )
    report = loaded.file("person.csv")
    kept = dict(loaded.rows("SELECT person_id, person_source_value FROM person"))
    assert kept == {1: "ok", 3: "fine", 4: '5" wide', 5: 'he said no" twice"', 8: 'x, "y"'}
    assert report.rejects == {"unterminated_quote": 1, "too_few_fields": 1, "too_many_fields": 1}
    assert loaded.rows("SELECT line, reason, content FROM rejects.rows ORDER BY line") == [
        (3, "unterminated_quote", '2,1,"never closed'),
        (7, "too_few_fields", "6,1"),
        (8, "too_many_fields", "7,1,a,b"),
    ]
    assert report.notes == ["1 records with irregular quotes, read as they are"]


def test_a_stray_quote_does_not_swallow_the_next_record(load) -> None:
    """A lenient reader makes one record of these two: the quote that opens in the first closes in the second."""
    loaded = load({"person.csv": PERSON + '1,1,"abc\n2,"8507",def\n'})
    assert loaded.report.rejected == 1
    assert loaded.rows("SELECT person_id FROM person") == [(2,)]


def test_quotes_are_plain_signs_in_vocabulary_files_delimited_by_tabs(load) -> None:
    """Quotes that happen to pair up over two lines would make one concept of two."""
    names = ['"B" 5" tube', '"starts with one', 'ends with one"', "plain", 'all "of" it']
    rows = "".join(f"{i}\t{name}\tDrug\tX\n" for i, name in enumerate(names))
    loaded = load(
        {
            "CONCEPT.csv": "concept_id\tconcept_name\tdomain_id\tvocabulary_id\n" + rows,
            "note.tsv": 'note_id\tperson_id\tnote_date\tnote_text\n1\t1\t2020-01-01\t"two\nlines"\n',
        }
    )
    kept = [row[0] for row in loaded.rows("SELECT concept_name FROM concept ORDER BY concept_id")]
    assert kept[1:] == names[1:]
    assert loaded.report.rejected == 0
    assert loaded.rows("SELECT note_text FROM note") == [("two\nlines",)]


def test_a_gzip_cut_short_gives_what_it_has_and_says_so(load) -> None:
    rows = "".join(f"{i},8507,{i * 7919}\n" for i in range(20_000))
    whole = gzip.compress((PERSON + rows).encode())
    loaded = load({"person.csv.gz": whole[: len(whole) // 2]})
    report = loaded.file("person.csv.gz")
    assert report.status == "cut short"
    assert 0 < report.loaded < 20_000
    assert report.rejects == {"file_cut_short": 1}
    assert loaded.rows("SELECT count(*) FROM person WHERE CAST(person_source_value AS BIGINT) <> person_id * 7919") == [
        (0,)
    ]
    assert loaded.report.faulty_files == ["person.csv.gz"]


def test_files_that_are_not_what_their_name_says(load) -> None:
    loaded = load(
        {
            "person.csv": PERSON + "1,1,a\n",
            "death.parquet": "person_id,death_date\n1,2020-01-01\n",
            "note.csv.gz": b"\x1f\x8b\x08broken",
            "visit_occurrence.csv": b"PK\x03\x04zip",
        }
    )
    assert {each.file: each.status for each in loaded.report.files} == {
        "person.csv": "loaded",
        "death.parquet": "unreadable",
        "note.csv.gz": "unreadable",
        "visit_occurrence.csv": "unreadable",
    }


def test_parquet_of_many_types(load, tmp_path: Path) -> None:
    table = pa.table(
        {
            "Measurement_ID": pa.array([1.0, 2.0, float("nan")], pa.float64()),
            "PERSON_ID": pa.array([1, 2, 3], pa.int32()),
            "measurement_concept_id": pa.array(["3", "x", "5"]).dictionary_encode(),
            "measurement_date": pa.array([at(2020, 1, 1, 5), at(2020, 1, 2), None], pa.timestamp("ns")),
            "measurement_datetime": pa.array([at(2020, 1, 1)] * 3, pa.timestamp("us", tz="UTC")),
            "value_as_number": pa.array([1.5, float("nan"), None]),
            "measurement_source_value": pa.array([b"a", b"\xe9", b""]),
            "unit_concept_id": pa.nulls(3),
            "extra": pa.array([[1], [2], []]),
        }
    )
    file = tmp_path / "m.parquet"
    pq.write_table(table, file)
    loaded = load({"measurement.parquet": file.read_bytes()})
    assert loaded.rows("SELECT measurement_id, person_id, measurement_concept_id, measurement_date, value_as_number, "
                       "measurement_source_value FROM measurement") == [
        (1, 1, 3, dt.date(2020, 1, 1), 1.5, "a"),
        (2, 2, None, dt.date(2020, 1, 2), None, "é"),
    ]  # fmt: skip
    report = loaded.file("measurement.parquet")
    assert report.rejects == {"missing_value in measurement_id": 1}
    assert report.unreadable_values == {"measurement_concept_id": {"not_an_integer": 1}}
    assert report.coerced["measurement_date"] == {"datetime_to_date": 2}
    assert report.skipped_columns == ["extra"]
    cut = load({"measurement.parquet": file.read_bytes()[:-20]})
    assert cut.file("measurement.parquet").status == "unreadable"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.integers(0, 9), st.text(alphabet='ab",\n é;', max_size=12)), max_size=12),
    st.sampled_from(",;"),
)
def test_both_readers_agree_with_the_csv_module_on_regular_files(tmp_path: Path, rows, delimiter) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\n")
    writer.writerow(["a", "b", "c"])
    writer.writerows([(number, words, "end") for number, words in rows])
    path = tmp_path / "x.csv"
    path.write_bytes(text.getvalue().encode())
    header = read_header(path)
    assert header is not None
    expected = [(str(number), words or None, "end") for number, words in rows]

    def read(kind) -> list[tuple]:
        found = []
        for batch in kind(path, header, [0, 1, 2]):
            assert not batch.malformed
            found += list(zip(*(batch.columns[name].to_pylist() for name in ("c0", "c1", "c2")), strict=True))
        return found

    assert read(CarefulReader) == expected
    assert read(FastReader) == expected


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(alphabet='ab",\n', max_size=60))
def test_no_record_is_lost_or_made_up(tmp_path: Path, text: str) -> None:
    """Whatever the quotes: every line that is not blank is in a record or is reported, and none twice."""
    path = tmp_path / "x.csv"
    path.write_bytes(b"h1,h2,h3\n" + text.encode())
    header = read_header(path)
    assert header is not None
    if header.names != ["h1", "h2", "h3"]:
        return
    reader = CarefulReader(path, header, [0, 1, 2])
    kept = malformed = 0
    lines: list[int] = []
    for batch in reader:
        kept += batch.rows
        malformed += len(batch.malformed)
        lines += (batch.lines.to_pylist() if batch.lines is not None else []) + [each.line for each in batch.malformed]
    assert kept + malformed == reader.rows
    assert len(set(lines)) == len(lines)
    try:
        assert sum(batch.rows for batch in FastReader(path, header, [0, 1, 2])) == kept
    except NotRegular:
        pass
    else:
        assert malformed == 0


def test_many_records_go_through_in_batches(load) -> None:
    rows = "".join(f"{i},8507,{'x' * 50}\n" for i in range(120_000))
    loaded = load({"person.csv": PERSON + rows})
    assert loaded.report.tables["person"] == 120_000
    assert loaded.rows("SELECT sum(person_id) FROM person") == [(120_000 * 119_999 // 2,)]


def test_the_target_is_whole_private_and_replaced_only_when_a_warehouse(load, tmp_path: Path) -> None:
    loaded = load({"person.csv": PERSON + "1,1,a\n"})
    assert stat.S_IMODE(loaded.path.stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["omop", "warehouse.duckdb"]
    assert load({"person.csv": PERSON + "1,1,a\n2,1,b\n"}).report.tables["person"] == 2
    precious = tmp_path / "thesis.txt"
    precious.write_text("years of work")
    with pytest.raises(BadInput, match="not replaced"):
        load_folder(tmp_path / "omop", precious)
    assert precious.read_text() == "years of work"


def test_a_leftover_of_a_killed_load_is_replaced_and_a_running_one_is_not(load, tmp_path: Path) -> None:
    load({"person.csv": PERSON + "1,1,a\n"})
    partial = tmp_path / ".warehouse.duckdb.partial"
    partial.write_bytes(b"half")
    load({"person.csv": PERSON + "1,1,a\n"})
    assert not partial.exists()
    held = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", held, str(partial)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        with pytest.raises(TransientFailure, match="another load"):
            load_folder(tmp_path / "omop", tmp_path / "warehouse.duckdb")
        assert partial.exists()


def test_strict_writes_nothing_when_something_is_rejected(load, tmp_path: Path) -> None:
    load({"person.csv": PERSON + "1,1,a\n"}).path.unlink()
    (tmp_path / "omop" / "person.csv").write_text(PERSON + "CANARY,1,a\n")
    with pytest.raises(VerdictBroken) as failure:
        load_folder(tmp_path / "omop", tmp_path / "strict.duckdb", strict=True)
    assert "CANARY" not in str(failure.value)
    assert not (tmp_path / "strict.duckdb").exists()
