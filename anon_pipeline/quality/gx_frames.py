"""Released tables as the frames that the Great Expectations suites are run on. What is expected belongs to ``gx``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from anon_pipeline.quality.gx_suites import SUITES


def schema_of(path: Path) -> Any:
    """The table's columns as a table: name, Arrow type, the type's rule, whether any value is there."""
    file = pq.ParquetFile(path)
    filled = _filled(file)
    return pd.DataFrame(
        [{"column": field.name, "type": str(field.type), "filled": field.name in filled} for field in file.schema_arrow]
    )


def _filled(file: pq.ParquetFile) -> set[str]:
    """Columns with at least one value, from the statistics, or from the data where a writer left none."""
    filled = set()
    for index, name in enumerate(file.schema_arrow.names):
        for group in range(file.metadata.num_row_groups):
            column = file.metadata.row_group(group).column(index)
            if column.is_stats_set and column.statistics.has_null_count:
                some = column.statistics.null_count < column.num_values
            else:
                some = file.read_row_group(group, columns=[name]).column(0).null_count < column.num_values
            if some:
                filled.add(name)
                break
    return filled


def frame_of(name: str, tables: dict[str, Path]) -> Any:
    """The columns that the suite judges, with what needs another table worked out: ``_known_COLUMN``, ``_born``."""
    suite = SUITES[name]
    schema = pq.read_schema(tables[name])
    dates = [column for column in schema.names if column.endswith(("_date", "_datetime"))]
    wanted = {*suite.required, *suite.keys, *suite.ranges, *dates, *([suite.identifier] if suite.identifier else [])}
    wanted -= {column for column in wanted if column.endswith("_text")}
    frame = _read(tables[name], [column for column in schema.names if column in wanted])
    for column, (table, key) in suite.keys.items():
        if column in frame:
            other = _read(tables[table], [key]) if table in tables else pd.DataFrame()
            known = other[key] if key in other else pd.Series(dtype="int64")
            frame[f"_known_{column}"] = frame[column].isna() | frame[column].isin(known)
    people: Any = _read(tables["person"], ["person_id", "year_of_birth"]) if "person" in tables else pd.DataFrame()
    if suite.start in frame and "person_id" in frame and {"person_id", "year_of_birth"} <= set(people):
        people["year_of_birth"] = pd.to_numeric(people["year_of_birth"], errors="coerce")
        born = frame["person_id"].map(people.drop_duplicates("person_id").set_index("person_id")["year_of_birth"])
        frame["_born"] = born.isna() | (frame[suite.start].dt.year >= born)
    return frame


def _read(path: Path, columns: list[str]) -> Any:
    """A pandas frame in which integers stay integers and dates are timestamps; missing columns are left out."""
    present = [column for column in columns if column in pq.read_schema(path).names]
    table = pq.read_table(path, columns=present)
    integers: dict[Any, Any] = {pa.int64(): pd.Int64Dtype(), pa.int32(): pd.Int32Dtype()}
    frame = table.to_pandas(types_mapper=integers.get, date_as_object=False)
    for column in frame:
        if str(column).endswith(("_date", "_datetime")):
            frame[column] = pd.to_datetime(frame[column], errors="coerce").astype("datetime64[us]")
    return frame
