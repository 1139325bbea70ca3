"""Membership from allele frequencies: Homer's distance and the likelihood ratio.

Homer 2008 (doi:10.1371/journal.pgen.1000167), Sankararaman 2009 (doi:10.1038/ng.436). The reference frequencies are
those of the unseen people; an unseen target is left out of its own reference.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from anon_pipeline.risk.genomic_data import GenomicChunk, dosage


class FrequencyAttack:
    """Feed chunks, then read ``scores``: name -> (of the training people, of the unseen people)."""

    def __init__(self, train: int, unseen: int) -> None:
        self.ratio = [np.zeros(train), np.zeros(unseen)]
        self.homer = [np.zeros(train), np.zeros(unseen)]

    def update(self, chunk: GenomicChunk) -> None:
        released = _frequency(chunk.released.sum(axis=1), chunk.released.shape[1])[:, None]
        counts = chunk.unseen.sum(axis=1).astype(np.float64)
        size = chunk.unseen.shape[1]
        for index, haplotypes in enumerate((chunk.train, chunk.unseen)):
            carried = dosage(haplotypes).astype(np.float64)
            left = counts[:, None] - carried if index else counts[:, None]
            reference = _frequency(left, size - 2 if index else size)
            self.ratio[index] += (
                carried * np.log(released / reference) + (2 - carried) * np.log((1 - released) / (1 - reference))
            ).sum(axis=0)
            half = carried / 2
            self.homer[index] += (np.abs(half - reference) - np.abs(half - released)).sum(axis=0)

    def scores(self) -> dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]]:
        return {
            "frequency_likelihood_ratio": (self.ratio[0], self.ratio[1]),
            "frequency_homer": (self.homer[0], self.homer[1]),
        }


def _frequency(count: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    """Frequency with half a pseudo-count of each allele: never 0 or 1."""
    return (count + 0.5) / (size + 1.0)
