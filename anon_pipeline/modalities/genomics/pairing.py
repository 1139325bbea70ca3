"""Which two synthetic haplotypes make a person, and which persons' pairs go together across contigs.

Random pairs would lose the excess of homozygosity of a stratum of mixed ancestry. Only correlations of ancestry scores
between the two haplotypes of a person, and between contigs, are imitated: imitating persons' own pairs was measured to
leak (membership AUC .59 by genotype distance on one megabase).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from anon_pipeline.keys import seeded_rng
from anon_pipeline.modalities.genomics.generate import Plan
from anon_pipeline.modalities.genomics.store import Store
from anon_pipeline.modalities.genomics.strata import Ancestry, Strata
from anon_pipeline.modalities.genomics.survey import Survey

BLOCK = 600
COMPONENTS = 4
LEAST_Z = 4.0


def haplotype_scores(
    walkers: Store, survey: Survey, ancestry: Ancestry, components: int = COMPONENTS
) -> dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Per contig: component scores of the real (2n, K) and of the synthetic (2m, K) haplotypes, on the PCA's sites."""
    place = {int(source): index for index, source in enumerate(survey.pca_source)}
    contigs = np.array(survey.pca_contig)
    found: dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]] = {}
    count = min(components, ancestry.loadings.shape[1])
    for contig in dict.fromkeys(survey.pca_contig):
        mine = contigs == contig
        real = survey.pca_alleles[mine].astype(np.float64).T @ ancestry.loadings[mine, :count]
        found[contig] = (real, np.zeros((walkers.header.slots, count)))
    for chunk in walkers.chunks():
        rows = [row for row, source in enumerate(chunk.sites.source) if int(source) in place]
        if not rows or chunk.sites.contig not in found:
            continue
        loadings = ancestry.loadings[[place[int(chunk.sites.source[row])] for row in rows], :count]
        bits = np.unpackbits(chunk.bits[rows], axis=1, count=chunk.slots)
        found[chunk.sites.contig][1][:] += bits.astype(np.float64).T @ loadings
    return found


def pair(
    walkers: Store, survey: Survey, ancestry: Ancestry, strata: Strata, plan: Plan, seed: int
) -> dict[int, NDArray[np.int64]]:
    """Per segment: for each slot of the synthetic people, the walker whose haplotype goes there."""
    header = walkers.header
    if not header.phased:
        return {}
    scores = haplotype_scores(walkers, survey, ancestry)
    pairing = {number: np.arange(header.slots) for number in range(len(header.segments))}
    for label in range(len(strata.names)):
        members, mine = strata.members(label), np.flatnonzero(plan.stratum == label)
        own = np.stack([2 * mine, 2 * mine + 1], axis=1).ravel()
        theirs = np.stack([2 * members, 2 * members + 1], axis=1).ravel()
        latent: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None
        for number, segment in enumerate(header.segments):
            rng = seeded_rng(seed, "genomics", "pairs", number, label)
            shuffled = rng.permutation(own)
            if segment["contig"] in scores and len(own):
                real, made = (_standard(part[rows]) for part, rows in zip(
                    scores[segment["contig"]], (theirs, shuffled), strict=True
                ))  # fmt: skip
                order, latent = _arranged(real, made, latent, rng)
                shuffled = shuffled[order]
            pairing[number][own] = shuffled
    return pairing


def _standard(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return (values - values.mean(axis=0)) / np.maximum(values.std(axis=0), 1e-12)


def _arranged(
    real: NDArray[np.float64],
    made: NDArray[np.float64],
    latent: tuple[NDArray[np.float64], NDArray[np.float64]] | None,
    rng: np.random.Generator,
) -> tuple[NDArray[np.int64], tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """The order of ``made`` (2m, K) in which rows 2j, 2j+1 are a person; and the sums of scores so far, of the real
    and of the synthetic people, to which further contigs are tied."""
    people = len(made) // 2
    order = np.arange(2 * people)
    if latent is None:
        tie = _correlation(real[0::2], real[1::2])
        wanted = _noisy(made[0::2], tie, rng)
        order[1::2] = 1 + 2 * _matched(wanted, made[1::2], tie**2, rng)
        before = np.zeros((len(real) // 2, real.shape[1])), np.zeros((people, real.shape[1]))
    else:
        before = latent
        past_real, past_made = _standard(before[0]), _standard(before[1])
        tie = _correlation(np.repeat(past_real, 2, axis=0), real)
        wanted = _noisy(np.repeat(past_made, 2, axis=0), tie, rng)
        order = _matched(wanted, made, tie**2, rng)
    put = made[order]
    return order, (before[0] + real[0::2] + real[1::2], before[1] + put[0::2] + put[1::2])


def _correlation(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """(K,) correlations, 0 where they are not clearly positive."""
    tie = (one * other).mean(axis=0) / np.maximum(one.std(axis=0) * other.std(axis=0), 1e-12)
    return np.where(tie * np.sqrt(len(one)) > LEAST_Z, np.minimum(tie, 0.999), 0.0)


def _noisy(values: NDArray[np.float64], tie: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    return values * tie + rng.standard_normal(values.shape) * np.sqrt(1 - tie**2)


def _matched(
    wanted: NDArray[np.float64], offered: NDArray[np.float64], weight: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.int64]:
    """(w,) which offered row each wanted row gets: every one once, near in weighted scores, block by block along the
    component of most weight; at random where nothing weighs."""
    from scipy.optimize import linear_sum_assignment

    if not weight.any():
        return rng.permutation(len(wanted))
    chosen = np.empty(len(wanted), np.int64)
    lead = int(np.argmax(weight))
    by_wanted = np.argsort(wanted[:, lead], kind="stable")
    by_offered = np.argsort(offered[:, lead], kind="stable")
    scale = np.sqrt(weight)
    for start in range(0, len(wanted), BLOCK):
        rows, columns = by_wanted[start : start + BLOCK], by_offered[start : start + BLOCK]
        difference = (wanted[rows] * scale)[:, None, :] - (offered[columns] * scale)[None, :, :]
        left, right = linear_sum_assignment((difference**2).sum(axis=2))
        chosen[rows[left]] = columns[right]
    return chosen
