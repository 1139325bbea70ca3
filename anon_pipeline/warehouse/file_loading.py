"""One file into its table: batches through the casts, what does not pass into the reject tables, all of it counted.

A batch whose values are all spelt as their types are is inserted as it is. Any other is judged value by value: a value
that cannot be read is left empty, unless the field is one that a row needs (its key, its person, its first date); then
the row is rejected.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import duckdb
import pyarrow as pa

from anon_pipeline.warehouse import cdm
from anon_pipeline.warehouse.casting import Column
from anon_pipeline.warehouse.discovery import SourceFile, stem_of
from anon_pipeline.warehouse.duckdb_file import quoted
from anon_pipeline.warehouse.load_report import FileReport
from anon_pipeline.warehouse.matching import HeaderMatch, match_header, plain
from anon_pipeline.warehouse.parquet_batches import parquet_batches
from anon_pipeline.warehouse.records import Batch, CarefulReader, FastReader, Header, NotRegular

SPEAKABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_ .()',-]{0,79}")
MALFORMED = pa.schema([("record", pa.int64()), ("line", pa.int64()), ("reason", pa.string()), ("content", pa.string())])


class FileLoader:
    """Loads files one after the other through one connection."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, quiet: bool) -> None:
        self.connection = connection
        self.quiet = quiet
        self.other_tables: dict[str, int] = {}

    def load(self, source: SourceFile, report: FileReport) -> None:
        """Load one file in one transaction and fill its report."""
        if source.kind == "empty":
            report.status, report.reason = "empty", "0 bytes"
            return
        if source.fault or source.header is None:
            report.status, report.reason = "unreadable", source.fault
            return
        plan = _Plan.of(source, report)
        if plan.table is None:
            plan.target = self._other_table(source, plan)
        for careful in (False, True):
            self._run("BEGIN")
            try:
                one = _OneFile(self.connection, source, plan, report)
                one.load(careful)
                self._run("COMMIT")
            except NotRegular:
                self._run("ROLLBACK")
                _forget(report)
                continue
            except (pa.ArrowException, OSError, EOFError) as error:
                self._run("ROLLBACK")
                _forget(report)
                report.status, report.reason = "unreadable", f"broken ({type(error).__name__})"
            break
        if plan.table is None:
            self.other_tables[plan.target] = self.other_tables.get(plan.target, 0) + report.loaded

    def _run(self, sql: str) -> None:
        self.connection.execute(sql).fetchall()

    def _other_table(self, source: SourceFile, plan: _Plan) -> str:
        """A table of text for a file that the CDM does not know; a second file of that name gets a number."""
        base = re.sub(r"[^a-z0-9_]+", "_", plain(stem_of(source.path.name))).strip("_") or "table"
        name, number = base, 2
        while f"other.{quoted(name)}" in self.other_tables:
            name, number = f"{base}_{number}", number + 1
        target = f"other.{quoted(name)}"
        columns = ", ".join(f"{quoted(column.field)} VARCHAR" for column in plan.columns)
        self._run(f"CREATE TABLE {target} ({columns})")
        self.other_tables[target] = 0
        return target


def _forget(report: FileReport) -> None:
    """Undo the counts of an attempt that was rolled back."""
    report.rows_in = report.loaded = report.rejected = 0
    for counts in (report.rejects, report.coerced, report.unreadable_values, report.unusual_dates):
        counts.clear()
    report.notes = [note for note in report.notes if note.startswith("no header")]


class _Plan:
    """Which column of the file goes to which field of which table."""

    def __init__(self, table: str | None, header: Header, positions: dict[str, int], skip_header: bool) -> None:
        self.table = table
        self.header = header
        self.skip_header = skip_header
        self.target = f"main.{quoted(table)}" if table else ""
        kinds = {each.name: each for each in cdm.tables()[table].fields} if table else {}
        self.columns = [
            Column(f"c{position}", name, kinds[name].type, kinds[name].needed)
            if table
            else Column(f"c{position}", name, "VARCHAR", False)
            for name, position in positions.items()
        ]
        self.positions = sorted(set(positions.values()))

    @classmethod
    def of(cls, source: SourceFile, report: FileReport) -> _Plan:
        header = source.header
        assert header is not None
        if source.match is None:
            report.table = "other"
            return cls(None, header, _distinct_names(header.names), True)
        table = cdm.tables()[source.match.table]
        match = match_header(table.name, header.names)
        skip_header = True
        if not match.recognised:
            positional = source.kind == "text" and len(header.names) == len(table.fields)
            names = list(table.field_names) if positional else []
            match = HeaderMatch({name: place for place, name in enumerate(names)}, {}, [], [])
            skip_header = False
            report.notes.append(
                "no header: columns taken in the order of CDM 5.4" if positional else "no header that names a field"
            )
        report.renamed_columns = dict(sorted(match.renamed.items()))
        report.missing_columns = match.missing
        report.skipped_columns = [
            header.names[place].strip() if SPEAKABLE.fullmatch(header.names[place].strip()) else f"column {place + 1}"
            for place in match.skipped
        ]
        positions = dict(sorted(match.positions.items(), key=lambda item: item[1]))
        return cls(table.name, header, positions, skip_header)


def _distinct_names(names: list[str]) -> dict[str, int]:
    """Column names for a table of text: the file's own where they can be told, else col_N."""
    found: dict[str, int] = {}
    lowered: set[str] = set()
    for place, written in enumerate(names):
        name = plain(written)
        if not SPEAKABLE.fullmatch(name) or name in lowered:
            name = f"col_{place + 1}"
        lowered.add(name)
        found[name] = place
    return found


class _OneFile:
    """One attempt at one file, inside a transaction."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, source: SourceFile, plan: _Plan, report: FileReport
    ) -> None:
        self.connection = connection
        self.source = source
        self.plan = plan
        self.report = report
        self.columns = plan.columns
        self.comma_file = plan.header.delimiter == ","
        self.rejected_before = self._count("rejects.rows")

    def load(self, careful: bool) -> None:
        if self.source.kind == "parquet":
            for batch, typed in parquet_batches(self.source.path, self.plan.columns, self.report):
                self.columns = typed
                self._take(batch)
            return
        reader = self._reader(careful)
        for batch in reader:
            self._take(batch)
        if isinstance(reader, CarefulReader):
            if reader.cut:
                self.report.status, self.report.reason = "cut short", "the compressed data end too early"
        else:
            self._locate(reader)
        if reader.recoded_lines:
            self.report.notes.append(f"{reader.recoded_lines} lines are not UTF-8, taken as Windows-1252")
        elif reader.encoding != "utf-8":
            self.report.notes.append(f"encoded as {reader.encoding}")

    def _reader(self, careful: bool) -> FastReader | CarefulReader:
        kind = CarefulReader if careful or not self.columns else FastReader
        return kind(self.source.path, self.plan.header, self.plan.positions, self.plan.skip_header)

    def _take(self, batch: Batch) -> None:
        self.report.rows_in += batch.rows + len(batch.malformed)
        for number, words in (
            (batch.irregular_quotes, "records with irregular quotes, read as they are"),
            (batch.trailing_delimiters, "records with empty columns after the last one, cut off"),
        ):
            if number:
                self._note(number, words)
        if batch.malformed:
            self._reject_malformed(batch)
        if not batch.rows:
            return
        if not self.columns:
            self._reject_unknown(batch)
            return
        lines = batch.lines if batch.lines is not None else pa.nulls(batch.rows, pa.int64())
        stage = pa.table({"record": batch.records, "line": lines, **batch.columns})
        self.connection.register("stage", stage)
        try:
            dirty = self._departures()
            if dirty:
                self._insert_judged(dirty)
            else:
                self._insert_plainly("stage", {})
                self.report.loaded += batch.rows
        finally:
            self.connection.unregister("stage")

    def _note(self, number: int, words: str) -> None:
        for place, note in enumerate(self.report.notes):
            if note.endswith(words):
                self.report.notes[place] = f"{int(note.split()[0]) + number} {words}"
                return
        self.report.notes.append(f"{number} {words}")

    def _count(self, table: str) -> int:
        return self.connection.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0]

    def _run(self, sql: str, values: list[object] | None = None) -> list[tuple]:
        return self.connection.execute(sql, values or []).fetchall()

    @property
    def _table_name(self) -> str:
        return self.plan.table or self.plan.target

    def _departures(self) -> list[Column]:
        """The columns of the staged batch that need a closer look; counts what is listed anyway."""
        asked = [part for number, column in enumerate(self.columns) for part in column.departures(number)]
        counts = self._run(f"SELECT {', '.join(asked)} FROM stage")[0]
        dirty = []
        for number, column in enumerate(self.columns):
            bad, short, unusual = counts[3 * number : 3 * number + 3]
            if bad:
                dirty.append(column)
            self.report.count(self.report.coerced, column.field, "date_to_datetime", short)
            if unusual:
                self.report.unusual_dates[column.field] = self.report.unusual_dates.get(column.field, 0) + unusual
        return dirty

    def _insert_plainly(self, source: str, values: dict[str, str], where: str = "true") -> None:
        names = ", ".join(quoted(column.field) for column in self.columns)
        chosen = ", ".join(values.get(column.name, column.plainly()) for column in self.columns)
        self._run(f"INSERT INTO {self.plan.target} ({names}) SELECT {chosen} FROM {source} WHERE {where}")

    def _insert_judged(self, dirty: list[Column]) -> None:
        judged = ", ".join(f"{column.judged(self.comma_file)} AS j_{column.name}" for column in dirty)
        fault = "NULL"
        for column in reversed([each for each in dirty if each.needed]):
            value, code = f"j_{column.name}.v", f"j_{column.name}.how"
            fault = (
                f"CASE WHEN {value} IS NOT NULL THEN {fault} WHEN {code} LIKE '!%' "
                f"THEN {{'reason': substr({code}, 2), 'field': '{column.field}'}} "
                f"ELSE {{'reason': 'missing_value', 'field': '{column.field}'}} END"
            )
        fault = f"CAST({fault} AS STRUCT(reason VARCHAR, field VARCHAR))"
        self._run(
            f"CREATE OR REPLACE TEMP TABLE judged AS SELECT *, {fault} AS fault FROM (SELECT *, {judged} FROM stage)"
        )
        self._insert_plainly("judged", {column.name: f"j_{column.name}.v" for column in dirty}, "fault IS NULL")
        content = ", ".join(f"'{column.field}', {column.text()}" for column in self.columns)
        self._run(
            "INSERT INTO rejects.rows SELECT ?, ?, line, record, fault.reason, fault.field, "
            f"CAST(json_object({content}) AS VARCHAR) FROM judged WHERE fault IS NOT NULL",
            [self._table_name, self.source.relative],
        )
        for reason, field, number in self._run(
            "SELECT fault.reason, fault.field, count(*) FROM judged WHERE fault IS NOT NULL GROUP BY ALL ORDER BY ALL"
        ):
            self.report.rejected += number
            self.report.rejects[f"{reason} in {field}"] = self.report.rejects.get(f"{reason} in {field}", 0) + number
        self.report.loaded += self._run("SELECT count(*) FROM judged WHERE fault IS NULL")[0][0]
        for column in dirty:
            self._tell_codes(column)
        self._run("DROP TABLE judged")

    def _tell_codes(self, column: Column) -> None:
        code = f"j_{column.name}.how"
        for how, number in self._run(
            f"SELECT {code}, count(*) FROM judged WHERE fault IS NULL AND {code} IS NOT NULL GROUP BY ALL ORDER BY ALL"
        ):
            where = self.report.unreadable_values if how.startswith("!") else self.report.coerced
            self.report.count(where, column.field, how.lstrip("!"), number)
        self._run(
            f"INSERT INTO rejects.cells SELECT ?, ?, line, record, substr({code}, 2), '{column.field}', "
            f"{column.text()} FROM judged WHERE fault IS NULL AND {code} LIKE '!%'",
            [self._table_name, self.source.relative],
        )

    def _reject_malformed(self, batch: Batch) -> None:
        rows = [(each.record, each.line, each.reason, each.content) for each in batch.malformed]
        columns = [pa.array(values, kind.type) for values, kind in zip(zip(*rows, strict=True), MALFORMED, strict=True)]
        self._reject(pa.table(columns, schema=MALFORMED))

    def _reject_unknown(self, batch: Batch) -> None:
        """A file of a known name whose header names no field: its records are kept apart, not guessed at."""
        count = batch.rows
        content = next(iter(batch.columns.values()))
        reasons = pa.array(["header_not_recognised"] * count)
        lines = batch.lines if batch.lines is not None else pa.nulls(count, pa.int64())
        self._reject(pa.table([batch.records, lines, reasons, content], schema=MALFORMED))

    def _reject(self, rows: pa.Table) -> None:
        self.connection.register("malformed", rows)
        try:
            self._run(
                "INSERT INTO rejects.rows SELECT ?, ?, line, record, reason, NULL, content FROM malformed",
                [self._table_name, self.source.relative],
            )
        finally:
            self.connection.unregister("malformed")
        self.report.rejected += rows.num_rows
        for reason in rows["reason"].to_pylist():
            self.report.rejects[reason] = self.report.rejects.get(reason, 0) + 1

    def _locate(self, reader: FastReader) -> None:
        """Fill in the lines of rejected records and values, which the fast reader does not know."""
        file = self.source.relative
        offset = self.plan.header.lines if self.plan.skip_header else 0
        wanted = "SELECT record FROM {} WHERE file = ? AND line IS NULL"
        union = " UNION ".join(wanted.format(table) for table in ("rejects.rows", "rejects.cells"))
        records = [row[0] for row in self._run(f"{union} ORDER BY 1", [file, file])]
        if not records:
            return
        if reader.lines_match:
            for table in ("rejects.rows", "rejects.cells"):
                self._run(f"UPDATE {table} SET line = record + {offset} WHERE file = ? AND line IS NULL", [file])
            return
        found = pa.table(_lines_of(self._reader(careful=True), set(records)), names=["record", "line"])
        self.connection.register("located", found)
        for table in ("rejects.rows", "rejects.cells"):
            self._run(
                f"UPDATE {table} SET line = l.line FROM located AS l "
                f"WHERE {table.split('.')[1]}.file = ? AND {table.split('.')[1]}.line IS NULL "
                f"AND l.record = {table.split('.')[1]}.record",
                [file],
            )
        self.connection.unregister("located")


def _lines_of(reader: FastReader | CarefulReader, records: set[int]) -> list[pa.Array]:
    pairs: Iterator[tuple[int, int]] = reader.locations() if isinstance(reader, CarefulReader) else iter(())
    found = [(record, line) for record, line in pairs if record in records]
    return [pa.array([each[place] for each in found], pa.int64()) for place in (0, 1)]
