"""Eigen-images: principal components of the patients' aligned, lesion-free images, with a model of what they leave out.

The encoder for small cohorts. The number of components is at most a fifth of the patients, so that none of them is one
patient's image; the fine grain that components leave out is drawn anew, with the strength it has at each place.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

COMPONENTS = 24
PIXELS_AT_ONCE = 8192
MOST_GRAIN, BEYOND = 1.5, 2.0
"""Grain is at most so many times the commonest: what components leave out at an edge is where the edge is, and as noise
it would fray organs. Nor does it lead further than so many times the commonest beyond nearly all patients' values."""


@dataclass
class EigenImages:
    """mean: (pixels,); components: (r, pixels); scale: (r,) spread of the scores; grain: (pixels,) standard
    deviation of what is left out; smooth: its correlation length in pixels; explained: share of variance; low, high:
    (pixels,) between which all but a few patients lie, which decoded images keep to, so that organs' edges do not
    ring."""

    shape: tuple[int, int, int]
    mean: NDArray[np.float32]
    components: NDArray[np.float32]
    scale: NDArray[np.float32]
    grain: NDArray[np.float32]
    smooth: float
    explained: float
    low: NDArray[np.float32]
    high: NDArray[np.float32]

    @classmethod
    def fit(cls, volumes: NDArray[np.float32]) -> EigenImages:
        """volumes: (n, slices, rows, columns)."""
        n, shape = len(volumes), volumes.shape[1:]
        flat = volumes.reshape(n, -1)
        mean = flat.mean(axis=0)
        centred = flat - mean
        gram = np.zeros((n, n))
        for first in range(0, centred.shape[1], PIXELS_AT_ONCE):
            part = centred[:, first : first + PIXELS_AT_ONCE].astype(np.float64)
            gram += part @ part.T
        values, vectors = np.linalg.eigh(gram)
        order = np.argsort(values)[::-1][: max(1, min(COMPONENTS, n // 5))]
        values, vectors = np.maximum(values[order], 1e-9), vectors[:, order]
        components = (vectors.T / np.sqrt(values)[:, None]).astype(np.float32) @ centred
        signs = np.sign(components[np.arange(len(components)), np.abs(components).argmax(axis=1)])
        components *= signs[:, None]
        scores = centred @ components.T
        left = centred - scores @ components
        degrees = np.sqrt(n / max(n - len(order) - 1, 1))
        grain = left.std(axis=0) * degrees
        grain = np.minimum(grain, MOST_GRAIN * np.median(grain))
        return cls(
            (int(shape[0]), int(shape[1]), int(shape[2])),
            mean.astype(np.float32),
            components.astype(np.float32),
            scores.std(axis=0).astype(np.float32) + 1e-6,
            grain.astype(np.float32),
            _correlation_length(left.reshape(volumes.shape)),
            float(values.sum() / max(np.trace(gram), 1e-9)),
            *_bounds(flat),
        )

    def encode(self, volumes: NDArray[np.float32]) -> NDArray[np.float32]:
        """(n, r) standardised scores."""
        flat = volumes.reshape(len(volumes), -1)
        return ((flat - self.mean) @ self.components.T / self.scale).astype(np.float32)

    def decode(self, scores: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
        """(n, slices, rows, columns) from standardised scores, with fresh grain."""
        from scipy.ndimage import gaussian_filter

        flat = np.clip((scores * self.scale) @ self.components + self.mean, self.low, self.high)
        volumes = flat.reshape(len(scores), *self.shape)
        noise = rng.standard_normal(volumes.shape).astype(np.float32)
        if self.smooth > 0:
            noise = gaussian_filter(noise, (0, 0, self.smooth, self.smooth))
            noise /= noise.std()
        margin = BEYOND * float(np.median(self.grain))
        low, high = (self.low - margin).reshape(self.shape), (self.high + margin).reshape(self.shape)
        return np.clip(volumes + noise * self.grain.reshape(self.shape), low, high)


def _bounds(flat: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The values of each pixel that a fiftieth of the patients, and at least 5, are beyond, on either side."""
    beyond = min(max(5, len(flat) // 50), (len(flat) - 1) // 2)
    low, high = np.empty(flat.shape[1], np.float32), np.empty(flat.shape[1], np.float32)
    for first in range(0, flat.shape[1], PIXELS_AT_ONCE):
        part = np.partition(flat[:, first : first + PIXELS_AT_ONCE], (beyond, len(flat) - 1 - beyond), axis=0)
        low[first : first + PIXELS_AT_ONCE] = part[beyond]
        high[first : first + PIXELS_AT_ONCE] = part[-1 - beyond]
    return low, high


def _correlation_length(left: NDArray[np.float32]) -> float:
    """The width of the Gaussian filter under which white noise is as correlated between neighbours as what is left."""
    a, b = left[..., :-1].ravel()[:2_000_000], left[..., 1:].ravel()[:2_000_000]
    correlation = float(np.corrcoef(a, b)[0, 1]) if a.std() > 0 else 0.0
    return float(np.sqrt(-1 / (4 * np.log(correlation)))) if 0.05 < correlation < 0.99 else 0.0
