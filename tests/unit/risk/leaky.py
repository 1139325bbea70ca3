"""Generators that leak in ways that were published or are easily made, to try the attacks on. Never for use."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray


def _matrix(frame: pd.DataFrame) -> NDArray[np.float64]:
    """Standardised numbers and indicators of categories over the root of their frequency, as FAMD scales them."""
    parts = []
    for column in frame.columns:
        if pd.api.types.is_numeric_dtype(frame[column]):
            values = frame[column].to_numpy(dtype=float)
            values = np.where(np.isfinite(values), values, np.nanmedian(values))
            parts.append(((values - values.mean()) / (values.std() or 1.0))[:, None])
        else:
            dummies = pd.get_dummies(frame[column].astype(str)).to_numpy(dtype=float)
            parts.append((dummies - dummies.mean(axis=0)) / np.sqrt(dummies.mean(axis=0)))
    return np.hstack(parts)


def _components(x: NDArray[np.float64], dimensions: int) -> NDArray[np.float64]:
    _, _, axes = np.linalg.svd(x - x.mean(axis=0), full_matrices=False)
    return (x - x.mean(axis=0)) @ axes[:dimensions].T


def _neighbours(points: NDArray[np.float64], k: int, *, own: bool) -> NDArray[np.int64]:
    distance = ((points[:, None, :] - points[None, :, :]) ** 2).sum(axis=2)
    if not own:
        np.fill_diagonal(distance, np.inf)
    return np.argsort(distance, axis=1, kind="stable")[:, :k]


def dominant_weight_avatars(frame: pd.DataFrame, k: int = 20, seed: int = 0, dimensions: int = 5) -> pd.DataFrame:
    """Mixtures of k neighbours of each record whose largest random weight is about .55 whatever k is.

    The weights are a shuffled geometric series of halves times exponential noise over the distance: one neighbour
    decides. Numbers are averaged in full; a category is the dominant neighbour's.
    """
    rng = np.random.default_rng(seed)
    points = _components(_matrix(frame), dimensions)
    near = _neighbours(points, k, own=False)
    distance = np.sqrt(((points[:, None, :] - points[near]) ** 2).sum(axis=2)) + 1e-6
    series = np.array([rng.permutation(0.5 ** np.arange(1, k + 1)) for _ in range(len(frame))])
    weights = series * rng.exponential(size=series.shape) / distance
    weights /= weights.sum(axis=1, keepdims=True)
    heaviest = near[np.arange(len(frame)), weights.argmax(axis=1)]
    out = {}
    for column in frame.columns:
        values = frame[column]
        if pd.api.types.is_numeric_dtype(values) and values.nunique() > 10:
            numbers = values.to_numpy(dtype=float)
            mixed = (numbers[near] * weights).sum(axis=1)
            integer = bool(np.all(numbers[np.isfinite(numbers)] == np.round(numbers[np.isfinite(numbers)])))
            out[column] = np.round(mixed) if integer else mixed
        else:
            out[column] = values.to_numpy()[heaviest]
    return pd.DataFrame(out).sample(frac=1, random_state=seed).reset_index(drop=True)


def bootstrap_copies(frame: pd.DataFrame, seed: int = 0) -> pd.DataFrame:
    """Rows drawn with replacement."""
    return frame.sample(len(frame), replace=True, random_state=seed).reset_index(drop=True)


def self_included_density(frame: pd.DataFrame, k: int = 5, seed: int = 0) -> pd.DataFrame:
    """A Gaussian of the k nearest records, the record itself among them and half of the weight, added to it."""
    rng = np.random.default_rng(seed)
    near = _neighbours(_matrix(frame), k, own=True)
    out = {}
    weights = np.full(k, 0.5 / (k - 1))
    weights[0] = 0.5
    for column in frame.columns:
        values = frame[column]
        if pd.api.types.is_numeric_dtype(values) and values.nunique() > 10:
            numbers = values.to_numpy(dtype=float)
            numbers = np.where(np.isfinite(numbers), numbers, np.nanmedian(numbers))
            mean = (numbers[near] * weights).sum(axis=1)
            spread = numbers[near].std(axis=1) * 0.5
            out[column] = mean + spread * rng.standard_normal(len(frame))
        else:
            chosen = np.array([rng.choice(k, p=weights) for _ in range(len(frame))])
            out[column] = values.to_numpy()[near[np.arange(len(frame)), chosen]]
    return pd.DataFrame(out).sample(frac=1, random_state=seed).reset_index(drop=True)


def shuffled_columns(frame: pd.DataFrame, seed: int = 0) -> pd.DataFrame:
    """Every column on its own: no row is anyone's. Must pass."""
    rng = np.random.default_rng(seed)
    return pd.DataFrame({c: frame[c].to_numpy()[rng.permutation(len(frame))] for c in frame.columns})
