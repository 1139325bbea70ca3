"""Singling out: predicates that isolate one synthetic record, tried on the real people.

Definitions of Giomi et al. 2022 (Anonymeter): univariate predicates come from values that occur once and from the
extremes; multivariate ones from a synthetic record's values on a few columns, numbers turned outwards from the median.
A predicate succeeds when exactly one person fulfils it. Since that chance depends on the size of the population, the
real people and the held-out ones are compared in equal numbers, over several random subsets.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numba import prange
from numpy.typing import NDArray

from anon_pipeline.compute.compiled import compiled
from anon_pipeline.risk.intervals import Figure, excess, rate

EQUAL, AT_LEAST, AT_MOST, MISSING = 0, 1, 2, 3
INDEPENDENT = 2000
"""How many predicates Giomi et al. 2022 try, and count as independent."""


@dataclass(frozen=True)
class Predicates:
    """Conjunctions: columns (n, c) int64, operators (n, c) int8, values (n, c) float64 on the raw encoding."""

    columns: NDArray[np.int64]
    operators: NDArray[np.int8]
    values: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.columns)

    def take(self, rows: NDArray[np.int64]) -> Predicates:
        return Predicates(self.columns[rows], self.operators[rows], self.values[rows])


@compiled(parallel=True, nogil=True)
def _count(data, columns, operators, values, limit):  # pragma: no cover
    """data: (columns, rows). How many rows fulfil each conjunction, counted up to ``limit``."""
    n, c = columns.shape
    rows = data.shape[1]
    out = np.zeros(n, dtype=np.int64)
    for i in prange(n):
        found = 0
        for r in range(rows):
            holds = True
            for j in range(c):
                x = data[columns[i, j], r]
                op = operators[i, j]
                if op == 0:
                    holds = x == values[i, j]
                elif op == 1:
                    holds = x >= values[i, j]
                elif op == 2:
                    holds = x <= values[i, j]
                else:
                    holds = np.isnan(x)
                if not holds:
                    break
            if holds:
                found += 1
                if found >= limit:
                    break
        out[i] = found
    return out


def count(raw: NDArray[np.float64], predicates: Predicates, limit: int = 2) -> NDArray[np.int64]:
    """How many rows of ``raw`` (rows, columns) fulfil each predicate; counting stops at ``limit``."""
    if not len(predicates):
        return np.zeros(0, dtype=np.int64)
    data = np.ascontiguousarray(raw.T)
    return _count(data, predicates.columns, predicates.operators, predicates.values, limit)


def unique_rows(raw: NDArray[np.float64]) -> NDArray[np.float64]:
    """Distinct rows, in their first order; missing equals missing."""
    filled = np.where(np.isnan(raw), np.inf, raw)
    view = np.ascontiguousarray(filled).view(np.dtype((np.void, filled.dtype.itemsize * filled.shape[1]))).ravel()
    _, first = np.unique(view, return_index=True)
    return raw[np.sort(first)]


def _distinct(predicates: Predicates) -> NDArray[np.int64]:
    order = np.argsort(predicates.columns, axis=1, kind="stable")
    key = np.column_stack(
        [
            np.take_along_axis(predicates.columns, order, 1).astype(float),
            np.take_along_axis(predicates.operators, order, 1).astype(float),
            np.nan_to_num(np.take_along_axis(predicates.values, order, 1), nan=np.inf),
        ]
    )
    view = np.ascontiguousarray(key).view(np.dtype((np.void, key.dtype.itemsize * key.shape[1]))).ravel()
    _, first = np.unique(view, return_index=True)
    return np.sort(first)


def univariate(
    synthetic: NDArray[np.float64], numeric: list[bool], attacks: int, rng: np.random.Generator
) -> Predicates:
    """Up to ``attacks`` one-column predicates that single out in the synthetic table."""
    found: list[tuple[int, int, float]] = []
    for j, number in enumerate(numeric):
        column = synthetic[:, j]
        present = column[~np.isnan(column)]
        if len(column) - len(present) == 1:
            found.append((j, MISSING, 0.0))
        if not len(present):
            continue
        seen, counts = np.unique(present, return_counts=True)
        if number:
            for operator, end in ((AT_MOST, 0), (AT_LEAST, -1)):
                if counts[end] == 1:
                    found.append((j, operator, float(seen[end])))
        found.extend((j, EQUAL, float(value)) for value in seen[counts == 1])
    chosen = rng.permutation(len(found))[:attacks]
    return Predicates(
        np.array([column for column, _, _ in found], dtype=np.int64)[chosen][:, None],
        np.array([operator for _, operator, _ in found], dtype=np.int8)[chosen][:, None],
        np.array([value for _, _, value in found], dtype=np.float64)[chosen][:, None],
    )


def multivariate(
    synthetic: NDArray[np.float64],
    numeric: list[bool],
    attacks: int,
    rng: np.random.Generator,
    width: int = 3,
    most_attempts: int = 60_000,
) -> Predicates:
    """Up to ``attacks`` distinct conjunctions of ``width`` columns that single out in the synthetic table."""
    rows, p = synthetic.shape
    width = min(width, p)
    with np.errstate(all="ignore"):
        medians = np.array([np.nanmedian(c) if np.isfinite(c).any() else 0.0 for c in synthetic.T])
    number = np.array(numeric)
    found: Predicates | None = None
    attempts, batch = 0, max(1000, attacks)
    while attempts < most_attempts and (found is None or len(found) < attacks):
        source = rng.integers(0, rows, batch)
        columns = np.sort(np.argsort(rng.random((batch, p)), axis=1)[:, :width], axis=1)
        values = synthetic[source[:, None], columns]
        operators = np.where(number[columns], np.where(values > medians[columns], AT_LEAST, AT_MOST), EQUAL)
        operators = np.where(np.isnan(values), MISSING, operators).astype(np.int8)
        tried = Predicates(columns.astype(np.int64), operators, np.nan_to_num(values))
        good = tried.take(np.flatnonzero(count(synthetic, tried) == 1))
        found = good if found is None else _joined(found, good)
        found = found.take(_distinct(found))
        attempts += batch
    assert found is not None
    return found.take(np.arange(min(attacks, len(found))))


def _joined(first: Predicates, second: Predicates) -> Predicates:
    return Predicates(
        np.vstack([first.columns, second.columns]),
        np.vstack([first.operators, second.operators]),
        np.vstack([first.values, second.values]),
    )


def attack(
    predicates: Predicates,
    real: NDArray[np.float64],
    holdout: NDArray[np.float64] | None,
    rng: np.random.Generator,
    splits: int = 4,
) -> Figure | None:
    """The excess success over the held-out people, on populations of equal size; without them the bare success rate.

    One outlier decides many predicates: the interval is that of no more trials than ``INDEPENDENT`` or than there are
    people, whatever the number of attacks (decision 0110). None when the table allows no predicate at all.
    """
    trials = len(predicates)
    if not trials:
        return None
    real = unique_rows(real)
    if holdout is None:
        return rate(float((count(real, predicates) == 1).sum()), trials)
    holdout = unique_rows(holdout)
    size = min(len(real), len(holdout))
    shares = []
    for side in (real, holdout):
        populations = [_successes(side, size, predicates, rng) for _ in range(splits if len(side) > size else 1)]
        shares.append(float(np.mean(populations)) / trials)
    independent = min(trials, max(size, INDEPENDENT))
    found = excess(shares[0] * independent, independent, shares[1] * independent, independent)
    return replace(found, attacked=trials)


def _successes(people: NDArray[np.float64], size: int, predicates: Predicates, rng: np.random.Generator) -> int:
    if len(people) > size:
        people = people[np.sort(rng.permutation(len(people))[:size])]
    return int((count(people, predicates) == 1).sum())
