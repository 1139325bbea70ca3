"""What a release keeps: allele frequencies, linkage disequilibrium, principal components, heterozygosity.

Measured against the training people over alleles with frequency 2 to 98 %. LD: r^2 of pairs inside windows of at most
400 common sites; its relative error over pairs with r^2 >= .2 in the training people.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from anon_pipeline.modalities.genomics.attacking import aligned, slots_of
from anon_pipeline.modalities.genomics.store import Store
from anon_pipeline.modalities.genomics.strata import Ancestry
from anon_pipeline.modalities.genomics.survey import Survey

LD_SITES = 400
LD_PAIRS = 4_000_000


class _Sums:
    """Pearson's correlation and mean absolute differences, streamed."""

    def __init__(self) -> None:
        self.count = 0
        self.sums = np.zeros(5)
        self.absolute = 0.0

    def add(self, one: NDArray[Any], other: NDArray[Any]) -> None:
        one, other = one.astype(np.float64), other.astype(np.float64)
        self.count += len(one)
        self.sums += (one.sum(), other.sum(), (one * one).sum(), (other * other).sum(), (one * other).sum())
        self.absolute += float(np.abs(one - other).sum())

    def correlation(self) -> float | None:
        if self.count < 3:
            return None
        x, y, xx, yy, xy = self.sums / self.count
        scale = (xx - x * x) * (yy - y * y)
        return float((xy - x * y) / np.sqrt(scale)) if scale > 0 else None

    def difference(self) -> float | None:
        return self.absolute / self.count if self.count else None


def ld(alleles: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(sites, sites) r^2 from haplotypes (sites, haplotypes)."""
    centred = alleles.astype(np.float32)
    centred -= centred.mean(axis=1, keepdims=True)
    centred /= np.maximum(np.sqrt((centred**2).sum(axis=1, keepdims=True)), 1e-6)
    return (centred @ centred.T) ** 2


def wasserstein(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """First Wasserstein distance of two samples, in the first one's standard deviations."""
    from scipy.stats import wasserstein_distance

    return float(wasserstein_distance(one, other) / max(float(one.std()), 1e-12))


def measure_utility(
    store: Store,
    released: Store,
    training: NDArray[np.int64],
    survey: Survey,
    ancestry: Ancestry,
) -> dict[str, Any]:
    """The figures of a release, one pass over both stores."""
    slots = slots_of(training)
    frequency, strength, relative = _Sums(), _Sums(), [0.0, 0]
    het = np.zeros(2)
    place = {int(source): index for index, source in enumerate(survey.pca_source)}
    scores = np.zeros((len(released.header.samples), ancestry.loadings.shape[1]))
    for chunk, source, made in aligned(store, released):
        present = store.header.present(chunk.sites.segment)[slots]
        made_present = released.header.present(chunk.sites.segment)
        real = source[:, slots]
        one = real[:, present].mean(axis=1)
        other = made[:, made_present].mean(axis=1)
        common = (one >= 0.02) & (one <= 0.98)
        frequency.add(one[common], other[common])
        if present.all():
            het += (
                (real[common][:, 0::2] != real[common][:, 1::2]).sum() / real.shape[1],
                (made[common][:, 0::2] != made[common][:, 1::2]).sum() / made.shape[1],
            )
        rows = np.flatnonzero(common)[:: max(1, int(common.sum()) // LD_SITES)]
        if len(rows) > 1 and strength.count < LD_PAIRS:
            pairs = np.triu_indices(len(rows), 1)
            before = ld(real[rows][:, present])[pairs]
            after = ld(made[rows][:, made_present])[pairs]
            strength.add(before, after)
            strong = before >= 0.2
            relative[0] += float((np.abs(before - after)[strong] / before[strong]).sum())
            relative[1] += int(strong.sum())
        known = [row for row, source in enumerate(chunk.sites.source) if int(source) in place]
        if known and scores.shape[1]:
            where = [place[int(chunk.sites.source[row])] for row in known]
            dosage = made[known].reshape(len(known), -1, 2).sum(axis=2).astype(np.float64)
            scores += (dosage - ancestry.mean[where][:, None]).T @ ancestry.loadings[where]
    distances = [wasserstein(ancestry.scores[:, k], scores[:, k]) for k in range(scores.shape[1])]
    found = {
        "allele_frequency_r": frequency.correlation(),
        "allele_frequency_mae": frequency.difference(),
        "ld_r": strength.correlation(),
        "ld_relative_error": relative[0] / relative[1] if relative[1] else None,
        "pca_wasserstein": [round(value, 4) for value in distances],
        "pca_wasserstein_worst": max(distances) if distances else None,
        "heterozygosity_ratio": float(het[1] / het[0]) if het[0] else None,
    }
    return {key: round(value, 5) if isinstance(value, float) else value for key, value in found.items()}
