"""Text files as batches of strings: a fast reader for regular files, a careful one for the others.

The fast reader is Arrow's. It gives up (``NotRegular``) on anything that it would have to guess at: a quote where CSV
does not allow one, a record with another number of fields, data that end too early. The careful reader then takes the
file line by line: a record that cannot be made out costs its first line only, which is reported with its number, and
reading goes on with the next line. Both count records alike: from 1, the header and empty lines left out.
"""

from __future__ import annotations

import csv
import io
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv

from anon_pipeline.warehouse.bytes_stream import LITERAL_DELIMITERS, TextBytes

BLOCK_BYTES = 8 << 20
BATCH_RECORDS = 50_000
BATCH_BYTES = 16 << 20
MOST_LINES_IN_A_RECORD = 20_000
LONGEST_RECORD = 64 << 20
DELIMITERS = (",", ";", "\t", "|")


class NotRegular(Exception):
    """The fast reader cannot be trusted with this file. Holds no text of it."""


@dataclass(frozen=True)
class Malformed:
    """A record that could not be made out: number, line, why, and the line's text, which stays in the warehouse."""

    record: int
    line: int
    reason: str
    content: str


@dataclass
class Batch:
    """columns: one string array a wanted column, named c0, c1... by position in the file. first: number of the first
    record. lines: the line of each record, where it is known."""

    columns: dict[str, pa.Array]
    rows: int
    records: pa.Array
    lines: pa.Array | None = None
    malformed: list[Malformed] = field(default_factory=list)
    irregular_quotes: int = 0
    trailing_delimiters: int = 0


@dataclass(frozen=True)
class Header:
    """names: as written. lines: how many lines of the file come before the first record."""

    names: list[str]
    delimiter: str
    lines: int


def read_header(path: Path) -> Header | None:
    """The first record of a text file; None when there is none."""
    stream = TextBytes(path)
    lines = 0
    try:
        while line := stream.readline():
            lines += 1
            text = line.decode("utf-8", "replace")
            if not text.strip() or text.strip().lower().startswith("sep="):
                continue
            while text.count('"') % 2 and lines < 100 and (more := stream.readline()):
                text += more.decode("utf-8", "replace")
                lines += 1
            delimiter = _delimiter(text)
            csv.field_size_limit(LONGEST_RECORD)
            try:
                names = next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True))
            except (csv.Error, StopIteration):
                return None
            return Header(names, delimiter, lines)
    finally:
        stream.close()
    return None


def _delimiter(text: str) -> str:
    """The one that splits the header most, outside quotes; a comma when none does."""
    bare = "".join(text.split('"')[::2])
    counts = {delimiter: bare.count(delimiter) for delimiter in DELIMITERS}
    best = max(DELIMITERS, key=lambda delimiter: counts[delimiter])
    return best if counts[best] else ","


class FastReader:
    """Arrow's reader over a watched stream. After reading, ``lines_match`` says whether every record took one line."""

    def __init__(self, path: Path, header: Header, wanted: list[int], skip_header: bool = True) -> None:
        self.stream = TextBytes(path, header.delimiter, watch_quotes=True)
        self.header = header
        self.wanted = wanted
        self.rows = 0
        self.skipped_lines = header.lines if skip_header else 0

    def __iter__(self) -> Iterator[Batch]:
        try:
            yield from self._batches()
        except pa.ArrowInvalid:
            raise NotRegular from None
        finally:
            encoding, recoded = self.stream.encoding, self.stream.recoded_lines
            self.encoding, self.recoded_lines = encoding, recoded
            self.lines_match = self.stream.newlines == self.skipped_lines + self.rows
            self.stream.close()

    def _batches(self) -> Iterator[Batch]:
        for _ in range(self.skipped_lines):
            self.stream.readline()
        if self.stream.at_end():
            self._check()
            return
        names = [f"c{position}" for position in range(len(self.header.names))]
        chosen = [names[position] for position in self.wanted] or names[:1]
        reader = pacsv.open_csv(
            pa.PythonFile(self.stream, mode="r"),
            read_options=pacsv.ReadOptions(column_names=names, block_size=BLOCK_BYTES, use_threads=False),
            parse_options=pacsv.ParseOptions(delimiter=self.header.delimiter, newlines_in_values=True),
            convert_options=pacsv.ConvertOptions(
                column_types=dict.fromkeys(chosen, pa.string()),
                include_columns=chosen,
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=True,
                check_utf8=False,
            ),
        )
        for batch in reader:
            self._check()
            records = pa.array(np.arange(self.rows + 1, self.rows + batch.num_rows + 1, dtype=np.int64))
            self.rows += batch.num_rows
            yield Batch({name: batch[name] for name in chosen}, batch.num_rows, records)
        self._check()

    def _check(self) -> None:
        if self.stream.irregular or self.stream.cut:
            raise NotRegular


class CarefulReader:
    """Line by line; see the module's docstring."""

    def __init__(self, path: Path, header: Header, wanted: list[int], skip_header: bool = True) -> None:
        self.stream = TextBytes(path)
        self.header = header
        self.wanted = wanted
        self.width = len(header.names)
        self.rows = 0
        self._line = 0
        self._records = 0
        self._pushed: deque[str] = deque()
        self._skip = header.lines if skip_header else 0

    def __iter__(self) -> Iterator[Batch]:
        csv.field_size_limit(LONGEST_RECORD)
        try:
            for _ in range(self._skip):
                self._next_line()
            batch = _Building(self.wanted)
            while (line := self._next_line()) is not None:
                if not line.strip():
                    continue
                start = self._line
                self._records += 1
                self._take(line, start, batch)
                if batch.full():
                    yield batch.done()
                    batch = _Building(self.wanted)
            yield batch.done()
        finally:
            self.cut = self.stream.cut
            self.encoding, self.recoded_lines = self.stream.encoding, self.stream.recoded_lines
            self.rows = self._records
            self.stream.close()

    def locations(self) -> Iterator[tuple[int, int]]:
        """(record, line) of every record of a regular file."""
        for batch in self:
            if batch.lines is not None:
                yield from zip(batch.records.to_pylist(), batch.lines.to_pylist(), strict=True)

    def _next_line(self) -> str | None:
        if self._pushed:
            self._line += 1
            return self._pushed.popleft()
        line = self.stream.readline()
        if not line:
            return None
        self._line += 1
        return line.decode("utf-8", "replace")

    def _push_back(self, lines: list[str]) -> None:
        self._pushed.extendleft(reversed(lines))
        self._line -= len(lines)

    def _take(self, line: str, start: int, batch: _Building) -> None:
        if self.stream.cut and not line.endswith("\n"):
            batch.malformed.append(Malformed(self._records, start, "file_cut_short", line))
            return
        fields, reason = self._fields(line, batch)
        if fields is not None and len(fields) > self.width and not any(fields[self.width :]):
            fields = fields[: self.width]
            batch.trailing_delimiters += 1
        if fields is None or len(fields) != self.width:
            if fields is not None:
                reason = "too_few_fields" if len(fields) < self.width else "too_many_fields"
            batch.malformed.append(Malformed(self._records, start, reason, line.rstrip("\r\n")))
            return
        batch.add(fields, self._records, start, len(line))

    def _fields(self, line: str, batch: _Building) -> tuple[list[str] | None, str]:
        bare = line.rstrip("\r\n")
        if '"' not in bare:
            return bare.split(self.header.delimiter), ""
        try:
            (exact,) = self._parse([line], strict=True)
            return exact, ""
        except csv.Error as error:
            open_quote = "unexpected end" in str(error)
        except ValueError:
            return None, "unbalanced_quote"
        literal = self._literally(bare) if open_quote else None
        if literal is not None and len(self._parse([line], strict=False)[0]) < self.width:
            batch.irregular_quotes += 1
            return literal, ""
        if (fields := self._over_lines(line, batch)) is not None:
            return fields, ""
        if literal is not None:
            batch.irregular_quotes += 1
            return literal, ""
        if open_quote:
            return None, "unterminated_quote"
        loose = self._loosely([line])
        if loose is None:
            return None, "unbalanced_quote"
        batch.irregular_quotes += 1
        return loose, ""

    def _over_lines(self, line: str, batch: _Building) -> list[str] | None:
        """The record that begins on this line and ends on a later one; else None, and the lines are put back."""
        lines, quotes, size = [line], line.count('"'), len(line)
        while quotes % 2 and len(lines) < MOST_LINES_IN_A_RECORD and size < LONGEST_RECORD:
            more = self._next_line()
            if more is None:
                break
            lines.append(more)
            quotes += more.count('"')
            size += len(more)
        if quotes % 2 == 0 and not (self.stream.cut and not lines[-1].endswith("\n")):
            try:
                found = self._parse(lines, strict=True)
            except csv.Error:
                found = [] if any(map(self._stands_alone, lines[1:])) else [self._loosely(lines) or []]
                batch.irregular_quotes += bool(found and found[0])
            if len(found) == 1 and len(found[0]) == self.width:
                return found[0]
        self._push_back(lines[1:])
        return None

    def _literally(self, bare: str) -> list[str] | None:
        """The line with its quotes as plain signs, where the delimiter is one that text does not hold: vocabulary files
        are written so, and a name that begins with a quote must not swallow the next line."""
        fields = bare.split(self.header.delimiter)
        return fields if self.header.delimiter in LITERAL_DELIMITERS and len(fields) == self.width else None

    def _stands_alone(self, line: str) -> bool:
        """A line that is a whole record has not been swallowed by a quote of an earlier one."""
        try:
            return len(self._parse([line], strict=True)[0]) == self.width
        except (csv.Error, IndexError):
            return False

    def _parse(self, lines: list[str], strict: bool) -> list[list[str]]:
        return list(csv.reader(lines, delimiter=self.header.delimiter, strict=strict))

    def _loosely(self, lines: list[str]) -> list[str] | None:
        try:
            found = self._parse(lines, strict=False)
        except csv.Error:
            return None
        return found[0] if len(found) == 1 and len(found[0]) == self.width else None


class _Building:
    """A batch that is being filled."""

    def __init__(self, wanted: list[int]) -> None:
        self.wanted = wanted or [0]
        self.values: list[list[str | None]] = [[] for _ in self.wanted]
        self.records: list[int] = []
        self.lines: list[int] = []
        self.malformed: list[Malformed] = []
        self.irregular_quotes = 0
        self.trailing_delimiters = 0
        self.size = 0

    def add(self, fields: list[str], record: int, line: int, size: int) -> None:
        for values, position in zip(self.values, self.wanted, strict=True):
            values.append(fields[position] or None)
        self.records.append(record)
        self.lines.append(line)
        self.size += size

    def full(self) -> bool:
        return len(self.records) + len(self.malformed) >= BATCH_RECORDS or self.size >= BATCH_BYTES

    def done(self) -> Batch:
        columns = {f"c{p}": pa.array(v, pa.string()) for p, v in zip(self.wanted, self.values, strict=True)}
        return Batch(
            columns,
            len(self.records),
            pa.array(self.records, pa.int64()),
            pa.array(self.lines, pa.int64()),
            self.malformed,
            self.irregular_quotes,
            self.trailing_delimiters,
        )
