"""Read a table from CSV or Parquet and write avatars back in the same format and dialect.

Delimiter, quotes, decimal comma, NA marker, encoding and the way whole floats are written ("3" or "3.0") are kept.
What the columns mean belongs to ``columns``. Messages name columns and lines, never a value.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
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
    """How a CSV file is written. Empty for Parquet (``parquet`` true, with its schema)."""

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


def read_table(path: Path) -> tuple[pd.DataFrame, Dialect]:
    """The table of ``path``. Raises BadInput when it cannot be used, with what and where."""
    path = Path(path)
    if not path.is_file():
        raise BadInput(f"{path.name}: no such file")
    if path.stat().st_size == 0:
        raise BadInput(f"{path.name}: the file is empty")
    if path.suffix.lower() in (".parquet", ".pq"):
        return _read_parquet(path)
    return _read_csv(path)


def _read_parquet(path: Path) -> tuple[pd.DataFrame, Dialect]:
    try:
        table = pq.read_table(path)
    except (pa.ArrowException, OSError) as error:
        raise BadInput(f"{path.name}: not a Parquet file ({type(error).__name__})") from None
    _check_names(path, table.column_names)
    schema = table.schema
    for i, kind in enumerate(schema.types):
        if to := _plain(kind):
            table = table.set_column(i, schema.names[i], table.column(i).cast(to))
    return table.to_pandas(), Dialect(parquet=True, schema=schema)


def _plain(kind: pa.DataType) -> pa.DataType | None:
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


def _read_csv(path: Path) -> tuple[pd.DataFrame, Dialect]:
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
    frame = table.to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get)
    for name in frame.columns:
        if frame[name].dtype == "Int64" and not frame[name].isna().any():
            frame[name] = frame[name].astype("int64")
        elif types[name] == pa.string():
            frame[name] = frame[name].astype(object).where(frame[name].notna(), None)
    return frame, dialect


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


def write_table(frame: pd.DataFrame, path: Path, dialect: Dialect) -> None:
    """Write through a temporary name. CSV input written to .parquet (and the reverse) is converted."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.partial")
    try:
        if path.suffix.lower() in (".parquet", ".pq"):
            _write_parquet(frame, temporary, dialect)
        else:
            _write_csv(frame, temporary, dialect)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _write_parquet(frame: pd.DataFrame, path: Path, dialect: Dialect) -> None:
    if dialect.schema is None:
        table = pa.Table.from_pandas(frame, preserve_index=False)
    else:
        fields = [dialect.schema.field(name) for name in frame.columns]
        arrays = [_array(pd.Series(frame[f.name]), f.type) for f in fields]
        table = pa.Table.from_arrays(arrays, schema=pa.schema([pa.field(f.name, f.type, f.nullable) for f in fields]))
    # what pandas notes of the avatars' own columns brings nullable types back; nothing of the source's notes is kept
    known = dialect.schema is not None and b"pandas" in (dialect.schema.metadata or {})
    notes = pa.Schema.from_pandas(frame, preserve_index=False).metadata if known else None
    pq.write_table(table.replace_schema_metadata(notes), path)


def _array(values: pd.Series, kind: pa.DataType) -> pa.Array:
    if (plain := _plain(kind)) is None:
        return pa.Array.from_pandas(values, type=kind, safe=False)
    return pa.Array.from_pandas(values, type=plain, safe=False).cast(kind, safe=False)


def _write_csv(frame: pd.DataFrame, path: Path, dialect: Dialect) -> None:
    default = max(sorted(dialect.markers.values()), key=list(dialect.markers.values()).count) if dialect.markers else ""
    quoting = csv.QUOTE_NONNUMERIC if dialect.quote_all else csv.QUOTE_MINIMAL
    encoding = "utf-8-sig" if dialect.bom else dialect.encoding
    with path.open("w", encoding=encoding, newline="") as stream:
        for low in range(0, max(len(frame), 1), 50_000):
            part = frame.iloc[low : low + 50_000].copy()
            for name in part.columns:
                part[name] = _texts(part[name], dialect, dialect.markers.get(name, default), quoting)
            part.to_csv(
                stream,
                sep=dialect.delimiter,
                index=False,
                header=low == 0,
                quoting=quoting,
                lineterminator="\r\n" if dialect.crlf else "\n",
            )


class _Bare(float):
    """A number that prints as given (so that QUOTE_NONNUMERIC leaves it without quotes)."""

    text: str

    def __new__(cls, text: str) -> _Bare:
        self = super().__new__(cls, 0.0)
        self.text = text
        return self

    def __repr__(self) -> str:
        return self.text

    __str__ = __repr__


def _texts(values: pd.Series, dialect: Dialect, marker: str, quoting: int) -> pd.Series:
    missing = values.isna().to_numpy()
    if pd.api.types.is_float_dtype(values.dtype):
        numbers = values.to_numpy(dtype=float, na_value=np.nan)
        whole = values.name in dialect.plain_floats
        texts = [_number(x, whole, dialect.comma) for x in numbers.tolist()]
    elif pd.api.types.is_bool_dtype(values.dtype) or not pd.api.types.is_integer_dtype(values.dtype):
        out = values.astype(object).map(str, na_action="ignore").astype(object)
        out[missing] = _Bare(marker) if quoting == csv.QUOTE_NONNUMERIC else marker
        return out
    else:
        if not missing.any():
            return values
        texts = values.astype(object).map(str).tolist()
    if quoting == csv.QUOTE_NONNUMERIC:
        cells: list[Any] = [_Bare(marker if gone else text) for text, gone in zip(texts, missing, strict=True)]
    else:
        cells = [marker if gone else text for text, gone in zip(texts, missing, strict=True)]
    return pd.Series(cells, index=values.index, dtype=object)


def _number(x: float, whole: bool, comma: bool) -> str:
    if np.isnan(x):
        return ""
    text = str(int(x)) if whole and x == int(x) else repr(x)
    return text.replace(".", ",") if comma else text
