"""Singling out on genotypes: predicates of a few genotypes, taken from a released person, that isolate one real person.

Predicates grow until one released person alone satisfies them, the rarer genotypes first, then are tried on the
training and, as the control, on the unseen people (Cohen & Nissim 2020, doi:10.1073/pnas.1914598117; Anonymeter's
excess over the control).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from anon_pipeline.risk.genomic_data import GenomicChunk, dosage

SAMPLED_SITES = 2_000


class SinglingOut:
    """Feed chunks (a bounded, even sample of sites is kept), then ``attack``."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self.kept: list[tuple[NDArray[np.uint8], ...]] = []
        self.step = 1
        self.seen = 0

    def update(self, chunk: GenomicChunk) -> None:
        rows = np.flatnonzero((self.seen + np.arange(len(chunk))) % self.step == 0)
        self.seen += len(chunk)
        parts = tuple(dosage(part[rows]) for part in (chunk.train, chunk.unseen, chunk.released))
        self.kept.append(parts)
        if sum(len(part[0]) for part in self.kept) > 2 * SAMPLED_SITES:
            whole = tuple(np.concatenate([part[index] for part in self.kept])[::2] for index in range(3))
            self.kept = [whole]
            self.step *= 2

    def attack(self, attempts: int = 2_000) -> tuple[int, int, int]:
        """(predicates tried, isolating exactly one training person, exactly one unseen person), on equal numbers."""
        train, unseen, released = (np.concatenate([part[index] for part in self.kept]) for index in range(3))
        size = min(train.shape[1], unseen.shape[1])
        train, unseen = train[:, :size], unseen[:, :size]
        frequency = np.stack([(released == value).mean(axis=1) for value in range(3)])
        hits = misses = tried = 0
        for _ in range(attempts):
            person = int(self.rng.integers(released.shape[1]))
            own = released[:, person]
            sites = self.rng.choice(len(own), size=min(60, len(own)), replace=False)
            sites = sites[np.argsort(frequency[own[sites], sites], kind="stable")]
            alive = np.arange(released.shape[1])
            used = []
            for site in sites:
                fewer = alive[released[site, alive] == own[site]]
                if len(fewer) < len(alive):
                    alive = fewer
                    used.append(site)
                if len(alive) == 1:
                    break
            if len(alive) != 1:
                continue
            tried += 1
            hits += _isolates(train, used, own)
            misses += _isolates(unseen, used, own)
        return tried, hits, misses


def _isolates(people: NDArray[np.uint8], sites: list[int], values: NDArray[np.uint8]) -> bool:
    """Whether exactly one of ``people`` (sites, people) has ``values`` at ``sites``."""
    alive = np.arange(people.shape[1])
    for site in sites:
        alive = alive[people[site, alive] == values[site]]
        if not len(alive):
            return False
    return len(alive) == 1
