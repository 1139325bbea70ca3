"""Generators within the same attacks, with the floor (columns drawn on their own) and a null (people never used).

The package's local groups, PBWT blocks, blocks smoothed by noise, a haplotype VAE, mosaics. One simulated megabase
each: 1,000 haplotypes to learn from, 1,000 unseen, 1,000 made; nothing but haplotypes is used.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numba import njit, uint64
from numpy.typing import NDArray
from pbwt_blocks import ordered_ahead, starting_state, walk
from simulate import common_haplotypes

from anon_pipeline.compute.bits import mixed
from anon_pipeline.modalities.genomics import walking
from anon_pipeline.modalities.genomics.options import Options
from anon_pipeline.modalities.genomics.utility import ld
from anon_pipeline.risk.genomic_data import GenomicChunk
from anon_pipeline.risk.genomic_suite import Limits, run_attacks

Made = NDArray[np.uint8]
SIZE = 1_000


def groups(size: int) -> Callable[..., Made]:
    def make(train: Made, where: NDArray[np.float64], rng: np.random.Generator) -> Made:
        walkers = walking.Walkers.begin(train.shape[1], SIZE, rng)
        none, first = np.zeros((0, 0), np.uint8), np.ones(len(train), np.uint8)
        return walking.walk(walkers, train, none, first, where, (train[:0], where[:0]), size, Options().maximum_run_cm)

    return make


def blocks(size: int, wide: int, below: float) -> Callable[..., Made]:
    """PBWT blocks of ``size``; rows with no allele as common as ``below`` are emitted from blocks of ``wide``."""

    def make(train: Made, where: NDArray[np.float64], rng: np.random.Generator) -> Made:
        order, rank, start = starting_state(train.shape[1], SIZE, rng)
        out = np.empty((len(train), SIZE), np.uint8)
        none, first = np.zeros((0, 0), np.uint8), np.ones(len(train), np.uint8)
        frequency = train.mean(axis=1)
        rare = np.minimum(frequency, 1 - frequency) < below
        walk(
            train, none, first, where, ordered_ahead(train, order), rank, start, size,
            np.where(rare, wide, 0).astype(np.int32), Options().maximum_run_cm, np.uint64(rng.integers(0, 2**63)), 0,
            out,
        )  # fmt: skip
        return out

    return make


def columns(train: Made, where: NDArray[np.float64], rng: np.random.Generator) -> Made:
    """Each site drawn on its own: the frequencies, and no LD at all."""
    return np.stack([row[rng.integers(0, len(row), SIZE)] for row in train])


@njit
def _smoothed(planes, order, rank, block, scale, stream, out):
    """Each block's allele count with Laplace noise of ``scale``, as the chance of the allele; donors as in ``walk``."""
    rows, size = planes.shape
    moved, after = np.empty(size, np.int32), np.empty(size, np.int32)
    number = max(size // block, 1)
    chance = np.empty(number)
    for row in range(rows):
        plane = planes[row]
        key = mixed(stream ^ mixed(uint64(row)))
        for part in range(number):
            end = size if part == number - 1 else (part + 1) * block
            held = 0
            for place in range(part * block, end):
                held += plane[order[place]]
            uniform = (mixed(key ^ uint64(part + 7)) >> uint64(11)) * (1.0 / 9007199254740992.0) - 0.5
            noise = -scale * np.sign(uniform) * np.log(max(1 - 2 * abs(uniform), 1e-12))
            chance[part] = min(max((held + noise) / (end - part * block), 0.0), 1.0)
        for walker in range(len(rank)):
            part = min(rank[walker] // block, number - 1)
            width = size - part * block if part == number - 1 else block
            bits = mixed(key + uint64(walker))
            rank[walker] = part * block + np.int32(((bits >> uint64(32)) * uint64(width)) >> uint64(32))
            drawn = (mixed(bits) >> uint64(11)) * (1.0 / 9007199254740992.0)
            out[row, walker] = drawn < chance[part]
        low, high = 0, size - plane.sum()
        for place in range(size):
            sequence = order[place]
            if plane[sequence]:
                moved[place], after[high] = high, sequence
                high += 1
            else:
                moved[place], after[low] = low, sequence
                low += 1
        for walker in range(len(rank)):
            rank[walker] = moved[rank[walker]]
        order[:] = after


def smoothed(block: int, epsilon: float) -> Callable[..., Made]:
    """Laplace noise of scale 1 / epsilon on each block's count: epsilon a record and block, not over the region."""

    def make(train: Made, where: NDArray[np.float64], rng: np.random.Generator) -> Made:
        order, rank, _ = starting_state(train.shape[1], SIZE, rng)
        out = np.empty((len(train), SIZE), np.uint8)
        ordered = ordered_ahead(train, order)
        _smoothed(train, ordered, rank, block, 1 / epsilon, np.uint64(rng.integers(0, 2**63)), out)
        return out

    return make


def mosaic(length: float) -> Callable[..., Made]:
    def make(train: Made, where: NDArray[np.float64], rng: np.random.Generator) -> Made:
        out = np.empty((len(train), SIZE), np.uint8)
        donor = rng.integers(0, train.shape[1], SIZE)
        steps = np.diff(where, prepend=where[0]) / length
        for row in range(len(train)):
            donor = np.where(rng.random(SIZE) < steps[row], rng.integers(0, train.shape[1], SIZE), donor)
            out[row] = train[row, donor]
        return out

    return make


def vae(latent: int = 32, hidden: int = 256, epochs: int = 120) -> Callable[..., Made]:
    """A variational autoencoder of whole haplotypes: two layers each way, Bernoulli sites, beta 1."""

    def make(train: Made, where: NDArray[np.float64], rng: np.random.Generator) -> Made:
        import torch
        from torch import nn

        torch.set_num_threads(1)
        torch.manual_seed(int(rng.integers(2**31)))
        data = torch.tensor(train.T.astype(np.float32))
        sites = data.shape[1]
        encode = nn.Sequential(nn.Linear(sites, hidden), nn.ReLU(), nn.Linear(hidden, 2 * latent))
        decode = nn.Sequential(nn.Linear(latent, hidden), nn.ReLU(), nn.Linear(hidden, sites))
        optimiser = torch.optim.Adam([*encode.parameters(), *decode.parameters()], lr=2e-3)
        for _ in range(epochs):
            for rows in torch.randperm(len(data)).split(100):
                mean, spread = encode(data[rows]).chunk(2, dim=1)
                logits = decode(mean + torch.exp(0.5 * spread) * torch.randn_like(mean))
                fit = nn.functional.binary_cross_entropy_with_logits(logits, data[rows], reduction="sum")
                loss = fit - 0.5 * (1 + spread - mean**2 - spread.exp()).sum()
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
        with torch.no_grad():
            drawn = torch.bernoulli(torch.sigmoid(decode(torch.randn(SIZE, latent))))
        return np.ascontiguousarray(drawn.numpy().astype(np.uint8).T)

    return make


STRANGERS = "people never used"
GENERATORS: dict[str, Callable[..., Made]] = {
    "columns on their own": columns,
    "local groups of 16": groups(16),
    "local groups of 8": groups(8),
    "PBWT blocks of 5, 12 under 30 %": blocks(5, 12, 0.3),
    "PBWT blocks of 3": blocks(3, 3, 0.0),
    "PBWT blocks of 5, noise of scale 1/3": smoothed(5, 3.0),
    "haplotype VAE": vae(),
    "mosaic of 0.05 cM": mosaic(0.05),
    "mosaic of 0.2 cM": mosaic(0.2),
}


def measured(name: str, seed: int, hotspots: bool) -> dict[str, float]:
    """One generator on one region."""
    alleles, positions = common_haplotypes({"EUR": 1_500}, 2_000 + seed, hotspots, SIZE)
    where = positions * 1e-6
    train, unseen, others = (np.ascontiguousarray(alleles[:, SIZE * n : SIZE * (n + 1)]) for n in range(3))
    if name == STRANGERS:
        return figures(train, unseen, others, where, seed, 0.0)
    rng = np.random.default_rng(seed)
    start = time.process_time()
    made = GENERATORS[name](train, where, rng)[:, rng.permutation(SIZE)]
    return figures(train, unseen, made, where, seed, time.process_time() - start)


def figures(
    train: Made, unseen: Made, made: Made, where: NDArray[np.float64], seed: int, spent: float
) -> dict[str, float]:
    keep = _carried(made)
    train, unseen, made, where = (np.ascontiguousarray(part[keep]) for part in (train, unseen, made, where))
    before, after = train.mean(axis=1), made.mean(axis=1)
    rows = np.arange(len(train))[:: max(1, len(train) // 600)]
    pairs = np.triu_indices(len(rows), 1)
    real, kept = ld(train[rows])[pairs], ld(made[rows])[pairs]
    strong = real >= 0.2
    outcome = run_attacks(lambda: iter([GenomicChunk("20", where, train, unseen, made)]), Limits(), seed, ceiling=False)
    figure = {(row.name, row.metric): row.value for row in outcome.rows}
    six = ("frequency_likelihood_ratio", "run_longest", "run_longest_calibrated", "distance_calibrated",
           "kinship_highest", "combined")  # fmt: skip
    return {
        "allele frequency r": float(np.corrcoef(before, after)[0, 1]),
        "allele frequency MAE": float(np.abs(before - after).mean()),
        "LD r": float(np.corrcoef(real, kept)[0, 1]),
        "LD relative error": float((np.abs(real - kept)[strong] / real[strong]).mean()),
        "likelihood ratio AUC": figure["frequency_likelihood_ratio", "auc"],
        "run-length AUC": max(v for (n, m), v in figure.items() if n.startswith("run") and m == "auc"),
        "combined AUC": figure["combined", "auc"],
        "worst AUC of 6": max(figure[name, "auc"] for name in six),
        "worst AUC of 13": outcome.worst_auc(),
        "TPR, combined": figure["combined", "tpr_at_fpr_01"],
        "TPR, worst of 13": max(v for (_, m), v in figure.items() if m == "tpr_at_fpr_01"),
        "AATS privacy loss": figure["adversarial_accuracy", "privacy_loss"],
        "CPU s": spent,
    }


def _carried(alleles: Made) -> NDArray[np.bool_]:
    people = alleles.reshape(len(alleles), -1, 2)
    return (people.any(axis=2).sum(axis=1) >= 5) & ((1 - people).any(axis=2).sum(axis=1) >= 5)


def compared(regions: int, kept: Path) -> dict[str, dict[str, float]]:
    """Means over ``regions`` with one recombination rate and as many with hotspots; what is in ``kept`` is not run
    again."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    found = {}
    for number, name in enumerate((STRANGERS, *GENERATORS)):
        runs = [once(kept, number, name, seed, hotspots) for seed in range(regions) for hotspots in (False, True)]
        found[name] = {key: float(np.mean([run[key] for run in runs])) for key in runs[0]}
    return found


def once(kept: Path, number: int, name: str, seed: int, hotspots: bool) -> dict[str, float]:
    path = kept / f"generator-{number}-{seed}-{'hotspots' if hotspots else 'one-rate'}.txt"
    if not path.exists():
        path.write_text(json.dumps(measured(name, seed, hotspots)))
    return json.loads(path.read_text())
