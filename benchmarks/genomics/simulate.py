"""Cohorts simulated with msprime: out-of-Africa demography (Gravel 2011; South Asians and an
admixed population beside it), written as VCF. No real genotype is used."""

from __future__ import annotations

from pathlib import Path

import msprime
import numpy as np
from numpy.typing import NDArray

from anon_pipeline.modalities.genomics.store import Chunk, Header, Sites
from anon_pipeline.modalities.genomics.writing import write_vcf


def demography() -> msprime.Demography:
    model = msprime.Demography()
    model.add_population(name="AFR", initial_size=14_474)
    model.add_population(name="EUR", initial_size=33_800, growth_rate=0.0038)
    model.add_population(name="EAS", initial_size=45_850, growth_rate=0.0048)
    model.add_population(name="WES", initial_size=1_500)
    model.add_population(name="OOA", initial_size=1_861)
    model.add_population(name="ANC", initial_size=11_000)
    model.add_population_split(time=920, derived=["WES", "EAS"], ancestral="OOA")
    model.add_population(name="AMR", initial_size=20_000)
    model.add_population(name="SAS", initial_size=33_800, growth_rate=0.0038)
    model.add_admixture(time=14, derived="AMR", ancestral=["EUR", "EAS", "AFR"], proportions=[0.55, 0.35, 0.1])
    model.add_population_split(time=700, derived=["EUR", "SAS"], ancestral="WES")
    model.add_population_split(time=2_040, derived=["AFR", "OOA"], ancestral="ANC")
    model.sort_events()
    return model


def recombination(bases: int, seed: int) -> msprime.RateMap:
    """Hotspots of 1.5 to 4 kb about every 47 kb that hold most of the recombination, 1 cM per Mb or so in all."""
    rng = np.random.default_rng(seed)
    cuts, rates = [0.0], []
    while cuts[-1] < bases:
        cuts.append(min(cuts[-1] + rng.exponential(45_000) + 2_000, bases))
        rates.append(0.2e-8 * rng.exponential() + 1e-10)
        if cuts[-1] < bases:
            cuts.append(min(cuts[-1] + rng.uniform(1_500, 4_000), bases))
            rates.append(15e-8 * rng.exponential() + 1e-10)
    return msprime.RateMap(position=cuts, rate=rates)


def haplotypes(
    samples: dict[str, int], bases: int, seed: int, hotspots: bool = False
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """(sites, 2 x people) uint8 in random order of people, and positions. hotspots: with gene conversion, too."""
    trees = msprime.sim_ancestry(
        samples=samples,
        demography=demography(),
        sequence_length=None if hotspots else bases,
        recombination_rate=recombination(bases, seed) if hotspots else 1e-8,
        gene_conversion_rate=1.5e-8 if hotspots else None,
        gene_conversion_tract_length=300 if hotspots else None,
        random_seed=seed,
    )
    mutated = msprime.sim_mutations(trees, rate=2e-8, random_seed=seed + 1)
    alleles = (mutated.genotype_matrix() > 0).astype(np.uint8)
    people = alleles.shape[1] // 2
    order = np.random.default_rng(seed).permutation(people)
    alleles = alleles.reshape(len(alleles), people, 2)[:, order].reshape(len(alleles), -1)
    return np.ascontiguousarray(alleles), mutated.tables.sites.position.astype(np.int64) + 1


def common_haplotypes(
    samples: dict[str, int], seed: int, hotspots: bool, learnt: int, least: float = 0.02, bases: int = 1_000_000
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """The same, of alleles that ``least`` of the first ``learnt`` haplotypes carry, and as many do not."""
    alleles, positions = haplotypes(samples, bases, seed, hotspots)
    frequency = alleles[:, :learnt].mean(axis=1)
    keep = (frequency >= least) & (frequency <= 1 - least)
    return alleles[keep], positions[keep]


def write(path: Path, alleles: NDArray[np.uint8], positions: NDArray[np.int64], contig: str = "20") -> list[str]:
    """Write the VCF, and return its sample names."""
    return write_contigs(path, {contig: (alleles, positions)})


def write_contigs(path: Path, parts: dict[str, tuple[NDArray[np.uint8], NDArray[np.int64]]]) -> list[str]:
    """Write alleles and positions by contig, and return the sample names."""
    slots = next(iter(parts.values()))[0].shape[1]
    names = [f"S{number:05d}" for number in range(slots // 2)]
    segments = [{"contig": contig, "present": None} for contig in parts]
    header = Header(names, dict.fromkeys(parts, 0), None, segments)

    def chunks():
        for segment, (contig, (alleles, positions)) in enumerate(parts.items()):
            for start in range(0, len(alleles), 2_000):
                part = alleles[start : start + 2_000]
                rows = np.arange(start, start + len(part))
                bases = ["A"] * len(rows), ["G"] * len(rows), ["."] * len(rows)
                sites = Sites(contig, segment, positions[rows], rows, rows, *bases)
                yield Chunk(sites, np.packbits(part, axis=1), None, slots), part

    write_vcf(path, header, names, chunks())
    return names
