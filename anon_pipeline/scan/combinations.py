"""The k-map of a table: how many rows stand alone, or nearly, on small combinations of quasi-identifiers."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import duckdb

from anon_pipeline.scan.sources import Relation, quoted

SMALL_CELL = 11
MOST_COLUMNS = 6
WORST = 5


def kmap(
    relation: Relation, columns: list[str], rows: int, connection: duckdb.DuckDBPyConnection
) -> list[dict[str, Any]]:
    """The combinations of at most three columns with the most rows in cells under 11, worst first.

    A wider combination is always worse than the ones within it: only widths are compared with their like. Each entry:
    ``columns``, ``cells``, ``smallest`` (k), ``rows_alone`` and ``rows_in_small_cells``.
    """
    if rows < 2 or not columns:
        return []
    columns = columns[: MOST_COLUMNS if rows <= 200_000 else 5]
    out = []
    for width in range(1, min(3, len(columns)) + 1):
        found = [_cells(relation, chosen, connection) for chosen in combinations(columns, width)]
        found.sort(key=lambda f: (-f["rows_alone"], -f["rows_in_small_cells"], f["columns"]))
        out += found[:WORST]
    return out


def _cells(relation: Relation, columns: tuple[str, ...], connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    names = ", ".join(quoted(c) for c in columns)
    cells, smallest, alone, small = connection.execute(
        "SELECT count(*), coalesce(min(n), 0), coalesce(sum(n) FILTER (n = 1), 0), "
        f"coalesce(sum(n) FILTER (n < {SMALL_CELL}), 0) "
        f"FROM (SELECT count(*) AS n FROM {relation.sql} GROUP BY {names})"
    ).fetchall()[0]
    return {
        "columns": list(columns),
        "cells": int(cells),
        "smallest": int(smallest),
        "rows_alone": int(alone),
        "rows_in_small_cells": int(small),
    }
