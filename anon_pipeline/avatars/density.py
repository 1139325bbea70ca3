"""Draw avatars from the local density of patients: a Gaussian fitted to k patients, none of them the start.

Each avatar starts at a patient, moves to a point drawn from the k patients near that one, and is drawn from the k near
this point: nobody is in the middle of what it is drawn from. They are the k nearest of a random panel of k / reach
patients, so that a neighbourhood spans the share ``reach`` of the cohort whatever its size: what an avatar tells of
those it was made from is bounded by that share, not by the number of patients. Every patient starts equally many
avatars (to within one). Weights fall with rank and are capped, so that no patient counts for more than the policy's
share. Decoding a point into a modality belongs to the modality.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from anon_pipeline.avatars.embedding import principal
from anon_pipeline.avatars.neighbours import nearest

SEARCH_DIMENSIONS = 12
"""Neighbours are looked for in the leading components: in hundreds of dimensions a few central patients would be
everyone's neighbour (hubs) and rare patients no one's. The points keep every dimension."""
MOMENTS, PATIENTS_A_MOMENT = 40, 20
ROWS_AT_ONCE, AT_ONCE = 65_536, 20_000_000


@dataclass(frozen=True)
class Local:
    """starts: (m,) int64; neighbours: (m, k) int64; weights: (m, k) float32; points: (m, d) float32; notes: what
    could not be kept, in words and counts."""

    starts: NDArray[np.int64]
    neighbours: NDArray[np.int64]
    weights: NDArray[np.float32]
    points: NDArray[np.float32]
    notes: list[str] = field(default_factory=list)


def weights_of(k: int, maximum: float = 0.05, minimum_effective: float = 20.0) -> NDArray[np.float32]:
    """k weights that fall with rank (nearest first, half as much at the last), none over ``maximum`` where k allows."""
    weights = np.linspace(1.0, 0.5, k)
    weights /= weights.sum()
    if weights[0] > maximum or 1 / (weights**2).sum() < minimum_effective:
        weights = np.full(k, 1.0 / k)
    return weights.astype(np.float32)


def draw_local(
    vectors: NDArray[np.float32],
    k: int,
    size: int,
    rng: np.random.Generator,
    *,
    reach: float = 0.33,
    maximum: float = 0.05,
    minimum_effective: float = 20.0,
    device: str = "cpu",
) -> Local:
    """``size`` avatars from ``vectors`` (n, d). reach: the share of the patients that a neighbourhood spans; below
    k / reach patients it is the k nearest of all. With fewer patients than the weights' cap needs, k is n - 1, weights
    are even, and a note says so."""
    n = len(vectors)
    notes = []
    least = max(int(np.ceil(1 / maximum)), int(np.ceil(minimum_effective)))
    wanted = max(k, least)
    k = min(wanted, n - 1)
    if k < least:
        notes.append(f"{n} patients: neighbourhoods of {k}, weights of {1 / k:.3f}")
    elif wanted > n - 1:
        notes.append(f"k reduced to {k}")
    starts = np.concatenate([rng.permutation(n) for _ in range(-(-size // n))])[:size]
    panel = min(int(np.ceil(k / reach)) + 1, n)
    searched = principal(vectors).vectors[:, :SEARCH_DIMENSIONS]
    weights = np.broadcast_to(weights_of(k, maximum, minimum_effective), (size, k))
    near = nearest(searched, searched[starts], starts, k, panel, rng, device)
    found = nearest(searched, _points(searched, near, weights, rng), starts, k, panel, rng, device)
    return Local(starts, found, weights.copy(), matched(_points(vectors, found, weights, rng), vectors), notes)


def matched(points: NDArray[np.float32], vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """``points`` (m, d) moved so that their mean and covariance are those of the patients (n, d) in their leading
    components, at most one for ``PATIENTS_A_MOMENT`` of either.

    Neighbours lie nearer to the middle than the patient they are the neighbours of, so that drawn points have less
    spread than patients, and what hangs on it (a lesion's size) too. The map is the one that moves points least
    (Gelbrich 1990).
    """
    count = min(MOMENTS, vectors.shape[1], min(len(points), len(vectors)) // PATIENTS_A_MOMENT)
    if count < 1:
        return points
    centre, middle = vectors.mean(axis=0, dtype=float), points.mean(axis=0, dtype=float)
    spread = np.zeros((len(centre), len(centre)))
    for low in range(0, len(vectors), ROWS_AT_ONCE):
        part = vectors[low : low + ROWS_AT_ONCE] - centre
        spread += part.T @ part / len(vectors)
    axes = np.linalg.eigh(spread)[1][:, ::-1][:, :count]
    theirs = axes.T @ spread @ axes
    short = axes.astype(np.float32)
    here = points @ short - (middle @ axes).astype(np.float32)
    mine = here.T.astype(float) @ here / len(here)
    root = _root(mine)
    inverse = np.linalg.pinv(root)
    change = inverse @ _root(root @ theirs @ root) @ inverse - np.eye(count)
    return points + (centre - middle).astype(np.float32) + (here @ change.astype(np.float32)) @ short.T


def _root(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T


def _points(
    vectors: NDArray[np.float32], found: NDArray[np.int64], weights: NDArray[np.float32], rng: np.random.Generator
) -> NDArray[np.float32]:
    """(m, d): a point for each row of neighbours, in blocks of bounded memory."""
    points = np.empty((len(found), vectors.shape[1]), np.float32)
    chunk = max(1, AT_ONCE // (found.shape[1] * vectors.shape[1]))
    for low in range(0, len(found), chunk):
        points[low : low + chunk] = _gaussian(vectors, found[low : low + chunk], weights[low : low + chunk], rng)
    return points


def _gaussian(
    vectors: NDArray[np.float32], found: NDArray[np.int64], weights: NDArray[np.float32], rng: np.random.Generator
) -> NDArray[np.float32]:
    """Points of N(mean, covariance) of the weighted neighbours, without forming the covariance."""
    near = vectors[found]
    mean = np.einsum("mk,mkd->md", weights, near)
    noise = rng.standard_normal(found.shape, dtype=np.float32) * np.sqrt(weights)
    near -= mean[:, None, :]
    return mean + np.einsum("mk,mkd->md", noise, near)
