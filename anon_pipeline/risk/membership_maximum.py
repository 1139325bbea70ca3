"""The maximum over the membership attacks, without the luck of choosing the best of many.

The people are cut into two halves; the attack, and the direction of its score, that does best on one half is tried on
the other, and the reverse. The two results are averaged, so that the choice never sees whom it is judged on.
"""

from __future__ import annotations

from math import sqrt

import numpy as np
from numpy.typing import NDArray

from anon_pipeline.risk.intervals import Figure, auc, tpr_at, true_positive_rate
from anon_pipeline.risk.membership import METRICS, Scores

RATES = {"tpr_at_1": 0.01, "tpr_at_10": 0.10}


def figures(attacks: dict[str, Scores], rng: np.random.Generator, rounds: int = 200) -> dict[str, Figure]:
    """The best attack's AUC and true positive rates, chosen on one half and measured on the other."""
    sizes = [len(side) for side in next(iter(attacks.values()))]
    halves = [np.arange(size) % 2 == 0 for size in sizes]
    halves = [rng.permutation(half) for half in halves]
    candidates = [
        (np.asarray(m, float) * sign, np.asarray(o, float) * sign) for m, o in attacks.values() for sign in (1, -1)
    ]
    out = {}
    for metric in METRICS:
        parts = []
        for first in (True, False):
            train = [half == first for half in halves]
            best = max(candidates, key=lambda c: _value(metric, c[0][train[0]], c[1][train[1]]))
            parts.append(_figure(metric, best[0][~train[0]], best[1][~train[1]], rng, rounds))
        out[metric] = _averaged(parts[0], parts[1])
    return out


def _value(metric: str, members: NDArray[np.float64], others: NDArray[np.float64]) -> float:
    if metric == "auc":
        return auc(members, others).value
    return true_positive_rate(members, others, RATES[metric])


def _figure(
    metric: str, members: NDArray[np.float64], others: NDArray[np.float64], rng: np.random.Generator, rounds: int
) -> Figure:
    return auc(members, others) if metric == "auc" else tpr_at(members, others, RATES[metric], rng, rounds)


def _averaged(a: Figure, b: Figure) -> Figure:
    value = (a.value + b.value) / 2
    up = sqrt((a.high - a.value) ** 2 + (b.high - b.value) ** 2) / 2
    down = sqrt((a.value - a.low) ** 2 + (b.value - b.low) ** 2) / 2
    return Figure(value, max(value - down, 0.0), min(value + up, 1.0), a.attacked + b.attacked)
