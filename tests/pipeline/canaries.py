"""Canaries: values planted in every column of a warehouse, each of them unique, and the search for them afterwards.

Loaded by ``conftest.py`` under the name ``anon_pipeline_test_canaries``.
"""

from __future__ import annotations

import datetime as dt
import gzip
import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq

PERSON = 731_000_000_000_000_007
NOT_PLANTED = {
    # small numbers that any file holds
    ("person", "month_of_birth"),
    ("person", "day_of_birth"),
    ("person", "year_of_birth"),
    # what a cohort is called is the name of its partition
    ("cohort_definition", "cohort_definition_name"),
    ("cohort_definition", "cohort_definition_id"),
    ("cohort", "cohort_definition_id"),
}


def plant(source: Path, target: Path) -> dict[str, Any]:
    """Copy a warehouse and give one of its persons (of an odd id) a row of canaries in every table; in tables without
    persons a new row. Returns ``table.column`` -> canary."""
    target.write_bytes(source.read_bytes())
    planted: dict[str, Any] = {"person.person_id": PERSON}
    with duckdb.connect(str(target)) as database:
        columns = database.execute(
            "SELECT table_name, column_name, data_type FROM information_schema.columns "
            "WHERE table_schema = 'main' ORDER BY table_name, ordinal_position"
        ).fetchall()
        person = database.execute("SELECT min(person_id) FROM person WHERE person_id % 2 = 1").fetchall()[0][0]
        for table in sorted({row[0] for row in columns}):
            types = {name: kind for owner, name, kind in columns if owner == table}
            own = next((name for name in ("person_id", "subject_id") if name in types), None)
            if own:
                database.execute(f'UPDATE "{table}" SET {own} = {PERSON} WHERE {own} = {person}')
                found = database.execute(f'SELECT min(rowid) FROM "{table}" WHERE {own} = {PERSON}').fetchall()
                if found[0][0] is None:
                    continue
            else:
                database.execute(f'INSERT INTO "{table}" SELECT * FROM "{table}" LIMIT 1')
                found = database.execute(f'SELECT max(rowid) FROM "{table}"').fetchall()
            for name, kind in types.items():
                if name == own or (table, name) in NOT_PLANTED:
                    continue
                value = _value(kind, len(planted))
                if value is not None:
                    database.execute(f'UPDATE "{table}" SET "{name}" = ? WHERE rowid = {found[0][0]}', [value])
                    planted[f"{table}.{name}"] = value
    return planted


def _value(kind: str, number: int) -> Any:
    if kind == "VARCHAR":
        return f"kanari-{number:04d}-{number * 2654435761 % 2**32:08x}"
    if kind in ("BIGINT", "HUGEINT"):
        return 731_000_000_000_000_007 + number * 7919
    if kind in ("INTEGER", "SMALLINT", "UINTEGER"):
        return 1_731_000_000 + number * 7919
    if kind in ("DOUBLE", "FLOAT") or kind.startswith("DECIMAL"):
        return 731_018.0 + number + 0.625
    if kind == "DATE":
        return dt.date(1872, 3, 1) + dt.timedelta(days=13 * number)
    if kind.startswith("TIMESTAMP"):
        return dt.datetime(1872, 3, 1, 13, 37, 11) + dt.timedelta(days=13 * number)  # noqa: DTZ001
    return None


def search(folder: Path, planted: dict[str, Any]) -> list[str]:
    """Where canaries are found: ``file: table.column``. Bytes of every file, of every decompressed one, and every
    value of every Parquet file are looked at."""
    found = []
    names = {name: place for place, value in planted.items() for name in _needles(value)}
    texts = re.compile(b"|".join(re.escape(needle) for needle in sorted(names, key=len, reverse=True)))
    values = {_plain(value): place for place, value in planted.items()}
    for path in sorted(folder.rglob("*")):
        if not path.is_file():
            continue
        for content in _contents(path):
            found += [f"{path.relative_to(folder)}: {names[hit]}" for hit in set(texts.findall(content))]
        if path.suffix == ".parquet":
            found += [f"{path.relative_to(folder)}: {values[value]}" for value in _cells(path) & set(values)]
    return found


def _needles(value: Any) -> Iterator[bytes]:
    if isinstance(value, str):
        yield value.encode()
        yield value.encode("utf-16-le")
    elif isinstance(value, int):
        yield str(value).encode()
        yield struct.pack("<q", value)
    elif isinstance(value, float):
        yield repr(value).encode()
        yield struct.pack("<d", value)
    elif isinstance(value, dt.datetime):
        yield value.isoformat(sep=" ").encode()
        yield value.isoformat().encode()
    else:
        yield value.isoformat().encode()


def _plain(value: Any) -> Any:
    """A value as ``_cells`` gives them: numbers as floats or ints, dates and times as text."""
    return value.isoformat() if isinstance(value, dt.date) else value


def _contents(path: Path) -> Iterator[bytes]:
    content = path.read_bytes()
    yield content
    if content[:2] == b"\x1f\x8b":
        yield gzip.decompress(content)


def _cells(path: Path) -> set[Any]:
    cells: set[Any] = set()
    table = pq.read_table(path)
    for column in table.columns:
        cells.update(_plain(value) for value in column.unique().to_pylist() if value is not None)
    return cells
