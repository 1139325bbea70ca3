"""The OMOP Common Data Model 5.4 as data: its tables, fields, types, and what may be extracted of them.

The facts are in ``cdm54.csv`` (OHDSI, CDM 5.4 field list). Ids are BIGINT where the official DDL says integer, because
real exports hold signed 64-bit ids. Columns of the file:

- ``required``: the CDM says that the field may not be null;
- ``needed``: a row without it cannot be used, and goes to the reject table (keys, person, first date);
- ``identifying``: source values, names, addresses, free text, numbers of devices, places and carers;
- ``extracted``: the field reaches an extracted cohort. Anything else stays in the warehouse.

Reading or loading a warehouse does not belong here.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

VERSION = "5.4"


@dataclass(frozen=True)
class Field:
    """One field of one table; ``type`` is BIGINT, DOUBLE, DATE, TIMESTAMP or VARCHAR."""

    table: str
    name: str
    type: str
    required: bool
    needed: bool
    primary_key: bool
    identifying: bool
    extracted: bool


@dataclass(frozen=True)
class Table:
    """One table and its fields, in the order of the CDM."""

    name: str
    fields: tuple[Field, ...]

    @property
    def field_names(self) -> tuple[str, ...]:
        return tuple(field.name for field in self.fields)

    @property
    def primary_key(self) -> str | None:
        return next((field.name for field in self.fields if field.primary_key), None)

    def field(self, name: str) -> Field:
        return next(field for field in self.fields if field.name == name)


@cache
def tables() -> dict[str, Table]:
    """Every table of the CDM by its name in lower case."""
    found: dict[str, list[Field]] = {}
    text = files("anon_pipeline.warehouse").joinpath("cdm54.csv").read_text(encoding="utf-8")
    for row in csv.DictReader(text.splitlines()):
        flags = [row[flag] == "yes" for flag in ("required", "needed", "primary_key", "identifying", "extracted")]
        found.setdefault(row["table"], []).append(Field(row["table"], row["field"], row["type"], *flags))
    return {name: Table(name, tuple(fields)) for name, fields in found.items()}


def extracted_fields(table: str) -> list[Field]:
    """The fields of a table that an extracted cohort holds; none for a table that is never extracted."""
    return [field for field in tables()[table].fields if field.extracted]


def arrow_type(field: Field) -> pa.DataType:
    """The Arrow type of a field: never null, never a double for a nullable integer."""
    import pyarrow as pa

    return {
        "BIGINT": pa.int64(),
        "DOUBLE": pa.float64(),
        "DATE": pa.date32(),
        "TIMESTAMP": pa.timestamp("us"),
        "VARCHAR": pa.string(),
    }[field.type]


def arrow_schema(table: str) -> pa.Schema:
    """The fixed schema of an extracted table."""
    import pyarrow as pa

    return pa.schema([(field.name, arrow_type(field)) for field in extracted_fields(table)])


def create_statement(table: str) -> str:
    """DuckDB DDL of one table. No constraint: what breaks a rule is rejected or listed when it is loaded."""
    columns = ", ".join(f'"{field.name}" {field.type}' for field in tables()[table].fields)
    return f'CREATE TABLE IF NOT EXISTS main."{table}" ({columns})'
