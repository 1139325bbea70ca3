"""The attacks on avatars' images of one kind: recognised by a siamese network, near-duplicates, membership.

Images come as small arrays; where they were read does not belong here.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from anon_pipeline.risk.cross_modal import View, as_attack
from anon_pipeline.risk.cross_modal_membership import membership
from anon_pipeline.risk.distance import knn
from anon_pipeline.risk.image_duplicates import near_duplicates
from anon_pipeline.risk.image_siamese import Siamese
from anon_pipeline.risk.intervals import rate
from anon_pipeline.risk.recognition import START, recognised

CRITERION = "imaging"
MOST = 3000
MOST_SLICES = 3


def attack_images(
    kind: str,
    real: NDArray[np.float32],
    holdout: NDArray[np.float32],
    synthetic: NDArray[np.float32],
    made_from: NDArray[np.int64],
    seed: int,
    device: str = "cpu",
) -> list[dict[str, Any]]:
    """Rows of a risk report, named by ``kind``. real, holdout, synthetic: (n, channels, rows, columns) float32;
    made_from: (m, 1 + k) rows of ``real`` each avatar was made from, its start first, -1 for who has no such image.

    The network learns from as many patients who were used as who were not (at least 32 of both), so that it knows
    neither side better; all patients who were used are in the gallery.
    """
    rng = np.random.default_rng([seed, 13])
    slices = np.unique(np.linspace(0, real.shape[1] - 1, MOST_SLICES).round().astype(int))
    size = min(len(real), len(holdout), MOST)
    sample = np.sort(rng.permutation(len(real))[: max(size, 32)])
    learnt = np.concatenate([real[sample], holdout[: max(size, 1)]])
    network = Siamese(learnt[:, slices], seed, device=device)
    seen = [network.embed(x[:, slices]) for x in (real, holdout, synthetic)]
    found = []
    asked = np.flatnonzero((made_from >= 0).any(axis=1))
    if len(asked) > 1:
        nearest = knn(seen[2][asked], seen[0], 1, metric="l2")[1][:, 0]
        power = network.power(real[sample][:, slices], seed)
        for metric, figure in recognised(nearest, made_from[asked], len(real)).items():
            ceiling = power * len(real) if metric == START else None
            found.append(as_attack(CRITERION, f"siamese_{kind}", metric, figure, ceiling=ceiling))
    if len(holdout):
        view = View(
            seen[0][sample], seen[1], seen[2],
            *(np.ones(len(x), bool) for x in (sample, seen[1], seen[2])),
        )  # fmt: skip
        for metric, figure in membership(view, seed).items():
            if metric == "auc":
                found.append(as_attack(CRITERION, f"siamese_membership_{kind}", metric, figure))
    copies = near_duplicates(real, synthetic, holdout)
    share = rate(copies.near, copies.images)
    found.append(
        {
            **as_attack(CRITERION, f"near_duplicates_{kind}", "images", share),
            "value": float(copies.near),
            "low": share.low * copies.images,
            "high": share.high * copies.images,
            "floor": copies.held_out_share * copies.images,
        }
    )
    return found
