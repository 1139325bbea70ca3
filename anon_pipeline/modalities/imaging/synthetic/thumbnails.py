"""Small versions of everyone's images, for attacks and maps: a few thousand numbers a person instead of a stack."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from anon_pipeline.cohort import Cohort
from anon_pipeline.modalities.imaging.synthetic.stacks import Stack, each_stack

SIDE = 32
MOST_SLICES = 5
CT_WINDOW = (-160.0, 240.0)


@dataclass(frozen=True)
class Thumbnails:
    """person_ids: (n,) int64 ascending. images: (n, slices, SIDE, SIDE) float32, 0 to 1 over the window of soft tissue
    for CT, in the image's own units divided by 4096 else. lesion_mm: (n,) diameters, NaN without a mask."""

    person_ids: NDArray[np.int64]
    images: NDArray[np.float32]
    lesion_mm: NDArray[np.float64]


def thumbnails(cohort: Cohort) -> dict[str, Thumbnails]:
    """kind -> thumbnails of the patients with images of that kind's commonest shape; empty without images.

    Read one person at a time: memory grows with the number of patients by a few kilobytes each.
    """
    index = cohort.images / "index.parquet"
    return dict(_read(cohort, index.stat().st_mtime_ns)) if index.is_file() else {}


@lru_cache(maxsize=4)
def _read(cohort: Cohort, stamp: int) -> tuple[tuple[str, Thumbnails], ...]:
    """stamp: when the index was last written, so that new images are read anew."""
    from anon_pipeline.modalities.imaging.synthetic.lesion import diameter_of

    rows: dict[str, list[tuple[tuple[int, ...], int, NDArray[np.float32], float]]] = {}
    for stack in each_stack(cohort):
        size = float("nan")
        if stack.mask is not None and stack.mask.any():
            size = diameter_of(stack.mask, stack.spacing)
        rows.setdefault(stack.kind, []).append((stack.volume.shape, stack.person_id, small(stack), size))
    found = []
    for kind, own in sorted(rows.items()):
        shapes = [shape for shape, *_ in own]
        commonest = max(sorted(set(shapes)), key=shapes.count)
        kept = [row for row in own if row[0] == commonest]
        found.append((kind, Thumbnails(
            np.array([row[1] for row in kept], np.int64),
            np.stack([row[2] for row in kept]),
            np.array([row[3] for row in kept]),
        )))  # fmt: skip
    return tuple(found)


def small(stack: Stack) -> NDArray[np.float32]:
    """(slices, SIDE, SIDE), at most 5 slices."""
    import cv2

    slices = np.linspace(0, len(stack.volume) - 1, min(MOST_SLICES, len(stack.volume))).round().astype(int)
    low, high = CT_WINDOW if stack.kind == "CT" else (0.0, 4096.0)
    shown = np.clip((stack.volume[slices] - low) / (high - low), 0, 1)
    return np.stack([cv2.resize(s, (SIDE, SIDE), interpolation=cv2.INTER_AREA) for s in shown]).astype(np.float32)
