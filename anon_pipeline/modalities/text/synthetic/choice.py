"""Which phrase is said of whom: alternatives found by what never stands together, chosen by the avatar's facts.

Each group of alternatives has its odds by the facts (``odds``); where nearly all patients have one phrase that is a
rule and is followed, else one is drawn.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from anon_pipeline.modalities.text.synthetic import odds as odds_of
from anon_pipeline.modalities.text.synthetic.odds import Odds
from anon_pipeline.modalities.text.synthetic.templates import Phrase
from anon_pipeline.modalities.text.synthetic.themes import SLIP, Theme

RULE = 0.98
NEAR = 0.25
SILENCE = -1
CHANCE = 1e-4
SURE = 1 - 1e-9


@dataclass
class Group:
    """Alternatives of one place in a kind of note. themes: of each, the phrases that say it. position: their mean."""

    themes: list[list[int]]
    position: float

    @property
    def members(self) -> list[int]:
        return [index for theme in self.themes for index in theme]


def alternatives(
    phrases: Sequence[Phrase], rows: int, subjects: Sequence[frozenset[str]], themes: Mapping[str, Theme]
) -> list[Group]:
    """Group themes that never stand in one note: those that say the same fact, and those nearby in a note that chance
    would have put together. The most frequent theme founds a group first.

    subjects: for each phrase, the facts that its numbers are.
    """
    said: dict[int, list[int]] = defaultdict(list)
    for index, phrase in enumerate(phrases):
        said[id(themes[phrase.text])].append(index)
    places = [_Place.of(members, phrases, subjects) for members in said.values()]
    groups: list[list[_Place]] = []
    for place in sorted(places, key=lambda p: (-len(p.rows), phrases[p.members[0]].text)):
        home = next((group for group in groups if all(place.excludes(other, rows) for other in group)), None)
        if home is None:
            groups.append([place])
        else:
            home.append(place)
    made = []
    for group in groups:
        position = np.average([place.position for place in group], weights=[len(place.rows) for place in group])
        made.append(Group([place.members for place in group], float(position)))
    return sorted(made, key=lambda g: (g.position, g.members))


@dataclass
class _Place:
    """A theme in a kind of note: its phrases, their notes, where they stand, and the facts that their numbers are."""

    members: list[int]
    rows: set[int]
    position: float
    subjects: frozenset[str]

    @classmethod
    def of(cls, members: list[int], phrases: Sequence[Phrase], subjects: Sequence[frozenset[str]]) -> _Place:
        rows = set().union(*(phrases[index].rows for index in members))
        weights = [len(phrases[index].rows) for index in members]
        position = float(np.average([phrases[index].position for index in members], weights=weights))
        return cls(members, rows, position, frozenset().union(*(subjects[index] for index in members)))

    def excludes(self, other: _Place, rows: int) -> bool:
        if len(self.rows & other.rows) > SLIP * min(len(self.rows), len(other.rows)):
            return False
        if self.subjects & other.subjects:
            return True
        near = abs(self.position - other.position) <= NEAR
        return near and len(self.rows) * len(other.rows) / max(rows, 1) >= 1


def requirements(rows: Iterable[int], binary: pd.DataFrame) -> dict[str, float]:
    """Facts that everyone has (1) or has not (0) of whom something is said, too often for chance.

    rows: the notes that say it. binary: 0/1 facts of every note where it could be said. It is never said of an avatar
    that breaks one.
    """
    said = binary.index.isin(list(rows))
    values = binary.to_numpy(np.float64)
    known = np.isfinite(values)
    told = np.where(known, values, 0)
    inside = told[said].sum(axis=0) / np.maximum(known[said].sum(axis=0), 1)
    base = told.sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    count = int(said.sum())
    needed: dict[str, float] = {}
    for column in np.flatnonzero(known[said].any(axis=0)):
        name = binary.columns[column]
        for value, rate, share in (
            (1.0, float(base[column]), float(inside[column])),
            (0.0, 1 - float(base[column]), 1 - float(inside[column])),
        ):
            if share >= 1 - SLIP and rate**count < CHANCE:
                needed[str(name)] = value
    return needed


@dataclass
class Chooser:
    """A fitted group: predicts and samples one of its phrases, or silence, from facts.

    top: which theme (its place in the group), or silence. within: for each theme, which of its phrases.
    """

    top: Odds
    within: list[Odds]

    @property
    def classes(self) -> NDArray[np.int64]:
        own = [[SILENCE] if theme == SILENCE else self.within[theme].classes for theme in self.top.classes]
        return np.concatenate(own).astype(np.int64)

    def of(self, facts: pd.DataFrame) -> NDArray[np.float64]:
        """(rows, classes) odds for each row of facts."""
        top = _ruled(self.top.of(facts))
        columns = []
        for theme, odds in zip(self.top.classes, top.T, strict=True):
            own = np.ones((len(facts), 1)) if theme == SILENCE else _ruled(self.within[theme].of(facts))
            columns.append(odds[:, None] * own)
        return np.concatenate(columns, axis=1)

    def sample(self, facts: pd.DataFrame, rng: np.random.Generator, allowed: NDArray[np.bool_]) -> NDArray[np.int64]:
        """One phrase index or SILENCE a row of ``facts``. allowed: (rows, classes) which can be written of whom."""
        return drawn(self.classes, self.of(facts) * allowed, rng)


def _ruled(odds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Where nearly all have one alternative, that is what everyone has."""
    return np.where(odds >= RULE, 1.0, np.where(odds.max(axis=1, keepdims=True) >= RULE, 0.0, odds))


def drawn(classes: NDArray[np.int64], odds: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.int64]:
    """A class for each row of (rows, classes) odds, SILENCE where none has any.

    Each row has a class with its odds, and rows of like odds share the classes out evenly (systematic sampling, Madow
    1949): independent draws would add chance to what goes with what.
    """
    chosen = np.full(len(odds), SILENCE, np.int64)
    rows, left = np.flatnonzero(odds.sum(axis=1) > 0), odds.sum(axis=1)
    for column in np.argsort(-odds.sum(axis=0), kind="stable"):
        rows = rng.permutation(rows)
        share = odds[rows, column] / left[rows]
        rows, share = rows[np.argsort(share, kind="stable")], np.sort(share, kind="stable")
        certain = share >= SURE
        upto = np.floor(np.concatenate([[0.0], np.where(certain, 0, share).cumsum()]) + rng.random())
        taken = certain | (np.diff(upto) > 0)
        chosen[rows[taken]] = classes[column]
        left, rows = left - odds[:, column], rows[~taken]
    return chosen


def fit(
    group: Group, phrases: Sequence[Phrase], facts: pd.DataFrame, least: int, themes: Mapping[str, Theme]
) -> Chooser:
    """Learn which of the group's themes, and which phrase of a theme, goes with which facts. least: patients a leaf.

    What is said in words of too few patients has its theme: it is said of avatars in shared words.
    """
    said = pd.Series(SILENCE, index=facts.index, dtype=np.int64)
    place = pd.Series(SILENCE, index=facts.index, dtype=np.int64)
    for number, theme in enumerate(group.themes):
        place[facts.index.intersection(list(themes[phrases[theme[0]].text].rows))] = number
    for number, theme in enumerate(group.themes):
        for index in theme:
            rows = facts.index.intersection(list(phrases[index].rows))
            said[rows], place[rows] = index, number
    about = [themes[phrases[theme[0]].text].facts for theme in group.themes]
    first = [number for number, facts_of_theme in enumerate(about) if facts_of_theme]
    within = []
    for number in range(len(group.themes)):
        own = ((place == number) & (said != SILENCE)).to_numpy()
        within.append(odds_of.fit(said.to_numpy()[own], facts.loc[own], least))
    return Chooser(odds_of.fit(place.to_numpy(), facts, least, frozenset[str]().union(*about), first), within)
