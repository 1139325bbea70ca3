"""Cohorts simulated with msprime: out-of-Africa demography (Gravel 2011), written as VCF. No real genotype is used."""

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
    model.add_population(name="OOA", initial_size=1_861)
    model.add_population(name="ANC", initial_size=11_000)
    model.add_population_split(time=920, derived=["EUR", "EAS"], ancestral="OOA")
    model.add_population_split(time=2_040, derived=["AFR", "OOA"], ancestral="ANC")
    return model


def haplotypes(samples: dict[str, int], bases: int, seed: int) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """(sites, 2 x people) uint8 in random order of people, and positions."""
    trees = msprime.sim_ancestry(
        samples=samples, demography=demography(), sequence_length=bases, recombination_rate=1e-8, random_seed=seed
    )
    mutated = msprime.sim_mutations(trees, rate=1.25e-8, random_seed=seed + 1)
    alleles = (mutated.genotype_matrix() > 0).astype(np.uint8)
    people = alleles.shape[1] // 2
    order = np.random.default_rng(seed).permutation(people)
    alleles = alleles.reshape(len(alleles), people, 2)[:, order].reshape(len(alleles), -1)
    return np.ascontiguousarray(alleles), mutated.tables.sites.position.astype(np.int64) + 1


def write(path: Path, alleles: NDArray[np.uint8], positions: NDArray[np.int64], contig: str = "20") -> list[str]:
    """Write the VCF, and return its sample names."""
    count = alleles.shape[1] // 2
    names = [f"S{number:05d}" for number in range(count)]
    header = Header(names, {contig: 0}, None, [{"contig": contig, "present": None}])

    def chunks():
        for start in range(0, len(alleles), 2_000):
            part = alleles[start : start + 2_000]
            rows = np.arange(start, start + len(part))
            sites = Sites(
                contig, 0, positions[rows], rows, rows, ["A"] * len(rows), ["G"] * len(rows), ["."] * len(rows)
            )
            yield Chunk(sites, np.packbits(part, axis=1), None, 2 * count), part

    write_vcf(path, header, names, chunks())
    return names
