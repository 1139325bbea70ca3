"""Avatars that landed next to one lone patient: the attack that each avatar must survive before it leaves.

An avatar is too close when its nearest patient has no company there: the avatar is much nearer to that patient than
that patient is to any other. Such an avatar would hide nobody. It is drawn again, a few times, and then left out
(replaced by another draw that passes). Population-wide attacks belong to ``anon_pipeline.risk``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anon_pipeline.avatars.embedding import Floats
from anon_pipeline.avatars.marginals import CONTINUOUS, Encoded, Marginal

RATIO = 0.35
"""Too close: nearer to a lone patient than this share of that patient's distance to the next one."""
BY_CHANCE = 0.05
"""Where more than this share of other patients would be too close to their lone neighbour (tables of few columns), the
ratio falls until no more are: coming near is then what chance does, and no sign of a copy."""
REFERENCE = 20_000
OUTLYING = 0.75
Columns = list[tuple[NDArray[np.int16], NDArray[np.float64]]]


class LonelyGuard:
    """Holds the patients in a mixed space: normal scores and half-weighted differing classes."""

    def __init__(self, marginals: list[Marginal], encoded: list[Encoded]) -> None:
        from scipy.special import ndtri

        self._quantile = ndtri
        self.marginals = marginals
        n = len(encoded[0].cls)
        step = max(1, -(-n // REFERENCE))
        self.patients = self._space([(e.cls[::step], e.inner[::step]) for e in encoded])
        from sklearn.neighbors import NearestNeighbors

        how = "brute" if self.patients.shape[1] > 15 else "auto"
        distance, nearest = NearestNeighbors(n_neighbors=3, algorithm=how).fit(self.patients).kneighbors(self.patients)
        self.company = distance[:, 1]
        # a single column lies on an even grid of ranks, where nobody has more company than others
        self.alone = (self.company >= np.quantile(self.company, OUTLYING)) & (len(marginals) > 1)
        self.ratio = min(RATIO, self._by_chance(distance, nearest))
        self.lone = np.flatnonzero(self.alone)
        self.index = NearestNeighbors(n_neighbors=1, algorithm=how)
        if len(self.lone):
            self.index.fit(self.patients[self.lone])

    def _by_chance(self, distance: NDArray[Any], nearest: NDArray[Any]) -> float:
        """The ratio under which ``BY_CHANCE`` of the patients lie whose neighbour is a lone one, if they are taken
        out one at a time."""
        who = nearest[:, 1]
        rows = np.flatnonzero(self.alone[who])
        who = who[rows]
        others = np.where(nearest[who, 1] == rows, distance[who, 2], distance[who, 1])
        kept = others > 0
        return float(np.quantile(distance[rows, 1][kept] / others[kept], BY_CHANCE)) if kept.any() else RATIO

    def _space(self, columns: list[tuple[NDArray[Any], Floats]]) -> Floats:
        parts = []
        for marginal, (cls, inner) in zip(self.marginals, columns, strict=True):
            loose = cls == CONTINUOUS
            if marginal.ordered:
                levels = max(marginal.classes - 2, 1)
                place = (cls.astype(float) - 1.5) / levels * 2 - 1
                parts.append(np.where(loose, inner, np.where(cls == 0, -3, place)))
                if len(marginal.knots) and marginal.levels:
                    parts.append(np.where(loose, 0.0, 1.0))
            else:
                parts.extend((cls == c) * 1.0 for c in np.unique(np.arange(marginal.classes)) if c != CONTINUOUS)
        return np.stack(parts, axis=1).astype(np.float32)

    def too_close(self, columns: Columns) -> NDArray[np.bool_]:
        """Which avatars hide nobody but one patient.

        Only lone patients are searched: whoever is nearer to one than half of that one's distance to the next patient
        is nearer to no other.
        """
        if not len(self.lone):
            return np.zeros(len(columns[0][0]), bool)
        space = self._space(
            [(cls, self._quantile(np.clip(at, 1e-6, 1 - 1e-6)).astype(np.float32)) for cls, at in columns]
        )
        out = np.zeros(len(space), bool)
        for low in range(0, len(space), 5000):
            distance, nearest = self.index.kneighbors(space[low : low + 5000], n_neighbors=1)
            out[low : low + 5000] = distance[:, 0] < self.ratio * self.company[self.lone[nearest[:, 0]]]
        return out

    def settle(self, columns: Columns, again: Callable[[int], Columns], counts: dict[str, int], rounds: int) -> Columns:
        """Redraw what is too close, at most ``rounds`` times, then drop it; the counts say how many."""
        bad = np.flatnonzero(self.too_close(columns))
        counts["checked"] += len(columns[0][0])
        counts["redrawn"] += len(bad)
        for _ in range(rounds):
            if not len(bad):
                return columns
            fresh = again(len(bad))
            for (cls, at), (new_cls, new_at) in zip(columns, fresh, strict=True):
                cls[bad], at[bad] = new_cls, new_at
            bad = bad[self.too_close([(cls[bad], at[bad]) for cls, at in columns])]
        if len(bad):
            counts["suppressed"] += len(bad)
            good = np.setdiff1d(np.arange(len(columns[0][0])), bad)
            take = good[: len(bad)] if len(good) >= len(bad) else np.resize(good, len(bad))
            for cls, at in columns:
                cls[bad], at[bad] = cls[take], at[take]
        return columns
