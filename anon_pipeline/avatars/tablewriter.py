"""Write avatars in the format and dialect that their source was read in, part by part, through a temporary name.

Reading, and what a dialect is, belong to ``tablefile``.
"""

from __future__ import annotations

import csv
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from anon_pipeline.avatars.tablefile import Dialect, plain_type

ROWS_AT_ONCE = 50_000


class TableWriter:
    """``with TableWriter(path, dialect) as out: out.write(frame)``, as often as there are parts.

    The file appears under its name when the block ends without an error. CSV input written to .parquet (and the
    reverse) is converted.
    """

    def __init__(self, path: Path, dialect: Dialect) -> None:
        self.path, self.dialect = path, dialect
        self.temporary = path.with_name(f".{path.name}.partial")
        self.to_parquet = path.suffix.lower() in (".parquet", ".pq")
        self.parquet: pq.ParquetWriter | None = None
        self.stream: IO[str] | None = None

    def __enter__(self) -> TableWriter:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        try:
            for opened in (self.parquet, self.stream):
                if opened is not None:
                    opened.close()
            if kind is None:
                self.temporary.replace(self.path)
        finally:
            self.temporary.unlink(missing_ok=True)

    def write(self, frame: pd.DataFrame) -> None:
        """Append rows; every part has the same columns and dtypes."""
        if self.to_parquet:
            self._write_parquet(frame)
        else:
            self._write_csv(frame)

    def _write_parquet(self, frame: pd.DataFrame) -> None:
        given = self.dialect.schema
        if given is None:
            table = pa.Table.from_pandas(frame, preserve_index=False)
        else:
            fields = [given.field(name) for name in frame.columns]
            arrays = [_array(pd.Series(frame[f.name]), f.type) for f in fields]
            plain = pa.schema([pa.field(f.name, f.type, f.nullable) for f in fields])
            table = pa.Table.from_arrays(arrays, schema=plain)
        # what pandas notes of the avatars' own columns brings nullable types back; nothing of the source's is kept
        known = given is not None and b"pandas" in (given.metadata or {})
        notes = pa.Schema.from_pandas(frame, preserve_index=False).metadata if known else None
        table = table.replace_schema_metadata(notes)
        if self.parquet is None:
            self.parquet = pq.ParquetWriter(self.temporary, table.schema)
        self.parquet.write_table(table.cast(self.parquet.schema))

    def _write_csv(self, frame: pd.DataFrame) -> None:
        dialect, header = self.dialect, self.stream is None
        common = list(dialect.markers.values())
        default = max(sorted(common), key=common.count) if common else ""
        quoting = csv.QUOTE_NONNUMERIC if dialect.quote_all else csv.QUOTE_MINIMAL
        if self.stream is None:
            encoding = "utf-8-sig" if dialect.bom else dialect.encoding
            self.stream = self.temporary.open("w", encoding=encoding, newline="")
        for low in range(0, max(len(frame), 1), ROWS_AT_ONCE):
            part = frame.iloc[low : low + ROWS_AT_ONCE].copy()
            for name in part.columns:
                part[name] = _texts(part[name], dialect, dialect.markers.get(name, default), quoting)
            part.to_csv(
                self.stream,
                sep=dialect.delimiter,
                index=False,
                header=header and low == 0,
                quoting=quoting,
                lineterminator="\r\n" if dialect.crlf else "\n",
            )


def write_table(frame: pd.DataFrame, path: Path, dialect: Dialect) -> None:
    """Write a whole table through a temporary name."""
    with TableWriter(path, dialect) as out:
        out.write(frame)


def _array(values: pd.Series, kind: pa.DataType) -> pa.Array:
    if (plain := plain_type(kind)) is None:
        return pa.Array.from_pandas(values, type=kind, safe=False)
    return pa.Array.from_pandas(values, type=plain, safe=False).cast(kind, safe=False)


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
