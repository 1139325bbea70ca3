"""The k nearest patients of each patient, itself left out (torch, CPU or CUDA).

Exact and blockwise up to ``EXACT`` patients. Above, patients are cut into cells by recursive median splits along the
direction of largest variance and the search is exact within a cell: time is then linear in the number of patients, and
neighbours across a cell's border are missed. What is drawn from neighbours belongs to ``density``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

EXACT = 20_000
CELL = 4096
BLOCK = 1024


def nearest(vectors: NDArray[np.float32], k: int, device: str = "cpu") -> NDArray[np.int64]:
    """(n, k) indices of the nearest other patients, nearest first; k is at most n - 1."""
    n = len(vectors)
    k = min(k, n - 1)
    if n <= EXACT:
        return _exact(vectors, k, device)
    out = np.empty((n, k), np.int64)
    for cell in cells(vectors, max(CELL, 4 * k)):
        out[cell] = cell[_exact(vectors[cell], k, device)]
    return out


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
