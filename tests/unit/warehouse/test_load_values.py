"""Values as found in the wild: what is coerced, left empty or rejected, with where it was."""

from __future__ import annotations

import datetime as dt
import json

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anon_pipeline.warehouse.casting import macros


def at(*parts: int) -> dt.datetime:
    return dt.datetime(*parts)  # noqa: DTZ001 (the datetimes of OMOP have no zone)


HEAD = "measurement_id,person_id,measurement_concept_id,measurement_date,measurement_datetime,value_as_number\n"


@pytest.fixture(scope="module")
def connection():
    with duckdb.connect() as opened:
        for macro in macros():
            opened.execute(macro)
        yield opened


def read(connection, kind: str, text: str | None, comma_file: bool = False):
    return connection.execute(
        f"SELECT j.v, j.how FROM (SELECT read_{kind}(CAST(? AS VARCHAR), {comma_file}) AS j)", [text]
    ).fetchall()[0]


def read_all(connection, kind: str, texts: list[str]):
    return connection.execute(
        f"SELECT j.v, j.how FROM (SELECT n, read_{kind}(t, true) AS j FROM "
        "(SELECT unnest(CAST(? AS VARCHAR[])) AS t, unnest(range(?)) AS n)) ORDER BY n",
        [texts, len(texts)],
    ).fetchall()


@pytest.mark.parametrize(
    ("text", "value", "how"),
    [
        ("12", 12, None),
        ("-9223372036854775808", -9223372036854775808, None),
        ("9223372036854775807", 9223372036854775807, None),
        ("9223372036854775808", None, "!integer_out_of_range"),
        ("123.0", 123, "float_to_integer"),
        ("9007199254740993.0", 9007199254740993, "float_to_integer"),
        ("1e3", 1000, "float_to_integer"),
        ("1.5", None, "!not_an_integer"),
        ("1_000", None, "!not_an_integer"),
        ("0x10", None, "!not_an_integer"),
        (" 007\u00a0", 7, "integer_rewritten"),
        ("+5", 5, "integer_rewritten"),
        ("NULL", None, "null_token"),
        ("NaN", None, "null_token"),
        (r"\N", None, "null_token"),
        (None, None, None),
        ("1e400", None, "!not_an_integer"),
        ("Dupont", None, "!not_an_integer"),
    ],
)
def test_integers(connection, text, value, how) -> None:
    assert read(connection, "bigint", text) == (value, how)


@pytest.mark.parametrize(
    ("text", "comma_file", "value", "how"),
    [
        ("3.5", True, 3.5, None),
        ("-1e-3", True, -0.001, None),
        ("3,5", False, 3.5, "decimal_comma"),
        ("3,5", True, 3.5, "decimal_comma"),
        ("1 234,5", False, 1234.5, "decimal_comma"),
        ("1,234", False, 1.234, "decimal_comma"),
        ("1,234", True, None, "!ambiguous_number"),
        ("inf", True, None, "!not_a_number"),
        ("nan", True, None, "null_token"),
        ("<5", True, None, "!not_a_number"),
    ],
)
def test_numbers(connection, text, comma_file, value, how) -> None:
    assert read(connection, "double", text, comma_file) == (value, how)


@pytest.mark.parametrize(
    ("text", "value", "how"),
    [
        ("2020-02-29", dt.date(2020, 2, 29), None),
        ("2019-02-29", None, "!not_a_date"),
        ("2345-01-01", dt.date(2345, 1, 1), None),
        ("1650-01-01", dt.date(1650, 1, 1), None),
        ("9999-12-31", dt.date(9999, 12, 31), None),
        ("20201-01-01", None, "!date_out_of_range"),
        ("infinity", None, "!not_a_date"),
        ("epoch", None, "!not_a_date"),
        ("2020-01-31 10:00:00", dt.date(2020, 1, 31), "datetime_to_date"),
        ("2020-01-31T23:59:59.999Z", dt.date(2020, 1, 31), "datetime_to_date"),
        ("2020-01-31T23:00:00-05:00", dt.date(2020, 1, 31), "datetime_to_date"),
        ("20200131", dt.date(2020, 1, 31), "compact_date"),
        ("20200131.0", dt.date(2020, 1, 31), "compact_date"),
        ("20201331", None, "!not_a_date"),
        ("2020/1/5", dt.date(2020, 1, 5), "date_rewritten"),
        ("31/01/2020", dt.date(2020, 1, 31), "day_first_date"),
        ("01/31/2020", None, "!not_a_date"),
        ("31-JAN-2020", dt.date(2020, 1, 31), "month_name_date"),
        ("", None, "null_token"),
        ("12", None, "!not_a_date"),
        ("2020-01-01 (BC)", None, "!not_a_date"),
    ],
)
def test_dates(connection, text, value, how) -> None:
    assert read(connection, "date", text) == (value, how)


@pytest.mark.parametrize(
    ("text", "value", "how"),
    [
        ("2020-01-31 10:11:12", at(2020, 1, 31, 10, 11, 12), None),
        ("2020-01-31T10:11:12.5", at(2020, 1, 31, 10, 11, 12, 500000), None),
        ("2020-01-31", at(2020, 1, 31), None),
        ("2020-01-31T23:00:00+02:00", at(2020, 1, 31, 23), "zone_dropped"),
        ("2020-01-31 23:00:00 UTC", at(2020, 1, 31, 23), "zone_dropped"),
        ("2020-01-31 10:11", at(2020, 1, 31, 10, 11), "datetime_rewritten"),
        ("20200131", at(2020, 1, 31), "compact_date"),
        ("31/01/2020 10:11", at(2020, 1, 31, 10, 11), "day_first_date"),
        ("25:61", None, "!not_a_datetime"),
        ("2020-01-31 25:00:00", None, "!not_a_datetime"),
    ],
)
def test_datetimes(connection, text, value, how) -> None:
    assert read(connection, "timestamp", text) == (value, how)


TEXTS = st.one_of(st.text(max_size=20), st.from_regex(r"[0-9./T:+ -]{1,24}", fullmatch=True))


@settings(max_examples=20, deadline=None)
@given(st.lists(TEXTS, min_size=1, max_size=40))
def test_no_text_breaks_a_cast_and_every_loss_has_a_code(connection, texts: list[str]) -> None:
    for kind in ("bigint", "double", "date", "timestamp"):
        for text, (value, how) in zip(texts, read_all(connection, kind, texts), strict=True):
            assert value is not None or how is not None
            if value is not None and how is None:
                assert text.strip() == text or kind == "double"


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.integers(-(2**63), 2**63 - 1), st.dates(), st.datetimes()), min_size=1, max_size=20))
def test_canonical_values_pass_unchanged(connection, values) -> None:
    numbers, days, moments = zip(*values, strict=True)
    assert read_all(connection, "bigint", [str(each) for each in numbers]) == [(each, None) for each in numbers]
    assert read_all(connection, "date", [each.isoformat() for each in days]) == [(each, None) for each in days]
    spelt = [each.isoformat(sep=" ") for each in moments]
    assert read_all(connection, "timestamp", spelt) == [(each, None) for each in moments]


def test_rows_and_values_that_cannot_be_loaded_are_kept_with_file_and_line(load) -> None:
    loaded = load(
        {
            "measurement.csv": HEAD
            + "1,1,3,2020-01-01,2020-01-01 10:00:00,5.5\n"
            + "2,CANARY,3,2020-01-01,,\n"
            + "3,1,3,,,\n"
            + "4,1,3,2020-01-01,CANARY,<5\n"
            + "5,1,3,2500-01-01,,1\n"
            + "6,1,3,2020-01-01,2020-01-01,1\n"
        }
    )
    report = loaded.file("measurement.csv")
    assert (report.rows_in, report.loaded, report.rejected) == (6, 4, 2)
    assert report.rejects == {"missing_value in measurement_date": 1, "not_an_integer in person_id": 1}
    assert report.unreadable_values == {
        "measurement_datetime": {"not_a_datetime": 1},
        "value_as_number": {"not_a_number": 1},
    }
    assert report.unusual_dates == {"measurement_date": 1}
    assert report.coerced["measurement_datetime"] == {"date_to_datetime": 1}
    rejected = loaded.rows(
        "SELECT table_name, file, line, reason, column_name, content FROM rejects.rows ORDER BY line"
    )
    assert [row[:5] for row in rejected] == [
        ("measurement", "measurement.csv", 3, "not_an_integer", "person_id"),
        ("measurement", "measurement.csv", 4, "missing_value", "measurement_date"),
    ]
    assert json.loads(rejected[0][5])["person_id"] == "CANARY"
    assert loaded.rows("SELECT line, column_name, value FROM rejects.cells ORDER BY 2") == [
        (5, "measurement_datetime", "CANARY"),
        (5, "value_as_number", "<5"),
    ]
    assert "CANARY" not in str(report)
    assert "CANARY" not in "\n".join(loaded.report.lines())


def test_lines_are_right_after_a_note_of_several_lines(load) -> None:
    note = (
        'note_id,person_id,note_date,note_text\n1,1,2020-01-01,"a\nb\nc ""d"""\n'
        '2,x,2020-01-01,e\n\n3,y,2020-01-01,"f\n\ng"\n'
    )
    loaded = load({"note.csv": note})
    assert loaded.rows("SELECT line, record FROM rejects.rows ORDER BY 1") == [(5, 2), (7, 3)]
    assert loaded.rows("SELECT note_text FROM note") == [('a\nb\nc "d"',)]


def test_a_needed_column_that_the_file_lacks_rejects_nothing_and_is_listed(load) -> None:
    loaded = load({"death.csv": "person_id\n1\n"})
    assert loaded.report.tables["death"] == 1
    assert "death_date" in loaded.file("death.csv").missing_columns


def test_numbers_of_persons_survive_at_64_bits(load) -> None:
    loaded = load({"person.csv": "person_id\n-9223372036854775808\n9223372036854775807\n9223372036854775808\n"})
    assert loaded.rows("SELECT person_id FROM person ORDER BY 1") == [(-9223372036854775808,), (9223372036854775807,)]
    assert loaded.file("person.csv").rejects == {"integer_out_of_range in person_id": 1}
