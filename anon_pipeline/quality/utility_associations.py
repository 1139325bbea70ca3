"""Pairs of columns: the mixed association matrix and how far two tables' matrices lie apart.

Numbers with numbers: Pearson's correlation of the values (missing ones left out pairwise). A number with a category:
the correlation ratio. Two categories: Cramer's V with the bias correction of Bergsma 2013.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

MOST_ROWS = 20_000
MOST_COLUMNS = 120


def association_matrix(frame: pd.DataFrame, numeric: list[str]) -> NDArray[np.float64]:
    """(columns, columns) symmetric, the diagonal 1; 0 where a column is constant."""
    columns = list(frame.columns)
    out = np.eye(len(columns))
    number = [c in numeric for c in columns]
    place = [i for i, n in enumerate(number) if n]
    if place:
        found = frame[[columns[i] for i in place]].astype(float).corr(min_periods=3).to_numpy()
        out[np.ix_(place, place)] = np.nan_to_num(found)
    codes = {
        i: pd.factorize(frame[columns[i]].astype(object).where(frame[columns[i]].notna(), "\0"))[0]
        for i, n in enumerate(number)
        if not n
    }
    for i, own in codes.items():
        for j in range(len(columns)):
            if number[j]:
                out[i, j] = out[j, i] = _correlation_ratio(own, frame[columns[j]].to_numpy(dtype=float))
            elif j < i:
                out[i, j] = out[j, i] = _cramers_v(own, codes[j])
    np.fill_diagonal(out, 1.0)
    return out


def _correlation_ratio(codes: NDArray[np.int64], values: NDArray[np.float64]) -> float:
    known = np.isfinite(values)
    codes, values = codes[known], values[known]
    if len(values) < 3 or values.std() == 0:
        return 0.0
    counts = np.bincount(codes)
    sums = np.bincount(codes, weights=values)
    filled = counts > 0
    between = float((counts[filled] * (sums[filled] / counts[filled] - values.mean()) ** 2).sum())
    return float(np.sqrt(min(between / (len(values) * values.var()), 1.0)))


def _cramers_v(a: NDArray[np.int64], b: NDArray[np.int64]) -> float:
    n = len(a)
    width = int(b.max()) + 1
    rows, cols = np.bincount(a).astype(float), np.bincount(b).astype(float)
    keys, counts = np.unique(a.astype(np.int64) * width + b, return_counts=True)
    expected = rows[keys // width] * cols[keys % width] / n
    phi2 = float((counts**2 / expected).sum() - n) / n
    r, k = int((rows > 0).sum()), int((cols > 0).sum())
    if n < 3 or min(r, k) < 2:
        return 0.0
    phi2 = max(0.0, phi2 - (k - 1) * (r - 1) / (n - 1))
    smaller = min(k - (k - 1) ** 2 / (n - 1), r - (r - 1) ** 2 / (n - 1)) - 1
    return float(np.sqrt(min(phi2 / smaller, 1.0))) if smaller > 0 else 0.0


def _mean_error(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    upper = np.triu_indices(len(a), 1)
    return float(np.abs(a[upper] - b[upper]).mean()) if len(upper[0]) else 0.0


def associations(
    real: pd.DataFrame, synthetic: pd.DataFrame, holdout: pd.DataFrame | None, numeric: list[str], seed: int
) -> dict[str, Any]:
    """Mean absolute error of the matrix, and the control's: the same between real and held-out people."""
    columns = list(real.columns)[:MOST_COLUMNS]
    chosen = [c for c in columns if c in numeric]
    frames = [f[columns].sample(min(len(f), MOST_ROWS), random_state=seed) for f in (real, synthetic)]
    matrices = [association_matrix(f, chosen) for f in frames]
    out: dict[str, Any] = {"mean_absolute_error": round(_mean_error(*matrices), 6)}
    if holdout is not None:
        held = association_matrix(holdout[columns].sample(min(len(holdout), MOST_ROWS), random_state=seed), chosen)
        out["control_mean_absolute_error"] = round(_mean_error(matrices[0], held), 6)
        out["to_holdout_mean_absolute_error"] = round(_mean_error(matrices[1], held), 6)
    return out
