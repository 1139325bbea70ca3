"""Which predictors a column is learnt from: the strongest, or those that add something to the ones already chosen."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

ROWS = 20_000
FORWARD_ROWS = 5_000
COLLINEAR = 1e-3
"""Share of a predictor's variance that the chosen ones have to leave."""


def strongest(raw: NDArray[np.float32], target: NDArray[np.float32], most: int) -> NDArray[np.int64]:
    """The features (columns of ``raw``) most correlated with the target, when there are more than ``most``."""
    if raw.shape[1] <= most:
        return np.arange(raw.shape[1])
    step = max(1, len(raw) // ROWS)
    part, goal = raw[::step], target[::step] - target[::step].mean()
    strength = np.abs((part - part.mean(0)).T @ goal) / (part.std(0) + 1e-6)
    return np.sort(np.argsort(-strength, kind="stable")[:most])


def forward(
    raw: NDArray[np.float32], target: NDArray[np.float32], most: int, least_z: float, absent: float = -9
) -> NDArray[np.int64]:
    """Features chosen one after the other by their partial correlation with the target, until none is ``least_z``
    standard errors from 0 (forward selection, by the Cholesky steps of Efroymson 1960).

    What these people show by chance is so not learnt, and of features that say the same one is kept: the one that
    explains more. ``absent`` stands for a missing value and counts as 0.
    """
    step = max(1, len(raw) // FORWARD_ROWS)
    part = np.where(raw[::step] == absent, 0, raw[::step]).astype(np.float32)
    goal = target[::step].astype(float)
    rows, width = part.shape
    spread = part.std(0)
    part = (part - part.mean(0)) / np.maximum(spread, 1e-6)
    left = float(goal.std())
    if width == 0 or left < 1e-9 or rows < 4:
        return np.zeros(0, np.int64)
    relation = (part.T @ ((goal - goal.mean()) / left).astype(np.float32)).astype(float) / rows
    own = np.where(spread > 1e-6, 1.0, 0.0)
    gram = (part.T @ part).astype(float) / rows
    chosen: list[int] = []
    steps = np.zeros((min(most, width), width))
    unexplained = 1.0
    while len(chosen) < len(steps):
        usable = own > COLLINEAR
        partial = np.zeros(width)
        partial[usable] = np.abs(relation[usable]) / np.sqrt(own[usable] * max(unexplained, 1e-9))
        best = int(np.argmax(partial))
        if partial[best] * np.sqrt(max(rows - len(chosen) - 2, 1)) < least_z:
            break
        row = (gram[best] - steps[: len(chosen), best] @ steps[: len(chosen)]) / np.sqrt(own[best])
        explains = relation[best] / np.sqrt(own[best])
        steps[len(chosen)] = row
        relation = relation - row * explains
        own = own - row**2
        own[best] = 0.0
        unexplained -= explains**2
        chosen.append(best)
    return np.sort(np.array(chosen, np.int64))
