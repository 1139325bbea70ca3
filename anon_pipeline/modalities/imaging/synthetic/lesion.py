"""A lesion as a few numbers: measured from its mask, taken out of an image, and drawn anew."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LEAST_CORE = 4
"""With fewer pixels that the lesion covers whole, its spread is that of all its pixels."""


@dataclass(frozen=True)
class Lesion:
    """diameter in mm (of the disc of the largest slice's area); x, y in pixels; slice; contrast to its surroundings and
    spread inside (what contrast leaves), in the image's units."""

    diameter: float
    x: float
    y: float
    slice: int
    contrast: float
    spread: float


def diameter_of(mask: NDArray[np.bool_], spacing: float) -> float:
    """Diameter in mm of the disc whose area is the mask's largest slice's; 0 for an empty mask."""
    return float(2 * np.sqrt(mask.sum(axis=(1, 2)).max() * spacing**2 / np.pi))


def measure(volume: NDArray[np.float32], mask: NDArray[np.bool_], spacing: float) -> Lesion | None:
    """The lesion of a mask, or None when it is empty.

    Contrast is that of the ball that ``draw`` draws, by least squares: pixels at the border are partly of the
    surroundings, and in a small lesion they are most of it.
    """
    import cv2

    areas = mask.sum(axis=(1, 2))
    if not areas.any():
        return None
    middle = int(areas.argmax())
    ys, xs = np.nonzero(mask[middle])
    around = cv2.dilate(mask[middle].astype(np.uint8), np.ones((7, 7), np.uint8)).astype(bool)
    ring = around & ~cv2.dilate(mask[middle].astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)
    outside = float(np.median(volume[middle][ring])) if ring.any() else 0.0
    diameter, x, y = diameter_of(mask, spacing), float(xs.mean()), float(ys.mean())
    cover = _cover(_distances(mask.shape[1:], x, y), diameter / 2 / spacing)
    above = volume[middle] - outside
    contrast = float((cover * above)[around].sum() / (cover[around] ** 2).sum())
    core = cover == 1 if (cover == 1).sum() >= LEAST_CORE else mask[middle]
    return Lesion(diameter, x, y, middle, contrast, float((above - cover * contrast)[core].std()))


def _distances(shape: tuple[int, ...], x: float, y: float) -> NDArray[np.float64]:
    """(rows, columns) how far a pixel is from (x, y), in pixels."""
    rows, columns = np.mgrid[0 : shape[0], 0 : shape[1]]
    return np.hypot(columns - x, rows - y)


def _cover(distance: NDArray[np.float64], radius: float) -> NDArray[np.float32]:
    """The share of each pixel that a disc of this radius, in pixels, covers."""
    return np.clip(radius - distance + 0.5, 0, 1).astype(np.float32)


def without(volume: NDArray[np.float32], mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    """The volume with its lesion filled from around (Navier-Stokes inpainting, Bertalmio et al. 2001)."""
    import cv2

    out = volume.copy()
    for number in np.flatnonzero(mask.any(axis=(1, 2))):
        grown = cv2.dilate(mask[number].astype(np.uint8), np.ones((5, 5), np.uint8))
        out[number] = cv2.inpaint(np.ascontiguousarray(volume[number]), grown, 3, cv2.INPAINT_NS)
    return out


def draw(
    volume: NDArray[np.float32], lesion: Lesion, spacing: float, step: float, rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Draw a ball of the lesion's diameter into the volume, anti-aliased; returns the volume and the mask, whose area
    in each slice is the ball's to half a pixel: it is measured and told in the report.

    Inside, values spread as they did in the lesion: what the volume's own grain lacks is added.
    """
    out, mask = volume.copy(), np.zeros(volume.shape, bool)
    rows, columns = volume.shape[1:]
    distance = _distances((rows, columns), lesion.x, lesion.y)
    radius = lesion.diameter / 2
    covers: dict[int, NDArray[np.float32]] = {}
    for number in range(len(volume)):
        height = (number - lesion.slice) * (step or 2 * radius)
        if abs(height) >= radius:
            continue
        wide = np.sqrt(radius**2 - height**2) / spacing
        covers[number] = _cover(distance, wide)
        out[number] += covers[number] * lesion.contrast
        nearest = np.argsort(distance, axis=None, kind="stable")[: round(np.pi * wide**2)]
        mask[number].flat[nearest] = True
    largest = max(covers, key=lambda number: float(covers[number].sum()), default=None)
    if largest is not None and mask[largest].any():
        lacking = np.sqrt(max(lesion.spread**2 - float(volume[largest][mask[largest]].std()) ** 2, 0))
        for number, cover in covers.items():
            out[number] += cover * (lacking * rng.standard_normal((rows, columns))).astype(np.float32)
    return out, mask
