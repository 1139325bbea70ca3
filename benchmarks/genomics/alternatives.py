"""Generators within the same attacks: the PBWT blocks of the package, blocks smoothed by noise, a haplotype VAE, a mosaic.

One simulated megabase each: 1,000 haplotypes to learn from, 1,000 unseen, 1,000 made; nothing but haplotypes is used.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable

import numpy as np
from numba import njit, uint64
from numpy.typing import NDArray
from simulate import haplotypes

from anon_pipeline.modalities.genomics.options import Options
from anon_pipeline.modalities.genomics.pbwt import mixed, ordered_ahead, starting_state, walk
from anon_pipeline.modalities.genomics.utility import ld
from anon_pipeline.risk.genomic_data import GenomicChunk
from anon_pipeline.risk.genomic_suite import Limits, run_attacks

Made = NDArray[np.uint8]
SIZE = 1_000


def wide_rows(train: Made, options: Options) -> NDArray[np.int32]:
    frequency = train.mean(axis=1)
    minor = np.minimum(frequency, 1 - frequency)
    return np.where(minor < options.wide_below, options.wide_block, 0).astype(np.int32)


def blocks(options: Options) -> Callable[..., Made]:
    def make(train: Made, where: NDArray[np.float64], rng: np.random.Generator) -> Made:
        order, rank, start = starting_state(train.shape[1], SIZE, rng)
        out = np.empty((len(train), SIZE), np.uint8)
        none, first = np.zeros((0, 0), np.uint8), np.ones(len(train), np.uint8)
        walk(
            train, none, first, where, ordered_ahead(train, order), rank, start, options.block,
            wide_rows(train, options), options.maximum_run_cm, np.uint64(rng.integers(0, 2**63)), 0, out,
        )  # fmt: skip
        return out

    return make


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


GENERATORS = {
    "PBWT blocks of 5, 12 under 30 %": blocks(Options()),
    "PBWT blocks of 3": blocks(Options(block=3, wide_below=0.0)),
    "PBWT blocks of 5, noise of scale 1": smoothed(5, 1.0),
    "PBWT blocks of 5, noise of scale 1/3": smoothed(5, 3.0),
    "PBWT blocks of 30, noise of scale 1": smoothed(30, 1.0),
    "haplotype VAE": vae(),
    "mosaic of 0.05 cM": mosaic(0.05),
    "mosaic of 0.2 cM": mosaic(0.2),
}


def measured(make: Callable[..., Made], seed: int, hotspots: bool) -> dict[str, float]:
    alleles, positions = haplotypes({"EUR": 1_000}, 1_000_000, 2_000 + seed, hotspots=hotspots)
    where = positions * 1e-6
    train, unseen = alleles[:, :SIZE], alleles[:, SIZE:]
    keep = _carried(train)
    train, unseen, where = (np.ascontiguousarray(part[keep]) for part in (train, unseen, where))
    rng = np.random.default_rng(seed)
    start = time.process_time()
    made = make(train, where, rng)[:, rng.permutation(SIZE)]
    spent = time.process_time() - start
    keep = _carried(made)
    train, unseen, made, where = (np.ascontiguousarray(part[keep]) for part in (train, unseen, made, where))
    before, after = train.mean(axis=1), made.mean(axis=1)
    common = (before >= 0.02) & (before <= 0.98)
    rows = np.flatnonzero(common)[:: max(1, int(common.sum()) // 600)]
    pairs = np.triu_indices(len(rows), 1)
    real, kept = ld(train[rows])[pairs], ld(made[rows])[pairs]
    strong = real >= 0.2
    outcome = run_attacks(lambda: iter([GenomicChunk("20", where, train, unseen, made)]), Limits(), seed, ceiling=False)
    figure = {(row.name, row.metric): row.value for row in outcome.rows}
    return {
        "allele frequency r": float(np.corrcoef(before[common], after[common])[0, 1]),
        "LD r": float(np.corrcoef(real, kept)[0, 1]),
        "LD relative error": float((np.abs(real - kept)[strong] / real[strong]).mean()),
        "likelihood ratio AUC": figure["frequency_likelihood_ratio", "auc"],
        "run-length AUC": max(v for (n, m), v in figure.items() if n.startswith("run") and m == "auc"),
        "combined AUC": figure["combined", "auc"],
        "worst AUC": outcome.worst_auc(),
        "combined TPR": figure["combined", "tpr_at_fpr_01"],
        "AATS privacy loss": figure["adversarial_accuracy", "privacy_loss"],
        "CPU s": spent,
    }


def _carried(alleles: Made) -> NDArray[np.bool_]:
    people = alleles.reshape(len(alleles), -1, 2)
    return (people.any(axis=2).sum(axis=1) >= 5) & ((1 - people).any(axis=2).sum(axis=1) >= 5)


def compared(regions: int) -> dict[str, dict[str, float]]:
    """Means over ``regions`` with one recombination rate and as many with hotspots."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    found = {}
    for name, make in GENERATORS.items():
        runs = [measured(make, seed, hotspots) for seed in range(regions) for hotspots in (False, True)]
        found[name] = {key: float(np.mean([run[key] for run in runs])) for key in runs[0]}
    return found
