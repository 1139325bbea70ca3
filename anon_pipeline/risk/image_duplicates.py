"""Near-duplicate images: an avatar's image nearer to a patient's than patients' images are to each other.

Works on small images as arrays. Recognising a patient by learnt features belongs to ``image_siamese``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Images = NDArray[np.floating]
BLOCK = 1024


@dataclass(frozen=True)
class Duplicates:
    """threshold: 1st percentile of the distances from a patient's image to the nearest other patient's. near: avatars
    below it, of ``images``. held_out_share: the same for people never used (about .01 by construction).
    nearest: the smallest distance of an avatar over the threshold."""

    threshold: float
    near: int
    images: int
    held_out_share: float
    nearest: float


def near_duplicates(real: Images, synthetic: Images, holdout: Images | None = None, share: float = 0.01) -> Duplicates:
    """real (n, ...), synthetic (m, ...), holdout (h, ...): images of one kind in one scale; Euclidean distance."""
    people = np.asarray(real, np.float32).reshape(len(real), -1)
    threshold = float(np.quantile(_nearest(people, people, skip_same=True), share))
    made = _nearest(synthetic, people)
    held = 0.0 if holdout is None or not len(holdout) else float((_nearest(holdout, people) < threshold).mean())
    return Duplicates(
        threshold, int((made < threshold).sum()), len(made), held, float(made.min() / max(threshold, 1e-12))
    )


def _nearest(queries: Images, people: NDArray[np.float32], *, skip_same: bool = False) -> NDArray[np.float32]:
    """(n,) distance of each query to the nearest person; skip_same: row i of both is the same one."""
    asked = np.asarray(queries, np.float32).reshape(len(queries), -1)
    square = (people * people).sum(axis=1)
    out = np.empty(len(asked), np.float32)
    for low in range(0, len(asked), BLOCK):
        part = asked[low : low + BLOCK]
        distance = square[None, :] - 2 * part @ people.T + (part * part).sum(axis=1)[:, None]
        if skip_same:
            distance[np.arange(len(part)), np.arange(low, low + len(part))] = np.inf
        out[low : low + BLOCK] = np.sqrt(np.maximum(distance.min(axis=1), 0))
    return out
