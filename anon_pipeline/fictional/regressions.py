"""Three regressions with Wald intervals, in numpy: least squares, logistic, proportional hazards.

Small and checked against statsmodels in the tests; what is regressed on what belongs to ``associations``.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Z95 = 1.959963984540054
Array = NDArray[np.float64]


class Estimate(NamedTuple):
    """The first predictor's coefficient and its 95 % interval; NaN when it cannot be estimated."""

    effect: float
    low: float
    high: float
    n: int


def _estimate(beta: Array, covariance: Array, place: int, n: int) -> Estimate:
    error = float(np.sqrt(covariance[place, place]))
    value = float(beta[place])
    return Estimate(value, value - Z95 * error, value + Z95 * error, n)


def _impossible(n: int) -> Estimate:
    return Estimate(float("nan"), float("nan"), float("nan"), n)


def linear(y: Array, x: Array) -> Estimate:
    """Ordinary least squares of y (n,) on x (n, p) and a constant, with HC3 errors (MacKinnon and White 1985)."""
    design = np.column_stack([x, np.ones(len(y))])
    n, p = design.shape
    if n <= p + 1 or np.linalg.matrix_rank(design) < p:
        return _impossible(n)
    inverse = np.linalg.inv(design.T @ design)
    beta = inverse @ design.T @ y
    leverage = np.einsum("ij,jk,ik->i", design, inverse, design)
    weights = ((y - design @ beta) / np.clip(1 - leverage, 1e-9, None)) ** 2
    return _estimate(beta, inverse @ (design.T * weights) @ design @ inverse, 0, n)


def logistic(y: Array, x: Array, iterations: int = 50) -> Estimate:
    """Maximum likelihood log odds ratio of x's first column; NaN under separation."""
    design = np.column_stack([x, np.ones(len(y))])
    n, p = design.shape
    if n <= p + 1 or np.linalg.matrix_rank(design) < p or not 0 < y.sum() < n:
        return _impossible(n)
    scale = np.maximum(design.std(axis=0), 1e-12)
    scale[-1] = 1.0
    design = design / scale
    beta = np.zeros(p)
    for _ in range(iterations):
        chance = 1 / (1 + np.exp(-np.clip(design @ beta, -30, 30)))
        information = (design.T * (chance * (1 - chance))) @ design
        try:
            step = np.linalg.solve(information, design.T @ (y - chance))
        except np.linalg.LinAlgError:
            return _impossible(n)
        beta = beta + step
        if np.abs(beta).max() > 25:
            return _impossible(n)
        if np.abs(step).max() < 1e-9:
            covariance = np.linalg.inv(information) / np.outer(scale, scale)
            return _estimate(beta / scale, covariance, 0, n)
    return _impossible(n)


def cox(time: Array, event: Array, x: Array, iterations: int = 50) -> Estimate:
    """Log hazard ratio of x's first column, ties by Breslow (1974)."""
    n, p = x.shape
    if n <= p + 1 or event.sum() < p + 1 or np.linalg.matrix_rank(x - x.mean(axis=0)) < p:
        return _impossible(n)
    order = np.argsort(-time, kind="stable")
    time = time[order]
    died: NDArray[np.bool_] = event[order] > 0
    scale = x.std(axis=0)
    x = ((x - x.mean(axis=0)) / scale)[order]
    # Risk sets in descending time: everyone up to the last row with the same time.
    last = np.searchsorted(-time, -time, side="right") - 1
    beta = np.zeros(p)
    for _ in range(iterations):
        risk = np.exp(np.clip(x @ beta, -30, 30))
        total = np.cumsum(risk)[last][died]
        first = np.cumsum(risk[:, None] * x, axis=0)[last][died] / total[:, None]
        second = np.cumsum(risk[:, None, None] * x[:, :, None] * x[:, None, :], axis=0)[last][died]
        gradient = (x[died] - first).sum(axis=0)
        information = (second / total[:, None, None] - first[:, :, None] * first[:, None, :]).sum(axis=0)
        try:
            step = np.linalg.solve(information, gradient)
        except np.linalg.LinAlgError:
            return _impossible(n)
        beta = beta + step
        if np.abs(beta).max() > 25:
            return _impossible(n)
        if np.abs(step).max() < 1e-9:
            covariance = np.linalg.inv(information) / np.outer(scale, scale)
            return _estimate(beta / scale, covariance, 0, n)
    return _impossible(n)
