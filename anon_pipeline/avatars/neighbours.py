"""The k patients nearest to a point among a random panel of them (torch, CPU or CUDA): exact, in bounded memory.

Time grows with the number of points times the size of a panel, whatever the number of patients. What is drawn from
neighbours belongs to ``density``.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

TOGETHER = 64
"""So many points are looked for in one panel."""


def nearest(
    vectors: NDArray[np.float32],
    asked: NDArray[np.float32],
    without: NDArray[np.int64],
    k: int,
    panel: int,
    rng: np.random.Generator,
    device: str = "cpu",
) -> NDArray[np.int64]:
    """(m, k) indices of the k patients nearest to each of ``asked`` (m, d), nearest first, among ``panel`` patients
    taken at random from ``vectors`` (n, d). ``panel`` is over k and at most n; without: (m,) the patient who is left
    out."""
    import torch

    data, points = (torch.from_numpy(np.ascontiguousarray(x)).to(device) for x in (vectors, asked))
    out = np.empty((len(asked), k), np.int64)
    for low, members in zip(range(0, len(asked), TOGETHER), _panels(len(vectors), panel, rng), strict=False):
        rows = slice(low, low + TOGETHER)
        distance = torch.cdist(points[rows], data[members])
        distance[torch.from_numpy(without[rows, None] == members[None, :]).to(device)] = float("inf")
        found = torch.topk(distance, k, largest=False, sorted=True).indices.cpu().numpy()
        out[rows] = members[found]
    return out


def _panels(n: int, size: int, rng: np.random.Generator) -> Iterator[NDArray[np.int64]]:
    """Parts of random orders of n patients, so that everyone comes into as many panels as anyone else."""
    while True:
        order = rng.permutation(n)
        for low in range(0, n - size + 1, size):
            yield np.sort(order[low : low + size])
