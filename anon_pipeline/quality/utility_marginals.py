"""Column by column: total variation distance of each column's distribution between two tables, in [0, 1]."""

from __future__ import annotations

import numpy as np
import pandas as pd

BINS = 20


def distance(first: pd.Series, second: pd.Series, number: bool) -> float:
    """Total variation on up to 20 quantile bins of ``first`` (numbers) or on the values; missing is a class."""
    a, b = _classes(first, second, number)
    keys = a.index.union(b.index)
    return float(0.5 * np.abs(a.reindex(keys, fill_value=0.0) - b.reindex(keys, fill_value=0.0)).sum())


def _classes(first: pd.Series, second: pd.Series, number: bool) -> tuple[pd.Series, pd.Series]:
    def shares(values: pd.Series) -> pd.Series:
        return values.value_counts(normalize=True)

    if not number:
        return tuple(shares(s.astype(object).where(s.notna(), "\0missing").astype(str)) for s in (first, second))
    known = first.dropna().to_numpy(dtype=float)
    edges = np.unique(np.quantile(known, np.linspace(0, 1, BINS + 1)[1:-1])) if len(known) else np.zeros(0)

    def cut(values: pd.Series) -> pd.Series:
        x = values.to_numpy(dtype=float)
        return shares(pd.Series(np.where(np.isnan(x), -1, np.searchsorted(edges, x, side="left"))))

    return cut(first), cut(second)


def marginals(
    real: pd.DataFrame, synthetic: pd.DataFrame, holdout: pd.DataFrame | None, numeric: list[str]
) -> dict[str, object]:
    """Mean and worst distance, the control's (real against held-out people), and every column's."""
    by_column = {c: round(distance(real[c], synthetic[c], c in numeric), 6) for c in real.columns}
    out: dict[str, object] = {
        "mean": round(float(np.mean(list(by_column.values()))), 6),
        "worst": max(by_column.values()),
        "by_column": by_column,
    }
    if holdout is not None:
        out["control_mean"] = round(
            float(np.mean([distance(real[c], holdout[c], c in numeric) for c in real.columns])), 6
        )
    return out
