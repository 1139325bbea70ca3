"""Patients' genomes: mosaics of their stratum's founder haplotypes (Li and Stephens 2003), and rare variants.

What a patient inherits is a small array of donors; genotypes are computed from it when a file is written, and the
dosages of the declared loci at once, since the planted phenotypes follow them. Writing VCF belongs to ``vcf``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from anon_pipeline.fictional.founders import LOCI, POOL, REGIONS, founders, free_positions
from anon_pipeline.keys import seeded_rng

SEGMENT = 80_000  # base pairs that a haplotype copies from one founder
RARE_SITES = 700  # a region, beside the founders' sites
RARE_FREQUENCY = (0.0004, 0.004)


@dataclass(frozen=True)
class Genomes:
    """One block's inheritance. donors: (n, 2, regions, segments) int16; offsets: (n, 2, regions) int32, where the
    first segment ends, in base pairs from the region's start; stratum: (n,)."""

    seed: int
    block: int
    stratum: NDArray[np.int64]
    donors: NDArray[np.int16]
    offsets: NDArray[np.int32]


def draw_genomes(seed: int, block: int, stratum: NDArray[np.int64]) -> Genomes:
    rng = seeded_rng(seed, "genomes", block)
    n = len(stratum)
    segments = max(region.length for region in REGIONS) // SEGMENT + 2
    donors = rng.integers(0, POOL, (n, 2, len(REGIONS), segments), dtype=np.int16)
    offsets = rng.integers(0, SEGMENT, (n, 2, len(REGIONS)), dtype=np.int32)
    return Genomes(seed, block, stratum, donors, offsets)


def _region_of(locus: str) -> int:
    return next(i for i, region in enumerate(REGIONS) if region.contig == LOCI[locus].contig)


def dosage(genomes: Genomes, locus: str) -> NDArray[np.int64]:
    """(n,) number of alternative alleles (0 to 2) at a declared locus."""
    number = _region_of(locus)
    pool = founders(genomes.seed, number)
    site = pool.causal[locus]
    place = int(pool.positions[site] - pool.region.start)
    segment = (place - genomes.offsets[:, :, number]) // SEGMENT + 1
    donor = np.take_along_axis(genomes.donors[:, :, number, :], segment[..., None], axis=2)[..., 0]
    alleles = np.stack([p[:, site] for p in pool.pools])[genomes.stratum[:, None], donor]
    return alleles.sum(axis=1).astype(np.int64)


@lru_cache(maxsize=8)
def rare_sites(seed: int, number: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Positions of the rare variants of a region and their carrier probabilities a haplotype."""
    pool = founders(seed, number)
    rng = seeded_rng(seed, "rare sites", number)
    positions = np.sort(rng.choice(free_positions(pool.region, pool.positions), RARE_SITES, replace=False))
    low, high = np.log(RARE_FREQUENCY)
    return positions, np.exp(rng.uniform(low, high, RARE_SITES))


def haplotypes(genomes: Genomes, number: int, take: int) -> NDArray[np.uint8]:
    """(take, 2, v) alleles of the block's first ``take`` patients in a region: the founders' sites, then the rare."""
    pool = founders(genomes.seed, number)
    places = (pool.positions - pool.region.start).astype(np.int64)
    out = np.empty((take, 2, len(places) + RARE_SITES), np.uint8)
    for patient in range(take):
        source = pool.pools[genomes.stratum[patient]]
        for copy in range(2):
            offset = int(genomes.offsets[patient, copy, number])
            segment = (places - offset) // SEGMENT + 1
            out[patient, copy, : len(places)] = source[
                genomes.donors[patient, copy, number, segment], _columns(len(places))
            ]
    rng = seeded_rng(genomes.seed, "rare carriers", genomes.block, number)
    _, probability = rare_sites(genomes.seed, number)
    n = len(genomes.stratum)
    for site, share in enumerate(probability):
        carriers = rng.integers(0, 2 * n, rng.poisson(share * 2 * n))
        column = np.zeros(2 * n, np.uint8)
        column[carriers] = 1
        out[:, :, len(places) + site] = column.reshape(n, 2)[:take]
    return out


@lru_cache(maxsize=8)
def _columns(count: int) -> NDArray[np.int64]:
    return np.arange(count)
