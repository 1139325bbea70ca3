"""Counts over all pairs of people: genotype distances (in two halves of the sites) and the counts of KING's kinship.

Distances are sums of |dosage difference|. Bits are counted 64 sites at a time. Attacks that use them are in
``genomic_nearest``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from anon_pipeline.compute.bits import ones
from anon_pipeline.compute.compiled import compiled
from anon_pipeline.risk.genomic_data import GenomicChunk, dosage


@compiled(nogil=True)
def _distances(some: Any, many: Any, out: Any) -> None:
    """Add to ``out`` (rows, columns) the bits that differ between the rows of ``some`` and of ``many``."""
    for row in range(some.shape[0]):
        left = some[row]
        for column in range(row + 1, many.shape[0]):
            right = many[column]
            total = 0
            for word in range(left.shape[0]):
                total += ones(left[word] ^ right[word])
            out[row, column] += total


@compiled(nogil=True)
def _kinship_counts(some: Any, many: Any, both_het: Any, opposite: Any) -> None:
    """Add the sites where both are heterozygous, and where they are opposite homozygotes. planes: (people, 3, words)
    of het, homozygous reference, homozygous alternative."""
    for row in range(some.shape[0]):
        for column in range(many.shape[0]):
            het, zero = 0, 0
            for word in range(some.shape[2]):
                het += ones(some[row, 0, word] & many[column, 0, word])
                zero += ones(
                    (some[row, 1, word] & many[column, 2, word]) | (some[row, 2, word] & many[column, 1, word])
                )
            both_het[row, column] += het
            opposite[row, column] += zero


def _words(flags: NDArray[np.bool_]) -> NDArray[np.uint64]:
    """(sites, people) flags to (people, words)."""
    packed = np.packbits(np.ascontiguousarray(flags.T), axis=1)
    room = -packed.shape[1] % 8
    packed = np.pad(packed, ((0, 0), (0, room)))
    return packed.view(np.uint64)


class PairCounts:
    """Feed chunks; people are numbered training first, then unseen, then released.

    halves: (2, N, N) int32, upper triangle, distances over the odd and even blocks of 100 sites. both_het, opposite:
    (training + unseen, released) int32; het: (N,) heterozygous sites, over sites with frequency 5 to 95 %.
    """

    def __init__(self, train: int, unseen: int, released: int) -> None:
        self.sizes = train, unseen, released
        size = train + unseen + released
        self.halves = np.zeros((2, size, size), np.int32)
        self.both_het = np.zeros((train + unseen, released), np.int32)
        self.opposite = np.zeros((train + unseen, released), np.int32)
        self.het = np.zeros(size, np.int64)
        self.sites = 0

    def update(self, chunk: GenomicChunk) -> None:
        carried = np.concatenate([dosage(part) for part in (chunk.train, chunk.unseen, chunk.released)], axis=1)
        block = ((self.sites + np.arange(len(chunk))) // 100) % 2
        self.sites += len(chunk)
        for half in (0, 1):
            mine = carried[block == half]
            if len(mine):
                words = np.concatenate([_words(mine >= 1), _words(mine == 2)], axis=1)
                _distances(words, words, self.halves[half])
        frequency = carried.mean(axis=1) / 2
        common = carried[(frequency >= 0.05) & (frequency <= 0.95)]
        if len(common):
            planes = np.stack([_words(common == 1), _words(common == 0), _words(common == 2)], axis=1)
            targets = self.sizes[0] + self.sizes[1]
            _kinship_counts(planes[:targets], planes[targets:], self.both_het, self.opposite)
            self.het += (common == 1).sum(axis=0)

    def distances(self) -> NDArray[np.int32]:
        """(N, N) symmetric, all sites."""
        upper = self.halves[0] + self.halves[1]
        return upper + upper.T

    def kinship(self) -> NDArray[np.float64]:
        """KING-robust (Manichaikul 2010, doi:10.1093/bioinformatics/btq559) of (training + unseen) x released."""
        targets = self.sizes[0] + self.sizes[1]
        one, other = self.het[:targets, None], self.het[None, targets:]
        least = np.maximum(np.minimum(one, other), 1)
        return (self.both_het - 2 * self.opposite) / (2 * least) + 0.5 - (one + other) / (4 * least)
