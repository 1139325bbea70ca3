"""What a load says of itself: file by file, everything that was taken for something else, coerced, skipped or rejected.

Names, counts, codes and digests only: values stay in the warehouse (schema ``rejects``).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

SCHEMA = "anon-pipeline/warehouse-load/1"


@dataclass
class FileReport:
    """One file. rows_in = loaded + rejected, always. status: "loaded", "empty", "cut short" (what could be read of it
    is loaded) or "unreadable" (nothing is)."""

    file: str
    sha256: str
    size: int
    format: str
    status: str = "loaded"
    reason: str = ""
    table: str = ""
    recognised_by: str = ""
    rows_in: int = 0
    loaded: int = 0
    rejected: int = 0
    rejects: dict[str, int] = field(default_factory=dict)
    coerced: dict[str, dict[str, int]] = field(default_factory=dict)
    unreadable_values: dict[str, dict[str, int]] = field(default_factory=dict)
    unusual_dates: dict[str, int] = field(default_factory=dict)
    renamed_columns: dict[str, str] = field(default_factory=dict)
    missing_columns: list[str] = field(default_factory=list)
    skipped_columns: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def count(self, where: dict[str, dict[str, int]], column: str, code: str, number: int) -> None:
        if number:
            own = where.setdefault(column, {})
            own[code] = own.get(code, 0) + number


@dataclass
class LoadReport:
    """The whole load. tables: rows of each table of the CDM that has a file. other_tables: rows of tables that the
    CDM does not know, loaded as text into the schema ``other``. ignored_files: files that are no table."""

    source: str
    target: str
    cdm_version: str
    files: list[FileReport] = field(default_factory=list)
    tables: dict[str, int] = field(default_factory=dict)
    repeated_keys: dict[str, int] = field(default_factory=dict)
    missing_tables: list[str] = field(default_factory=list)
    other_tables: dict[str, int] = field(default_factory=dict)
    ignored_files: list[str] = field(default_factory=list)

    @property
    def rejected(self) -> int:
        return sum(each.rejected for each in self.files)

    @property
    def faulty_files(self) -> list[str]:
        return [each.file for each in self.files if each.status in ("unreadable", "cut short")]

    @property
    def faults(self) -> list[str]:
        """What a strict load does not accept."""
        faults = [f"{each.file} is {each.status}" for each in self.files if each.file in self.faulty_files]
        return faults + [f"{each.file} has {each.rejected} rejected rows" for each in self.files if each.rejected]

    def to_dict(self) -> dict[str, Any]:
        return {"schema": SCHEMA, **asdict(self), "rejected": self.rejected, "faulty_files": self.faulty_files}

    def lines(self) -> list[str]:
        """What a person reads: totals, then one line for each thing worth knowing."""
        rows = sum(self.tables.values())
        where = f"{len(self.tables)} tables from {len(self.files)} files"
        lines = [f"{rows} rows in {where}, {self.rejected} rejected: {self.target}"]
        for each in self.files:
            lines += [f"  {each.file}: {words}" for words in _file_words(each)]
        for name, count in sorted(self.repeated_keys.items()):
            lines.append(f"  {name}: {count} rows repeat a key")
        for name, count in sorted(self.other_tables.items()):
            lines.append(f"  {name}: not a table of the CDM, {count} rows loaded as text")
        if self.ignored_files:
            lines.append(f"  {len(self.ignored_files)} files are no table and were ignored")
        if self.missing_tables:
            lines.append(f"  no file for {', '.join(self.missing_tables)}")
        return lines


def _file_words(each: FileReport) -> list[str]:
    words = []
    if each.status != "loaded":
        words.append(f"{each.status}{f' ({each.reason})' if each.reason else ''}")
    if each.recognised_by not in ("name", ""):
        words.append(f"taken for {each.table} by its {each.recognised_by}")
    if each.renamed_columns:
        words.append("columns recognised under other names: " + ", ".join(sorted(each.renamed_columns)))
    if each.skipped_columns:
        words.append("columns skipped: " + ", ".join(each.skipped_columns))
    if each.rejects:
        words.append("rejected: " + ", ".join(f"{count} {code}" for code, count in sorted(each.rejects.items())))
    for column, codes in sorted(each.unreadable_values.items()):
        words.append(f"{column}: " + ", ".join(f"{count} {code}, left empty" for code, count in sorted(codes.items())))
    for column, codes in sorted(each.coerced.items()):
        words.append(f"{column}: " + ", ".join(f"{count} {code}" for code, count in sorted(codes.items())))
    words += [
        f"{column}: {count} dates before 1700 or after 2200" for column, count in sorted(each.unusual_dates.items())
    ]
    return words + each.notes
