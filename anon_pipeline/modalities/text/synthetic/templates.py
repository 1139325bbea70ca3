"""Phrases that many patients share, of the units that notes are cut into (``units``).

A phrase is kept only when at least k patients have it after normalisation; a number stays in a phrase only when at
least k patients have the phrase with that very number, and a word in a phrase's gap (see ``frames``) only when at least
k patients have it in such a gap, whatever its gender and number (see ``inflection``), and two have it in that form.
Nothing else of the notes' wording survives.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from anon_pipeline.modalities.text.synthetic import numerals
from anon_pipeline.modalities.text.synthetic.frames import WORD, Frame, frames, word_keys
from anon_pipeline.modalities.text.synthetic.units import SLOT, Note, Unit

OFTEN = 0.05
"""Share of a clause's notes in which it stands in a sentence that begins so."""
MOST_WORDINGS, WORDED = 5, 0.9
OWN_WORDING = 0.02
"""Share of a frame's patients whose own phrase too few share: with fewer, its phrases stay as they are."""
# Said of no avatar: avatars have no such thing.
UNWRITABLE = frozenset(
    {"NIR", "IPP", "NDA", "RPPS", "ADELI", "PHONE", "EMAIL", "URL", "IBAN", "PLATE", "ADDRESS", "POSTAL_CODE", "CITY"}
)


@dataclass
class Phrase:
    """A kept phrase of one kind of note. position: where in a note it stands on average, 0 to 1.

    rows: note -> what stands in the phrase's slots. words: for each of its gaps, the words that may stand there.
    alone: the phrases without gaps that it stands for and that are shared as they are. texts: all that it stands for.
    heads: how the sentences begin that it is, or is a clause of.
    """

    text: str
    kinds: tuple[str, ...]
    persons: int
    position: float
    after: str
    before: str = "\n"
    rows: dict[int, tuple[str, ...]] = field(default_factory=dict)
    words: tuple[tuple[str, ...], ...] = ()
    alone: list[Phrase] = field(default_factory=list)
    texts: frozenset[str] = frozenset()
    heads: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        self.texts = self.texts or frozenset((self.text,))


def shared_phrases(notes: Iterable[Note], k: int) -> dict[str, list[Phrase]]:
    """For each kind of note, the phrases that at least ``k`` patients share in notes of any kind, in the order in which
    they stand; what hardly stands in a kind of note is not said in it.

    Sentences first; of the sentences that are not shared, the clauses that are.
    """
    return shared_and_seen(notes, k)[0]


def shared_and_seen(notes: Iterable[Note], k: int) -> tuple[dict[str, list[Phrase]], dict[str, set[int]]]:
    """The phrases of ``shared_phrases``; and the notes of every phrase, shared or not, that two patients have, which
    are to be counted and never to be said."""
    everything = list(notes)
    placed = [(note, place, unit) for note in everything for place, unit in _placed(note.units)]
    sentences, whole = _shared(placed, k)
    texts = {text for found in sentences for text in found.texts}
    literal = _literals([(note.person_id, unit) for note in everything for unit in note.units], k)
    rest = [
        (note, place + 1e-3 * number, clause)
        for note, place, unit in placed
        if _fixed(unit, literal)[0] not in texts
        for number, clause in enumerate(unit.clauses)
    ]
    clauses, parts = _shared(rest, k)
    cut = {_fixed(unit, literal)[0] for _, _, unit in placed if unit.clauses}
    shared = sentences + clauses
    seen = {found.text: set(found.rows) for found in shared}
    for own in (*(found for found in whole if found.text not in cut), *parts):
        seen.setdefault(own.text, set()).update(own.rows)
    rows: dict[str, set[int]] = defaultdict(set)
    for note in everything:
        rows[note.kind].add(note.row)
    kept = {}
    for kind, own_rows in sorted(rows.items()):
        phrases = [found.phrase(own_rows) for found in shared if len(own_rows & found.rows.keys()) >= k // 2]
        kept[kind] = sorted(phrases, key=lambda p: (p.position, p.text))
    return kept, seen


def _placed(units: Sequence[Unit]) -> list[tuple[float, Unit]]:
    return [(index / max(len(units) - 1, 1), unit) for index, unit in enumerate(units) if unit.phrase]


@dataclass
class _Found:
    """What is seen of one phrase. rows: note -> what stands in its slots; where: note -> its place, what is around it,
    and the head of its sentence; words, alone, texts: as in ``Phrase``."""

    text: str
    kinds: tuple[str, ...]
    rows: dict[int, tuple[str, ...]] = field(default_factory=dict)
    where: dict[int, tuple[float, str, str, str]] = field(default_factory=dict)
    persons: set[int] = field(default_factory=set)
    words: tuple[tuple[str, ...], ...] = ()
    alone: list[_Found] = field(default_factory=list)
    texts: frozenset[str] = frozenset()

    def phrase(self, notes: set[int]) -> Phrase:
        """The phrase as it stands in some of the notes."""
        rows = {row: values for row, values in self.rows.items() if row in notes}
        where = [self.where[row] for row in rows]
        (before, after), _ = Counter(around[1:3] for around in where).most_common(1)[0]
        begins = Counter(around[3] for around in where)
        heads = frozenset(head for head, count in begins.items() if head and count >= OFTEN * len(where))
        position = sum(around[0] for around in where) / len(where)
        alone = [own.phrase(notes) for own in self.alone if notes & own.rows.keys()]
        return Phrase(
            self.text,
            self.kinds,
            len(self.persons),
            position,
            after,
            before,
            rows,
            self.words,
            alone,
            self.texts,
            heads,
        )


def _shared(placed: list[tuple[Note, float, Unit]], k: int) -> tuple[list[_Found], list[_Found]]:
    """What k patients share, and what fewer do but more than one."""
    literal = _literals([(note.person_id, unit) for note, _, unit in placed], k)
    found: dict[str, _Found] = {}
    for note, place, unit in placed:
        text, kinds, values = _fixed(unit, literal)
        own = found.setdefault(text, _Found(text, kinds, texts=frozenset((text,))))
        own.rows.setdefault(note.row, values)
        own.where.setdefault(note.row, (place, unit.before, unit.after, unit.head))
        own.persons.add(note.person_id)
    writable = {text: own for text, own in found.items() if not UNWRITABLE & set(own.kinds)}
    framed = frames({text: len(own.persons) for text, own in writable.items()})
    common = _common_words(framed, writable, k)
    kept = []
    for frame in framed:
        alone = [writable[text] for text in sorted(frame.members) if len(writable[text].persons) >= k]
        joint = _joint(frame, writable, common, k)
        kept += alone if joint is None else [replace(joint, alone=alone, texts=frozenset(frame.members))]
    texts = {text for own in kept for text in own.texts}
    return kept, [own for text, own in found.items() if text not in texts and len(own.persons) > 1]


def _keys(frame: Frame, found: Mapping[str, _Found]) -> list[dict[str, str]]:
    """For each gap of the frame, what its words count as."""
    counts: list[Counter[str]] = [Counter() for _ in next(iter(frame.members.values()))]
    for text, words in frame.members.items():
        for count, word in zip(counts, words, strict=True):
            count[word] += len(found[text].persons)
    return [word_keys(count) for count in counts]


def _common_words(framed: Iterable[Frame], found: Mapping[str, _Found], k: int) -> set[tuple[str, str]]:
    """The words, each with its key, that may be said in a gap: at least k patients have the key in the gap of a frame,
    and nobody is alone with the word."""
    having: dict[str, set[int]] = defaultdict(set)
    writing: dict[tuple[str, str], set[int]] = defaultdict(set)
    for frame in framed:
        keys = _keys(frame, found)
        for text, words in frame.members.items():
            for own, word in zip(keys, words, strict=True):
                having[own[word]] |= found[text].persons
                writing[word, own[word]] |= found[text].persons
    return {(word, key) for (word, key), own in writing.items() if len(own) > 1 and len(having[key]) >= k}


def _joint(frame: Frame, found: Mapping[str, _Found], common: set[tuple[str, str]], k: int) -> _Found | None:
    """The frame as one phrase, where enough patients share it, and either too few share what it stands for, or its
    words stand in more combinations than there are words."""
    own = [found[text] for text in sorted(frame.members)]
    persons = set().union(*(one.persons for one in own))
    few = set().union(*(one.persons for one in own if len(one.persons) < k))
    gaps = _keys(frame, found)
    combined = len(own) > sum(len(words) for words in gaps)
    if len(own) < 2 or len(persons) < k or (not combined and len(few) < OWN_WORDING * len(persons)):
        return None
    allowed = tuple(tuple(sorted(word for word, key in words.items() if (word, key) in common)) for words in gaps)
    if not all(allowed):
        return None
    kinds = tuple(SLOT.findall(frame.text))
    joint = _Found(frame.text, kinds, persons=persons, words=allowed)
    for text, one in sorted(frame.members.items()):
        for row, values in found[text].rows.items():
            words, others = iter(one), iter(values)
            joint.rows.setdefault(row, tuple(next(words if kind == WORD else others) for kind in kinds))
            joint.where.setdefault(row, found[text].where[row])
    return joint


def _literals(units: Iterable[tuple[int, Unit]], k: int) -> set[tuple[str, tuple[str, ...]]]:
    """Phrases with the numbers that k patients have in them: there the number is part of the phrase."""
    persons: dict[tuple[str, tuple[str, ...]], set[int]] = defaultdict(set)
    everyone: dict[str, set[tuple[str, ...]]] = defaultdict(set)
    for person, unit in units:
        if unit.kinds and numerals.NUMBERS.issuperset(unit.kinds):
            persons[unit.phrase, unit.values].add(person)
            everyone[unit.phrase].add(unit.values)
    # A phrase whose numbers vary is about a measured thing: there a common value is not wording.
    shared: dict[str, list[int]] = defaultdict(list)
    for (phrase, _), own in persons.items():
        if len(own) >= k:
            shared[phrase].append(len(own))
    worded = {
        phrase
        for phrase, counts in shared.items()
        if len(counts) <= MOST_WORDINGS
        and sum(counts) >= WORDED * sum(len(persons[phrase, values]) for values in everyone[phrase])
    }
    return {key for key, own in persons.items() if len(own) >= k and key[0] in worded}


def _fixed(unit: Unit, literal: set[tuple[str, tuple[str, ...]]]) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    if (unit.phrase, unit.values) not in literal:
        return unit.phrase, unit.kinds, unit.values
    values = iter(unit.values)
    return SLOT.sub(lambda _: next(values), unit.phrase), (), ()
