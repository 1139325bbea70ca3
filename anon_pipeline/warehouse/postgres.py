"""A warehouse in PostgreSQL, read through COPY in one read-only, repeatable-read transaction.

COPY streams a statement's result as CSV, which Arrow parses batch by batch: neither side holds the whole result. The
password stays in the connection; no error, name or report holds it.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import pyarrow as pa
import pyarrow.csv as pacsv

from anon_pipeline.errors import AnonPipelineError, BadInput, PermanentFailure, TransientFailure
from anon_pipeline.warehouse import cdm
from anon_pipeline.warehouse.reading import Warehouse, refuse_uncast

BLOCK_BYTES = 8 << 20
TYPES = {"DOUBLE": "DOUBLE PRECISION", "VARCHAR": "TEXT"}
_RELATION_TYPES = {pa.int64(): "bigint", pa.int8(): "smallint"}


def redacted(url: str) -> str:
    """Host, port and database of a URL: no user, password or parameter."""
    parts = urlsplit(url)
    host = parts.hostname or "local"
    return f"postgresql://{host}{f':{parts.port}' if parts.port else ''}{parts.path}"


class PostgresWarehouse(Warehouse):
    """See ``Warehouse``. Raises BadInput for a URL or login that cannot work, TransientFailure without an answer."""

    kind = "postgresql"

    def __init__(self, url: str) -> None:
        import psycopg2

        try:
            parts = urlsplit(re.sub(r"^postgres(ql)?(\+psycopg2)?://", "postgresql://", url))
            self.location = redacted(url)
        except ValueError:
            raise BadInput("the warehouse URL is not a valid postgresql:// URL") from None
        options = dict(parse_qsl(parts.query))
        wanted = options.pop("schema", None)
        options.setdefault("connect_timeout", "15")
        dsn = urlunsplit(parts._replace(query=urlencode(options)))
        try:
            self._connection = psycopg2.connect(dsn)
        except psycopg2.OperationalError as error:
            raise _refused(self.location, str(error)) from None
        except psycopg2.Error as error:
            raise BadInput(f"warehouse {self.location}: cannot connect ({type(error).__name__})") from None
        self._connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
        with self._connection.cursor() as cursor:
            cursor.execute(
                "SET LOCAL datestyle = 'ISO, YMD'; SET LOCAL timezone = 'UTC'; SET LOCAL extra_float_digits = 3"
            )
        self._schema, self._tables, self._types, self.columns = self._catalogue(wanted)
        self._interrupted = threading.Event()

    def _catalogue(
        self, wanted: str | None
    ) -> tuple[str, dict[str, str], dict[str, dict[str, str]], dict[str, dict[str, str]]]:
        rows = self._rows(
            "SELECT table_schema, table_name, column_name, data_type FROM information_schema.columns "
            "WHERE table_schema NOT IN ('pg_catalog', 'information_schema') AND (%s IS NULL OR table_schema = %s) "
            "ORDER BY array_position(current_schemas(false), table_schema::name) NULLS LAST, table_schema, "
            "ordinal_position",
            (wanted, wanted),
        )
        if wanted is not None and not rows:
            raise BadInput(f"warehouse {self.location}: no schema {wanted} that this user may read")
        schema = next((found for found, table, _, _ in rows if table.lower() == "person"), wanted or "public")
        tables: dict[str, str] = {}
        types: dict[str, dict[str, str]] = {}
        columns: dict[str, dict[str, str]] = {}
        for found, table, column, kind in rows:
            if found == schema and table.lower() in cdm.tables():
                tables[table.lower()] = table
                types.setdefault(table.lower(), {})[column.lower()] = kind
                columns.setdefault(table.lower(), {})[column.lower()] = column
        return schema, tables, types, columns

    def _rows(
        self, sql: str, values: tuple[Any, ...] | None = None, what: str = "the catalogue"
    ) -> list[tuple[Any, ...]]:
        import psycopg2

        try:
            with self._connection.cursor() as cursor:
                cursor.execute(sql, values)
                return cursor.fetchall()
        except psycopg2.Error as error:
            raise _told(error, what) from None

    def relation(self, table: str, fields: Sequence[cdm.Field], tie: bool = True) -> str:
        present = self.columns.get(table, {})
        casts = []
        for field in fields:
            name = TYPES.get(field.type, field.type)
            if field.name not in present:
                casts.append(f"CAST(NULL AS {name})")
            elif field.type == "BIGINT" and self._types[table][field.name] in ("numeric", "double precision", "real"):
                casts.append(f"CAST(trunc({_quoted(present[field.name])}) AS BIGINT)")
            else:
                casts.append(f"CAST({_quoted(present[field.name])} AS {name})")
        selected = ", ".join(f"{cast} AS {_quoted(field.name)}" for cast, field in zip(casts, fields, strict=True))
        if tie:
            selected += f", hashtextextended(CAST(ROW({', '.join(casts)}) AS TEXT), 0) AS tie"
        if table not in self._tables:
            return f"SELECT {selected} WHERE false"
        return f"SELECT {selected} FROM {_quoted(self._schema)}.{_quoted(self._tables[table])}"

    def batches(
        self, sql: str, schema: pa.Schema, relations: dict[str, pa.Table] | None = None, what: str = "query"
    ) -> Iterator[pa.RecordBatch]:
        with self._connection.cursor() as cursor:
            text = self._with_relations(cursor, sql, relations or {})
            reader_end, writer_end = os.pipe()
            failures: list[Exception] = []
            writer = threading.Thread(target=_copy, args=(cursor, text, writer_end, failures), daemon=True)
            writer.start()
            stream = os.fdopen(reader_end, "rb")
            try:
                yield from self._parsed(stream, schema, what)
            except (pa.ArrowException, UnicodeError) as error:
                stream.close()
                writer.join()
                if not failures:
                    raise PermanentFailure(f"{what}: the result cannot be read ({type(error).__name__})") from None
            finally:
                if not stream.closed:
                    stream.close()
                writer.join()
                if failures:
                    self._connection.rollback()
            if failures:
                raise _told(failures[0], what) from None

    def _parsed(self, stream: Any, schema: pa.Schema, what: str) -> Iterator[pa.RecordBatch]:
        if not stream.peek(1):
            return
        reader = pacsv.open_csv(
            stream,
            read_options=pacsv.ReadOptions(block_size=BLOCK_BYTES, use_threads=False),
            parse_options=pacsv.ParseOptions(newlines_in_values=True),
            convert_options=pacsv.ConvertOptions(
                column_types={
                    field.name: pa.string() if pa.types.is_boolean(field.type) else field.type for field in schema
                },
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
            ),
        )
        for batch in reader:
            refuse_uncast(batch.schema, schema, what)
            yield _booleans(batch, schema)

    def _with_relations(self, cursor: Any, sql: str, relations: dict[str, pa.Table]) -> str:
        parts = []
        for name, content in relations.items():
            arrays = ", ".join(f"CAST(%s AS {_RELATION_TYPES[field.type]}[])" for field in content.schema)
            names = ", ".join(content.schema.names)
            values = [_array(content[column]) for column in content.schema.names]
            made = cursor.mogrify(f"{name} AS (SELECT * FROM unnest({arrays}) AS r({names}))", values).decode()
            parts.append(made)
        if not parts:
            return sql
        before = ", ".join(parts)
        if found := re.match(r"\s*WITH\s", sql):
            return f"WITH {before}, {sql[found.end() :]}"
        return f"WITH {before} {sql}"

    def result_columns(self, sql: str, what: str) -> list[str]:
        import psycopg2

        try:
            with self._connection.cursor() as cursor:
                cursor.execute(f"SELECT * FROM (\n{sql}\n) AS q LIMIT 0")
                return [column.name for column in cursor.description or ()]
        except psycopg2.Error as error:
            self._connection.rollback()
            raise _told(error, what) from None

    def close(self) -> None:
        self._connection.close()


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _array(column: pa.ChunkedArray) -> str:
    """A PostgreSQL array literal of integers."""
    return "{" + ",".join(map(str, column.to_pylist())) + "}"


def _booleans(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """COPY writes booleans as t and f."""
    arrays = []
    for field, array in zip(schema, batch.columns, strict=True):
        if pa.types.is_boolean(field.type):
            arrays.append(
                pa.array([None if value is None else value == "t" for value in array.to_pylist()], pa.bool_())
            )
        else:
            arrays.append(array)
    return pa.record_batch(arrays, schema=schema)


def _copy(cursor: Any, sql: str, descriptor: int, failures: list[Exception]) -> None:
    """Run COPY into a pipe; a reader that stopped early is not a failure."""
    with os.fdopen(descriptor, "wb") as stream:
        try:
            cursor.copy_expert(f"COPY (\n{sql}\n) TO STDOUT WITH (FORMAT csv, HEADER true)", stream)
        except BrokenPipeError:
            failures.append(AnonPipelineError("stopped"))
        except Exception as error:
            failures.append(error)


def _refused(location: str, message: str) -> Exception:
    lasting = (
        "authentication failed",
        "does not exist",
        "no password supplied",
        "not permitted",
        "no pg_hba.conf entry",
    )
    if any(words in message for words in lasting):
        return BadInput(f"warehouse {location}: the server refused the login or has no such database")
    return TransientFailure(f"warehouse {location}: the server does not answer")


def _told(error: Exception, what: str) -> Exception:
    """The same failure without the database's words, which may hold a value. SQLSTATE codes are safe."""
    if isinstance(error, AnonPipelineError):
        return error
    code = getattr(error, "pgcode", None)
    if code is None or code[:2] in ("08", "40", "53", "57", "58"):
        return TransientFailure(f"{what}: the server stopped ({type(error).__name__})")
    return BadInput(f"{what}: the server refused it ({type(error).__name__}, SQLSTATE {code})")
