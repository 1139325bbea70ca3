"""A figure with its 95 % interval: rates (Wilson), excess over a control, AUC (DeLong), TPR at an FPR (bootstrap).

Which attack produced the scores, and which limit applies, do not belong here.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

Z95 = 1.959963984540054


@dataclass(frozen=True)
class Figure:
    """A measured value between ``low`` and ``high`` (95 %), from ``attacked`` trials."""

    value: float
    low: float
    high: float
    attacked: int


def wilson(successes: float, trials: float) -> tuple[float, float]:
    """Centre and half width of Wilson's score interval (Wilson 1927, JASA 22:209); (0.5, 0.5) without trials.

    ``successes`` may be fractional: the mean over several splits.
    """
    if trials <= 0:
        return 0.5, 0.5
    z2 = Z95 * Z95
    centre = (successes + 0.5 * z2) / (trials + z2)
    half = Z95 / (trials + z2) * sqrt(max(successes * (trials - successes) / trials, 0.0) + 0.25 * z2)
    return centre, half


def rate(successes: float, trials: int) -> Figure:
    """A success rate without a control group."""
    centre, half = wilson(successes, trials)
    return Figure(centre, max(centre - half, 0.0), min(centre + half, 1.0), trials)


def excess(successes: float, trials: int, control_successes: float, control_trials: int) -> Figure:
    """Excess success over the control group, as a share of what the control left to gain.

    (attack - control) / (1 - control) with propagated Wilson errors, held within [0, 1]
    (Giomi et al. 2022, "A unified framework for quantifying privacy risk in synthetic data", section 3).
    Wilson's centre pulls a rate towards one half, and harder in a smaller group: with groups of different sizes, two
    equal rates near 1 would show an excess that is not there. So both centres are taken at the smaller size; the
    widths keep their own.
    """
    if not trials or not control_trials:
        smaller = attack_scale = control_scale = 1.0
    else:
        smaller = float(min(trials, control_trials))
        attack_scale, control_scale = smaller / trials, smaller / control_trials
    attack, control = (
        wilson(successes * attack_scale, smaller)[0],
        wilson(control_successes * control_scale, smaller)[0],
    )
    attack_half, control_half = wilson(successes, trials)[1], wilson(control_successes, control_trials)[1]
    margin = max(1.0 - control, 1e-12)
    value = (attack - control) / margin
    half = sqrt((attack_half / margin) ** 2 + (control_half * (1.0 - attack) / margin**2) ** 2)
    return Figure(
        float(np.clip(value, 0, 1)), float(np.clip(value - half, 0, 1)), float(np.clip(value + half, 0, 1)), trials
    )


def clustered_excess(successes: NDArray[np.float64], control_successes: NDArray[np.float64]) -> Figure:
    """Like ``excess`` when each person was attacked several times: one success share per person, in [0, 1].

    The spread between persons gives the interval, so that repeated attacks on one person are not counted as new ones.
    """
    attack, control = float(successes.mean()), float(control_successes.mean())
    margin = max(1.0 - control, 1e-12)
    attack_var = float(successes.var(ddof=1)) / len(successes) if len(successes) > 1 else 0.25
    control_var = float(control_successes.var(ddof=1)) / len(control_successes) if len(control_successes) > 1 else 0.25
    value = (attack - control) / margin
    half = Z95 * sqrt(attack_var / margin**2 + control_var * ((1.0 - attack) / margin**2) ** 2)
    half = max(half, Z95 * Z95 / (len(successes) + Z95 * Z95))
    return Figure(
        float(np.clip(value, 0, 1)),
        float(np.clip(value - half, 0, 1)),
        float(np.clip(value + half, 0, 1)),
        len(successes),
    )


def _midranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    return (ends - (counts - 1) / 2.0)[inverse]


def auc(members: NDArray[np.float64], others: NDArray[np.float64]) -> Figure:
    """Area under the ROC curve of a score (higher: member) with DeLong's interval (1988; ties count half)."""
    n, m = len(members), len(others)
    together = _midranks(np.concatenate([members, others]))
    above = (together[:n] - _midranks(members)) / m
    below = 1.0 - (together[n:] - _midranks(others)) / n
    value = float(above.mean())
    variance = (above.var(ddof=1) / n if n > 1 else 0.25) + (below.var(ddof=1) / m if m > 1 else 0.25)
    half = Z95 * sqrt(float(variance))
    return Figure(value, max(value - half, 0.0), min(value + half, 1.0), n)


def true_positive_rate(members: NDArray[np.float64], others: NDArray[np.float64], fpr: float) -> float:
    """TPR between the two thresholds around ``fpr``, weighted, so that few others do not make it jump."""
    descending = -np.sort(-others)
    position = fpr * len(descending)
    lower = int(position)
    share = position - lower
    ascending = np.sort(members)

    def above(index: int) -> float:
        threshold = descending[min(index, len(descending) - 1)]
        strictly = len(ascending) - np.searchsorted(ascending, threshold, side="right")
        level = np.searchsorted(ascending, threshold, side="right") - np.searchsorted(ascending, threshold, side="left")
        tied = int((descending == threshold).sum())
        reached = int((descending > threshold).sum())
        return float((strictly + level * (index - reached + 0.5) / (tied + 1)) / len(ascending))

    return (1.0 - share) * above(lower) + share * above(lower + 1)


def tpr_at(
    members: NDArray[np.float64], others: NDArray[np.float64], fpr: float, rng: np.random.Generator, rounds: int = 200
) -> Figure:
    """True positive rate at a false positive rate (Carlini et al. 2022); percentile bootstrap joined with Wilson's."""
    value = true_positive_rate(members, others, fpr)
    draws = np.array(
        [
            true_positive_rate(
                members[rng.integers(0, len(members), len(members))],
                others[rng.integers(0, len(others), len(others))],
                fpr,
            )
            for _ in range(rounds)
        ]
    )
    low, high = np.quantile(draws, [0.025, 0.975])
    centre, half = wilson(value * len(members), len(members))
    return Figure(
        value, float(min(low, max(centre - half, 0.0))), float(max(high, min(centre + half, 1.0))), len(members)
    )
