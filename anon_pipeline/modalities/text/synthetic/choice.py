"""Which phrase is said of whom: alternatives found by what never stands together, chosen by the avatar's facts.

Each group of alternatives has its odds by the facts (``odds``); where nearly all patients have one phrase that is a
rule and is followed, else one is drawn.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from anon_pipeline.modalities.text.synthetic import odds as odds_of
from anon_pipeline.modalities.text.synthetic.odds import Odds
from anon_pipeline.modalities.text.synthetic.templates import Phrase

RULE = 0.98
NEAR = 0.25
SILENCE = -1
SLIP = 0.01
CHANCE = 1e-4


@dataclass
class Group:
    """Alternatives of one place in a kind of note, in the order of their mean position."""

    members: list[int]
    position: float


def alternatives(phrases: Sequence[Phrase], rows: int, subjects: Sequence[frozenset[str]]) -> list[Group]:
    """Group phrases that never stand in one note: those that say the same fact, and those nearby in a note that chance
    would have put together. The most frequent phrase founds a group first.

    subjects: for each phrase, the facts that its numbers are.
    """
    sets = [set(p.rows) for p in phrases]
    groups: list[Group] = []
    for index in sorted(range(len(phrases)), key=lambda i: (-len(sets[i]), phrases[i].text)):
        home = next(
            (g for g in groups if all(_exclusive(sets, index, other, phrases, rows, subjects) for other in g.members)),
            None,
        )
        if home is None:
            groups.append(Group([index], phrases[index].position))
        else:
            home.members.append(index)
    for group in groups:
        weights = [len(sets[i]) for i in group.members]
        group.position = float(np.average([phrases[i].position for i in group.members], weights=weights))
    return sorted(groups, key=lambda g: (g.position, g.members))


def _exclusive(
    sets: list[set[int]], a: int, b: int, phrases: Sequence[Phrase], rows: int, subjects: Sequence[frozenset[str]]
) -> bool:
    if len(sets[a] & sets[b]) > SLIP * min(len(sets[a]), len(sets[b])):
        return False
    if subjects[a] & subjects[b]:
        return True
    near = abs(phrases[a].position - phrases[b].position) <= NEAR
    return near and len(sets[a]) * len(sets[b]) / max(rows, 1) >= 1


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
    """A fitted group: predicts and samples one of its phrases (or silence) from facts."""

    odds: Odds

    @property
    def classes(self) -> NDArray[np.int64]:
        return self.odds.classes

    def sample(self, facts: pd.DataFrame, rng: np.random.Generator, allowed: NDArray[np.bool_]) -> NDArray[np.int64]:
        """One phrase index or SILENCE a row of ``facts``. allowed: (rows, classes) which can be written of whom."""
        odds = self.odds.of(facts)
        odds = np.where(odds >= RULE, 1.0, np.where(odds.max(axis=1, keepdims=True) >= RULE, 0.0, odds))
        return drawn(self.classes, odds * allowed, rng)


def drawn(classes: NDArray[np.int64], odds: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.int64]:
    """A class for each row of (rows, classes) odds, SILENCE where none has any."""
    total = odds.sum(axis=1, keepdims=True)
    shares = odds / np.where(total > 0, total, 1)
    place = (shares.cumsum(axis=1) < rng.random((len(odds), 1))).sum(axis=1).clip(0, len(classes) - 1)
    return np.where(total[:, 0] <= 0, SILENCE, classes[place])


def fit(group: Group, phrases: Sequence[Phrase], facts: pd.DataFrame, least: int) -> Chooser:
    """Learn which of the group's phrases goes with which facts. least: patients a leaf."""
    said = pd.Series(SILENCE, index=facts.index, dtype=np.int64)
    for index in group.members:
        said[facts.index.intersection(list(phrases[index].rows))] = index
    return Chooser(odds_of.fit(said.to_numpy(), facts, least))
