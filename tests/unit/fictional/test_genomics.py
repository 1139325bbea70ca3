"""The VCF: readable, indexed, phased, with the dosages that the phenotypes were given, LD and strata."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pysam
import pytest
from cyvcf2 import VCF

from anon_pipeline.fictional.founders import LOCI, REGIONS, founders
from anon_pipeline.fictional.population import population

SEED = 5


def path(root: Path) -> str:
    return str(root / "genomics/cohort.vcf.gz")


def test_samples_are_the_patients_and_variants_are_in_order(large_hospital: Path) -> None:
    reader = VCF(path(large_hospital))
    people = pq.read_table(large_hospital / "omop/person.parquet")["person_source_value"].to_pylist()
    assert reader.samples == people
    seen: dict[str, list[int]] = {}
    for variant in reader:
        seen.setdefault(variant.CHROM, []).append(variant.POS)
        assert variant.gt_phases.all()
    assert list(seen) == ["chr6", "chr22"]
    assert all(np.all(np.diff(positions) > 0) for positions in seen.values())
    assert 5_000 <= sum(map(len, seen.values())) <= 10_000


@pytest.mark.parametrize("name", ["PNPLA3", "HFE"])
def test_declared_loci_have_the_planted_dosages(large_hospital: Path, name: str) -> None:
    locus, people = LOCI[name], population(SEED, 0)
    reader = VCF(path(large_hospital))
    found = [v for v in reader(f"{locus.contig}:{locus.position}-{locus.position}") if locus.position == v.POS]
    assert [(v.ID, v.REF, v.ALT) for v in found] == [(locus.rsid, locus.ref, [locus.alt])]
    dosage = [sum(call[:2]) for call in found[0].genotypes]
    assert dosage == {"PNPLA3": people.pnpla3, "HFE": people.hfe}[name][:2000].tolist()
    assert 0.1 < np.mean(dosage) / 2 < 0.5


def test_the_index_finds_what_reading_finds(large_hospital: Path) -> None:
    rng = np.random.default_rng(1)
    with gzip.open(path(large_hospital), "rt", encoding="utf-8") as lines:
        sites = [(f[0], int(f[1])) for f in (line.split("\t", 2) for line in lines if line[0] != "#")]
    with pysam.TabixFile(path(large_hospital)) as index:
        for region in REGIONS:
            for start in rng.integers(region.start, region.start + region.length, 20).tolist():
                stop = start + 30_000
                got = [int(line.split("\t", 2)[1]) for line in index.fetch(region.contig, start - 1, stop)]
                wanted = [p for contig, p in sites if contig == region.contig and start <= p <= stop]
                assert [p for p in got if p >= start] == wanted


def test_common_variants_are_in_disequilibrium_that_decays() -> None:
    pool = founders(SEED, 1)
    alleles = pool.pools[0].astype(float)
    common = (alleles.mean(axis=0) > 0.05) & (alleles.mean(axis=0) < 0.95)
    x, position = alleles[:, common], pool.positions[common]
    correlation = np.corrcoef(x.T) ** 2
    distance = np.abs(position[:, None] - position)
    near = correlation[(distance > 0) & (distance < 2_000)].mean()
    far = correlation[distance > 500_000].mean()
    assert near > 0.25
    assert far < 0.03


def test_strata_differ_as_populations_do() -> None:
    pool = founders(SEED, 0)
    frequency = np.array([p.mean(axis=0) for p in pool.pools])
    within = (2 * frequency * (1 - frequency)).mean(axis=0).sum()
    mean = frequency.mean(axis=0)
    assert 0.015 < 1 - within / (2 * mean * (1 - mean)).sum() < 0.12


def test_rare_variants_are_the_majority_as_in_life(large_hospital: Path) -> None:
    counts = np.array([variant.INFO["AC"] for variant in VCF(path(large_hospital))])
    assert np.mean(counts < 0.01 * 4000) > 0.3
    assert np.mean(counts > 0.05 * 4000) > 0.3
