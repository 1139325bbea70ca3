"""Notes cut into lines, sentences and clauses, with everything personal or numeric replaced by slots."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from anon_pipeline.modalities.text.synthetic import numerals

SENTENCE_END = re.compile(r"(?<=[.!?])[ \t]+(?=[A-ZÀ-ÖØ-Þ«\-•])")
CLAUSE_END = re.compile(r",[ \t]+")
HEADING = re.compile(
    r"(?P<heading>[A-ZÀ-ÖØ-Þ][^\s:⟨]+(?: [^\s:⟨]+){0,2} ?:)[ \t]+(?=[A-ZÀ-ÖØ-Þ][^\s:⟨]*(?: [^\s:]+){2})"
)
"""A title at the start of a line before a whole sentence: the sentence is the same one elsewhere."""
HEAD_WORDS = 2
"""Words at the beginning of a sentence by which its clauses are put together again."""
SLOT = re.compile(r"⟨([A-Z0-9_]+)⟩")


@dataclass(frozen=True)
class Unit:
    """A sentence, line or clause of a note: its phrase with slots, what stood in them, and what stands before and after
    it. head: how its sentence begins."""

    phrase: str
    kinds: tuple[str, ...]
    values: tuple[str, ...]
    after: str
    before: str = "\n"
    clauses: tuple[Unit, ...] = ()
    head: str = ""


@dataclass(frozen=True)
class Note:
    """One note as units. row: the note's number among all notes."""

    row: int
    person_id: int
    kind: str
    units: tuple[Unit, ...]


def units_of(text: str, entities: Sequence[Mapping[str, object]]) -> list[Unit]:
    """Cut a note into units. entities: ``start``, ``end``, ``label`` of personal mentions, not overlapping."""
    marked: list[str] = []
    values: list[str] = []
    last = 0
    for entity in sorted(entities, key=lambda e: int(str(e["start"]))):
        start, end = int(str(entity["start"])), int(str(entity["end"]))
        if start < last:
            continue
        _with_numbers(text[last:start], marked, values)
        marked.append(f"⟨{entity['label']}⟩")
        values.append(text[start:end])
        last = end
    _with_numbers(text[last:], marked, values)
    return _cut("".join(marked), values)


def _with_numbers(text: str, marked: list[str], values: list[str]) -> None:
    last = 0
    text = text.replace("⟨", "(").replace("⟩", ")")
    for start, end, slot in numerals.found(text):
        marked += [text[last:start], f"⟨{slot}⟩"]
        values.append(text[start:end])
        last = end
    marked.append(text[last:])


def _cut(marked: str, values: list[str]) -> list[Unit]:
    """Lines, cut into sentences, each cut into clauses as well: a sentence that is nobody else's may have clauses
    that many patients share."""
    units, left = [], list(values)
    for line in marked.split("\n"):
        heading = HEADING.match(line)
        start = heading.end() if heading else 0
        pieces = [heading["heading"]] if heading else []
        pieces += [p for p in SENTENCE_END.split(line[start:]) if p.strip()]
        pieces = pieces or [""]
        for position, piece in enumerate(pieces):
            after = "\n" if position == len(pieces) - 1 else " "
            own, left = left[: len(SLOT.findall(piece))], left[len(SLOT.findall(piece)) :]
            before = "\n" if position == 0 else " "
            parts = CLAUSE_END.split(piece)
            titled = heading is not None and position == 1
            head = pieces[0].rstrip(" :") if titled else " ".join(re.split(r" ?:", parts[0])[0].split()[:HEAD_WORDS])
            units.append(_unit(piece, own, before, after, parts, head))
    return units


def _unit(piece: str, values: list[str], before: str, after: str, parts: Sequence[str] = (), head: str = "") -> Unit:
    clauses, left = [], list(values)
    several = [*parts[:-1], parts[-1].removesuffix(".")] if len(parts) > 1 else []
    for number, part in enumerate(several):
        count = len(SLOT.findall(part))
        ahead = before if number == 0 else ", "
        behind = after if number == len(parts) - 1 else ", "
        clauses.append(_unit(part, left[:count], ahead, behind, head=head))
        left = left[count:]
    kinds = tuple(SLOT.findall(piece))
    return Unit(" ".join(piece.split()), kinds, tuple(values), after, before, tuple(clauses), head)
