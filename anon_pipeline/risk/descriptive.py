"""Figures that readers of other reports know: hidden rate, local cloaking, DCR and NNDR ratios. Never evidence.

On the published releases of a trial a hidden rate of 95.5 % went with a membership AUC of .73: these say how far
records lie apart, not what an attacker can learn.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from anon_pipeline.risk.distance import knn

POPULATIONS = 4
"""Members outnumber held-out people in most evaluations: one random population of them gives a ratio that strays by
.05 where distances take few values."""

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
        sample = synthetic[np.sort(rng.permutation(len(synthetic))[: 2 * most])]
        near, far = (_medians(sample, _populations(side, size, rng)) for side in (real, holdout))
        out["dcr_ratio"], out["nndr_ratio"] = (_ratio(a, b) for a, b in zip(near, far, strict=True))
    return out


def _populations(people: NDArray[np.float32], size: int, rng: np.random.Generator) -> list[NDArray[np.float32]]:
    """As many disjoint random populations of ``size`` as there are people for, at most ``POPULATIONS``."""
    order = rng.permutation(len(people))
    count = min(len(people) // size, POPULATIONS)
    return [people[np.sort(order[i * size : (i + 1) * size])] for i in range(count)]


def _medians(sample: NDArray[np.float32], populations: list[NDArray[np.float32]]) -> tuple[float, float]:
    """Medians of the distance to the nearest person and of its ratio to the second nearest's, mean over populations."""
    found = []
    for people in populations:
        d = knn(sample, people, 2)[0].astype(float)
        found.append((np.median(d[:, 0]), np.median((d[:, 0] + 1e-6) / (d[:, 1] + 1e-6))))
    distance, ratio = np.mean(found, axis=0)
    return float(distance), float(ratio)


def _ratio(a: float, b: float) -> float:
    return float(a / b) if b > 0 else (1.0 if a == 0 else float("inf"))
