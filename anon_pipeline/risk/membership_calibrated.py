"""Calibrated distance: how much nearer a person lies to the synthetic records than to the reference population.

The distance to the closest synthetic record alone also says how ordinary a person is; taking it from the distance to
the closest reference person leaves what generation added (difficulty calibration, Watson et al. 2022).
"""

from __future__ import annotations

from anon_pipeline.risk.membership import Scores


def scores(to_synthetic: Scores, to_reference: Scores) -> Scores:
    """Distance to the nearest of the reference set minus distance to the nearest synthetic record."""
    return tuple(r[:, 0] - s[:, 0] for s, r in zip(to_synthetic, to_reference, strict=True))  # type: ignore[return-value]
