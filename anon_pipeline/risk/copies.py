"""Copies and order: people who occur unchanged, people whose quasi-identifiers match, rows that kept their place.

All three are shares of people, compared with the held-out, so that what any sample of the population would show
counts for nothing.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from anon_pipeline.risk.intervals import Figure, clustered_excess, rate


def row_keys(raw: NDArray[np.float64], digits: int = 9) -> NDArray[np.void]:
    """One comparable key a row; numbers that agree to ``digits`` significant digits are the same."""
    filled = np.where(np.isnan(raw), np.inf, raw) + 0.0
    with np.errstate(all="ignore"):
        power = 10.0 ** (digits - 1 - np.floor(np.log10(np.abs(np.where(filled == 0, 1.0, filled)))))
        rounded = np.round(filled * power) / power
    rounded = np.where(np.isfinite(filled) & np.isfinite(rounded), rounded, filled) + 0.0
    rounded = np.ascontiguousarray(rounded)
    return rounded.view(np.dtype((np.void, rounded.dtype.itemsize * rounded.shape[1]))).ravel()


def exact_copies(
    real: NDArray[np.float64], holdout: NDArray[np.float64] | None, synthetic: NDArray[np.float64]
) -> Figure:
    """The share of people with an exact copy among the synthetic rows, in excess of the held-out people's."""
    made = np.unique(row_keys(synthetic))
    on_real = np.isin(row_keys(real), made)
    if holdout is None:
        return rate(float(on_real.sum()), len(on_real))
    return clustered_excess(on_real.astype(float), np.isin(row_keys(holdout), made).astype(float))


def binned(raw: NDArray[np.float64], reference: NDArray[np.float64], bins: int = 20) -> NDArray[np.float64]:
    """Numbers with more than ``bins`` values as equal-width classes of the reference; the rest as they are."""
    out = raw.copy()
    for j in range(raw.shape[1]):
        known = reference[:, j][~np.isnan(reference[:, j])]
        if len(np.unique(known)) > bins:
            low, high = np.quantile(known, [0.01, 0.99])
            width = (high - low) / (bins - 2) or 1.0
            out[:, j] = np.clip(np.floor((raw[:, j] - low) / width), -1, bins - 1)
    return out


def kmap(
    real: NDArray[np.float64], holdout: NDArray[np.float64] | None, synthetic: NDArray[np.float64], columns: list[int]
) -> tuple[Figure, float]:
    """Identity disclosure on the quasi-identifiers: a person counts 1/f when some synthetic row shares theirs.

    f is the number of real people with the same values (El Emam et al. 2020, JMIR 22:e23139). Returns the excess over
    the held-out people and the plain mean over the real ones.
    """
    real_q = binned(real[:, columns], real[:, columns])
    keys, inverse, counts = np.unique(row_keys(real_q), return_inverse=True, return_counts=True)
    made = np.unique(row_keys(binned(synthetic[:, columns], real[:, columns])))
    on_real = np.isin(keys, made)[inverse] / counts[inverse]
    plain = float(on_real.mean())
    if holdout is None:
        return rate(float(on_real.sum()), len(on_real)), plain
    held = row_keys(binned(holdout[:, columns], real[:, columns]))
    place = np.searchsorted(keys, held)
    place = np.minimum(place, len(keys) - 1)
    size = np.where(keys[place] == held, counts[place], 0) + 1
    return clustered_excess(on_real, np.isin(held, made) / size), plain


def row_order(
    real: NDArray[np.float32], synthetic: NDArray[np.float32], rng: np.random.Generator, rounds: int = 50
) -> Figure:
    """How far the synthetic row in a person's place is nearer to them than other synthetic rows: 0 chance, 1 always."""
    size = min(len(real), len(synthetic), 5000)
    if size < 3:
        return Figure(0.0, 0.0, 1.0, size)

    def distance(shift: int) -> NDArray[np.float64]:
        other = synthetic[(np.arange(size) + shift) % size]
        return np.minimum(np.abs(real[:size] - other), 1.0).sum(axis=1)

    own = distance(0)
    wins = np.zeros(size)
    shifts = rng.integers(1, size, rounds)
    for shift in shifts:
        other = distance(int(shift))
        wins += (own < other - 1e-6) + 0.5 * (np.abs(own - other) <= 1e-6)
    share = wins / len(shifts)
    value = 2 * share.mean() - 1
    half = 2 * 1.959963984540054 * share.std(ddof=1) / np.sqrt(size)
    return Figure(
        float(np.clip(value, 0, 1)), float(np.clip(value - half, 0, 1)), float(np.clip(value + half, 0, 1)), size
    )
