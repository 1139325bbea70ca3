"""Reading anybody's tables and bringing real, synthetic and held-out people to the same columns and types.

Turning columns into numbers belongs to ``encoding``; no attack belongs here.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from anon_pipeline.errors import BadInput

PARQUET = {".parquet", ".pq"}
MISSING = ["", "NA", "N/A", "NaN", "nan", "NULL", "null", "None", "<NA>"]


@dataclass(frozen=True)
class Aligned:
    """Tables with the same columns in the same order; ``numeric`` and ``categorical`` share them out.

    ``notes`` tells in words what had to be reconciled: column names and counts, never a value.
    """

    real: pd.DataFrame
    synthetic: pd.DataFrame
    holdout: pd.DataFrame | None
    numeric: list[str]
    categorical: list[str]
    notes: list[str] = field(default_factory=list)

    @property
    def columns(self) -> list[str]:
        return self.numeric + self.categorical


def _delimiter(path: Path, encoding: str) -> str:
    with path.open(encoding=encoding, newline="") as stream:
        lines = [line for line in (stream.readline() for _ in range(20)) if line.strip()]
    if not lines:
        raise BadInput(f"{path}: the file is empty")
    counts = {d: [len(next(csv.reader([line], delimiter=d))) for line in lines] for d in (",", ";", "\t", "|")}
    return max(counts, key=lambda d: (counts[d][0] > 1 and len(set(counts[d])) == 1, counts[d][0]))


def read_table(path: Path | str) -> pd.DataFrame:
    """A CSV file (any of ``, ; tab |``, UTF-8 or Latin-1, decimal point or comma, gzip by name) or a Parquet file.

    An unnamed first column that only counts rows is dropped. Raises BadInput naming the file.
    """
    path = Path(path)
    if not path.is_file():
        raise BadInput(f"{path}: no such file")
    try:
        frame = pd.read_parquet(path) if path.suffix.lower() in PARQUET else _read_csv(path)
    except BadInput:
        raise
    except Exception as error:
        raise BadInput(f"{path}: cannot be read as a table ({type(error).__name__})") from None
    frame.columns = [str(c).strip() for c in frame.columns]
    if frame.columns.duplicated().any():
        raise BadInput(f"{path}: {int(frame.columns.duplicated().sum())} column names occur more than once")
    first = frame.columns[0] if len(frame.columns) else ""
    if first in ("", "Unnamed: 0", "index", "X") and _counts_rows(frame[first]):
        frame = frame.drop(columns=first)
    if frame.empty:
        raise BadInput(f"{path}: the table has {len(frame)} rows and {len(frame.columns)} columns")
    return frame.reset_index(drop=True)


def _read_csv(path: Path) -> pd.DataFrame:
    compressed = path.suffix.lower() == ".gz"
    options: dict[str, Any] = {"na_values": MISSING, "keep_default_na": False, "low_memory": False}
    if compressed:
        return pd.read_csv(path, sep=None, engine="python", na_values=MISSING, keep_default_na=False)
    encoding = "utf-8-sig"
    try:
        with path.open(encoding=encoding) as stream:
            while stream.read(1 << 20):
                pass
    except UnicodeDecodeError:
        encoding = "cp1252"
    sep = _delimiter(path, encoding)
    frame = pd.read_csv(path, sep=sep, encoding=encoding, **options)
    if sep != ",":
        for column in frame.columns:
            if not pd.api.types.is_numeric_dtype(frame[column]):
                text = frame[column].dropna().astype(str)
                if len(text) and text.str.fullmatch(r"[+-]?\d+,\d+|[+-]?\d+").all():
                    frame[column] = pd.to_numeric(frame[column].astype(str).str.replace(",", "."), errors="coerce")
    return frame


def _counts_rows(column: pd.Series) -> bool:
    values = pd.to_numeric(column, errors="coerce")
    return bool(values.notna().all() and (values.diff().dropna() == 1).all() and values.iloc[0] in (0, 1))


def _is_date_text(column: pd.Series) -> bool:
    text = column.dropna()
    if not len(text) or not pd.api.types.is_string_dtype(text.astype(object).infer_objects()):
        return False
    sample = text.astype(str).head(500)
    return bool(sample.str.match(r"\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}(:\d{2})?)?|\d{2}/\d{2}/\d{4}").mean() > 0.95)


def _as_number(column: pd.Series) -> pd.Series | None:
    """The column as float64 (dates: days since 1970), or None when it is not numbers."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        column = column.astype(object)
    if pd.api.types.is_bool_dtype(column):
        return column.astype("float64")
    if pd.api.types.is_numeric_dtype(column):
        return column.astype("float64")
    if pd.api.types.is_datetime64_any_dtype(column):
        stamp = pd.to_datetime(column, utc=True).dt.tz_localize(None)
        return (stamp - pd.Timestamp(0)) / pd.Timedelta(days=1)
    if pd.api.types.is_timedelta64_dtype(column):
        return column / pd.Timedelta(days=1)
    if _is_date_text(column):
        stamp = pd.to_datetime(
            column, errors="coerce", utc=True, format="mixed", dayfirst=bool(column.astype(str).str.contains("/").any())
        )
        if stamp.notna().sum() >= 0.95 * column.notna().sum():
            return (stamp.dt.tz_localize(None) - pd.Timestamp(0)) / pd.Timedelta(days=1)
    present = column.dropna()
    if len(present) and present.map(lambda v: hasattr(v, "toordinal")).all():
        return column.map(lambda v: np.nan if pd.isna(v) else float(v.toordinal() - 719163)).astype("float64")
    words = present.astype(str).str.strip().str.lower()
    if len(words) and words.isin(["true", "false"]).all():
        return column.map(lambda v: np.nan if pd.isna(v) else float(str(v).strip().lower() == "true")).astype("float64")
    values = pd.to_numeric(column, errors="coerce")
    if present.size and values.notna().sum() >= 0.98 * present.size:
        return values.astype("float64")
    return None


def _as_text(column: pd.Series) -> pd.Series:
    def canonical(value: Any) -> Any:
        if value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value)):
            return None
        if isinstance(value, (bool, np.bool_)):
            return str(bool(value))
        if isinstance(value, (int, float, np.integer, np.floating)):
            return f"{float(value):.15g}"
        return str(value).strip()

    return column.astype(object).map(canonical).astype(object)


def _declared(schema: dict[str, Any] | None, column: str) -> str | None:
    columns = (schema or {}).get("columns", schema or {})
    if isinstance(columns, list):
        columns = {c.get("name"): c for c in columns if isinstance(c, dict)}
    entry = columns.get(column) if isinstance(columns, dict) else None
    kind = entry.get("type", entry.get("kind")) if isinstance(entry, dict) else entry
    if not isinstance(kind, str):
        return None
    kind = kind.lower()
    if kind in ("category", "categorical", "string", "str", "text", "code", "nominal", "boolean", "bool", "binary"):
        return "categorical"
    if kind in ("number", "numeric", "integer", "int", "float", "continuous", "date", "datetime", "ordinal", "count"):
        return "numeric"
    return None


def align(
    real: pd.DataFrame,
    synthetic: pd.DataFrame,
    holdout: pd.DataFrame | None,
    schema: dict[str, Any] | None = None,
) -> Aligned:
    """The columns that all tables share, numbers as float64 and everything else as text, in the order of ``real``.

    A column is numeric when it reads as numbers, dates or booleans in every table; otherwise it is compared as text
    (1 and "1" and 1.0 are then the same). Raises BadInput when no column is shared or a table has no row.
    """
    others = {"synthetic": synthetic} | ({"holdout": holdout} if holdout is not None else {})
    for name, frame in {"real": real, **others}.items():
        if not len(frame):
            raise BadInput(f"the {name} table has no row")
    shared = [c for c in real.columns if all(c in frame.columns for frame in others.values())]
    notes = []
    for name, frame in others.items():
        if missing := [str(c) for c in real.columns if c not in frame.columns]:
            notes.append(f"columns missing from the {name} table, not evaluated: {', '.join(missing)}")
        if added := [str(c) for c in frame.columns if c not in real.columns]:
            notes.append(f"columns only in the {name} table, ignored: {', '.join(added)}")
    if not shared:
        raise BadInput("real and synthetic tables share no column name")
    frames = [real, synthetic] + ([holdout] if holdout is not None else [])
    numeric, categorical = [], []
    out: list[dict[str, pd.Series]] = [{} for _ in frames]
    for column in shared:
        kind = _declared(schema, column)
        values = [frame[column].reset_index(drop=True) for frame in frames]
        numbers = [_as_number(v) if v.notna().any() else v.astype("float64") for v in _pure(values)]
        if kind != "categorical" and all(n is not None for n in numbers) and any(v.notna().any() for v in values):
            numeric.append(column)
            for target, number in zip(out, numbers, strict=True):
                target[column] = number.replace([np.inf, -np.inf], np.nan)  # type: ignore[union-attr]
        else:
            categorical.append(column)
            for target, value in zip(out, values, strict=True):
                target[column] = _as_text(value)
        dtypes = {str(v.dtype) for v in values}
        if len(dtypes) > 1 and len({_family(v) for v in values}) > 1:
            notes.append(f"column {column}: types {', '.join(sorted(dtypes))} reconciled")
    tables = [pd.DataFrame(columns)[numeric + categorical] for columns in out]
    return Aligned(tables[0], tables[1], tables[2] if holdout is not None else None, numeric, categorical, notes)


def _pure(values: list[pd.Series]) -> list[pd.Series]:
    return [v.astype(object).where(v.notna(), np.nan) if not v.notna().any() else v for v in values]


def _family(column: pd.Series) -> str:
    if pd.api.types.is_bool_dtype(column):
        return "bool"
    if pd.api.types.is_numeric_dtype(column):
        return "number"
    if pd.api.types.is_datetime64_any_dtype(column):
        return "date"
    return "text"
