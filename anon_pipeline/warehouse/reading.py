"""Reading a warehouse: what both back ends share, and ``open_warehouse`` which chooses one.

A back end says which tables and columns it has and runs a statement of ``sql/`` as a stream of record batches. The
tables that a statement names are given to it as common table expressions with the types of CDM 5.4, a column that the
warehouse lacks being null. Writing a warehouse and writing a cohort's files do not belong here.

Databases put values into their error messages: no message of theirs is passed on, only its kind.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from anon_pipeline.errors import BadInput, PermanentFailure
from anon_pipeline.policy import COHORT_NAME
from anon_pipeline.warehouse import cdm
from anon_pipeline.warehouse.cohort_sql import checked_select
from anon_pipeline.warehouse.members import MemberQuery, Members
from anon_pipeline.warehouse.names import cohort_slugs
from anon_pipeline.warehouse.statements import statement

if TYPE_CHECKING:
    from anon_pipeline.keys import Key
    from anon_pipeline.policy import Policy

BATCH_ROWS = 65_536


@dataclass(frozen=True)
class CohortEntry:
    """A cohort of the warehouse: ``name`` matches ^[a-z0-9_-]+$."""

    name: str
    definition_id: int
    persons: int

    def __str__(self) -> str:
        return self.name


class Warehouse(ABC):
    """An open, read-only warehouse. Use it as a context manager. ``location`` never holds a password."""

    kind: str
    location: str
    columns: dict[str, dict[str, str]]
    """For each table (lower case): the name in lower case and as the database spells it, of each of its columns."""

    @abstractmethod
    def batches(
        self, sql: str, schema: pa.Schema, relations: dict[str, pa.Table] | None = None, what: str = "query"
    ) -> Iterator[pa.RecordBatch]:
        """Run one statement as a stream. ``relations``: small tables that it may name; ``what`` names it in errors."""

    @abstractmethod
    def relation(self, table: str, fields: Sequence[cdm.Field], tie: bool = True) -> str:
        """A SELECT of these fields with the CDM's types, and of ``tie``, a 64-bit digest of the row."""

    @abstractmethod
    def close(self) -> None: ...

    def __enter__(self) -> Warehouse:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def has(self, table: str) -> bool:
        return table in self.columns

    def missing_fields(self, table: str) -> list[str]:
        """Fields of the extraction that the warehouse's table lacks; they come out null."""
        present = self.columns.get(table, {})
        return [field.name for field in cdm.extracted_fields(table) if field.name not in present]

    def table(self, sql: str, schema: pa.Schema, relations: dict[str, pa.Table] | None = None) -> pa.Table:
        """The whole result of a statement that is known to be small."""
        return pa.Table.from_batches(list(self.batches(sql, schema, relations)), schema)

    def cohorts(self) -> list[CohortEntry]:
        """The cohorts of ``cohort`` and ``cohort_definition``, by definition id; empty without a cohort table."""
        if not self.has("cohort"):
            return []
        kinds = [pa.int64(), pa.string(), pa.int64()]
        schema = pa.schema(list(zip(["cohort_definition_id", "cohort_definition_name", "persons"], kinds, strict=True)))
        sql = self.with_tables(statement("extraction/cohorts"), ["cohort", "cohort_definition"])
        rows = [tuple(row.values()) for row in self.table(sql, schema).to_pylist()]
        names = cohort_slugs([(number, name) for number, name, _ in rows])
        return [CohortEntry(slug, row[0], row[2]) for slug, row in zip(names, rows, strict=True)]

    def resolve(self, name: str, policy: Policy | None = None) -> MemberQuery:
        """How the members of a cohort are found: the policy's SQL file, else its definition id, else its name.

        Raises BadInput when there is no such cohort or the statement is not a single SELECT.
        """
        if not COHORT_NAME.match(name):
            raise BadInput("a cohort's name holds only a-z, 0-9, '_' and '-'")
        sql = policy.cohort_sql() if policy else None
        if policy and sql is not None:
            return MemberQuery(name, checked_select(sql, f"cohort SQL {policy.cohort.sql}"), "policy SQL", ())
        wanted = policy.cohort.definition_id if policy else None
        known = self.cohorts()
        for entry in known:
            if entry.definition_id == wanted or (wanted is None and entry.name == name):
                text = statement("extraction/cohort_members").format(definition_id=entry.definition_id)
                return MemberQuery(name, text, "cohort table", ("cohort",), entry.definition_id)
        looked = f"definition {wanted}" if wanted is not None else f"cohort {name}"
        have = ", ".join(entry.name for entry in known[:20]) or "no cohort"
        raise BadInput(f"{looked} is not in the warehouse, which has {have}")

    def members(self, query: MemberQuery) -> Members:
        """Run a member query: distinct ids that the person table knows. Raises BadInput without a person table."""
        if not self.has("person"):
            raise BadInput("the warehouse has no person table")
        inner = self.with_tables(query.statement, query.tables) if query.tables else query.statement
        column = "person_id" if query.tables else self.person_column(query)
        ids = f"SELECT CAST(q.{column} AS BIGINT) AS person_id FROM (\n{inner}\n) AS q"
        found = self.batches(ids, pa.schema([("person_id", pa.int64())]), what=f"the statement of cohort {query.name}")
        values = [batch.column(0).drop_null().to_numpy(zero_copy_only=False) for batch in found]
        distinct = np.unique(np.concatenate([np.empty(0, np.int64), *values]))
        schema = pa.schema([("person_id", pa.int64()), ("known", pa.bool_())])
        sql = self.with_tables(statement("extraction/members"), ["person"])
        known = self.table(sql, schema, {"cohort_members": pa.table({"person_id": pa.array(distinct, pa.int64())})})
        ids_known = known.filter(known["known"])["person_id"].to_numpy()
        return Members(ids_known, np.zeros(len(ids_known), np.int8), len(distinct) - len(ids_known))

    @abstractmethod
    def result_columns(self, sql: str, what: str) -> list[str]:
        """The names of a statement's columns, found without reading rows."""

    def person_column(self, query: MemberQuery) -> str:
        """The column of a policy's statement that holds the persons, quoted. Raises BadInput when there is none."""
        names = self.result_columns(query.statement, f"the statement of cohort {query.name}")
        for wanted in ("person_id", "subject_id"):
            for name in names:
                if name.lower() == wanted:
                    return '"' + name.replace('"', '""') + '"'
        raise BadInput(f"the statement of cohort {query.name} returns neither person_id nor subject_id")

    def with_tables(
        self, sql: str, names: Sequence[str], fields: str = "all", alias: dict[str, str] | None = None
    ) -> str:
        """A statement of ``sql/`` with the tables that it names before it, as typed common table expressions.

        ``fields``: "all", or "extracted" for only what leaves the warehouse. ``alias``: other names for tables.
        """
        parts = []
        for name in names:
            chosen = cdm.extracted_fields(name) if fields == "extracted" else cdm.tables()[name].fields
            own = (alias or {}).get(name, name)
            parts.append(f"{own} AS NOT MATERIALIZED (\n{self.relation(name, chosen, fields == 'extracted')}\n)")
        return f"WITH {', '.join(parts)}\n{sql}"

    def extraction(self, table: str, members: Members) -> Iterator[pa.RecordBatch]:
        """The members' rows of a table, with their ``part``, sorted by person, in batches of the CDM's types."""
        schema = pa.schema([pa.field("part", pa.int8()), *cdm.arrow_schema(table)])
        sql = self.with_tables(statement(f"extraction/{table}"), [table], "extracted")
        return self.batches(sql, schema, {"members": members.arrow()}, what=f"table {table}")

    def table_digests(self, members: Members, key: Key, tables: Sequence[str]) -> dict[str, tuple[str, int]]:
        """For each table that the warehouse has: a keyed digest of the members' rows as they are read, and how many.

        It does not depend on the order of rows; it changes when a member or a row of a member does, and reveals
        neither. It compares within one kind of warehouse and one version of the database.
        """
        own = key.derive("table-digests")
        schema = pa.schema([("number", pa.int64()), ("total", pa.string())])
        digests: dict[str, tuple[str, int]] = {}
        for table in tables:
            if not self.has(table):
                continue
            inner = self.with_tables(statement("extraction/digest"), [table], "extracted", {table: "source"})
            sql = f"SELECT number, CAST(total AS VARCHAR) AS total FROM (\n{inner}\n) AS d"
            row = self.table(sql, schema, {"members": members.arrow()}).to_pylist()[0]
            digests[table] = (
                own.digest("table", self.kind, table, row["number"], row["total"] or "0").hex(),
                row["number"],
            )
        return digests

    def vocabulary_versions(self) -> list[str]:
        """Name and version of each vocabulary, sorted."""
        if not self.has("vocabulary"):
            return []
        schema = pa.schema([("vocabulary_id", pa.string()), ("vocabulary_version", pa.string())])
        sql = self.with_tables("SELECT vocabulary_id, vocabulary_version FROM vocabulary ORDER BY 1, 2", ["vocabulary"])
        return [f"{row['vocabulary_id']} {row['vocabulary_version']}" for row in self.table(sql, schema).to_pylist()]

    def count(self, table: str) -> int:
        """How many rows a table has; 0 for one that the warehouse lacks."""
        sql = self.with_tables(f"SELECT count(*) AS number FROM {table}", [table])
        return self.table(sql, pa.schema([("number", pa.int64())])).to_pylist()[0]["number"]


def open_warehouse(url: str | Path) -> Warehouse:
    """Open a warehouse for reading: a DuckDB file (PATH or duckdb:///PATH) or postgresql://...

    ``postgresql://user@host/database?schema=cdm`` chooses the schema; without it, the one that holds a person table.
    Raises BadInput for what cannot be a warehouse, TransientFailure when it cannot be reached.
    """
    text = str(url)
    if re.match(r"postgres(ql)?(\+psycopg2)?://", text):
        from anon_pipeline.warehouse.postgres import PostgresWarehouse

        return PostgresWarehouse(text)
    if found := re.match(r"duckdb://(/.*)$", text):
        text = found.group(1)
        text = text[1:] if text.startswith("//") or (not Path(text).exists() and Path(text[1:]).exists()) else text
    elif re.match(r"[a-z][a-z0-9+]+://", text):
        raise BadInput(f"a warehouse is a DuckDB file or a postgresql:// URL, not {text.split('://')[0]}://")
    from anon_pipeline.warehouse.duckdb_file import DuckDBWarehouse

    return DuckDBWarehouse(Path(text))


def refuse_uncast(batch_schema: pa.Schema, schema: pa.Schema, what: str) -> None:
    """A back end that gives other columns than asked for is a fault of ours, not of the data."""
    if batch_schema.names != schema.names:
        raise PermanentFailure(f"{what}: the statement's columns are not those of its schema")
