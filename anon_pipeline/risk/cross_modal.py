"""Linking through the avatars: does somebody who holds two kinds of a patient's data join them better than chance?

Each kind of data is a ``View``: people and avatars in one space that was fitted on what is released, so that those
under attack and those held out before everything are measured by the same rule. The attacker looks up the avatar
nearest to a patient in one view and in another; when both name the same avatar, the two sources are joined (Giomi et
al. 2022, section 4.2, across modalities instead of columns). People who were never used set what chance and the
population's own structure achieve. How views are made does not belong here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anon_pipeline.risk.distance import knn
from anon_pipeline.risk.intervals import Figure, clustered_excess

ALL = "all"


@dataclass(frozen=True)
class View:
    """One kind of data. real (n, d), holdout (h, d), synthetic (m, d) float32, rows in the same order in every view;
    has_real, has_holdout, has_synthetic: who has this kind at all (rows of the others are 0)."""

    real: NDArray[np.float32]
    holdout: NDArray[np.float32]
    synthetic: NDArray[np.float32]
    has_real: NDArray[np.bool_]
    has_holdout: NDArray[np.bool_]
    has_synthetic: NDArray[np.bool_]

    def balanced(self) -> View:
        """Divided by the first singular value of the avatars, so that no kind rules a joint view by its size
        (Escofier and Pages 1994)."""
        known = self.synthetic[self.has_synthetic].astype(float)
        if len(known) < 2:
            return self
        centred = known - known.mean(axis=0)
        first = float(np.sqrt(max(np.linalg.eigvalsh(centred.T @ centred / len(known))[-1], 1e-12)))
        mean = known.mean(axis=0)

        def even(rows: NDArray[np.float32], has: NDArray[np.bool_]) -> NDArray[np.float32]:
            return np.where(has[:, None], (rows - mean) / first, 0).astype(np.float32)

        return View(
            even(self.real, self.has_real),
            even(self.holdout, self.has_holdout),
            even(self.synthetic, self.has_synthetic),
            self.has_real,
            self.has_holdout,
            self.has_synthetic,
        )


def joined(views: Sequence[View]) -> View:
    """Several views side by side, each balanced; a person has it when they have all of them."""
    parts = [view.balanced() for view in views]
    return View(
        np.hstack([v.real for v in parts]),
        np.hstack([v.holdout for v in parts]),
        np.hstack([v.synthetic for v in parts]),
        np.all([v.has_real for v in parts], axis=0),
        np.all([v.has_holdout for v in parts], axis=0),
        np.all([v.has_synthetic for v in parts], axis=0),
    )


def halves(names: Sequence[str]) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Every way of splitting the names into two parts as even as can be, each once."""
    names = sorted(names)
    small = len(names) // 2
    found = []
    for left in combinations(names, small):
        right = tuple(n for n in names if n not in left)
        if 2 * small < len(names) or left < right:
            found.append((left, right))
    return found


def linking(views: Mapping[str, View], seed: int, most: int = 2000) -> dict[str, Figure]:
    """The excess of joined sources over people held out: one figure for each pair of views (``first+second``), and
    ``all`` (every split of all views into two halves) where there are more than two.

    Attacked and control groups have the same size, at most ``most``; a person is one observation however many splits.
    """
    figures: dict[str, Figure] = {}
    plans: dict[str, list[tuple[tuple[str, ...], tuple[str, ...]]]] = {
        "+".join(pair): [((pair[0],), (pair[1],))] for pair in combinations(sorted(views), 2)
    }
    if len(views) > 2:
        plans[ALL] = halves(sorted(views))
    sides: dict[tuple[str, ...], View] = {}
    for name, plan in plans.items():
        for side in {side for split in plan for side in split}:
            sides.setdefault(side, joined([views[v] for v in side]))
        involved = [sides[side] for split in plan for side in split]
        rng = np.random.default_rng([seed, 7, len(name)])
        held = np.flatnonzero(np.all([v.has_holdout for v in involved], axis=0))
        real = np.flatnonzero(np.all([v.has_real for v in involved], axis=0))
        made = np.flatnonzero(np.all([v.has_synthetic for v in involved], axis=0))
        size = min(len(held), len(real), most)
        if size < 2 or len(made) < 2:
            continue
        held, real = np.sort(rng.permutation(held)[:size]), np.sort(rng.permutation(real)[:size])
        shares = []
        for rows, which in ((real, "real"), (held, "holdout")):
            hits = np.zeros(size)
            for left, right in plan:
                hits += _nearest(sides[left], which, rows, made) == _nearest(sides[right], which, rows, made)
            shares.append(hits / len(plan))
        figures[name] = clustered_excess(shares[0], shares[1])
    return figures


def _nearest(view: View, which: str, rows: NDArray[np.int64], made: NDArray[np.int64]) -> NDArray[np.int64]:
    return knn(getattr(view, which)[rows], view.synthetic[made], 1, metric="l2")[1][:, 0]


def as_attack(criterion: str, name: str, metric: str, figure: Figure, **more: Any) -> dict[str, Any]:
    """A figure as a row of a risk report."""
    return {
        "criterion": criterion, "name": name, "metric": metric, "value": figure.value, "low": figure.low,
        "high": figure.high, "attacked": figure.attacked, "floor": None, "ceiling": None, **more,
    }  # fmt: skip
