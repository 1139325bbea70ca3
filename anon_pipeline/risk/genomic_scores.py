"""From two sets of scores to an attack's figures: AUC, TPR at 1 % FPR, excess success, each with a 95 % interval.

Scores are higher for people the attacker believes to be members. No genotype is seen here.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Z = 1.959963984540054


@dataclass(frozen=True)
class Row:
    """One attack's outcome. ``floor``: what an attack on nothing gives; ``ceiling``: what the same attack gives on a
    plain copy of the training people; ``limit``: the largest ``high`` that passes, None where nothing is asked."""

    name: str
    criterion: str
    metric: str
    value: float
    low: float
    high: float
    attacked: int
    floor: float
    ceiling: float | None
    limit: float | None
    passed: bool

    def as_report(self) -> dict[str, Any]:
        return {key: round(value, 5) if isinstance(value, float) else value for key, value in asdict(self).items()}


def ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mid-ranks, ties shared."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    return ((ends - counts + 1 + ends) / 2.0)[inverse]


def auc(members: NDArray[np.float64], others: NDArray[np.float64]) -> tuple[float, float, float]:
    """Area under the ROC curve with DeLong's 95 % interval (DeLong 1988, doi:10.2307/2531595)."""
    both = ranks(np.concatenate([members, others]))
    m, n = len(members), len(others)
    own_m, own_n = ranks(members), ranks(others)
    v10 = (both[:m] - own_m) / n
    v01 = 1.0 - (both[m:] - own_n) / m
    value = float(v10.mean())
    variance = float(v10.var(ddof=1)) / m + float(v01.var(ddof=1)) / n
    half = Z * math.sqrt(max(variance, 0.25 / (m * n)))
    return value, max(value - half, 0.0), min(value + half, 1.0)


def wilson(successes: int, attempts: int) -> tuple[float, float, float]:
    """A proportion with Wilson's 95 % interval."""
    if attempts == 0:
        return 0.0, 0.0, 1.0
    share = successes / attempts
    scale = 1 + Z**2 / attempts
    centre = (share + Z**2 / (2 * attempts)) / scale
    half = Z / scale * math.sqrt(share * (1 - share) / attempts + Z**2 / (4 * attempts**2))
    return share, max(centre - half, 0.0), min(centre + half, 1.0)


def tpr_at(members: NDArray[np.float64], others: NDArray[np.float64], fpr: float = 0.01) -> tuple[float, float, float]:
    """Share of members above the threshold that ``fpr`` of the others exceed, with Wilson's interval."""
    allowed = int(fpr * len(others))
    threshold = np.sort(others)[::-1][min(allowed, len(others) - 1)]
    return wilson(int((members > threshold).sum()), len(members))


def excess(successes: int, attempts: int, control_successes: int, control_attempts: int) -> tuple[float, float, float]:
    """Success beyond what the same attack gets on people never used: (a - c) / (1 - c), interval by both Wilsons."""
    a, a_low, a_high = wilson(successes, attempts)
    c, c_low, c_high = wilson(control_successes, control_attempts)
    scale = max(1 - c, 1e-9)
    value = (a - c) / scale
    half_low = math.hypot(a - a_low, c_high - c) / scale
    half_high = math.hypot(a_high - a, c - c_low) / scale
    return value, value - half_low, value + half_high
