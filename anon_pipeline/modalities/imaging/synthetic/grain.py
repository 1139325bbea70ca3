"""The finest grain of an image: how strong it is, and what resampling took of it given back."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from anon_pipeline.modalities.imaging.synthetic.shape import inside

LEAST_PIXELS = 100


def fine_grain(volume: NDArray[np.float32], kind: str) -> float:
    """Standard deviation of what differs from pixel to pixel inside the body, by the median of second differences
    across rows and columns (after Immerkaer 1996, with the median in place of the mean); 0 in too small a body."""
    body = inside(volume, kind)
    whole = body[:, :-1, :-1] & body[:, :-1, 1:] & body[:, 1:, :-1] & body[:, 1:, 1:]
    if whole.sum() < LEAST_PIXELS:
        return 0.0
    across = (volume[:, :-1, :-1] - volume[:, :-1, 1:] - volume[:, 1:, :-1] + volume[:, 1:, 1:]) / 2
    return float(1.4826 * np.median(np.abs(across[whole])))


def with_grain(volume: NDArray[np.float32], kind: str, wanted: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """The volume with as much fine grain inside the body as ``wanted``; one that has as much stays as it is."""
    lacking = np.sqrt(max(wanted**2 - fine_grain(volume, kind) ** 2, 0.0))
    if lacking == 0:
        return volume
    noise = (lacking * rng.standard_normal(volume.shape)).astype(np.float32)
    return np.where(inside(volume, kind), volume + noise, volume)
