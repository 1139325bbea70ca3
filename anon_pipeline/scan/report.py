"""The scan of a whole source: every column's role with its evidence, and the k-map of every table of persons."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import duckdb

from anon_pipeline.scan.combinations import kmap
from anon_pipeline.scan.names import BIRTH, normalised
from anon_pipeline.scan.profile import profiles
from anon_pipeline.scan.roles import Finding, Role, role_of
from anon_pipeline.scan.sources import Relation, open_source

SCHEMA = "anon-pipeline/scan/1"

TextScanner = Callable[[Relation, str, duckdb.DuckDBPyConnection], dict[str, int]]


def scan(source: str, *, text_scanner: TextScanner | None = None, progress: bool = False) -> dict[str, Any]:
    """Scan a DuckDB file, a PostgreSQL URL, a table file or a folder of table files; nothing is written to it.

    text_scanner: called for every free-text column with its relation, its name and the connection; returns counts of
    identifiers by kind. Returns plain JSON types: ``tables``, ``roles`` (counts), ``other_files``. Raises BadInput.
    """
    connection = duckdb.connect()
    connection.execute("SET preserve_insertion_order = false")
    try:
        relations, others = open_source(source, connection)
        tables = [_table(r, connection, text_scanner) for r in _shown(relations, progress)]
    finally:
        connection.close()
    roles = {role.value: 0 for role in Role}
    for table in tables:
        for column in table["columns"]:
            roles[column["role"]] += 1
    return {"schema": SCHEMA, "tables": tables, "roles": roles, "other_files": others}


def _shown(relations: list[Relation], progress: bool) -> Any:
    from tqdm import tqdm

    return tqdm(relations, desc="tables", disable=None if progress else True, leave=False)


def _table(
    relation: Relation, connection: duckdb.DuckDBPyConnection, text_scanner: TextScanner | None
) -> dict[str, Any]:
    findings = [role_of(profile) for profile in profiles(relation, connection)]
    rows = findings[0].profile.rows if findings else 0
    columns = []
    for finding in findings:
        entry = _column(finding)
        if finding.role is Role.FREE_TEXT and text_scanner is not None and finding.profile.present:
            entry["text"] = text_scanner(relation, finding.profile.column, connection)
        columns.append(entry)
    quasi = [
        f.profile
        for f in findings
        if f.role is Role.QUASI
        and f.profile.present
        and f.profile.distinct > 1
        # a moment that only one row has says nothing in combinations, a date of birth does
        and (f.profile.uniqueness < 0.98 or BIRTH.search(normalised(f.profile.column)))
    ]
    quasi.sort(key=lambda p: (-p.distinct, p.column))
    return {
        "table": relation.name,
        "rows": rows,
        "columns": columns,
        "kmap": kmap(relation, [p.column for p in quasi], rows, connection),
    }


def _column(finding: Finding) -> dict[str, Any]:
    profile = finding.profile
    return {
        "column": profile.column,
        "role": finding.role.value,
        "evidence": finding.evidence,
        "type": profile.type,
        "present": profile.present,
        "distinct": profile.distinct,
        "uniqueness": round(profile.uniqueness, 4),
        "sampled": profile.sampled,
        "pattern_hits": profile.hits,
        "name_like": profile.name_like,
    }
