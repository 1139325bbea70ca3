"""Membership on views of whole patients: was this person among those the avatars were made from?

The calibrated distance of ``membership_calibrated`` (Watson et al. 2022), in spaces fitted on the avatars alone: no
encoder has seen the people under attack, and what the release's own encoders memorised shows in the avatars.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from anon_pipeline.risk.cross_modal import View
from anon_pipeline.risk.distance import knn
from anon_pipeline.risk.intervals import Figure, auc, tpr_at

LEAST = 10


def scores(
    members: NDArray[np.float32],
    others: NDArray[np.float32],
    synthetic: NDArray[np.float32],
    rng: np.random.Generator,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Distance to the nearest of the reference set minus distance to the nearest avatar; higher says member.

    The reference set are the others: one who is scored is left out of it, and for a member one at random is, so that
    both are compared with as many.
    """
    own = np.arange(len(others))
    dropped = rng.integers(0, len(others), len(members))
    found = tuple(
        knn(people, others, 1, exclude=out, metric="l2")[0][:, 0].astype(float)
        - knn(people, synthetic, 1, metric="l2")[0][:, 0].astype(float)
        for people, out in ((members, dropped), (others, own))
    )
    return found[0], found[1]


def membership(view: View, seed: int, most: int = 2000) -> dict[str, Figure]:
    """``auc`` and ``tpr_at_10`` of the attack on one view; empty when too few people have it."""
    rng = np.random.default_rng([seed, 11])
    members, others = view.real[view.has_real], view.holdout[view.has_holdout]
    made = view.synthetic[view.has_synthetic]
    if min(len(members), len(others), len(made)) < LEAST:
        return {}
    members = members[np.sort(rng.permutation(len(members))[:most])]
    others = others[np.sort(rng.permutation(len(others))[:most])]
    found = scores(members, others, made, rng)
    return {"auc": auc(*found), "tpr_at_10": tpr_at(*found, 0.10, rng)}
