"""Inference: guessing a person's secret from the nearest synthetic record on all other columns.

Definition of Giomi et al. 2022 (Anonymeter): a guess of a number is right within 5 % of the guess, one of a category
when equal; a missing secret is guessed right by a missing value. Which neighbours are nearest belongs to ``distance``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from anon_pipeline.risk.intervals import Figure, clustered_excess, excess, rate

TOLERANCE = 0.05


def right_guesses(
    targets: NDArray[np.float64],
    synthetic: NDArray[np.float64],
    nearest: NDArray[np.int64],
    secrets: list[int],
    numeric: list[bool],
) -> NDArray[np.bool_]:
    """(people, secrets): whether each guess is right. ``nearest`` (people, secrets) are rows of ``synthetic``."""
    out = np.zeros((len(targets), len(secrets)), dtype=bool)
    for t, column in enumerate(secrets):
        truth, guess = targets[:, column], synthetic[nearest[:, t], column]
        right = np.abs(guess - truth) / (np.abs(guess) + 1e-12) <= TOLERANCE if numeric[column] else guess == truth
        out[:, t] = right | (np.isnan(guess) & np.isnan(truth))
    return out


def figure(on_real: NDArray[np.bool_], on_held: NDArray[np.bool_] | None) -> Figure:
    """The excess of right guesses of one secret over the held-out people."""
    if on_held is None:
        return rate(float(on_real.sum()), len(on_real))
    return excess(float(on_real.sum()), len(on_real), float(on_held.sum()), len(on_held))


def pooled(on_real: NDArray[np.bool_], on_held: NDArray[np.bool_] | None) -> Figure:
    """All secrets together: each person counts once, with the share of the secrets that were guessed."""
    if on_held is None:
        return rate(float(on_real.mean(axis=1).sum()), len(on_real))
    return clustered_excess(on_real.mean(axis=1), on_held.mean(axis=1))
