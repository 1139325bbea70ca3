"""Linkability: two halves of a person's columns that find the same synthetic record.

Definition of Giomi et al. 2022 (Anonymeter) with one neighbour: an attacker holds two tables with different columns of
the same people; a person is linked when the nearest synthetic record on the first columns is also the nearest on the
second. Without a declared pair of column sets, several random halves of the columns are tried.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from anon_pipeline.risk.intervals import Figure, clustered_excess, excess, rate

Pair = tuple[list[int], list[int]]


def random_pairs(columns: int, pairs: int, rng: np.random.Generator) -> list[Pair]:
    """Random halves of the columns, each pair sharing none and leaving none out."""
    out = []
    for _ in range(pairs):
        order = rng.permutation(columns)
        out.append((sorted(order[: columns // 2].tolist()), sorted(order[columns // 2 :].tolist())))
    return out


def linked(nearest: NDArray[np.int64], pairs: int) -> NDArray[np.bool_]:
    """(people, pairs): whether both halves found the same record; ``nearest`` holds the halves side by side."""
    return nearest[:, 0 : 2 * pairs : 2] == nearest[:, 1 : 2 * pairs : 2]


def figure(on_real: NDArray[np.bool_], on_held: NDArray[np.bool_] | None) -> Figure:
    """The excess of links over the held-out people; shares over several pairs of halves count once a person."""
    if on_held is None:
        return rate(float(on_real.mean(axis=1).sum()), len(on_real))
    if on_real.shape[1] == 1:
        return excess(float(on_real.sum()), len(on_real), float(on_held.sum()), len(on_held))
    pooled = excess(float(on_real.mean(axis=1).sum()), len(on_real), float(on_held.mean(axis=1).sum()), len(on_held))
    spread = clustered_excess(on_real.mean(axis=1), on_held.mean(axis=1))
    return Figure(spread.value, spread.low, min(spread.high, max(pooled.high, spread.value)), len(on_real))
