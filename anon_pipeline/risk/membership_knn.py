"""kNN ratio: the log ratio of mean distances to k reference people and to k synthetic records.

A k-nearest-neighbour estimate of the density ratio; it sees records pulled towards a person that are no copy of them.
"""

from __future__ import annotations

import numpy as np

from anon_pipeline.risk.membership import Scores


def scores(to_synthetic: Scores, to_reference: Scores, k: int = 5) -> Scores:
    """log((mean distance to k reference people + e) / (mean distance to k synthetic records + e))."""
    return tuple(
        np.log((r[:, :k].mean(axis=1) + 1e-3) / (s[:, :k].mean(axis=1) + 1e-3))
        for s, r in zip(to_synthetic, to_reference, strict=True)
    )
