"""A warehouse in one DuckDB file, opened read-only, without access to any other file, with bounded memory.

What does not fit in memory is spilled to a private temporary folder that is removed on closing.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import duckdb
import pyarrow as pa

from anon_pipeline.errors import BadInput, PermanentFailure, TransientFailure
from anon_pipeline.warehouse import cdm
from anon_pipeline.warehouse.reading import BATCH_ROWS, Warehouse, refuse_uncast

MEMORY_LIMIT = "1GB"
MAGIC = b"DUCK"
SPILL = "anon-pipeline-spill-"


def is_duckdb(path: Path) -> bool:
    """Whether a file begins as DuckDB's do (the magic bytes come after an 8-byte checksum)."""
    with path.open("rb") as stream:
        return stream.read(12)[8:] == MAGIC


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


class DuckDBWarehouse(Warehouse):
    """See ``Warehouse``. Raises BadInput when the file is missing or another format, TransientFailure when locked."""

    kind = "duckdb"

    def __init__(self, path: Path, memory_limit: str = MEMORY_LIMIT) -> None:
        self.path = path.resolve()
        self.location = str(self.path)
        if not path.is_file():
            raise BadInput(f"warehouse {path}: no such file")
        if not is_duckdb(path):
            raise BadInput(f"warehouse {path}: not a DuckDB file")
        self._spill = _spill_folder()
        settings: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": memory_limit,
            "temp_directory": self._spill,
            "python_enable_replacements": "false",
            "threads": "2",
        }
        try:
            self._connection = duckdb.connect(str(self.path), read_only=True, config=settings)
        except duckdb.IOException:
            shutil.rmtree(self._spill, ignore_errors=True)
            raise TransientFailure(f"warehouse {path}: another process is writing it, or it cannot be read") from None
        except duckdb.Error as error:
            shutil.rmtree(self._spill, ignore_errors=True)
            raise BadInput(f"warehouse {path}: DuckDB cannot open it ({type(error).__name__})") from None
        for setting in ("enable_external_access = false", "lock_configuration = true"):
            self._connection.execute(f"SET {setting}").fetchall()
        self._schema, self._tables, self.columns = self._catalogue()

    def _catalogue(self) -> tuple[str, dict[str, str], dict[str, dict[str, str]]]:
        rows = self._connection.execute(
            "SELECT table_schema, table_name, column_name FROM information_schema.columns "
            "WHERE table_catalog = current_database() ORDER BY table_schema <> 'main', table_schema, ordinal_position"
        ).fetchall()
        schemas = [schema for schema, table, _ in rows if table.lower() == "person"]
        schema = schemas[0] if schemas else "main"
        tables: dict[str, str] = {}
        columns: dict[str, dict[str, str]] = {}
        for found, table, column in rows:
            if found == schema and table.lower() in cdm.tables():
                tables[table.lower()] = table
                columns.setdefault(table.lower(), {})[column.lower()] = column
        return schema, tables, columns

    def relation(self, table: str, fields: Sequence[cdm.Field], tie: bool = True) -> str:
        present = self.columns.get(table, {})
        casts = [
            f"TRY_CAST({quoted(present[field.name])} AS {field.type})"
            if field.name in present
            else f"CAST(NULL AS {field.type})"
            for field in fields
        ]
        selected = ", ".join(f"{cast} AS {quoted(field.name)}" for cast, field in zip(casts, fields, strict=True))
        if tie:
            selected += f", hash({', '.join(casts)}) AS tie"
        if table not in self._tables:
            return f"SELECT {selected} WHERE false"
        place = ".".join(quoted(part) for part in (self._schema, self._tables[table]))
        return f"SELECT {selected} FROM {place}"

    def batches(
        self, sql: str, schema: pa.Schema, relations: dict[str, pa.Table] | None = None, what: str = "query"
    ) -> Iterator[pa.RecordBatch]:
        cursor = self._connection.cursor()
        try:
            for name, content in (relations or {}).items():
                cursor.register(name, content)
            for batch in cursor.sql(sql).to_arrow_reader(BATCH_ROWS):
                refuse_uncast(batch.schema, schema, what)
                yield batch.cast(schema)
        except (duckdb.Error, pa.ArrowException) as error:
            raise _told(error, what) from None
        finally:
            cursor.close()

    def result_columns(self, sql: str, what: str) -> list[str]:
        cursor = self._connection.cursor()
        try:
            return cursor.sql(f"SELECT * FROM (\n{sql}\n) AS q LIMIT 0").columns
        except duckdb.Error as error:
            raise _told(error, what) from None
        finally:
            cursor.close()

    def close(self) -> None:
        self._connection.close()
        shutil.rmtree(self._spill, ignore_errors=True)


def _spill_folder() -> str:
    """A private folder for what does not fit in memory, after removing those that killed processes left."""
    place = Path(tempfile.gettempdir())
    for rest in place.glob(f"{SPILL}*-*"):
        pid = rest.name.removeprefix(SPILL).split("-")[0]
        if pid.isdigit() and rest.stat().st_uid == os.getuid() and not Path(f"/proc/{pid}").exists():
            shutil.rmtree(rest, ignore_errors=True)
    return tempfile.mkdtemp(prefix=f"{SPILL}{os.getpid()}-")


def _told(error: Exception, what: str) -> Exception:
    """The same failure without the database's words, which may hold a value."""
    kind = type(error).__name__
    if isinstance(error, duckdb.OutOfMemoryException | duckdb.IOException):
        return TransientFailure(f"{what}: the database stopped ({kind})")
    if isinstance(error, duckdb.ProgrammingError | duckdb.DataError | duckdb.PermissionException):
        return BadInput(f"{what}: the database refused it ({kind})")
    return PermanentFailure(f"{what}: the database failed ({kind})")
