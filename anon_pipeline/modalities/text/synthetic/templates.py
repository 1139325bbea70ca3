"""Phrases that many patients share: notes cut into units, with everything personal or numeric replaced by slots.

A phrase is kept only when at least k patients have it after normalisation; a number stays in a phrase only when at
least k patients have the phrase with that very number. Nothing else of the notes' wording survives.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

NUMBER = re.compile(r"\d+(?:[.,]\d+)?")
SENTENCE_END = re.compile(r"(?<=[.!?])[ \t]+(?=[A-ZÀ-ÖØ-Þ«\-•])")
CLAUSE_END = re.compile(r",[ \t]+")
SLOT = re.compile(r"⟨([A-Z0-9_]+)⟩")
NUMERIC = "N"
MOST_WORDINGS = 5
# Said of no avatar: avatars have no such thing.
UNWRITABLE = frozenset(
    {"NIR", "IPP", "NDA", "RPPS", "ADELI", "PHONE", "EMAIL", "URL", "IBAN", "PLATE", "ADDRESS", "POSTAL_CODE", "CITY"}
)


@dataclass(frozen=True)
class Unit:
    """A sentence, line or clause of a note: its phrase with slots, what stood in them, and what stands after it."""

    phrase: str
    kinds: tuple[str, ...]
    values: tuple[str, ...]
    after: str
    before: str = "\n"
    clauses: tuple[Unit, ...] = ()


@dataclass(frozen=True)
class Note:
    """One note as units. row: the note's number among all notes."""

    row: int
    person_id: int
    kind: str
    units: tuple[Unit, ...]


@dataclass
class Phrase:
    """A kept phrase of one kind of note. position: where in a note it stands on average, 0 to 1."""

    text: str
    kinds: tuple[str, ...]
    persons: int
    position: float
    after: str
    before: str = "\n"
    rows: dict[int, tuple[str, ...]] = field(default_factory=dict)


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
    for match in NUMBER.finditer(text):
        marked += [text[last : match.start()], f"⟨{NUMERIC}⟩"]
        values.append(match.group())
        last = match.end()
    marked.append(text[last:])


def _cut(marked: str, values: list[str]) -> list[Unit]:
    """Lines, cut into sentences, each cut into clauses as well: a sentence that is nobody else's may have clauses
    that many patients share."""
    units, left = [], list(values)
    for line in marked.split("\n"):
        pieces = [p for p in SENTENCE_END.split(line) if p.strip()] or [""]
        for position, piece in enumerate(pieces):
            after = "\n" if position == len(pieces) - 1 else " "
            own, left = left[: len(SLOT.findall(piece))], left[len(SLOT.findall(piece)) :]
            before = "\n" if position == 0 else " "
            units.append(_unit(piece, own, before, after, CLAUSE_END.split(piece)))
    return units


def _unit(piece: str, values: list[str], before: str, after: str, parts: Sequence[str] = ()) -> Unit:
    clauses, left = [], list(values)
    for number, part in enumerate(parts if len(parts) > 1 else ()):
        count = len(SLOT.findall(part))
        ahead = before if number == 0 else ", "
        behind = after if number == len(parts) - 1 else ", "
        clauses.append(_unit(part, left[:count], ahead, behind))
        left = left[count:]
    kinds = tuple(SLOT.findall(piece))
    return Unit(" ".join(piece.split()), kinds, tuple(values), after, before, tuple(clauses))


def shared_phrases(notes: Iterable[Note], k: int) -> dict[str, list[Phrase]]:
    """For each kind of note, the phrases that at least ``k`` patients share, in the order in which they stand.

    Sentences first; of the sentences that are not shared, the clauses that are.
    """
    by_kind: dict[str, list[Note]] = defaultdict(list)
    for note in notes:
        by_kind[note.kind].append(note)
    kept = {}
    for kind, own in sorted(by_kind.items()):
        sentences = _shared([(n, place, u) for n in own for place, u in _placed(n.units)], k)
        texts = {phrase.text for phrase in sentences}
        literal = _literals([(n.person_id, u) for n in own for u in n.units], k)
        rest = [
            (n, place + 1e-3 * number, clause)
            for n in own
            for place, u in _placed(n.units)
            if _fixed(u, literal)[0] not in texts
            for number, clause in enumerate(u.clauses)
        ]
        kept[kind] = sorted(sentences + _shared(rest, k), key=lambda p: (p.position, p.text))
    return kept


def _placed(units: Sequence[Unit]) -> list[tuple[float, Unit]]:
    return [(index / max(len(units) - 1, 1), unit) for index, unit in enumerate(units) if unit.phrase]


def _shared(placed: list[tuple[Note, float, Unit]], k: int) -> list[Phrase]:
    literal = _literals([(note.person_id, unit) for note, _, unit in placed], k)
    found: dict[str, Phrase] = {}
    places: dict[str, list[float]] = defaultdict(list)
    persons: dict[str, set[int]] = defaultdict(set)
    around: dict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
    for note, place, unit in placed:
        text, kinds, values = _fixed(unit, literal)
        phrase = found.setdefault(text, Phrase(text, kinds, 0, 0.0, unit.after))
        phrase.rows.setdefault(note.row, values)
        persons[text].add(note.person_id)
        places[text].append(place)
        around[text][unit.before, unit.after] += 1
    kept = [p for p in found.values() if len(persons[p.text]) >= k and not UNWRITABLE & set(p.kinds)]
    for phrase in kept:
        phrase.persons = len(persons[phrase.text])
        phrase.position = sum(places[phrase.text]) / len(places[phrase.text])
        phrase.before, phrase.after = around[phrase.text].most_common(1)[0][0]
    return kept


def _literals(units: Iterable[tuple[int, Unit]], k: int) -> set[tuple[str, tuple[str, ...]]]:
    """Phrases with the numbers that k patients have in them: there the number is part of the phrase."""
    persons: dict[tuple[str, tuple[str, ...]], set[int]] = defaultdict(set)
    everyone: dict[str, set[tuple[str, ...]]] = defaultdict(set)
    for person, unit in units:
        if unit.kinds and set(unit.kinds) == {NUMERIC}:
            persons[unit.phrase, unit.values].add(person)
            everyone[unit.phrase].add(unit.values)
    # A phrase whose numbers vary is about a measured thing: there a common value is not wording.
    few = {phrase for phrase, values in everyone.items() if len(values) <= MOST_WORDINGS}
    return {key for key, own in persons.items() if len(own) >= k and key[0] in few}


def _fixed(unit: Unit, literal: set[tuple[str, tuple[str, ...]]]) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    if (unit.phrase, unit.values) not in literal:
        return unit.phrase, unit.kinds, unit.values
    values = iter(unit.values)
    return SLOT.sub(lambda _: next(values), unit.phrase), (), ()
