"""One step of the chain: a column given predictors, as a ridge score plus a distribution tree.

A tree's leaves hold at least ``min_leaf`` patients. From a leaf, classes are sampled systematically from its shares,
and numbers as the ridge score plus an interpolated residual, so nothing is copied from one patient. The chain of steps
is ``decode``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anon_pipeline.avatars.marginals import CONTINUOUS, Marginal
from anon_pipeline.avatars.tree import BINS, Tree, grow

RESIDUAL_BINS = 16
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class DecoderOptions:
    """min_leaf: patients a leaf holds at least (20 or more: no one weighs over .05). gain: see ``tree.grow``.
    ridge: penalty of the linear scores, in patients. predictors: at most this many features a tree looks at. selected:
    only features that add to the others (``selection.forward``). raked: classes are
    drawn in the patients' shares, also where the points have drifted from where patients stand. asked: columns (a
    death) whose relations are what people look for and are too weak, in a small cohort, for a split or for a choice
    among many features. There the features of the columns ``expected`` to matter are always used, and inside a leaf
    the classes' shares follow the linear scores, as numbers do. first: columns that are drawn before all others, in
    this order."""

    min_leaf: int = 30
    gain: float = 8.0
    ridge: float = 5.0
    predictors: int = 80
    selected: bool = False
    raked: bool = False
    asked: frozenset[str] = frozenset()
    expected: frozenset[str] = frozenset()
    first: tuple[str, ...] = ()
    jitter: float = 0.15


class Binner:
    """Edges of one set of features, so that patients and avatars fall in the same bins."""

    def __init__(self, raw: Floats) -> None:
        self.edges = []
        for j in range(raw.shape[1]):
            uniques = np.unique(raw[:, j])
            if len(uniques) < BINS:
                edges = (uniques[1:] + uniques[:-1]) / 2
            else:
                edges = np.unique(np.quantile(raw[:, j], np.arange(1, BINS) / BINS))
            self.edges.append(edges[: BINS - 1])

    def __call__(self, raw: Floats) -> NDArray[np.uint8]:
        out = np.empty(raw.shape, np.uint8)
        for j, edges in enumerate(self.edges):
            out[:, j] = np.searchsorted(edges, raw[:, j], side="right")
        return out


class Linear:
    """A ridge regression of one or several targets on features; missing predictors count as the mean."""

    def __init__(self, raw: Floats, targets: NDArray[Any], ridge: float) -> None:
        dense = np.where(raw == -9, 0, raw)
        self.mean, self.scale = dense.mean(0), dense.std(0) + 1e-6
        design = (dense - self.mean) / self.scale
        gram = design.T @ design + ridge * np.eye(design.shape[1], dtype=np.float32)
        self.offset = targets.mean(0)
        self.beta = np.linalg.solve(gram.astype(float), design.T.astype(float) @ (targets - self.offset))

    def __call__(self, raw: Floats) -> Floats:
        dense = np.where(raw == -9, 0, raw)
        return (((dense - self.mean) / self.scale) @ self.beta + self.offset).astype(np.float32)


class ClassStep:
    """p(class of the column | predictors)."""

    def __init__(self, marginal: Marginal, cls: NDArray[Any], raw: Floats, bins: NDArray[Any], opt: DecoderOptions):
        self.classes, self.raked, self.carried = marginal.classes, opt.raked, marginal.column.name in opt.asked
        seen = np.unique(cls)
        self.single = int(seen[0]) if len(seen) == 1 else -1
        if self.single >= 0:
            return
        self.linear, self.tree, self.binner = None, None, None
        if raw.shape[1]:
            top = np.argsort(-np.bincount(cls, minlength=self.classes))[:6]
            self.told = top[: len(seen) - 1]
            self.linear = Linear(raw, (cls[:, None] == self.told[None, :]).astype(float), opt.ridge)
            scores = self.linear(raw)
            self.binner = Binner(scores)
            bins = np.concatenate([bins, self.binner(scores)], axis=1)
            ordered = marginal.ordered and not (cls == CONTINUOUS).any()
            self.tree = grow(
                bins, cls.astype(np.int32), self.classes, ordered=ordered, min_leaf=opt.min_leaf, gain=opt.gain
            )
            leaf = self.tree.leaves(bins)
        else:
            leaf = np.zeros(len(cls), np.int32)
        size = int(leaf.max()) + 1
        self.counts = np.bincount(leaf * self.classes + cls, minlength=size * self.classes).reshape(size, self.classes)
        if self.linear is not None:
            sums = np.stack([np.bincount(leaf, column, size) for column in scores.T], axis=1)
            self.usual = sums / np.maximum(self.counts.sum(axis=1, keepdims=True), 1)

    def sample(self, raw: Floats, bins: NDArray[Any], rng: np.random.Generator) -> NDArray[np.int16]:
        rows = len(raw)
        if self.single >= 0:
            return np.full(rows, self.single, np.int16)
        if self.tree is not None and self.linear is not None and self.binner is not None:
            scores = self.linear(raw)
            leaf = self.tree.leaves(np.concatenate([bins, self.binner(scores)], axis=1))
            spread = systematic(leaf, rng, within=scores[:, 0])
        else:
            leaf = np.zeros(rows, np.int32)
            spread = systematic(leaf, rng)
        shares = self.counts / np.maximum(self.counts.sum(axis=1, keepdims=True), 1)
        if self.carried and self.linear is not None:
            shares = self._followed(shares[leaf], scores - self.usual[leaf])
            leaf = np.arange(rows, dtype=np.int32)
        if self.raked:
            shares = rake(shares, np.bincount(leaf, minlength=len(shares)), self.counts.sum(axis=0))
        shares = np.cumsum(shares, axis=1)
        return (spread[:, None] >= shares[leaf]).sum(axis=1).clip(0, self.classes - 1).astype(np.int16)

    def _followed(self, shares: NDArray[np.float64], above: NDArray[np.float64]) -> NDArray[np.float64]:
        """The shares of each row's leaf (rows, classes), moved by how far the row's linear scores lie ``above`` the
        leaf's; the classes without a score share what is left."""
        told = np.clip(shares[:, self.told] + above, 0, 1)
        told /= np.maximum(told.sum(axis=1, keepdims=True), 1)
        rest = 1 - shares[:, self.told].sum(axis=1, keepdims=True)
        left = np.maximum(1 - told.sum(axis=1, keepdims=True), 0)
        untold = shares.shape[1] - len(self.told)
        out = np.where(rest > 1e-9, shares * left / np.maximum(rest, 1e-9), left / max(untold, 1))
        out[:, self.told] = told
        return out


class NumberStep:
    """p(inner score of the column | predictors, the value is continuous)."""

    def __init__(self, inner: Floats, raw: Floats, bins: NDArray[Any], opt: DecoderOptions):
        self.opt = opt
        self.linear = Linear(raw, inner.astype(float)[:, None], opt.ridge) if raw.shape[1] else None
        fitted = self.linear(raw)[:, 0] if self.linear else np.zeros(len(inner), np.float32)
        residual = inner - fitted
        # leaves are cut on the value itself, so that bounds given by other columns stay sharp; inside a leaf the
        # linear score carries on
        edges = np.quantile(inner, np.arange(1, RESIDUAL_BINS) / RESIDUAL_BINS)
        target = np.searchsorted(edges, inner).astype(np.int32)
        self.tree: Tree | None = None
        leaf = np.zeros(len(inner), np.int32)
        if raw.shape[1]:
            self.binner = Binner(fitted[:, None])
            bins = np.concatenate([bins, self.binner(fitted[:, None])], axis=1)
            self.tree = grow(bins, target, RESIDUAL_BINS, ordered=True, min_leaf=opt.min_leaf, gain=opt.gain)
            leaf = self.tree.leaves(bins)
        order = np.lexsort((residual, leaf))
        self.residual = residual[order]
        nodes = int(leaf.max()) + 1
        self.start = np.searchsorted(leaf[order], np.arange(nodes))
        self.stop = np.searchsorted(leaf[order], np.arange(nodes), side="right")
        second = np.lexsort((inner, leaf))
        ranked = inner[second]
        self.low = ranked[np.minimum(self.start + 1, len(ranked) - 1)]
        self.high = ranked[np.maximum(self.stop - 2, 0)]

    def sample(self, raw: Floats, bins: NDArray[Any], rng: np.random.Generator) -> Floats:
        rows = len(raw)
        leaf, fitted = np.zeros(rows, np.int32), np.zeros(rows, np.float32)
        if self.tree is not None and self.linear is not None:
            fitted = self.linear(raw)[:, 0]
            leaf = self.tree.leaves(np.concatenate([bins, self.binner(fitted[:, None])], axis=1))
        spread = systematic(leaf, rng, within=fitted)
        count = (self.stop - self.start)[leaf]
        place = np.clip(spread * count - 0.5 + self.opt.jitter * rng.standard_normal(rows), 0, count - 1)
        below = np.floor(place).astype(np.int64)
        above = np.minimum(below + 1, count - 1)
        part = place - below
        base = self.start[leaf]
        residual = self.residual[base + below] * (1 - part) + self.residual[base + above] * part
        return np.clip(fitted + residual, self.low[leaf], self.high[leaf]).astype(np.float32)


def rake(
    shares: NDArray[np.float64], rows: NDArray[np.int64], wanted: NDArray[np.int64], rounds: int = 30
) -> NDArray[np.float64]:
    """Shares of the classes in each group (groups, classes), fitted to the classes' ``wanted`` counts over all
    ``rows`` (one count a group) by iterative proportions (Deming and Stephan 1940)."""
    if not rows.sum():
        return shares
    goal = wanted / wanted.sum()
    for _ in range(rounds):
        now = rows @ shares / rows.sum()
        shares = shares * np.divide(goal, now, out=np.zeros(len(goal)), where=now > 0)
        shares = shares / np.maximum(shares.sum(axis=1, keepdims=True), 1e-12)
    return shares


def systematic(group: NDArray[Any], rng: np.random.Generator, within: Floats | None = None) -> NDArray[np.float64]:
    """For each row a probability in (0, 1), evenly spread in its group: sampling errors shrink without a bias.

    Rows of a group are taken in random order, or by ``within`` (a score), and get the van der Corput sequence plus a
    random shift, so that any stretch of similar rows is evenly spread too.
    """
    noise = rng.random(len(group))
    order = np.lexsort((noise, group)) if within is None else np.lexsort((noise, within, group))
    sorted_group = group[order]
    place = np.arange(len(group)) - np.searchsorted(sorted_group, sorted_group)
    radical, base, left = np.zeros(len(group)), 0.5, place.copy()
    while left.any():
        radical += base * (left & 1)
        base, left = base / 2, left >> 1
    shift = rng.random(int(group.max()) + 1 if len(group) else 1)
    spread = np.empty(len(group))
    spread[order] = (radical + shift[sorted_group] + 1e-6 * noise) % 1.0
    return spread
