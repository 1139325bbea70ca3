"""Writing avatars' OMOP tables: typed Parquet, rows in the order of their random ids, no half-written file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

Columns = dict[str, NDArray[Any]]
TYPE_EHR = 32817
"""OMOP type concept "EHR": every avatar's record gets it."""

MISSING_DAY = np.iinfo(np.int64).min


def write_omop(out: Path, name: str, columns: Columns, schema: pa.Schema, key: str) -> Path:
    """Write one table, ordered by ``key``, with the schema's columns; those not given are all NULL.

    Integers below 0 that are not dates and NaN become NULL; dates are days since 1970.
    """
    order = np.argsort(columns[key], kind="stable")
    arrays = []
    for column in schema:
        if column.name not in columns:
            arrays.append(pa.nulls(len(order), column.type))
            continue
        values = np.asarray(columns[column.name])[order]
        if pa.types.is_date(column.type) or pa.types.is_timestamp(column.type):
            gone = values == MISSING_DAY
            days = np.where(gone, 0, values).astype("datetime64[D]")
            stamps = days if pa.types.is_date(column.type) else days.astype("datetime64[us]")
            arrays.append(pa.array(stamps, type=column.type, mask=gone))
        elif pa.types.is_integer(column.type):
            gone = np.isnan(values.astype(float)) | (values.astype(float) < 0)
            arrays.append(pa.array(np.where(gone, 0, values).astype(np.int64), type=column.type, mask=gone))
        else:
            numbers = values.astype(float)
            arrays.append(pa.array(numbers, type=column.type, mask=np.isnan(numbers)))
    path = out / f"{name}.parquet"
    temporary = path.with_name(f".{path.name}.partial")
    pq.write_table(pa.Table.from_arrays(arrays, schema=schema), temporary)
    temporary.replace(path)
    return path.relative_to(out)
