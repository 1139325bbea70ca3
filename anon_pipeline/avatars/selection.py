"""Which predictors a column is learnt from: the strongest, or those that add something to the ones already chosen."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

ROWS = 20_000
FORWARD_ROWS = 5_000
COLLINEAR = 1e-3
"""Share of a predictor's variance that the chosen ones have to leave."""
PARSIMONY = 0.25
"""Gamma of the extended Bayesian information criterion (Chen and Chen 2008): what choosing among many costs."""
LEAST_Z = float(np.sqrt(2))
"""What a feature that is expected to matter has to add, in standard errors: Akaike's criterion, whatever the people."""


def strongest(raw: NDArray[np.float32], target: NDArray[np.float32], most: int) -> NDArray[np.int64]:
    """The features (columns of ``raw``) most correlated with the target, when there are more than ``most``."""
    if raw.shape[1] <= most:
        return np.arange(raw.shape[1])
    step = max(1, len(raw) // ROWS)
    part, goal = raw[::step], target[::step] - target[::step].mean()
    strength = np.abs((part - part.mean(0)).T @ goal) / (part.std(0) + 1e-6)
    return np.sort(np.argsort(-strength, kind="stable")[:most])


def forward(
    raw: NDArray[np.float32],
    targets: NDArray[np.float32],
    most: int,
    absent: float = -9,
    expected: NDArray[np.bool_] | None = None,
    parsimony: float = PARSIMONY,
    *,
    curved: bool = True,
    expected_z: float = LEAST_Z,
) -> NDArray[np.int64]:
    """The features chosen for any of the ``targets`` (rows, t), the first target's first, at most ``most`` (see
    ``forward_each``), ascending."""
    each = forward_each(raw, targets, most, absent, expected, parsimony, curved=curved, expected_z=expected_z)
    found = dict.fromkeys(int(feature) for own in each for feature in own)
    return np.sort(np.array(list(found)[:most], np.int64))


def forward_each(
    raw: NDArray[np.float32],
    targets: NDArray[np.float32],
    most: int,
    absent: float = -9,
    expected: NDArray[np.bool_] | None = None,
    parsimony: float = PARSIMONY,
    *,
    curved: bool = True,
    expected_z: float = LEAST_Z,
) -> list[NDArray[np.int64]]:
    """For each target, the features chosen one after the other by their partial correlation with it (forward selection,
    by the Cholesky steps of Efroymson 1960), until none is worth it by the extended Bayesian information criterion:
    about 2.7 standard errors among 80 people and 3.3 among 2,000. In the order of their choice, at most ``most``.

    What these people show by chance is so not learnt, and of features that say the same one is kept: the one that
    explains more. ``absent`` stands for a missing value and counts as 0. ``expected``: (width,) features that were
    named before anyone looked, few, so that nothing is paid for choosing them; only as they are, and if they add
    ``expected_z`` standard errors (0: always).
    ``curved``: a feature also counts by its distance from its middle, so that a relation that rises and falls is seen.
    """
    step = max(1, len(raw) // FORWARD_ROWS)
    part = np.where(raw[::step] == absent, 0, raw[::step]).astype(np.float32)
    rows, width = part.shape
    if width == 0 or rows < 4:
        return [np.zeros(0, np.int64)] * targets.shape[1]
    part = _standard(part)
    if curved:
        part = np.concatenate([part, _standard(np.abs(part))], axis=1)
    gram = (part.T @ part).astype(float) / rows
    least_z = np.full(part.shape[1], np.sqrt(np.log(rows) + 2 * parsimony * np.log(width)))
    if expected is not None:
        least_z[:width][expected] = expected_z
    found = []
    for column in _standard(targets[::step]).T:
        relation = (part.T @ column).astype(float) / rows
        steps = _steps(gram, relation, rows, most, least_z) if column.any() else []
        found.append(np.array(list(dict.fromkeys(feature % width for feature in steps)), np.int64))
    return found


def _standard(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mean 0 and variance 1; 0 where nothing varies."""
    spread = values.std(axis=0)
    return np.where(spread > 1e-6, (values - values.mean(axis=0)) / np.maximum(spread, 1e-6), 0).astype(np.float32)


def _steps(
    gram: NDArray[np.float64],
    relation: NDArray[np.float64],
    rows: int,
    most: int,
    least_z: NDArray[np.float64],
) -> list[int]:
    """The features in the order of their choice. gram: their correlations; relation: theirs with the target."""
    own = gram.diagonal().copy()
    chosen: list[int] = []
    steps = np.zeros((min(most, len(own)), len(own)))
    unexplained = 1.0
    while len(chosen) < len(steps):
        usable = own > COLLINEAR
        partial = np.zeros(len(own))
        partial[usable] = np.abs(relation[usable]) / np.sqrt(own[usable] * max(unexplained, 1e-9))
        enough = usable & (partial * np.sqrt(max(rows - len(chosen) - 2, 1)) >= least_z)
        if not enough.any():
            break
        best = int(np.argmax(np.where(enough, partial, -1)))
        row = (gram[best] - steps[: len(chosen), best] @ steps[: len(chosen)]) / np.sqrt(own[best])
        explains = relation[best] / np.sqrt(own[best])
        steps[len(chosen)] = row
        relation = relation - row * explains
        own = own - row**2
        own[best] = 0.0
        unexplained -= explains**2
        chosen.append(best)
    return chosen
