"""Counts of what a statistician's eye looks for: rare values, extreme values, small cells. Counts only, no value.

They are told, not judged: columns shuffled independently reproduce every one of them without any link to a person.
"""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

SMALL_CELL = 11
ORDER_STATISTIC = 10


def disclosure(
    real: NDArray[np.float64],
    synthetic: NDArray[np.float64],
    columns: list[str],
    numeric: list[bool],
    cell_columns: list[int],
) -> dict[str, Any]:
    """Counts over the whole tables, and by column where one stands out."""
    rare: dict[str, int] = {}
    tails: dict[str, int] = {}
    for j, (name, number) in enumerate(zip(columns, numeric, strict=True)):
        people, made = real[:, j][~np.isnan(real[:, j])], synthetic[:, j][~np.isnan(synthetic[:, j])]
        if not len(people) or not len(made):
            continue
        if number and len(np.unique(people)) > 2 * ORDER_STATISTIC and len(people) > 4 * ORDER_STATISTIC:
            ordered = np.sort(people)
            beyond = int((made < ordered[ORDER_STATISTIC - 1]).sum() + (made > ordered[-ORDER_STATISTIC]).sum())
            if beyond:
                tails[name] = beyond
        elif not number:
            values, counts = np.unique(people, return_counts=True)
            count = int(np.isin(values[counts < SMALL_CELL], made).sum())
            if count:
                rare[name] = count
    cells, small = 0, 0
    for a, b in combinations(cell_columns, 2):
        pairs = synthetic[:, [a, b]]
        pairs = pairs[~np.isnan(pairs).any(axis=1)]
        counts = np.unique(pairs, axis=0, return_counts=True)[1] if len(pairs) else np.zeros(0, dtype=int)
        cells += len(counts)
        small += int((counts < SMALL_CELL).sum())
    return {
        "rare_values": {
            "meaning": f"values of categories held by fewer than {SMALL_CELL} real people that occur",
            "count": sum(rare.values()),
            "by_column": rare,
        },
        "tails": {
            "meaning": f"numbers beyond the {ORDER_STATISTIC}th smallest or largest real one",
            "count": sum(tails.values()),
            "by_column": tails,
        },
        "small_cells": {
            "meaning": f"cells of two quasi-identifiers with fewer than {SMALL_CELL} synthetic rows",
            "count": small,
            "cells": cells,
        },
    }


def few_valued(real: NDArray[np.float64], most: int = 30) -> list[int]:
    """Columns with at most ``most`` distinct values."""
    return [j for j in range(real.shape[1]) if len(np.unique(real[:, j][~np.isnan(real[:, j])])) <= most]
