"""Recognising OMOP tables and fields under the names that they have in the wild.

A name is recognised exactly, after taking off what is not part of it, by an older name of the CDM, or by being nearly
the same; the first way that works is used and told. Reading files does not belong here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from rapidfuzz import fuzz

from anon_pipeline.warehouse import cdm

TABLE_LIKENESS = 88.0
FIELD_LIKENESS = 90.0
NOISE = re.compile(
    r"^(\d+|v\d+|omop|cdm|cdm5\d?|cdmv5\d*|synthea|export|extract|extraction|data|dump|table|tbl|part|final|full|demo|test"
    r"|all|new|utf8|latin1|prod|fr|csv|[0-9a-f]{8,}|c\d+|snappy|gz|zstd|dbo|public|ohdsi)$"
)
FORMER_FIELDS = {
    "admitting_source_concept_id": "admitted_from_concept_id",
    "admitting_source_value": "admitted_from_source_value",
    "admitting_concept_id": "admitted_from_concept_id",
    "discharge_to_concept_id": "discharged_to_concept_id",
    "discharge_to_source_value": "discharged_to_source_value",
    "visit_detail_parent_id": "parent_visit_detail_id",
    "qualifier_source_value": "modifier_source_value",
    "time_of_birth": "birth_datetime",
    "dx_concept_id": "condition_concept_id",
    "subject_person_id": "subject_id",
    "nlp_date_time": "nlp_datetime",
    "meas_event_id": "measurement_event_id",
    "obs_event_id": "observation_event_id",
}


@dataclass(frozen=True)
class TableMatch:
    """``how`` is "name", "trimmed name", "misspelt name", "folder" or "header"."""

    table: str
    how: str


@dataclass
class HeaderMatch:
    """Which column of a file is which field. positions: field -> column number, from 0. renamed: field -> how, for
    fields not found under their own name. missing: fields of the table that the file lacks. skipped: other columns."""

    positions: dict[str, int] = field(default_factory=dict)
    renamed: dict[str, str] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    skipped: list[int] = field(default_factory=list)

    @property
    def recognised(self) -> int:
        return len(self.positions)


def plain(name: str) -> str:
    """A name in lower case, with '_' for what separates words, without quotes, brackets and spaces around it."""
    name = name.strip().strip("\ufeff\"'`[]").strip()
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    return re.sub(r"[\s\-]+", "_", name).lower()


def match_table(stem: str, folder: str = "") -> TableMatch | None:
    """The table that a file is named after, or its folder when its own name says nothing (part-0001)."""
    known = cdm.tables()
    name = plain(stem)
    if name in known:
        return TableMatch(name, "name")
    tokens = [token for token in re.split(r"[^a-z0-9]+", name) if token]
    if found := _inside(tokens):
        return TableMatch(found, "trimmed name")
    own = plain(folder)
    if all(NOISE.match(token) for token in tokens) and own:
        if own in known:
            return TableMatch(own, "folder")
        return match_table(folder)
    kept = "_".join(token for token in tokens if not NOISE.match(token))
    if found := _alike(kept, known, TABLE_LIKENESS):
        return TableMatch(found, "misspelt name")
    return None


def _inside(tokens: list[str]) -> str | None:
    """The longest table whose words follow each other in the name, the other words being noise."""
    for table in sorted(cdm.tables(), key=lambda each: (-each.count("_"), each)):
        words = table.split("_")
        for start in range(len(tokens) - len(words) + 1):
            rest = tokens[:start] + tokens[start + len(words) :]
            if tokens[start : start + len(words)] == words and all(NOISE.match(token) for token in rest):
                return table
    return None


def _alike(name: str, names: Sequence[str] | dict[str, cdm.Table], limit: float) -> str | None:
    """The only name that is nearly this one; digits have to be the same."""
    scores = sorted(((fuzz.ratio(name, other), other) for other in names), reverse=True)
    digits = re.findall(r"\d+", name)
    scores = [(score, other) for score, other in scores if score >= limit and re.findall(r"\d+", other) == digits]
    if not scores or (len(scores) > 1 and scores[0][0] - scores[1][0] < 2):
        return None
    return scores[0][1]


def match_header(table: str, header: Sequence[str]) -> HeaderMatch:
    """Find the fields of a table in a header: exact names first, then names inside an expression such as
    ``date(birth_datetime,'unixepoch')``, then former names of the CDM, then misspelt ones."""
    fields = cdm.tables()[table].field_names
    names = [plain(name) for name in header]
    match = HeaderMatch()
    left = list(range(len(names)))

    def take(column: int, name: str, how: str) -> None:
        match.positions[name] = column
        left.remove(column)
        if how:
            match.renamed[name] = how

    for column in list(left):
        if names[column] in fields and names[column] not in match.positions:
            take(column, names[column], "" if header[column].strip() == names[column] else _case(header[column]))
    for column in list(left):
        words = re.findall(r"[a-z][a-z0-9_]*", header[column].lower())
        if len(words) > 1 and (found := next((w for w in words if w in fields and w not in match.positions), None)):
            take(column, found, "expression")
    for column in list(left):
        former = FORMER_FIELDS.get(names[column], "")
        if former in fields and former not in match.positions:
            take(column, former, "former name")
    for column in list(left):
        free = [name for name in fields if name not in match.positions]
        if found := _alike(names[column], free, FIELD_LIKENESS):
            take(column, found, "misspelt name")
    match.missing = [name for name in fields if name not in match.positions]
    match.skipped = left
    return match


def _case(written: str) -> str:
    """Letter case and quotes are not worth a word; other spellings are."""
    return "" if written.strip().strip("\ufeff\"'`[]").lower() == plain(written) else "other spelling"


def table_of_header(header: Sequence[str]) -> str | None:
    """The only table whose key and nearly all of whose columns a header has, for files whose name says nothing."""
    names = {plain(name) for name in header}
    found = []
    for table in cdm.tables().values():
        fields = set(table.field_names)
        needed = {each.name for each in table.fields if each.needed}
        if len(names) >= 3 and needed <= names and len(names & fields) >= 0.9 * len(names):
            found.append((len(names & fields) / len(fields), table.name))
    found.sort(reverse=True)
    if not found or (len(found) > 1 and found[0][0] - found[1][0] < 0.2):
        return None
    return found[0][1]
