"""Which phrase is said of whom: alternatives found by what never stands together, chosen by the avatar's facts.

Each group of alternatives has a small decision tree from facts to phrase, whose leaves hold many patients; a leaf in
which nearly all patients have one phrase is a rule and is followed, any other is sampled.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from anon_pipeline.modalities.text.synthetic.templates import Phrase

if TYPE_CHECKING:
    from sklearn.tree import DecisionTreeClassifier

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


def requirements(phrase: Phrase, binary: pd.DataFrame) -> dict[str, float]:
    """Facts that everyone of whom the phrase is said has (1) or has not (0), too often for chance.

    binary: 0/1 facts of every note of the kind. A phrase is never said of an avatar that breaks one.
    """
    said = binary.index.isin(list(phrase.rows))
    values = binary.to_numpy(np.float64)
    inside, base = np.nanmean(values[said], axis=0), np.nanmean(values, axis=0)
    count = int(said.sum())
    needed: dict[str, float] = {}
    for column, name in enumerate(binary.columns):
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

    tree: DecisionTreeClassifier
    columns: list[str]
    classes: NDArray[np.int64]

    def sample(self, facts: pd.DataFrame, rng: np.random.Generator, allowed: NDArray[np.bool_]) -> NDArray[np.int64]:
        """One phrase index or SILENCE a row of ``facts``. allowed: (rows, classes) which can be written of whom."""
        odds = np.asarray(self.tree.predict_proba(_filled(facts.reindex(columns=self.columns))), np.float64)
        odds = np.where(odds >= RULE, 1.0, np.where(odds.max(axis=1, keepdims=True) >= RULE, 0.0, odds))
        odds = odds * allowed
        total = odds.sum(axis=1, keepdims=True)
        silent = total[:, 0] <= 0
        odds = odds / np.where(total > 0, total, 1)
        drawn = (odds.cumsum(axis=1) < rng.random((len(odds), 1))).sum(axis=1).clip(0, len(self.classes) - 1)
        return np.where(silent, SILENCE, self.classes[drawn])


def fit(group: Group, phrases: Sequence[Phrase], facts: pd.DataFrame, least: int) -> Chooser:
    """Learn which of the group's phrases goes with which facts. least: patients a leaf."""
    from sklearn.tree import DecisionTreeClassifier

    said = pd.Series(SILENCE, index=facts.index, dtype=np.int64)
    for index in group.members:
        said[facts.index.intersection(list(phrases[index].rows))] = index
    tree = DecisionTreeClassifier(max_depth=6, min_samples_leaf=max(least, len(facts) // 200), random_state=0)
    tree.fit(_filled(facts), said.to_numpy())
    return Chooser(tree, list(facts.columns), np.asarray(tree.classes_, np.int64))


def _filled(facts: pd.DataFrame) -> NDArray[np.float64]:
    """Facts with a value far from any for what is unknown, so that the tree can ask whether it is known."""
    return facts.fillna(-1e6).to_numpy(np.float64)
