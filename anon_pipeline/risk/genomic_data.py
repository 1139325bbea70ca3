"""What the attacks on genotypes are given: the same sites of the training, the unseen and the released people.

Haplotypes come as uint8 of 0 and 1, (sites, 2 x people), slots 2i and 2i+1 of person i. How they are read is the
caller's business.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class GenomicChunk:
    """Consecutive sites of one contig. centimorgan: (sites,) ascending inside a contig; alleles as above."""

    contig: str
    centimorgan: NDArray[np.float64]
    train: NDArray[np.uint8]
    unseen: NDArray[np.uint8]
    released: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.centimorgan)


Chunks = Callable[[], Iterator[GenomicChunk]]


def dosage(haplotypes: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(sites, people) uint8 of 0, 1, 2."""
    return haplotypes[:, 0::2] + haplotypes[:, 1::2]
