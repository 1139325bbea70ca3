"""A lesion as a few numbers: measured from its mask, taken out of an image, and drawn anew."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Lesion:
    """diameter in mm (of the disc of the largest slice's area); x, y in pixels; slice; contrast to its surroundings and
    spread inside, in the image's units."""

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
    """The lesion of a mask, or None when it is empty."""
    import cv2

    areas = mask.sum(axis=(1, 2))
    if not areas.any():
        return None
    middle = int(areas.argmax())
    ys, xs = np.nonzero(mask[middle])
    around = cv2.dilate(mask[middle].astype(np.uint8), np.ones((7, 7), np.uint8)).astype(bool)
    ring = around & ~cv2.dilate(mask[middle].astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)
    inside = volume[middle][mask[middle]]
    outside = float(np.median(volume[middle][ring])) if ring.any() else 0.0
    return Lesion(
        diameter_of(mask, spacing),
        float(xs.mean()),
        float(ys.mean()),
        middle,
        float(np.median(inside)) - outside,
        float(inside.std()),
    )


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
    y, x = np.mgrid[0:rows, 0:columns]
    radius = lesion.diameter / 2
    covers: dict[int, NDArray[np.float32]] = {}
    for number in range(len(volume)):
        height = (number - lesion.slice) * (step or 2 * radius)
        if abs(height) >= radius:
            continue
        wide = np.sqrt(radius**2 - height**2) / spacing
        distance = np.hypot(x - lesion.x, y - lesion.y)
        covers[number] = np.clip(wide - distance + 0.5, 0, 1).astype(np.float32)
        out[number] += covers[number] * lesion.contrast
        nearest = np.argsort(distance, axis=None, kind="stable")[: round(np.pi * wide**2)]
        mask[number].flat[nearest] = True
    largest = max(covers, key=lambda number: float(covers[number].sum()), default=None)
    if largest is not None and mask[largest].any():
        lacking = np.sqrt(max(lesion.spread**2 - float(out[largest][mask[largest]].std()) ** 2, 0))
        for number, cover in covers.items():
            out[number] += cover * (lacking * rng.standard_normal((rows, columns))).astype(np.float32)
    return out, mask
