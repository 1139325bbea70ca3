"""The attacks: they see a copy and a leaky mosaic, and do not see what has nothing of the training people."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from anon_pipeline.risk.genomic_data import GenomicChunk
from anon_pipeline.risk.genomic_pairs import PairCounts
from anon_pipeline.risk.genomic_runs import RunAttack
from anon_pipeline.risk.genomic_scores import auc, tpr_at, wilson
from anon_pipeline.risk.genomic_suite import Limits, run_attacks

Haplotypes = NDArray[np.uint8]


def coalescent(people: int, seed: int) -> tuple[Haplotypes, NDArray[np.float64]]:
    msprime = pytest.importorskip("msprime")
    grown = msprime.Demography()
    grown.add_population(name="all", initial_size=1_000_000, growth_rate=0.015)
    grown.add_population_parameters_change(time=300, initial_size=11_000, growth_rate=0)
    trees = msprime.sim_ancestry(
        {"all": people}, demography=grown, sequence_length=1_000_000, recombination_rate=1e-8, random_seed=seed
    )
    trees = msprime.sim_mutations(trees, rate=1.25e-8, random_seed=seed)
    alleles = (trees.genotype_matrix() > 0).astype(np.uint8)
    common = (alleles.sum(axis=1) >= 8) & (alleles.sum(axis=1) <= alleles.shape[1] - 8)
    return alleles[common], trees.tables.sites.position[common] * 1e-6


def mosaic(train: Haplotypes, where: NDArray[np.float64], size: int, length_cm: float, seed: int) -> Haplotypes:
    """Li-Stephens: segments of exponential length copied from random training haplotypes."""
    rng = np.random.default_rng(seed)
    out = np.empty((len(train), size), np.uint8)
    for column in range(size):
        start = float(where[0])
        while start < where[-1] + 1e-9:
            end = start + rng.exponential(length_cm)
            rows = (where >= start) & (where < end)
            out[rows, column] = train[rows, rng.integers(train.shape[1])]
            start = end
    out[-1] = train[-1, rng.integers(train.shape[1], size=size)]
    return out


@pytest.fixture(scope="module")
def parts() -> tuple[Haplotypes, Haplotypes, NDArray[np.float64]]:
    alleles, where = coalescent(400, 5)
    return np.ascontiguousarray(alleles[:, :400]), np.ascontiguousarray(alleles[:, 400:]), where


def attacked(train: Haplotypes, unseen: Haplotypes, made: Haplotypes, where: NDArray[np.float64]) -> dict[str, float]:
    def chunks() -> Iterator[GenomicChunk]:
        for start in range(0, len(train), 300):
            rows = slice(start, start + 300)
            yield GenomicChunk("1", where[rows], train[rows], unseen[rows], made[rows])

    outcome = run_attacks(chunks, Limits(), 1, ceiling=False)
    return {f"{row.name}/{row.metric}": row.value for row in outcome.rows}


def test_a_leaky_mosaic_passes_distance_and_is_caught_by_run_length(parts) -> None:
    train, unseen, where = parts
    found = attacked(train, unseen, mosaic(train, where, 400, 0.2, 1), where)
    runs = max(value for name, value in found.items() if name.startswith("run_") and name.endswith("/auc"))
    assert found["distance_calibrated/auc"] < 0.65
    assert found["distance_calibrated/tpr_at_fpr_01"] < 0.06
    assert runs > 0.75
    assert found["run_longest_local_excess/tpr_at_fpr_01"] > 0.15
    assert found["combined/auc"] > 0.75


def test_a_copy_is_caught_by_everything(parts) -> None:
    train, unseen, where = parts
    found = attacked(train, unseen, train.copy(), where)
    assert found["run_longest/auc"] > 0.9
    assert found["distance_calibrated/auc"] > 0.9
    assert found["exact_copies/count"] == 200
    assert found["linkability_halves/excess_success"] > 0.8
    assert found["singling_out/excess_success"] > 0.8
    assert found["adversarial_accuracy/privacy_loss"] > 0.3


def test_strangers_leak_nothing(parts) -> None:
    train, _, where = parts
    first, second, others = train[:, :130], train[:, 130:260], train[:, 260:390]
    found = attacked(*(np.ascontiguousarray(part) for part in (first, second, others)), where)
    assert abs(found["frequency_likelihood_ratio/auc"] - 0.5) < 0.2
    assert abs(found["run_longest_calibrated/auc"] - 0.5) < 0.2
    assert abs(found["distance_calibrated/auc"] - 0.5) < 0.2
    assert found["exact_copies/count"] == 0


def test_runs_agree_with_a_plain_search() -> None:
    rng = np.random.default_rng(2)
    train, unseen, made = (rng.integers(0, 2, (40, 8)).astype(np.uint8) for _ in range(3))
    attack = RunAttack(4, 4, 4)
    where = np.arange(40.0)
    for start in (0, 17):
        end = 17 if start == 0 else 40
        attack.update(GenomicChunk("1", where[start:end], train[start:end], unseen[start:end], made[start:end]))
    got = attack.scores()["run_longest"][0]
    for person in range(4):
        best = 0.0
        for slot in (2 * person, 2 * person + 1):
            for other in range(8):
                begin = 0.0
                for site in range(40):
                    if train[site, slot] != made[site, other]:
                        begin = float(site)
                    best = max(best, site - begin)
        assert got[person] == best


def test_pair_counts_agree_with_numpy() -> None:
    rng = np.random.default_rng(4)
    train, unseen, made = (rng.integers(0, 2, (250, 2 * n)).astype(np.uint8) for n in (3, 4, 5))
    counts = PairCounts(3, 4, 5)
    for rows in (slice(0, 130), slice(130, 250)):
        counts.update(GenomicChunk("1", np.arange(250.0)[rows], train[rows], unseen[rows], made[rows]))
    dosage = np.concatenate([part[:, 0::2] + part[:, 1::2] for part in (train, unseen, made)], axis=1).astype(int)
    expected = np.abs(dosage[:, :, None] - dosage[:, None, :]).sum(axis=0)
    assert np.array_equal(counts.distances(), expected)
    both = ((dosage[:, :7, None] == 1) & (dosage[:, None, 7:] == 1)).sum(axis=0)
    assert np.array_equal(counts.both_het, both)
    twins = PairCounts(3, 4, 3)
    twins.update(GenomicChunk("1", np.arange(250.0), train, unseen, train))
    assert np.allclose(np.diag(twins.kinship()[:3]), 0.5)


def test_scores() -> None:
    assert auc(np.array([2.0, 3.0]), np.array([0.0, 1.0]))[0] == 1.0
    value, low, high = auc(np.zeros(50), np.zeros(50))
    assert value == 0.5
    assert low < 0.5 < high
    assert tpr_at(np.arange(100.0), np.zeros(100))[0] == 0.99
    assert wilson(0, 0) == (0.0, 0.0, 1.0)
    share, low, high = wilson(5, 100)
    assert low < share < high
