"""How likely each of some alternatives is for whom: a small tree or logistic regressions, whichever is worth its size.

A tree follows rules (a drug is named of those who take it), a regression what rises little by little (a lesion is
called large the more often the larger it is). Regressions are of one alternative against those that are rarer, so that
each has its own predictors (nested dichotomies, Fox 1997). Which alternatives there are, and who may get which, is
decided elsewhere.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

if TYPE_CHECKING:
    from sklearn.tree import DecisionTreeClassifier

Floats = NDArray[np.float64]
UNKNOWN = -1e6
"""Far from any fact, so that a tree can ask whether one is known."""
LEAVES, MOST_PREDICTORS = (2, 3, 4, 6, 8, 12, 16, 24, 32), 8
SURE, ECHO = 1e-3, 0.98
PENALTY = 100.0
PARSIMONY = 1.0
"""Gamma of the extended Bayesian information criterion: there are many small regressions, and many facts for each."""
VERY_STRONG = 10.0
"""How much better a tree has to be than a regression on facts that were expected to matter (Raftery 1995)."""


@dataclass
class Regression:
    """One alternative against those after it: log odds are ``base`` plus ``slopes`` times the ``chosen`` predictors."""

    base: float
    chosen: NDArray[np.int64]
    slopes: Floats

    def of(self, told: Floats) -> Floats:
        return 1 / (1 + np.exp(-np.clip(self.base + told[:, self.chosen] @ self.slopes, -30, 30)))


@dataclass
class Odds:
    """Fitted alternatives. classes: their labels, ascending; ``of`` gives one column each.

    Either a tree, or a regression for each place of ``order`` (places in ``classes``, the commonest first as a rule)
    but the last; middle, spread: of each fact, in whose units predictors are.
    """

    classes: NDArray[np.int64]
    columns: list[str]
    tree: DecisionTreeClassifier | None
    order: NDArray[np.int64]
    regressions: list[Regression]
    middle: Floats
    spread: Floats

    def of(self, facts: pd.DataFrame) -> Floats:
        """(rows, classes) probabilities for each row of facts."""
        own = facts.reindex(columns=self.columns)
        if self.tree is not None:
            return np.asarray(self.tree.predict_proba(_filled(own)), np.float64)
        told = _told(own.to_numpy(np.float64), self.middle, self.spread)
        found, left = np.zeros((len(facts), len(self.classes))), np.ones(len(facts))
        for place, regression in zip(self.order, self.regressions, strict=False):
            found[:, place] = left * regression.of(told)
            left = left - found[:, place]
        found[:, self.order[-1]] = left
        return found


def fit(
    labels: NDArray[np.int64],
    facts: pd.DataFrame,
    least: int,
    expected: Collection[str] = frozenset(),
    first: Collection[int] = frozenset(),
) -> Odds:
    """labels: (rows,) which alternative each row of ``facts`` has. least: rows a leaf of the tree, and rows that differ
    in a predictor. expected: facts that are likely to matter, named before anyone looked: they need not be worth a
    choice among all. first: labels that a regression tells from all others before it tells these apart."""
    from sklearn.tree import DecisionTreeClassifier

    classes, counts = np.unique(labels, return_counts=True)
    order = np.lexsort((-counts, ~np.isin(classes, list(first))))
    values = facts.to_numpy(np.float64)
    middle, spread = _units(values)
    odds = Odds(classes.astype(np.int64), list(facts.columns), None, order, [], middle, spread)
    told = _told(values, middle, spread)
    usable = _usable(values, told, least)
    named = np.isin(usable, [place for place, name in enumerate(odds.columns) if name in expected])
    parameters, choices, rows = 0, 0, np.ones(len(labels), bool)
    for place in order[:-1]:
        odds.regressions.append(_regression(told[rows], labels[rows] == classes[place], usable, named))
        parameters += 1 + len(odds.regressions[-1].chosen)
        choices += int((~np.isin(odds.regressions[-1].chosen, usable[named])).sum())
        rows = rows & (labels != classes[place])
    if len(classes) < 2:
        return odds
    best, least_cost = odds, _cost(odds, labels, facts, parameters, choices, len(usable))
    if any(np.isin(regression.chosen, usable[named]).any() for regression in odds.regressions):
        least_cost -= VERY_STRONG
    filled = _filled(facts)
    cuts = sum(min(len(np.unique(column)) - 1, len(column) // least) for column in filled.T)
    last, worse = np.inf, 0
    for leaves in LEAVES:
        tree = DecisionTreeClassifier(
            max_leaf_nodes=leaves, min_samples_leaf=max(least, len(facts) // 200), random_state=0
        )
        tree.fit(filled, labels)
        other = Odds(odds.classes, odds.columns, tree, order, [], middle, spread)
        grown = int(tree.get_n_leaves())
        cost = _cost(other, labels, facts, grown * (len(classes) - 1), grown - 1, cuts)
        if cost < least_cost:
            best, least_cost = other, cost
        worse = worse + 1 if cost >= last else 0
        last = cost
        if grown < leaves or worse == 2:
            break
    return best


def leading_facts(said: NDArray[np.bool_], facts: pd.DataFrame, least: int) -> list[frozenset[str]]:
    """For each column of ``said`` (rows, t), the facts that whether it is said goes with."""
    from anon_pipeline.avatars.selection import forward_each

    values = facts.to_numpy(np.float64)
    told = _told(values, *_units(values))
    usable = _usable(values, told, least)
    raw = told[:, usable].astype(np.float32)
    each = forward_each(raw, said.astype(np.float32), MOST_PREDICTORS, parsimony=PARSIMONY, curved=False)
    names = list(facts.columns)
    return [frozenset(names[place] for place in usable[chosen] if place < len(names)) for chosen in each]


def _cost(
    odds: Odds, labels: NDArray[np.int64], facts: pd.DataFrame, parameters: int, choices: int, among: int
) -> float:
    """What the labels are worth under the model (-2 log likelihood, probabilities kept off 0 by the same little for all
    models), 2 for a parameter (Akaike 1974) and 2 log(among) for each choice of a predictor or a cut among so many
    (Foster and George 1994)."""
    own = odds.of(facts)[np.arange(len(labels)), np.searchsorted(odds.classes, labels)]
    return float(-2 * np.log(np.clip(own, SURE, 1)).sum() + 2 * parameters + 2 * choices * np.log(max(among, 1)))


def _regression(
    told: Floats, is_it: NDArray[np.bool_], usable: NDArray[np.int64], named: NDArray[np.bool_]
) -> Regression:
    """A logistic regression on the predictors that add to each other, or on none. named: which of the usable ones are
    expected to matter."""
    from sklearn.linear_model import LogisticRegression

    from anon_pipeline.avatars.selection import forward

    share = float(np.clip(is_it.mean(), SURE, 1 - SURE))
    constant = Regression(float(np.log(share / (1 - share))), np.zeros(0, np.int64), np.zeros(0))
    if is_it.all() or not is_it.any() or not len(usable):
        return constant
    told_of, target = told[:, usable].astype(np.float32), is_it[:, None].astype(np.float32)
    found = forward(told_of, target, MOST_PREDICTORS, expected=named, parsimony=PARSIMONY, curved=False)
    chosen = usable[found]
    if not len(chosen):
        return constant
    model = LogisticRegression(C=PENALTY, max_iter=300).fit(told[:, chosen], is_it)
    return Regression(float(model.intercept_[0]), chosen, model.coef_[0].astype(np.float64))


def _units(values: Floats) -> tuple[Floats, Floats]:
    """Mean and standard deviation of each fact where it is known; 0 and 1 where there is none."""
    known = np.isfinite(values)
    count = np.maximum(known.sum(axis=0), 1)
    middle = np.where(known, values, 0).sum(axis=0) / count
    spread = np.sqrt((np.where(known, values - middle, 0) ** 2).sum(axis=0) / count)
    return middle, np.where(spread > 0, spread, 1.0)


def _told(values: Floats, middle: Floats, spread: Floats) -> Floats:
    """Facts in their units, 0 where unknown, and beside them whether each is known."""
    known = np.isfinite(values)
    return np.concatenate([np.where(known, (values - middle) / spread, 0), known.astype(np.float64)], axis=1)


def _usable(values: Floats, told: Floats, least: int) -> NDArray[np.int64]:
    """The predictors that may be chosen, of ``told``, ascending."""
    varied = _varied(told, least)
    return varied[~_echoes(values)[varied]]


def _varied(told: Floats, least: int) -> NDArray[np.int64]:
    """The predictors in which at least ``least`` rows differ from the commonest value: what sets a few people apart
    goes with what few of them were told, by chance."""
    kept = []
    for column in range(told.shape[1]):
        _, counts = np.unique(told[:, column], return_counts=True)
        if len(told) - counts.max() >= least:
            kept.append(column)
    return np.array(kept, np.int64)


def _echoes(values: Floats) -> NDArray[np.bool_]:
    """(2 facts,) which predictors only say that a value is known, and of nobody without another fact (what is measured
    in a disease): what is said follows that fact."""
    known = np.isfinite(values)
    flags = np.flatnonzero(((values == 0) | (values == 1)).all(axis=0))
    told, flag = known.astype(np.float64), values[:, flags]
    share = told.T @ flag / np.maximum(told.sum(axis=0), 1)[:, None]
    varied = (flag.mean(axis=0) < ECHO)[None, :] & ~known.all(axis=0).reshape(-1, 1)
    return np.concatenate([np.zeros(values.shape[1], bool), (varied & (share >= ECHO)).any(axis=1)])


def _filled(facts: pd.DataFrame) -> Floats:
    return facts.fillna(UNKNOWN).to_numpy(np.float64)
