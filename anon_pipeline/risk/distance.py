"""Exact nearest neighbours under the mixed (Gower-like) distance, many column subsets at once.

Gower 1971, Biometrics 27:857. One pass over the pairs serves every subset: the inference attack on each of p secrets
needs the neighbours on all columns but one, which is the full distance minus that column's. Scores and decisions do
not belong here.
"""

from __future__ import annotations

import numpy as np
from numba import prange
from numpy.typing import NDArray

from anon_pipeline.compute.compiled import compiled

BLOCK = 512
_FAST = {"reassoc", "nsz", "contract", "arcp", "nnan", "ninf"}


@compiled(parallel=True, fastmath=_FAST, nogil=True)
def _nearest_subsets(queries, candidates, subsets, left_out):  # pragma: no cover
    """candidates: (columns, rows). Index of the nearest candidate for each query, subset and left-out column."""
    n, p = queries.shape
    rows = candidates.shape[1]
    s, loo = subsets.shape[0], left_out.shape[0]
    best = np.zeros((n, s + loo), dtype=np.int64)
    for i in prange(n):
        parts = np.empty((p, BLOCK), dtype=np.float32)
        total = np.empty(BLOCK, dtype=np.float32)
        shortest = np.full(s + loo, np.float32(1e30), dtype=np.float32)
        for start in range(0, rows, BLOCK):
            size = min(BLOCK, rows - start)
            for b in range(size):
                total[b] = np.float32(0)
            for j in range(p):
                q = queries[i, j]
                for b in range(size):
                    d = min(abs(candidates[j, start + b] - q), np.float32(1))
                    parts[j, b] = d
                    total[b] += d
            for t in range(loo):
                j = left_out[t]
                m = np.float32(1e30)
                for b in range(size):
                    m = min(m, total[b] - parts[j, b])
                if m < shortest[s + t] - np.float32(1e-5):
                    shortest[s + t] = m
                    for b in range(size):
                        if total[b] - parts[j, b] <= m + np.float32(1e-5):
                            best[i, s + t] = start + b
                            break
            for t in range(s):
                for b in range(size):
                    total[b] = np.float32(0)
                for j in range(p):
                    if subsets[t, j]:
                        for b in range(size):
                            total[b] += parts[j, b]
                m = np.float32(1e30)
                for b in range(size):
                    m = min(m, total[b])
                if m < shortest[t] - np.float32(1e-5):
                    shortest[t] = m
                    for b in range(size):
                        if total[b] <= m + np.float32(1e-5):
                            best[i, t] = start + b
                            break
    return best


def nearest_by_subset(
    queries: NDArray[np.float32],
    candidates: NDArray[np.float32],
    subsets: list[list[int]],
    left_out: list[int],
) -> NDArray[np.int64]:
    """Nearest candidate of each query on each subset of columns, then on all columns but each of ``left_out``.

    queries (n, p), candidates (m, p), both scaled. Returns (n, len(subsets) + len(left_out)) row numbers; the first
    of equally near candidates wins.
    """
    masks = np.zeros((len(subsets), queries.shape[1]), dtype=np.bool_)
    for row, columns in zip(masks, subsets, strict=True):
        row[columns] = True
    return _nearest_subsets(
        np.ascontiguousarray(queries, dtype=np.float32),
        np.ascontiguousarray(candidates.T, dtype=np.float32),
        masks,
        np.array(left_out, dtype=np.int64),
    )


@compiled(parallel=True, fastmath=_FAST, nogil=True)
def _knn(queries, candidates, k, own, power):  # pragma: no cover
    n, p = queries.shape
    rows = candidates.shape[1]
    out = np.full((n, k), np.float32(1e30), dtype=np.float32)
    index = np.full((n, k), -1, dtype=np.int64)
    for i in prange(n):
        total = np.empty(BLOCK, dtype=np.float32)
        for start in range(0, rows, BLOCK):
            size = min(BLOCK, rows - start)
            for b in range(size):
                total[b] = np.float32(0)
            for j in range(p):
                q = queries[i, j]
                if power == 0:
                    for b in range(size):
                        total[b] += min(abs(candidates[j, start + b] - q), np.float32(1))
                elif power == 1:
                    for b in range(size):
                        total[b] += abs(candidates[j, start + b] - q)
                else:
                    for b in range(size):
                        d = candidates[j, start + b] - q
                        total[b] += d * d
            for b in range(size):
                d = total[b]
                if d < out[i, k - 1] and start + b != own[i]:
                    place = k - 1
                    while place > 0 and out[i, place - 1] > d:
                        out[i, place] = out[i, place - 1]
                        index[i, place] = index[i, place - 1]
                        place -= 1
                    out[i, place] = d
                    index[i, place] = start + b
    return out, index


def knn(
    queries: NDArray[np.float32],
    candidates: NDArray[np.float32],
    k: int,
    *,
    exclude: NDArray[np.int64] | None = None,
    metric: str = "mixed",
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Distances (n, k), ascending, and row numbers of the k nearest candidates.

    ``exclude[i]`` is a candidate that query i must not see (itself), -1 for none. ``metric``: "mixed" is the sum of
    min(|a - b|, 1), "l1" the sum of |a - b|, "l2" Euclid's.
    """
    k = min(k, len(candidates) - (exclude is not None))
    own = np.full(len(queries), -1, dtype=np.int64) if exclude is None else exclude.astype(np.int64)
    distances, index = _knn(
        np.ascontiguousarray(queries, dtype=np.float32),
        np.ascontiguousarray(candidates.T, dtype=np.float32),
        max(k, 1),
        own,
        {"mixed": 0, "l1": 1, "l2": 2}[metric],
    )
    return (np.sqrt(distances) if metric == "l2" else distances), index
