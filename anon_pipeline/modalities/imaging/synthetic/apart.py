"""Keeping avatars' images apart from patients': none may be nearer to one than patients' images are to each other.

Distances are Euclidean between small images. Measuring the release belongs to ``anon_pipeline.risk``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anon_pipeline.cohort import Cohort
from anon_pipeline.modalities.imaging.synthetic.stacks import Stack
from anon_pipeline.modalities.imaging.synthetic.thumbnails import small, thumbnails

BLOCK = 1024
SHARE = 0.01
MARGIN = 1.02


@dataclass(frozen=True)
class Apart:
    """real: (n, d) the patients' small images; nearest_allowed: the distance that avatars' images keep."""

    real: NDArray[np.float32]
    nearest_allowed: float

    @classmethod
    def of(cls, cohort: Cohort, kind: str) -> Apart | None:
        """None for a kind that nobody has. The distance is the 1st percentile of patients' distances to the nearest
        other patient, and a little more, since the image is rounded when it is written."""
        found = thumbnails(cohort).get(kind)
        if found is None or len(found.images) < 2:
            return None
        real = found.images.reshape(len(found.images), -1)
        return cls(real, float(np.quantile(nearest(real, real, skip_same=True), SHARE)) * MARGIN)

    def too_near(self, stacks: Sequence[Stack]) -> NDArray[np.bool_]:
        made = np.stack([small(stack) for stack in stacks]).reshape(len(stacks), -1)
        return nearest(made, self.real) < self.nearest_allowed


def nearest(
    queries: NDArray[np.float32], people: NDArray[np.float32], *, skip_same: bool = False
) -> NDArray[np.float32]:
    """(n,) distance of each query to the nearest of ``people``; skip_same: row i of both is the same person."""
    square = (people * people).sum(axis=1)
    out = np.empty(len(queries), np.float32)
    for low in range(0, len(queries), BLOCK):
        part = queries[low : low + BLOCK]
        distance = square[None, :] - 2 * part @ people.T + (part * part).sum(axis=1)[:, None]
        if skip_same:
            distance[np.arange(len(part)), np.arange(low, low + len(part))] = np.inf
        out[low : low + BLOCK] = np.sqrt(np.maximum(distance.min(axis=1), 0))
    return out
