"""DOMIAS: the synthetic density over the population density at a person (van Breugel et al. 2023, AISTATS).

Densities are Gaussian kernel estimates on the leading principal components of the synthetic table, with Scott's
bandwidth; the person scored is left out of the reference set. The components come from the synthetic table because
axes fitted to the reference set would fit the people in it better than the members.
"""

from __future__ import annotations

import numpy as np
from numba import prange
from numpy.typing import NDArray

from anon_pipeline.compute.compiled import compiled
from anon_pipeline.risk.membership import Known, Scores

COMPONENTS = 8
MOST_CENTRES = 4000


@compiled(parallel=True, fastmath=True, nogil=True)
def _log_density(points, centres, own, scale):  # pragma: no cover
    n, m, p = points.shape[0], centres.shape[0], points.shape[1]
    out = np.zeros(n, dtype=np.float64)
    for i in prange(n):
        total, seen = 0.0, 0
        for c in range(m):
            if c == own[i]:
                continue
            d = np.float32(0)
            for j in range(p):
                x = points[i, j] - centres[c, j]
                d += x * x
            total += np.exp(-0.5 * d * scale)
            seen += 1
        out[i] = np.log(total / max(seen, 1) + 1e-30)
    return out


def _indicator(x: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.clip(x, -4.0, 4.0)


def scores(known: Known, synthetic: NDArray[np.float32], rng: np.random.Generator) -> Scores:
    """log p_synthetic(x) - log p_reference(x) for members and others."""
    shape = _indicator(synthetic)
    centre, spread = shape.mean(axis=0), shape.std(axis=0)
    spread[spread < 1e-6] = 1.0
    _, singular, axes = np.linalg.svd((shape - centre) / spread, full_matrices=False)
    kept = min(COMPONENTS, int((singular > 1e-6 * max(singular[0], 1e-30)).sum())) or 1
    scale = np.maximum(singular[:kept], 1e-6) / np.sqrt(max(len(shape) - 1, 1))

    def project(x: NDArray[np.float32]) -> NDArray[np.float32]:
        out = ((_indicator(x) - centre) / spread) @ axes[:kept].T / scale
        return np.ascontiguousarray(out, dtype=np.float32)

    made = project(synthetic)
    made = made[np.sort(rng.permutation(len(made))[:MOST_CENTRES])]
    kept_rows = np.sort(rng.permutation(len(known.reference))[:MOST_CENTRES])
    place = np.full(len(known.reference), -1, dtype=np.int64)
    place[kept_rows] = np.arange(len(kept_rows))
    centres = project(known.reference)[kept_rows]
    width = (min(len(made), len(centres)) ** (-1.0 / (kept + 4))) ** -2

    def score(people: NDArray[np.float32], own: NDArray[np.int64]) -> NDArray[np.float64]:
        points = project(people)
        none = np.full(len(points), -1, dtype=np.int64)
        return _log_density(points, made, none, width) - _log_density(points, centres, own, width)

    dropped, own = (np.where(rows >= 0, place[rows], -1) for rows in (known.dropped, known.own))
    return score(known.members, dropped), score(known.others, own)
