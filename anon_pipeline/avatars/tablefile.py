"""Read a table from CSV or Parquet, column by column, with the format and dialect that avatars are written back in.

Delimiter, quotes, decimal comma, NA marker, encoding and the way whole floats are written ("3" or "3.0") are noted.
What columns mean belongs to ``columns``, writing to ``tablewriter``. Messages name columns and lines, never a value.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.csv as pv
import pyarrow.parquet as pq

from anon_pipeline.errors import BadInput

INFINITE = ("inf", "-inf", "Inf", "-Inf")
"""Read as missing: no avatar has an infinite value."""
NA_MARKERS = (
    "",
    "NA",
    "NaN",
    "nan",
    "N/A",
    "n/a",
    "null",
    "NULL",
    "None",
    "NaT",
    "<NA>",
    ".",
    "?",
    "#N/A",
    *INFINITE,
)
SAMPLE_LINES = 3000
_INTEGER = re.compile(r"^[+-]?(0|[1-9]\d{0,17})$")
_FLOAT = re.compile(r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$")
_COMMA = re.compile(r"^[+-]?\d+,\d+$")


@dataclass
class Dialect:
    """How a CSV file is written, and the types that were read (all there is where ``parquet`` is true)."""

    delimiter: str = ","
    encoding: str = "utf-8"
    bom: bool = False
    comma: bool = False
    quote_all: bool = False
    crlf: bool = False
    markers: dict[str, str] = field(default_factory=dict)
    plain_floats: set[str] = field(default_factory=set)
    parquet: bool = False
    schema: Any = None


class ColumnTable:
    """A table of which one column at a time becomes a pandas series: ``table[name]``, ``table.columns``, ``len``."""

    def __init__(self, columns: list[str], rows: int, read: Callable[[str], pd.Series]) -> None:
        self.columns, self.rows, self._read = columns, rows, read

    def __len__(self) -> int:
        return self.rows

    def __getitem__(self, name: str) -> pd.Series:
        return self._read(name)

    def frame(self, names: list[str] | None = None) -> pd.DataFrame:
        """All columns, or those named, in memory."""
        names = self.columns if names is None else names
        return pd.DataFrame({name: self._read(name) for name in names}, columns=names)


def open_table(path: Path) -> tuple[ColumnTable, Dialect]:
    """The table of ``path``, read when its columns are asked for. Raises BadInput when it cannot be used, with what
    and where."""
    path = Path(path)
    if not path.is_file():
        raise BadInput(f"{path.name}: no such file")
    if path.stat().st_size == 0:
        raise BadInput(f"{path.name}: the file is empty")
    if path.suffix.lower() in (".parquet", ".pq"):
        return _open_parquet(path)
    return _open_csv(path)


def read_table(path: Path) -> tuple[pd.DataFrame, Dialect]:
    """The whole table of ``path`` in memory. Raises BadInput."""
    table, dialect = open_table(path)
    return table.frame(), dialect


def _open_parquet(path: Path) -> tuple[ColumnTable, Dialect]:
    try:
        file = pq.ParquetFile(path)
        schema = file.schema_arrow
    except (pa.ArrowException, OSError) as error:
        raise BadInput(f"{path.name}: not a Parquet file ({type(error).__name__})") from None
    index = {name for name in (schema.pandas_metadata or {}).get("index_columns", []) if isinstance(name, str)}
    names = [name for name in schema.names if name not in index] or list(schema.names)
    _check_names(path, names)

    def read(name: str) -> pd.Series:
        try:
            table = file.read(columns=[name]).select([name])
        except (pa.ArrowException, OSError) as error:
            raise BadInput(f"{path.name}: column {name} cannot be read ({type(error).__name__})") from None
        if to := plain_type(table.schema.types[0]):
            table = table.set_column(0, name, table.column(0).cast(to))
        return pd.Series(table.to_pandas()[name]).reset_index(drop=True)

    return ColumnTable(names, file.metadata.num_rows, read), Dialect(parquet=True, schema=schema)


def plain_type(kind: pa.DataType) -> pa.DataType | None:
    """What a type that pandas would make objects of is worked on as: decimals as doubles, times and durations as
    whole units."""
    if pa.types.is_decimal(kind):
        return pa.float64()
    if pa.types.is_time32(kind):
        return pa.int32()
    return pa.int64() if pa.types.is_time64(kind) or pa.types.is_duration(kind) else None


def _check_names(path: Path, names: list[str]) -> None:
    if len(set(names)) < len(names):
        twice = sorted({i + 1 for i, name in enumerate(names) if names.count(name) > 1})
        raise BadInput(f"{path.name}: duplicate column names (columns {', '.join(map(str, twice))})")


def _sample(path: Path) -> tuple[Dialect, list[list[str]], str]:
    raw = path.open("rb").read(4_000_000)
    dialect = Dialect(bom=raw.startswith(b"\xef\xbb\xbf"), crlf=b"\r\n" in raw[:100_000])
    if b"\x00" in raw:
        raise BadInput(f"{path.name}: not a text file (it holds zero bytes)")
    whole = len(raw) < 4_000_000
    for encoding in ("utf-8", "latin-1"):
        try:
            text = raw.decode(encoding) if whole else raw[: raw.rfind(b"\n") + 1].decode(encoding)
            dialect.encoding = encoding
            break
        except UnicodeDecodeError:
            continue
    text = text.lstrip("\ufeff")
    lines = text.splitlines()[:SAMPLE_LINES]
    if not any(line.strip() for line in lines):
        raise BadInput(f"{path.name}: the file is empty")
    dialect.delimiter = _delimiter(lines)
    rows = list(csv.reader(lines, delimiter=dialect.delimiter))
    rows = [row for row in rows if row]
    dialect.quote_all = lines[0].lstrip().startswith('"')
    return dialect, rows, text


def _delimiter(lines: list[str]) -> str:
    """The delimiter that gives the most columns in the header, among those that give every line as many."""
    best, found = (-1.0, 0), ","
    for delimiter in (",", ";", "\t", "|"):
        widths = [len(row) for row in csv.reader(lines[:200], delimiter=delimiter) if row]
        if not widths or widths[0] < 2:
            continue
        same = sum(width == widths[0] for width in widths) / len(widths)
        if (round(same, 2), widths[0]) > best:
            best, found = (round(same, 2), widths[0]), delimiter
    return found


def _open_csv(path: Path) -> tuple[ColumnTable, Dialect]:
    dialect, rows, _ = _sample(path)
    names = [name.strip() for name in rows[0]]
    names = [name or f"unnamed:{i}" for i, name in enumerate(names)]
    _check_names(path, names)
    if len(rows) < 2:
        raise BadInput(f"{path.name}: a header and no rows")
    for number, row in enumerate(rows[1:], start=2):
        if len(row) != len(names):
            raise BadInput(f"{path.name}: line {number} has {len(row)} fields, the header {len(names)}")
    types = _types(names, rows[1:], dialect)
    while True:
        try:
            table = pv.read_csv(
                path,
                read_options=pv.ReadOptions(column_names=names, skip_rows=1, encoding=dialect.encoding),
                parse_options=pv.ParseOptions(delimiter=dialect.delimiter, newlines_in_values=True),
                convert_options=pv.ConvertOptions(
                    column_types=types,
                    null_values=list(NA_MARKERS),
                    strings_can_be_null=True,
                    quoted_strings_can_be_null=True,
                    decimal_point="," if dialect.comma else ".",
                ),
            )
            break
        except pa.ArrowInvalid as error:
            _widen(path, str(error), names, types)
    dialect.schema = table.schema

    def read(name: str) -> pd.Series:
        values = pd.Series(table.select([name]).to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get)[name])
        if values.dtype == "Int64" and not values.isna().any():
            return values.astype("int64")
        return values.astype(object).where(values.notna(), None) if types[name] == pa.string() else values

    return ColumnTable(names, table.num_rows, read), dialect


def _types(names: list[str], rows: list[list[str]], dialect: Dialect) -> dict[str, pa.DataType]:
    types: dict[str, pa.DataType] = {}
    for j, name in enumerate(names):
        cells = [row[j].strip() for row in rows]
        markers = [cell for cell in cells if cell in NA_MARKERS and cell not in INFINITE]
        known = [cell for cell in cells if cell not in NA_MARKERS]
        if markers:
            dialect.markers[name] = max(sorted(set(markers)), key=markers.count)
        if known and all(map(_INTEGER.match, known)):
            types[name] = pa.int64()
        elif known and all(map(_FLOAT.match, known)) and not any(_padded(cell) or _long(cell) for cell in known):
            types[name] = pa.float64()
            if any("." not in cell for cell in known):
                dialect.plain_floats.add(name)
        elif known and all(_COMMA.match(c) or _INTEGER.match(c) for c in known):
            types[name] = pa.float64()
            dialect.comma = True
            if any("," not in cell for cell in known):
                dialect.plain_floats.add(name)
        else:
            types[name] = pa.string()
    return types


def _padded(cell: str) -> bool:
    """Leading zeros mean a code, not a number."""
    text = cell.lstrip("+-")
    return len(text) > 1 and text[0] == "0" and text[1].isdigit()


def _long(cell: str) -> bool:
    """More digits than a number holds mean a code."""
    return len(cell) > 19 and cell.lstrip("+-").isdigit()


def _widen(path: Path, message: str, names: list[str], types: dict[str, pa.DataType]) -> None:
    """A value beyond the sample did not fit: read the column as a wider type. Anything else is bad input."""
    if found := re.search(r"In CSV column #(\d+)", message):
        name = names[int(found.group(1))]
        if types[name] == pa.int64():
            types[name] = pa.float64()
            return
        if types[name] == pa.float64():
            types[name] = pa.string()
            return
    if found := re.search(r"Expected (\d+) columns, got (\d+)", message):
        row = re.search(r"Row #(\d+)", message)
        where = f"line {row.group(1)}" if row else "a line"
        raise BadInput(f"{path.name}: {where} has {found.group(2)} fields, the header {found.group(1)}") from None
    raise BadInput(f"{path.name}: cannot be read as CSV") from None
