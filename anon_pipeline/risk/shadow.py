"""Shadow models: how a person's presence in training changes what the generator makes (LiRA, Carlini et al. 2022).

The attacker can run the generator. For every target it compares the closeness of generated tables made with and
without the target: many shadow tables from random halves of the population give each target two samples of scores,
whose likelihood ratio judges a fresh table. Targets are random people and outliers, reported apart.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from anon_pipeline.keys import seeded_rng
from anon_pipeline.risk.distance import knn
from anon_pipeline.risk.encoding import Codebook
from anon_pipeline.risk.intervals import Figure
from anon_pipeline.risk.membership import figures
from anon_pipeline.risk.tables import Aligned, align

FitSample = Callable[[pd.DataFrame, int], pd.DataFrame]


def shadow_attacks(
    tables: Aligned,
    fit_sample: FitSample,
    *,
    seed: int,
    quick: bool = False,
    shadows: int | None = None,
    targets: int = 200,
) -> dict[str, dict[str, Figure]]:
    """``{"shadow_random": figures, "shadow_outliers": figures}`` over half of the shadow tables used as victims.

    fit_sample(frame, seed) fits the generator on ``frame`` and returns as many synthetic rows. ``shadows`` tables are
    made (default 24, quick 12), each from a random half of real and held-out people together; every target is in about
    half of them. Each table is attacked with the likelihoods learnt from all others.
    """
    assert tables.holdout is not None
    shadows = shadows or (12 if quick else 24)
    rng = seeded_rng(seed, "shadow")
    people = pd.concat([tables.real, tables.holdout], ignore_index=True)
    codebook = Codebook.of(tables)
    raw = codebook.raw(people)
    scaled = codebook.standardised(raw, raw)
    size = min(len(people) // 2, len(tables.real))
    crowd = knn(scaled, scaled, 5, exclude=np.arange(len(scaled)))[0].mean(axis=1)
    half = min(targets // 2, len(people) // 4)
    outliers = np.argsort(-crowd, kind="stable")[:half]
    random = rng.permutation(np.setdiff1d(np.arange(len(people)), outliers))[:half]
    chosen = np.concatenate([random, outliers])
    inside = np.zeros((shadows, len(chosen)), dtype=bool)
    scores = np.zeros((shadows, len(chosen)))
    for s in range(shadows):
        if s % 2 == 0:
            order = rng.permutation(len(people))
        rows = np.sort(order[:size] if s % 2 == 0 else order[-size:])
        made = fit_sample(people.iloc[rows].reset_index(drop=True), int(rng.integers(1 << 31)))
        both = align(people, made, None)
        table = codebook.standardised(_encoded(codebook, both.synthetic), raw)
        near = knn(scaled[chosen], table, 5)[0].astype(float)
        scores[s] = -np.log(near[:, 0] + 1e-3) - 0.5 * np.log(near.mean(axis=1) + 1e-3)
        inside[s] = np.isin(chosen, rows)
    ratio = likelihood_ratios(scores, inside)
    out = {}
    for name, part in {"shadow_random": slice(0, half), "shadow_outliers": slice(half, None)}.items():
        r, member = ratio[:, part], inside[:, part]
        out[name] = figures((r[member], r[~member]), rng, 60)
    return out


def likelihood_ratios(scores: NDArray[np.float64], inside: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(shadows, targets) log likelihood ratios in against out, each shadow judged by Gaussians of all the others."""
    out = np.zeros_like(scores)
    spread = np.sqrt(
        np.mean(
            [
                scores[:, t][inside[:, t] == side].var()
                for t in range(scores.shape[1])
                for side in (True, False)
                if (inside[:, t] == side).sum() > 1
            ]
        )
        + 1e-12
    )
    for s in range(len(scores)):
        rest = np.arange(len(scores)) != s
        for t in range(scores.shape[1]):
            x, member = scores[rest, t], inside[rest, t]
            if member.sum() < 2 or (~member).sum() < 2:
                continue
            a, b = x[member].mean(), x[~member].mean()
            out[s, t] = ((scores[s, t] - b) ** 2 - (scores[s, t] - a) ** 2) / (2 * spread**2)
    return out


def _encoded(codebook: Codebook, frame: pd.DataFrame) -> NDArray[np.float64]:
    """The raw encoding of a shadow table; a column or category that it lacks is missing."""
    for column in codebook.columns:
        if column not in frame:
            frame[column] = np.nan
    return codebook.raw(frame)
