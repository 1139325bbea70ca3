"""When things happen: first position, gaps and durations of one kind of event, pooled over many patients.

A patient counts at most ``PER_PATIENT`` times in a pool, pools are smoothed in blocks (``marginals``), and nothing of
one patient's calendar is kept. Which events an avatar has belongs to ``patients``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from anon_pipeline.avatars.marginals import smooth_quantiles

PER_PATIENT = 10
RARE = 20


class Pool:
    """A smoothed distribution of numbers: shares of atoms (values of 5 % or more), quantile function of the rest."""

    def __init__(self, values: NDArray[np.floating], people: NDArray[np.int64] | None = None) -> None:
        numbers = np.asarray(values, dtype=np.float64)
        keep = np.isfinite(numbers)
        if people is not None and len(numbers):
            rank = pd.Series(people).groupby(people).cumcount().to_numpy()
            keep &= rank < PER_PATIENT
        numbers = numbers[keep]
        self.size = len(numbers)
        uniques, counts = np.unique(numbers, return_counts=True) if self.size else (np.zeros(0), np.zeros(0))
        atomic = counts >= max(20, 0.05 * self.size)
        self.atoms = uniques[atomic]
        self.shares = np.cumsum(counts[atomic]) / max(self.size, 1)
        loose = numbers[~np.isin(numbers, self.atoms)]
        self.knots = smooth_quantiles(loose) if len(loose) >= 10 else np.full(3, loose.mean() if len(loose) else 0.0)
        if not len(loose) and len(self.atoms):
            self.knots = np.full(3, self.atoms[-1])

    def sample(self, rows: int, rng: np.random.Generator) -> NDArray[np.float64]:
        if not self.size:
            return np.zeros(rows)
        u, v = rng.random(rows), rng.random(rows)
        out = np.interp(v, np.linspace(0, 1, len(self.knots)), self.knots)
        where = np.searchsorted(self.shares, u, side="right")
        atom = where < len(self.atoms)
        out[atom] = self.atoms[where[atom]]
        return out


class GapModel:
    """Learnt from events of one kind: people (n,), day (n,) since 1970, span (columns a, b by person), extra (n,) a
    duration of each event in days."""

    def __init__(
        self, people: NDArray[np.int64], day: NDArray[np.int64], span: pd.DataFrame, extra: NDArray[np.floating]
    ) -> None:
        order = np.lexsort((day, people))
        people, day, extra = people[order], day[order], extra[order]
        own = span.reindex(people)
        a, b = own["a"].to_numpy(dtype=float), own["b"].to_numpy(dtype=float)
        inside = np.isfinite(a)
        people, day, extra, a, b = people[inside], day[inside], extra[inside], a[inside], b[inside]
        position = np.clip((day - a) / np.maximum(b - a, 1), 0, 1)
        first = np.r_[True, people[1:] != people[:-1]] if len(people) else np.zeros(0, bool)
        single = first & np.r_[people[1:] != people[:-1], True] if len(people) else first
        self.alone = Pool(position[single] if single.sum() >= 20 else position)
        self.first = Pool(position[first & ~single] if (first & ~single).sum() >= 20 else position)
        last = np.r_[people[1:] != people[:-1], True] if len(people) else first
        self.last = Pool(position[last & ~single] if (last & ~single).sum() >= 20 else position)
        gap = np.diff(day, prepend=day[:1]).astype(float)
        self.gaps = Pool(gap[~first], people[~first])
        self.extra = Pool(extra, people)

    def sample(
        self, counts: NDArray[np.int64], start: NDArray[np.int64], end: NDArray[np.int64], rng: np.random.Generator
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """(avatar, day, duration) of ``counts[i]`` events for each avatar i, inside [start, end], by avatar and day.

        The first and last positions are drawn for the avatar, the gaps from the pool, stretched to fit between.
        """
        counts = np.maximum(counts, 0)
        avatar = np.repeat(np.arange(len(counts)), counts)
        total = len(avatar)
        if not total:
            return avatar, avatar.copy(), avatar.copy()
        begin = np.cumsum(counts) - counts
        one = counts == 1
        low = np.where(one, self.alone.sample(len(counts), rng), self.first.sample(len(counts), rng))
        high = np.maximum(self.last.sample(len(counts), rng), low)
        gap = np.maximum(self.gaps.sample(total, rng), 0)
        gap[begin[counts > 0]] = 0
        run = np.cumsum(gap)
        run -= run[begin.clip(max=total - 1)][avatar]
        whole = np.zeros(len(counts))
        has = counts > 0
        whole[has] = run[(begin + counts - 1)[has]]
        share = np.where(whole[avatar] > 0, run / np.maximum(whole[avatar], 1e-9), 0.0)
        length = (end - start).astype(float)
        day = start[avatar] + length[avatar] * (low[avatar] + share * (high - low)[avatar])
        day = np.clip(np.round(day).astype(np.int64), start[avatar], end[avatar])
        extra = np.maximum(np.round(self.extra.sample(total, rng)), 0).astype(np.int64)
        return avatar, day, extra


def draw_attribute(part: pd.DataFrame, attribute: str, rows: int, rng: np.random.Generator) -> NDArray[Any]:
    """Values of one attribute of one code: numbers from a smoothed pool, codes from their shares; NaN is missing."""
    values = part[attribute]
    missing = float(values.isna().mean())
    known = values.dropna().to_numpy(dtype=float)
    if not len(known):
        return np.full(rows, np.nan)
    if attribute.startswith("c:"):
        uniques, counts = np.unique(known, return_counts=True)
        enough = counts >= RARE
        if not enough.any():
            enough = counts == counts.max()
        out = rng.choice(uniques[enough], rows, p=counts[enough] / counts[enough].sum())
    else:
        people = part["person_id"].to_numpy()[values.notna().to_numpy()]
        out = Pool(known, people).sample(rows, rng)
        if np.all(known == np.round(known)):
            out = np.round(out)
    out = out.astype(float)
    out[rng.random(rows) < missing] = np.nan
    return out
