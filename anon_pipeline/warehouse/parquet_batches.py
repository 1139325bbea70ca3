"""Parquet files as batches: columns that have their field's type pass as they are, the others as text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from anon_pipeline.warehouse.casting import Column
from anon_pipeline.warehouse.load_report import FileReport
from anon_pipeline.warehouse.records import Batch

BATCH_ROWS = 50_000


def parquet_batches(path: Path, columns: list[Column], report: FileReport) -> Iterator[tuple[Batch, list[Column]]]:
    """The wanted columns, named c0, c1..., and how each is typed. Nested columns are skipped and told."""
    with pq.ParquetFile(path, memory_map=False) as file:
        names = file.schema_arrow.names
        wanted = {column.name: names[int(column.name[1:])] for column in columns}
        kept = [
            column for column in columns if not pa.types.is_nested(file.schema_arrow.field(wanted[column.name]).type)
        ]
        skipped = [column.field for column in columns if column not in kept]
        report.skipped_columns += [f"{name} (nested)" for name in skipped]
        rows = 0
        for batch in file.iter_batches(BATCH_ROWS, columns=[wanted[column.name] for column in kept]):
            typed, arrays = [], {}
            for column in kept:
                array, already = _as_wanted(batch[wanted[column.name]], column.kind)
                arrays[column.name] = array
                typed.append(replace(column, typed=already))
            records = pa.array(np.arange(rows + 1, rows + batch.num_rows + 1, dtype=np.int64))
            rows += batch.num_rows
            yield Batch(arrays, batch.num_rows, records, records), typed


def _as_wanted(array: pa.Array, kind: str) -> tuple[pa.Array, bool]:
    own = array.type
    if pa.types.is_dictionary(own):
        array = array.dictionary_decode()
        own = array.type
    if kind == "BIGINT" and pa.types.is_integer(own) and own != pa.uint64():
        return array.cast(pa.int64()), True
    if kind == "DOUBLE" and (pa.types.is_floating(own) or pa.types.is_integer(own)):
        wide = array.cast(pa.float64(), safe=False)
        return _without(wide, pc.call_function("is_nan", [wide])), True
    if kind == "DATE" and pa.types.is_date(own):
        return array.cast(pa.date32()), True
    if kind == "TIMESTAMP" and pa.types.is_timestamp(own) and own.tz is None:
        return array.cast(pa.timestamp("us"), safe=False), True
    if pa.types.is_string(own):
        return _or_null(array), False
    if pa.types.is_binary(own) or pa.types.is_large_binary(own) or pa.types.is_fixed_size_binary(own):
        return _or_null(pa.array([_decoded(each) for each in array.to_pylist()], pa.string())), False
    return _or_null(array.cast(pa.string())), False


def _or_null(array: pa.Array) -> pa.Array:
    """Empty text is no value, as in CSV."""
    return _without(array, pc.call_function("equal", [array, pa.scalar("", array.type)]))


def _without(array: pa.Array, empty: pa.Array) -> pa.Array:
    return pc.call_function("if_else", [empty, pa.scalar(None, array.type), array])


def _decoded(content: bytes | None) -> str | None:
    if content is None:
        return None
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("latin-1")
