"""Figures that readers of other reports know: hidden rate, local cloaking, DCR and NNDR ratios. Never evidence.

On the published releases of a trial a hidden rate of 95.5 % went with a membership AUC of .73: these say how far
records lie apart, not what an attacker can learn.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from anon_pipeline.risk.distance import knn

NOTE = "for readers who know these figures; they are no evidence of anonymity and no limit applies to them"


def describe(
    real: NDArray[np.float32],
    holdout: NDArray[np.float32] | None,
    synthetic: NDArray[np.float32],
    origin: NDArray[np.int64] | None,
    rng: np.random.Generator,
    most: int = 2000,
) -> dict[str, Any]:
    """``origin[i]`` is the row of ``real`` that synthetic row i started from; without it, rows are paired in order."""
    out: dict[str, Any] = {"note": NOTE}
    pairs = origin if origin is not None else np.arange(len(synthetic)) if len(synthetic) == len(real) else None
    if pairs is not None:
        made = np.full(len(real), -1, dtype=np.int64)
        made[pairs] = np.arange(len(pairs))
        people = np.flatnonzero(made >= 0)
        people = np.sort(rng.permutation(people)[:most])
        nearer = np.array(
            [
                int((d < d[made[i]] - 1e-6).sum())
                for i in people
                for d in [np.minimum(np.abs(synthetic - real[i]), 1.0).sum(axis=1)]
            ]
        )
        out["hidden_rate"] = float((nearer > 0).mean())
        out["local_cloaking"] = float(np.median(nearer))
        out["paired_by"] = "origin" if origin is not None else "row order"
    if holdout is not None and min(len(real), len(holdout)) >= 3:
        size = min(len(real), len(holdout))
        members = real[np.sort(rng.permutation(len(real))[:size])]
        others = holdout[np.sort(rng.permutation(len(holdout))[:size])]
        sample = synthetic[np.sort(rng.permutation(len(synthetic))[:most])]
        near, far = knn(sample, members, 2)[0].astype(float), knn(sample, others, 2)[0].astype(float)
        out["dcr_ratio"] = _ratio(float(np.median(near[:, 0])), float(np.median(far[:, 0])))
        out["nndr_ratio"] = _ratio(*(float(np.median((d[:, 0] + 1e-6) / (d[:, 1] + 1e-6))) for d in (near, far)))
    return out


def _ratio(a: float, b: float) -> float:
    return float(a / b) if b > 0 else (1.0 if a == 0 else float("inf"))
