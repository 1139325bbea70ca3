"""The tails of a small column's quantile function: beyond the 10th order statistic, a curve learnt inside it.

Cutting a column at its 10th order statistic takes little of a large table and a fifth of a small one: of 95 patients'
values two thirds of the standard deviation would be left, and every effect would shrink with it. Beyond the cut the
quantile function of a small column goes on as a line against the normal score, fitted to the block means of the outer
half of what is inside. What lies outside has no say in how far it goes, save that its mean may shorten it: avatars
reach as far as any sample with such an inside does, whoever is out there. The inside belongs to ``marginals``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

Floats = NDArray[np.float64]
CUT_SHARE = 0.03
"""Tails of this share of the patients or less stay cut: what they take is not worth a model."""
DERIVED_SHARE = 0.002
"""The same for features that are computed from several of a person's values: cut, those of two thousand patients had
4 % less spread, and a treatment 4 % less effect."""
SKEWED = 1.5
"""The outer halves' lengths from which a positive column is extrapolated on its logarithm."""
SLACK = 1.25
"""How much further than the patients' mean a tail's may reach."""
STEPS = 8


def extended(at: Floats, knots: Floats, values: Floats, cut: int) -> tuple[Floats, Floats]:
    """``at`` (probabilities) and ``knots`` (quantiles) of the inside, with both tails.

    values: the column, ascending; its ``cut`` - 1 lowest and highest are outside. Nothing falls below 0 where no value
    does.
    """
    n = len(values)
    positive = values[0] > 0
    middle = float(np.interp(0.5, at, knots))
    logarithmic = bool(positive and knots[-1] - middle > SKEWED * (middle - knots[0]))
    scaled, inside = (np.log(values), np.log(knots)) if logarithmic else (values, knots)
    low_at, low = _tail(1 - at[::-1], -inside[::-1], -scaled[: cut - 1][::-1], n)
    high_at, high = _tail(at, inside, scaled[n - cut + 1 :], n)
    grid = np.concatenate([1 - low_at[::-1], at, high_at])
    curve = np.concatenate([-low[::-1], inside, high])
    curve = np.exp(curve) if logarithmic else curve
    return grid, np.maximum(curve, 0.0) if values[0] >= 0 else curve


def _tail(at: Floats, inside: Floats, outside: Floats, n: int) -> tuple[Floats, Floats]:
    """The upper tail beyond the last of ``inside``: probabilities up to 1, and quantiles."""
    score = ndtri(at)
    outer = at >= 0.5
    if outer.sum() < 3:
        outer[-3:] = True
    slope = float(np.polyfit(score[outer], inside[outer], 1)[0])
    expected = slope * (ndtri((n - len(outside) + np.arange(len(outside)) + 0.5) / n) - score[-1]).mean()
    found = float(outside.mean() - inside[-1])
    if expected > SLACK * found:
        slope *= max(SLACK * found, 0.0) / expected
    grid = np.linspace(score[-1], ndtri((n - 0.5) / n), STEPS + 1)[1:]
    tail = inside[-1] + slope * (grid - score[-1])
    return np.append(ndtr(grid), 1.0), np.append(tail, tail[-1])
