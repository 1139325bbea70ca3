"""Reading a cohort's Parquet tables for avatars: one SQL statement, and which columns a table has."""

from __future__ import annotations

from typing import Any

import pandas as pd

from anon_pipeline.cohort import Cohort


def query(sql: str, **tables: Any) -> pd.DataFrame:
    """Run DuckDB over Parquet files named in ``tables``: {name} in the statement becomes the file."""
    import duckdb

    quoted = {name: "read_parquet('" + str(path).replace("'", "''") + "')" for name, path in tables.items()}
    with duckdb.connect(config={"threads": 1}) as connection:
        return connection.execute(sql.format(**quoted)).df()


def cohort_columns(cohort: Cohort, table: str) -> set[str]:
    import pyarrow.parquet as pq

    return set(pq.read_schema(cohort.path(table)).names)
