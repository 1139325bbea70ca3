"""The full-rank embedding of a mixed table: factor analysis of mixed data (Pages 2004).

Numbers enter as standardised normal scores, categories as indicators divided by the square root of their frequency,
missingness as a category of its own; a principal component analysis then rotates without dropping a dimension that
carries variance. Joining the embeddings of several modalities belongs to ``fuse``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anon_pipeline.avatars.marginals import CONTINUOUS, MISSING, Encoded, Marginal

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Famd:
    """vectors: (n, d) float32, centred, by falling variance. explained: (d,) shares of the variance."""

    vectors: Floats
    explained: Floats


def famd(marginals: list[Marginal], encoded: list[Encoded]) -> Famd:
    """Embed the patients of an encoded table."""
    blocks = []
    for marginal, column in zip(marginals, encoded, strict=True):
        if marginal.ordered:
            known = column.cls != MISSING
            value = np.where(known, column.score, 0.0)
            spread = value[known].std() if known.any() else 0.0
            if spread > 1e-6:
                blocks.append(((value - value.mean()) / spread)[:, None])
            flags = [MISSING]
        else:
            flags = [c for c in range(marginal.classes) if c != CONTINUOUS]
        for c in flags:
            share = float((column.cls == c).mean())
            if 0 < share < 1:
                blocks.append((((column.cls == c) - share) / np.sqrt(share))[:, None])
    n = len(encoded[0].cls) if encoded else 0
    if not blocks:
        return Famd(np.zeros((n, 1), np.float32), np.ones(1, np.float32))
    return principal(np.concatenate(blocks, axis=1))


def principal(matrix: NDArray[np.floating]) -> Famd:
    """Rotate to principal components with a fixed sign; directions without variance are left out."""
    matrix = np.asarray(matrix, dtype=np.float32)
    matrix = matrix - matrix.mean(0)
    covariance = (matrix.T @ matrix).astype(float) / max(len(matrix), 1)
    values, axes = np.linalg.eigh(covariance)
    values, axes = values[::-1], axes[:, ::-1]
    keep = values > max(values[0], 1e-12) * 1e-7
    keep[0] = True
    axes = axes[:, keep]
    axes *= np.where(axes[np.abs(axes).argmax(0), np.arange(axes.shape[1])] < 0, -1, 1)
    explained = values[keep] / max(values[keep].sum(), 1e-12)
    return Famd((matrix @ axes.astype(np.float32)).astype(np.float32), explained.astype(np.float32))
