"""One column between its values and what the generator works with: a class and a latent normal score.

A value is *missing* (class 0), an *atom* (a value or category that at least ``RARE`` patients share: zero-inflation,
heaping, codes) or *continuous* (class 1), where its normal score says where it lies. Going back, a score passes a
quantile function that is smoothed over blocks of patients and starts at the 10th order statistic, so that no one's
value, and no extreme rank, is copied; how a small column goes on beyond it is in ``tails``. Relations between columns
belong to ``decode``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri

from anon_pipeline.avatars.columns import RARE, Column, parse_dates
from anon_pipeline.avatars.tails import CUT_SHARE, DERIVED_SHARE, extended

MISSING, CONTINUOUS = 0, 1
TAIL = 10
"""The order statistic at which tails are cut."""


@dataclass
class Marginal:
    """The distribution of one column. ``levels`` are the values of classes 2, 3, ...; ``knots`` the quantile
    function of the continuous part at the probabilities ``at``; ``merged`` how many rows held a rare category."""

    column: Column
    levels: list[Any] = field(default_factory=list)
    knots: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    at: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    ordered: bool = False
    merged: int = 0
    other: int = -1

    @property
    def classes(self) -> int:
        return 2 + len(self.levels)


@dataclass
class Encoded:
    """A column of patients: ``cls`` int16 classes; ``score`` float32 normal scores among all known values (of the
    class for atoms); ``inner`` float32 normal scores among the continuous values only (0 elsewhere)."""

    cls: NDArray[np.int16]
    score: NDArray[np.float32]
    inner: NDArray[np.float32]


def numeric(column: Column, values: pd.Series) -> NDArray[np.float64]:
    """A number column as float64 with NaN for missing; dates in seconds since 1970."""
    if not column.temporal:
        numbers = values.to_numpy(dtype=float, na_value=np.nan)
        return np.where(np.isfinite(numbers), numbers, np.nan)
    if column.date_format == "object":
        stamps = pd.to_datetime(values, errors="coerce").astype("datetime64[us]")
    elif column.date_format:
        stamps = parse_dates(values, column.date_format)
    else:
        stamps = values.dt.tz_localize(None) if getattr(values.dt, "tz", None) is not None else values
        stamps = stamps.astype("datetime64[us]")
    micro = stamps.astype("int64").to_numpy(dtype=float) / 1e6
    return np.where(stamps.isna().to_numpy(), np.nan, micro)


def learn(column: Column, values: pd.Series, rng: np.random.Generator) -> tuple[Marginal, Encoded]:
    """The marginal of a column and its patients' classes and scores. ``rng`` breaks ties."""
    return _learn_number(column, values, rng) if column.kind == "number" else _learn_category(column, values)


def _learn_number(column: Column, values: pd.Series, rng: np.random.Generator) -> tuple[Marginal, Encoded]:
    numbers = numeric(column, values)
    known = ~np.isnan(numbers)
    uniques, inverse, counts = np.unique(numbers[known], return_inverse=True, return_counts=True)
    n = int(known.sum())
    share = max(RARE, 0.02 * n)
    atomic = counts >= share
    if len(uniques) <= 30 and counts.min() >= RARE:
        atomic[:] = True
    if column.derived:
        atomic[:] = False
    cls = np.zeros(len(numbers), np.int16)
    codes = np.full(len(uniques), CONTINUOUS)
    codes[atomic] = 2 + np.arange(atomic.sum())
    cls[known] = codes[inverse]
    marginal = Marginal(column, uniques[atomic].tolist(), ordered=True)
    few = int(counts[~atomic].sum())
    if atomic.any() and 0 < few < RARE:
        own = np.flatnonzero(atomic)
        near = own[np.abs(uniques[own][None, :] - uniques[:, None]).argmin(axis=1)]
        cls[known] = codes[near[inverse]]
        marginal.merged = few
    score = np.zeros(len(numbers), np.float32)
    order = np.lexsort((rng.random(n), numbers[known]))
    rank = np.empty(n)
    rank[order] = np.arange(n)
    middle = (np.cumsum(counts) - counts / 2)[inverse] - 0.5
    rank = np.where(atomic[inverse], middle, rank)
    score[known] = ndtri((rank + 0.5) / max(n, 1))
    inner = np.zeros(len(numbers), np.float32)
    loose = cls == CONTINUOUS
    if loose.any():
        cut_share = DERIVED_SHARE if column.derived else CUT_SHARE
        marginal.at, marginal.knots = quantile_function(numbers[loose], tails=not column.temporal, cut_share=cut_share)
        place = np.argsort(np.lexsort((rng.random(int(loose.sum())), numbers[loose])))
        inner[loose] = ndtri((place + 0.5) / len(place))
    return marginal, Encoded(cls, score, inner)


def quantile_function(
    values: NDArray[np.float64], *, tails: bool = True, cut_share: float = CUT_SHARE
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Probabilities, and the smoothed quantiles there: cut at the TAIL-th order statistic, in small columns with tails
    beyond it: where more than ``cut_share`` of the values would be cut on a side."""
    n = len(values)
    knots = smooth_quantiles(values)
    at = (np.arange(len(knots)) - 0.5) / (len(knots) - 2)
    at[0], at[-1] = 0.0, 1.0
    if not tails or n < 4 * TAIL or n * cut_share >= TAIL:
        return at, knots
    inside = at[1:-1] * (n - 2 * TAIL + 2) / n + (TAIL - 1) / n
    return extended(inside, knots[1:-1], np.sort(values), TAIL)


def ends(values: NDArray[np.float64]) -> tuple[float, float]:
    """Between which values avatars' lie: the TAIL-th order statistics, or in small columns the ends of their tails."""
    ordered = np.sort(values)
    if len(values) < 4 * TAIL or len(values) * CUT_SHARE >= TAIL:
        tail = min(TAIL - 1, len(values) // 4)
        return float(ordered[tail]), float(ordered[-1 - tail])
    knots = quantile_function(ordered)[1]
    return float(knots[0]), float(knots[-1])


def smooth_quantiles(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The means of blocks of order statistics, cut at the TAIL-th; the first and the last stand twice."""
    values = np.sort(values)
    n = len(values)
    cut = min(TAIL, max(1, n // 4))
    values = values[cut - 1 : n - cut + 1] if n > 2 * cut else values
    block = max(5, len(values) // 400)
    pieces = max(1, len(values) // block)
    edges = np.linspace(0, len(values), pieces + 1).astype(int)
    sums = np.concatenate([[0.0], np.cumsum(values - values[0])])
    means = (sums[edges[1:]] - sums[edges[:-1]]) / np.diff(edges) + values[0]
    low, high = values[: edges[1]].mean() - 0.0, values[edges[-2] :].mean()
    return np.concatenate([[low], means, [high]])


def _learn_category(column: Column, values: pd.Series) -> tuple[Marginal, Encoded]:
    known = values.notna().to_numpy()
    codes, uniques = pd.factorize(values[known], sort=True)
    counts = np.bincount(codes, minlength=len(uniques))
    keep = counts >= RARE
    if not keep.any():
        keep[np.argmax(counts)] = True
    merged = int(counts[~keep].sum())
    levels = [uniques[i] for i in np.flatnonzero(keep)]
    kept = np.flatnonzero(keep)
    other = -1
    if column.ordered:
        target = _neighbouring(counts)
        kept = np.unique(target)
        levels = [uniques[i] for i in kept]
    else:
        target = np.where(keep, np.arange(len(uniques)), -1)
        if merged:
            names, levels, other = _merge_text(uniques, counts, keep, levels, merged)
            index = {level: i for i, level in enumerate(levels)}
            code = np.array([index[name] for name in names])
            return _encoded(column, levels, code[codes] + 2, known, len(values), merged, other)
    position = {u: i for i, u in enumerate(kept)}
    code = np.array([position[t] for t in target])
    return _encoded(column, levels, code[codes] + 2, known, len(values), merged, other)


def _neighbouring(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """For ordered levels: runs of adjacent levels that reach ``RARE`` patients together, each under its commonest
    level; a run that does not reach it joins the one before."""
    runs: list[list[int]] = [[]]
    for i in range(len(counts)):
        if runs[-1] and counts[runs[-1]].sum() >= RARE:
            runs.append([])
        runs[-1].append(i)
    if len(runs) > 1 and counts[runs[-1]].sum() < RARE:
        runs[-2].extend(runs.pop())
    target = np.empty(len(counts), np.int64)
    for run in runs:
        target[run] = run[int(np.argmax(counts[run]))]
    return target


def _merge_text(
    uniques: Any, counts: NDArray[np.int64], keep: NDArray[np.bool_], levels: list[Any], merged: int
) -> tuple[list[Any], list[Any], int]:
    """Rare texts go up to the part of a code that enough patients share (E11.65 -> E11), else to ``OTHER``, or to
    the commonest level when too few would be there."""
    target: list[Any] = [u if k else None for u, k in zip(uniques, keep, strict=True)]
    rest = [i for i, k in enumerate(keep) if not k]
    for width in (5, 4, 3):
        groups: dict[str, list[int]] = {}
        for i in rest:
            text = str(uniques[i])
            if len(text) > width and any(character.isdigit() for character in text[:width]):
                groups.setdefault(text[:width].rstrip("."), []).append(i)
        for prefix, members in groups.items():
            if sum(counts[i] for i in members) >= RARE:
                for i in members:
                    target[i] = prefix
                rest = [i for i in rest if i not in set(members)]
    if rest:
        enough = sum(counts[i] for i in rest) >= RARE
        label = "OTHER" if enough else uniques[int(np.argmax(counts))]
        for i in rest:
            target[i] = label
    levels = sorted({*levels, *[t for t in target if t is not None]}, key=str)
    return target, levels, levels.index("OTHER") if "OTHER" in levels else -1


def _encoded(
    column: Column, levels: list[Any], cls: NDArray[Any], known: NDArray[np.bool_], n: int, merged: int, other: int
) -> tuple[Marginal, Encoded]:
    full = np.zeros(n, np.int16)
    full[known] = cls
    counts = np.bincount(full[known], minlength=2 + len(levels))[2:]
    middle = np.cumsum(counts) - counts / 2
    scores = np.concatenate([[0.0, 0.0], ndtri(np.clip(middle / max(counts.sum(), 1), 1e-4, 1 - 1e-4))])
    marginal = Marginal(column, levels, ordered=column.ordered, merged=merged, other=other)
    return marginal, Encoded(full, scores[full].astype(np.float32), np.zeros(n, np.float32))


def decode(marginal: Marginal, cls: NDArray[Any], position: NDArray[np.float64]) -> pd.Series:
    """Values of the column's own dtype. ``position``: the quantile in (0, 1) within the continuous part."""
    column = marginal.column
    if column.kind != "number":
        levels = np.array([None, None, *marginal.levels], dtype=object)
        return restore(column, pd.Series(levels[cls], dtype=object))
    values = np.full(len(cls), np.nan)
    if len(marginal.knots):
        loose = cls == CONTINUOUS
        values[loose] = np.interp(position[loose], marginal.at, marginal.knots)
    for i, level in enumerate(marginal.levels):
        values[cls == 2 + i] = level
    low = column.minimum if column.minimum is not None else -np.inf
    high = column.maximum if column.maximum is not None else np.inf
    values = np.clip(values, low, high) if not column.temporal else values
    if column.unit >= 1:
        values = np.round(values / column.unit) * column.unit
    else:
        values = np.round(values, round(-np.log10(column.unit)))
    return restore(column, pd.Series(values))


def restore(column: Column, values: pd.Series) -> pd.Series:
    """Give values back the dtype that the column had."""
    dtype = column.dtype
    if column.temporal:
        stamps = pd.to_datetime((values * 1e6).round().astype("Int64"), unit="us", errors="coerce")
        if column.date_format == "object":
            return stamps.dt.date.astype(object).where(stamps.notna(), None)
        if column.date_format:
            texts = stamps.dt.strftime(column.date_format).astype(object).where(stamps.notna(), None)
            return texts if pd.api.types.is_object_dtype(dtype) else texts.astype(dtype)
        zone = getattr(dtype, "tz", None)
        return stamps.dt.tz_localize(zone).astype(dtype) if zone is not None else stamps.astype(dtype)
    if pd.api.types.is_integer_dtype(dtype) and not values.isna().any():
        return values.astype(float).round().astype("int64").astype(dtype)
    if pd.api.types.is_integer_dtype(dtype):
        return values.astype("Float64").round().astype("Int64").astype(dtype)
    return values.astype(dtype)
