"""Gene-level avatars: a Gaussian copula on which genes are mutated, a consequence drawn per gene.

Its only ingredients are counts of patients: per gene (at least the floor), per pair of genes, per gene and consequence
(classes under the floor are pooled). Pair correlations rest on tetrachoric estimates, shrunk towards independence.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class GeneModel:
    """genes: numbers of the genes kept; threshold: (g,) latent; factor: (g, g) Cholesky factor of the latent
    correlations; consequence: (g, classes) probabilities."""

    genes: NDArray[np.int64]
    threshold: NDArray[np.float64]
    factor: NDArray[np.float64]
    consequence: NDArray[np.float64]


def fit(table: NDArray[np.bool_], floor: int) -> GeneModel:
    """table: (patients, genes, consequences). Genes carried by fewer than ``floor`` patients are left out."""
    from scipy.stats import norm

    carried = np.asarray(table.any(axis=2))
    patients = len(table)
    counts = carried.sum(axis=0)
    genes = np.flatnonzero((counts >= floor) & (patients - counts >= floor))
    own = carried[:, genes].astype(np.float64)
    share = own.mean(axis=0)
    latent = np.eye(len(genes))
    together = own.T @ own / patients
    for one in range(len(genes)):
        for other in range(one):
            rho = _tetrachoric(share[one], share[other], together[one, other])
            expected = share[one] * share[other] * patients
            rho *= expected / (expected + 2.0) if rho < 0 else 1.0
            latent[one, other] = latent[other, one] = rho * (1 - 10 / (patients + 10))
    values, vectors = np.linalg.eigh(latent) if len(genes) else (np.zeros(0), np.zeros((0, 0)))
    repaired = (vectors * np.maximum(values, 1e-3)) @ vectors.T
    scale = np.sqrt(np.diag(repaired))
    repaired = repaired / np.outer(scale, scale)
    kinds = table[:, genes].sum(axis=0).astype(np.float64)
    common = np.where(kinds >= floor, kinds, 0)
    rest = (kinds - common).sum(axis=1)
    pooled = kinds.sum(axis=0) / max(float(kinds.sum()), 1.0)
    consequence = common + rest[:, None] * pooled
    return GeneModel(
        genes,
        norm.ppf(1 - share),
        np.asarray(np.linalg.cholesky(repaired), np.float64) if len(genes) else np.zeros((0, 0)),
        consequence / np.maximum(consequence.sum(axis=1, keepdims=True), 1e-9),
    )


def _tetrachoric(one: float, other: float, both: float) -> float:
    """The latent correlation that gives the joint share ``both``, by bisection."""
    from scipy.stats import multivariate_normal, norm

    lower = [float(norm.ppf(one)), float(norm.ppf(other))]
    low, high = -0.95, 0.95
    for _ in range(12):
        middle = (low + high) / 2
        joint = float(multivariate_normal.cdf(lower, mean=np.zeros(2), cov=np.array([[1, middle], [middle, 1]])))
        low, high = (middle, high) if joint < both else (low, middle)
    return (low + high) / 2


def sample(model: GeneModel, size: int, rng: np.random.Generator) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """(size, g) which genes each avatar has mutated, and (size, g) of which consequence class."""
    latent = rng.standard_normal((size, len(model.genes))) @ model.factor.T
    carried = latent > model.threshold
    cumulative = np.cumsum(model.consequence, axis=1)
    drawn = rng.random((size, len(model.genes)))
    kind = (drawn[:, :, None] > cumulative[None, :, :]).sum(axis=2)
    return carried, np.minimum(kind, model.consequence.shape[1] - 1)
