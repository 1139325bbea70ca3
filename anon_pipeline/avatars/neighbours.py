"""The k nearest patients of each patient, itself left out (torch, CPU or CUDA).

Exact and blockwise up to ``EXACT`` patients. Above, patients are cut into cells by recursive median splits along the
direction of largest variance and the search is exact within a cell, ``PASSES`` times in differently rotated spaces, so
that a neighbour across one border is found within another: time is then linear in the number of patients. What is drawn
from neighbours belongs to ``density``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from anon_pipeline.keys import seeded_rng

EXACT = 50_000
CELL = 4096
PASSES = 3
BLOCK = 1024


def nearest(vectors: NDArray[np.float32], k: int, device: str = "cpu") -> NDArray[np.int64]:
    """(n, k) indices of the nearest other patients, nearest first; k is at most n - 1."""
    n = len(vectors)
    k = min(k, n - 1)
    if n <= EXACT:
        return _exact(vectors, k, device)
    found = _within_cells(vectors, vectors, k, device)
    rng = seeded_rng(0, "neighbours", vectors.shape[1])
    for _ in range(PASSES - 1):
        turn = np.linalg.qr(rng.standard_normal((vectors.shape[1], vectors.shape[1])))[0].astype(np.float32)
        other = _within_cells(vectors, vectors @ turn, k, device)
        for start in range(0, n, 16 * BLOCK):
            rows = slice(start, start + 16 * BLOCK)
            found[rows] = _nearer(vectors, np.arange(n)[rows], found[rows], other[rows])
    return found


def _within_cells(vectors: NDArray[np.float32], turned: NDArray[np.float32], k: int, device: str) -> NDArray[np.int64]:
    """(n, k) neighbours within the cells that ``turned`` is cut into."""
    out = np.empty((len(vectors), k), np.int64)
    for cell in cells(turned, max(CELL, 4 * k)):
        out[cell] = cell[_exact(vectors[cell], k, device)]
    return out


def _nearer(
    vectors: NDArray[np.float32], rows: NDArray[np.int64], one: NDArray[np.int64], other: NDArray[np.int64]
) -> NDArray[np.int64]:
    """The k nearest of two lists of candidates (rows, k) each, without repetition."""
    k = one.shape[1]
    both = np.sort(np.concatenate([one, other], axis=1), axis=1)
    distance = np.stack(
        [((vectors[both[:, j]] - vectors[rows]) ** 2).sum(axis=1) for j in range(both.shape[1])], axis=1
    )
    distance[:, 1:][both[:, 1:] == both[:, :-1]] = np.inf
    return np.take_along_axis(both, np.argsort(distance, axis=1, kind="stable")[:, :k], axis=1)


def cells(vectors: NDArray[np.float32], size: int) -> list[NDArray[np.int64]]:
    """Recursive median splits into cells of at most ``size`` patients and more than a third of it."""
    ready: list[NDArray[np.int64]] = []
    waiting = [np.arange(len(vectors))]
    while waiting:
        rows = waiting.pop()
        if len(rows) <= size:
            ready.append(rows)
            continue
        part = vectors[rows]
        axis = int(np.argmax(part[:: max(1, len(rows) // 10_000)].var(axis=0)))
        order = np.argpartition(part[:, axis], len(rows) // 2)
        waiting.append(rows[order[: len(rows) // 2]])
        waiting.append(rows[order[len(rows) // 2 :]])
    return ready


def _exact(vectors: NDArray[np.float32], k: int, device: str) -> NDArray[np.int64]:
    import torch

    data = torch.from_numpy(np.ascontiguousarray(vectors)).to(device)
    square = (data * data).sum(1)
    out = np.empty((len(vectors), k), np.int64)
    for start in range(0, len(vectors), BLOCK):
        block = data[start : start + BLOCK]
        distance = square[None, :] - 2 * block @ data.T
        rows = torch.arange(len(block), device=device)
        distance[rows, rows + start] = float("inf")
        out[start : start + BLOCK] = torch.topk(distance, k, largest=False, sorted=True).indices.cpu().numpy()
    return out
