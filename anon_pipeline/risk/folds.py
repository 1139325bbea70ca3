"""The figures of several folds as one: each fold's attack was made on its own generation and its own people held out.

How folds are made does not belong here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np


def pooled(reports: Sequence[Sequence[dict[str, Any]]]) -> list[dict[str, Any]]:
    """One row for every attack of any fold: the mean of its figures, with an interval narrower than a fold's own.

    Over K folds each person is held out once, and learnt from K - 1 times. The held-out part of a fold's variance, of
    which it has about (K - 1) / K since its people are the fewer, is averaged over K independent groups; the members'
    part, 1 / K, is not reduced at all, since the folds share them: the half width is that of a fold times
    sqrt(2 K - 1) / K (.6 for 5 folds). The plain average over folds would claim .45 (Nadeau and Bengio 2003 on why
    that is too narrow).
    """
    rows: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for report in reports:
        for row in report:
            rows.setdefault((row["criterion"], row["name"], row["metric"]), []).append(row)
    return [_one(found) for found in rows.values()]


def _one(rows: list[dict[str, Any]]) -> dict[str, Any]:
    folds = len(rows)
    factor = np.sqrt(2 * folds - 1) / folds
    value = float(np.mean([row["value"] for row in rows]))
    below = factor * float(np.sqrt(np.mean([(row["value"] - row["low"]) ** 2 for row in rows])))
    above = factor * float(np.sqrt(np.mean([(row["high"] - row["value"]) ** 2 for row in rows])))
    beside = {
        name: float(np.mean(known))
        for name in ("floor", "ceiling")
        if (known := [row[name] for row in rows if row.get(name) is not None])
    }
    return {
        **rows[0],
        "value": value,
        "low": max(value - below, 0.0),
        "high": value + above,
        "attacked": int(sum(row["attacked"] for row in rows)),
        "floor": beside.get("floor"),
        "ceiling": beside.get("ceiling"),
        "passed": None,
        "folds": folds,
    }
