"""What the database can count of a column: missing, distinct, lengths, pattern and checksum hits. No value leaves.

Missing and distinct are counted over the whole table; patterns over a sample of distinct-enough rows. What the counts
mean belongs to ``roles``.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import duckdb

from anon_pipeline.scan.patterns import PATTERNS, Pattern
from anon_pipeline.scan.sources import Relation, quoted

SAMPLE = 10_000
CHECKED = 2_000
TEXTUAL = ("VARCHAR", "CHAR", "TEXT", "UUID", "ENUM", "JSON")


@dataclass
class Profile:
    """Counts of one column. ``hits`` are values that match a pattern and its check digit, of ``sampled`` values."""

    table: str
    column: str
    type: str
    rows: int
    present: int
    distinct: int
    sampled: int = 0
    sample_distinct: int = 0
    numbers: int = 0
    mean_length: float = 0.0
    mean_words: float = 0.0
    same_length: float = 0.0
    name_like: int = 0
    hits: dict[str, int] = field(default_factory=dict)
    inside: dict[str, int] = field(default_factory=dict)

    @property
    def uniqueness(self) -> float:
        """Distinct values (approximate) over present ones, at most 1."""
        return min(self.distinct / self.present, 1.0) if self.present else 0.0

    def share(self, pattern: str) -> float:
        return self.hits.get(pattern, 0) / self.sampled if self.sampled else 0.0


@cache
def first_names() -> frozenset[str]:
    return frozenset(Path(__file__).with_name("first_names.txt").read_text(encoding="utf-8").split())


def profiles(relation: Relation, connection: duckdb.DuckDBPyConnection) -> list[Profile]:
    """One profile a column of the relation."""
    columns = [(row[0], row[1]) for row in connection.execute(f"DESCRIBE SELECT * FROM {relation.sql}").fetchall()]
    if not columns:
        return []
    parts = ", ".join(f"count({quoted(c)}), approx_count_distinct({quoted(c)})" for c, _ in columns)
    counts = connection.execute(f"SELECT count(*), {parts} FROM {relation.sql}").fetchall()[0]
    rows = int(counts[0])
    out = [
        Profile(relation.name, name, kind, rows, int(counts[1 + 2 * i]), min(int(counts[2 + 2 * i]), rows))
        for i, (name, kind) in enumerate(columns)
    ]
    if rows:
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE scan_sample AS SELECT * FROM {relation.sql} "
            f"USING SAMPLE reservoir({SAMPLE} ROWS) REPEATABLE (17)"
        )
        for profile in out:
            if profile.present:
                _look(profile, relation, connection)
        connection.execute("DROP TABLE scan_sample")
    return out


def _look(profile: Profile, relation: Relation, connection: duckdb.DuckDBPyConnection) -> None:
    kind = profile.type.upper()
    textual = kind.startswith(TEXTUAL)
    if not textual and not kind.endswith("INT") and not kind.startswith("DECIMAL"):
        return
    source, value = "scan_sample", f"trim(CAST({quoted(profile.column)} AS VARCHAR))"
    if profile.present < profile.rows / 20:
        column = quoted(profile.column)
        source = f"(SELECT {column} FROM {relation.sql} WHERE {column} IS NOT NULL LIMIT {SAMPLE})"
    base = f"(SELECT {value} AS v FROM {source} WHERE {quoted(profile.column)} IS NOT NULL)"
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE scan_values AS "
        f"SELECT v, count(*) AS n FROM {base} WHERE length(v) > 0 GROUP BY v"
    )
    row = connection.execute(
        "SELECT sum(n), count(*), sum(n) FILTER (TRY_CAST(replace(v, ',', '.') AS DOUBLE) IS NOT NULL), "
        "sum(n * length(v)) / sum(n), sum(n * (1 + length(v) - length(replace(v, ' ', '')))) / sum(n), max(length(v)), "
        "(SELECT max(m) FROM (SELECT sum(n) AS m FROM scan_values GROUP BY length(v))) / sum(n) FROM scan_values"
    ).fetchall()[0]
    if not row[0]:
        return
    profile.sampled, profile.sample_distinct, profile.numbers = int(row[0]), int(row[1]), int(row[2] or 0)
    profile.mean_length, profile.mean_words, profile.same_length = float(row[3]), float(row[4]), float(row[6])
    digits = profile.numbers == profile.sampled
    if digits and int(row[5]) < 5:
        return
    _match(profile, connection, [p for p in PATTERNS if not digits or p.digits])
    if textual and profile.numbers < 0.5 * profile.sampled and profile.mean_length < 60:
        values = connection.execute(f"SELECT v, n FROM scan_values ORDER BY hash(v) LIMIT {CHECKED}").fetchall()
        alike = sum(n for v, n in values if _looks_like_name(v)) / sum(n for _, n in values)
        profile.name_like = round(alike * profile.sampled)


def _match(profile: Profile, connection: duckdb.DuckDBPyConnection, counted: list[Pattern]) -> None:
    """Pattern hits, weighted by how often each sampled value occurs; patterns are literals, compiled once a query."""
    found = [p for p in counted if p.inside]
    parts = [f"sum(n) FILTER (regexp_full_match(left(v, 300), {_literal(p.regex)}))" for p in counted]
    parts += [f"sum(n) FILTER (regexp_matches(left(v, 4000), {_literal(p.inside or '')}))" for p in found]
    if not parts:
        return
    row = connection.execute(f"SELECT {', '.join(parts)} FROM scan_values").fetchall()[0]
    for pattern, matched in zip(counted, row[: len(counted)], strict=True):
        hits = int(matched or 0)
        if hits and pattern.check is not None:
            values = connection.execute(
                f"SELECT v FROM scan_values WHERE regexp_full_match(v, {_literal(pattern.regex)}) "
                f"ORDER BY hash(v) LIMIT {CHECKED}"
            ).fetchall()
            hits = round(hits * sum(pattern.check(v) for (v,) in values) / max(len(values), 1))
        if hits:
            profile.hits[pattern.name] = hits
    for pattern, matched in zip(found, row[len(counted) :], strict=True):
        if matched:
            profile.inside[pattern.name] = int(matched)


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _looks_like_name(value: str) -> bool:
    words = re.findall(r"[^\W\d_]+", value)
    if not words or len(words) > 5 or re.search(r"\d", value):
        return False
    plain = unicodedata.normalize("NFKD", " ".join(words))
    known = first_names()
    return any(w.lower() in known for w in "".join(c for c in plain if not unicodedata.combining(c)).split())
