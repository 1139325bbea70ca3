"""Opening what is scanned: a DuckDB file, a PostgreSQL URL, a table file or a folder, as relations of one connection.

Nothing is written to the source. What a column is belongs to ``roles``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb

from anon_pipeline.errors import BadInput

TABLES = (
    ".csv",
    ".tsv",
    ".csv.gz",
    ".tsv.gz",
    ".parquet",
    ".pq",
    ".json",
    ".jsonl",
    ".ndjson",
    ".maf",
    ".maf.gz",
    ".txt",
)
WAREHOUSES = (".duckdb", ".db", ".ddb")


@dataclass(frozen=True)
class Relation:
    """One table: its name in the report, and the SQL that names it."""

    name: str
    sql: str


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"


def _is_table(path: Path) -> bool:
    name = path.name.lower()
    return name.endswith(TABLES) and not name.startswith((".", "readme", "license", "requirements"))


def open_source(source: str, connection: duckdb.DuckDBPyConnection) -> tuple[list[Relation], dict[str, int]]:
    """The tables of ``source``, and how many files of other kinds were left alone, by suffix. Raises BadInput."""
    if source.startswith(("postgresql://", "postgres://")):
        return _attached(source, connection, "TYPE postgres, READ_ONLY"), {}
    path = Path(source)
    if path.is_dir():
        return _folder(path, connection)
    if not path.is_file():
        raise BadInput(f"{source}: no such file or folder")
    if path.name.lower().endswith(WAREHOUSES):
        return _attached(source, connection, "READ_ONLY"), {}
    relation = _file(path, path.name, connection)
    if relation is None:
        raise BadInput(f"{source}: cannot be read as a table")
    return [relation], {}


def _attached(source: str, connection: duckdb.DuckDBPyConnection, options: str) -> list[Relation]:
    shown = source if "://" not in source else "the database"
    try:
        connection.execute(
            f"ATTACH {_literal(Path(source)) if '://' not in source else repr(source)} AS src ({options})"
        )
        rows = connection.execute(
            "SELECT table_schema, table_name FROM information_schema.tables WHERE table_catalog = 'src' "
            "AND table_schema NOT IN ('information_schema', 'pg_catalog') ORDER BY 1, 2"
        ).fetchall()
    except duckdb.Error as error:
        raise BadInput(f"{shown}: cannot be opened ({type(error).__name__})") from None
    if not rows:
        raise BadInput(f"{shown}: holds no table")
    plain = len({schema for schema, _ in rows}) == 1
    return [
        Relation(table if plain else f"{schema}.{table}", f"src.{quoted(schema)}.{quoted(table)}")
        for schema, table in rows
    ]


def _folder(root: Path, connection: duckdb.DuckDBPyConnection) -> tuple[list[Relation], dict[str, int]]:
    relations: list[Relation] = []
    others: dict[str, int] = {}
    for path in sorted(p for p in root.rglob("*") if p.is_file()):
        relation = None
        if path.name.lower().endswith(WAREHOUSES):
            relation = None
        elif _is_table(path):
            relation = _file(path, str(path.relative_to(root)), connection)
        if relation is not None:
            relations.append(relation)
        else:
            suffix = path.suffix.lower() or "(none)"
            others[suffix] = others.get(suffix, 0) + 1
    if not relations:
        raise BadInput(f"{root}: no table file was found")
    return relations, others


def _readers(path: Path) -> Iterator[str]:
    name, text = path.name.lower(), _literal(path)
    if name.endswith((".parquet", ".pq")):
        yield f"read_parquet({text})"
    elif name.endswith((".json", ".jsonl", ".ndjson")):
        yield f"read_json_auto({text}, maximum_object_size=268435456)"
    else:
        common = "all_varchar=true, header=true, nullstr=['', 'NA', 'NULL', 'NaN', 'nan', 'None']"
        yield f"read_csv({text}, {common}, strict_mode=false)"
        yield f"read_csv({text}, {common}, ignore_errors=true, null_padding=true, strict_mode=false)"
        yield f"read_csv({text}, {common}, encoding='latin-1', ignore_errors=true, strict_mode=false)"


def _file(path: Path, name: str, connection: duckdb.DuckDBPyConnection) -> Relation | None:
    """The file as a view, or a table of the connection where reading it again would cost (text)."""
    if path.stat().st_size == 0:
        return None
    view = quoted(f"file_{connection.execute('SELECT count(*) FROM duckdb_tables()').fetchall()[0][0]}_{name}")
    for reader in _readers(path):
        try:
            if reader.startswith("read_parquet"):
                connection.execute(f"CREATE OR REPLACE TEMP VIEW {view} AS SELECT * FROM {reader}")
                connection.execute(f"SELECT count(*) FROM {view}").fetchall()
            else:
                connection.execute(f"CREATE OR REPLACE TEMP TABLE {view} AS SELECT * FROM {reader}")
            columns = connection.execute(f"DESCRIBE {view}").fetchall()
            if path.suffix.lower() == ".txt" and len(columns) < 2:
                return None
            return Relation(name, view)
        except duckdb.Error:
            continue
    return None
