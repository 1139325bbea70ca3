"""Bodies brought to one frame: the box around the body becomes the same box for everyone, and back.

What differs between people in size and place is then a few numbers, and what is left in the pixels can be averaged
without blurring the skin line.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MARGIN = 0.08


@dataclass(frozen=True)
class Box:
    """Centre and half widths of the body, in pixels: x along columns, y along rows."""

    x: float
    y: float
    half_width: float
    half_height: float


def inside(image: NDArray[np.float32], kind: str) -> NDArray[np.bool_]:
    """Where the body is: brighter than air in CT, than a third of the mean in MR; everywhere in projection images."""
    if kind == "CT":
        return image > -500.0
    return image > 0.3 * float(image.mean()) if kind == "MR" else np.ones(image.shape, bool)


def body_box(volume: NDArray[np.float32], kind: str) -> Box:
    """The box around everything brighter than air in the middle slice; the whole image for projection images."""
    rows, columns = volume.shape[1:]
    whole = Box((columns - 1) / 2, (rows - 1) / 2, columns / 2, rows / 2)
    if kind not in ("CT", "MR"):
        return whole
    body = inside(volume[len(volume) // 2], kind)
    xs, ys = np.flatnonzero(body.sum(0) > 2), np.flatnonzero(body.sum(1) > 2)
    if len(xs) < columns / 8 or len(ys) < rows / 8:
        return whole
    return Box((xs[0] + xs[-1]) / 2, (ys[0] + ys[-1]) / 2, (xs[-1] - xs[0] + 1) / 2, (ys[-1] - ys[0] + 1) / 2)


def to_frame(volume: NDArray[np.float32], box: Box, fill: float) -> NDArray[np.float32]:
    """The volume with its body box filling the canonical frame, less a margin."""
    rows, columns = volume.shape[1:]
    scale_x, scale_y = _scales(box, rows, columns)
    matrix = np.array(
        [[scale_x, 0, (columns - 1) / 2 - scale_x * box.x], [0, scale_y, (rows - 1) / 2 - scale_y * box.y]]
    )
    return _warp(volume, matrix, fill)


def from_frame(volume: NDArray[np.float32], box: Box, fill: float) -> NDArray[np.float32]:
    """The way back: the canonical frame placed into ``box``."""
    rows, columns = volume.shape[1:]
    scale_x, scale_y = _scales(box, rows, columns)
    matrix = np.array(
        [
            [1 / scale_x, 0, box.x - (columns - 1) / 2 / scale_x],
            [0, 1 / scale_y, box.y - (rows - 1) / 2 / scale_y],
        ]
    )
    return _warp(volume, matrix, fill)


def _scales(box: Box, rows: int, columns: int) -> tuple[float, float]:
    return columns * (0.5 - MARGIN / 2) / box.half_width, rows * (0.5 - MARGIN / 2) / box.half_height


def point_to_frame(x: float, y: float, box: Box) -> tuple[float, float]:
    """A place in the image as shares of the body's half widths from its centre."""
    return (x - box.x) / box.half_width, (y - box.y) / box.half_height


def point_from_frame(u: float, v: float, box: Box) -> tuple[float, float]:
    return box.x + u * box.half_width, box.y + v * box.half_height


def _warp(volume: NDArray[np.float32], matrix: NDArray[np.float64], fill: float) -> NDArray[np.float32]:
    import cv2

    rows, columns = volume.shape[1:]
    warped = [
        cv2.warpAffine(
            image, matrix, (columns, rows), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=fill
        )
        for image in np.ascontiguousarray(volume, np.float32)
    ]
    return np.stack(warped).astype(np.float32)
