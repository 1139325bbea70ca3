"""Membership from shared haplotypes: the longest run that a target shares with any released haplotype, by PBWT.

Durbin 2014 (doi:10.1093/bioinformatics/btu014): in positional order, the longest match that ends at a site is with a
neighbour. Lengths are in cM; the same statistic against half of the unseen people (never the target's own half)
calibrates it. Time is linear in sites x haplotypes, memory in haplotypes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from anon_pipeline.compute.compiled import compiled
from anon_pipeline.risk.genomic_data import GenomicChunk

TRAIN, RELEASED, EVEN, ODD = 0, 1, 2, 3
LONGEST, TOTAL, SQUARES, REF_LONGEST, REF_TOTAL, REF_SQUARES, EXCESS, EXCESS_SQUARES = range(8)
STATISTICS = 8


@compiled(nogil=True)
def _advance(alleles: Any, where: Any, kind: Any, order: Any, start: Any, stats: Any) -> None:
    """Walk a chunk. order: (M,) the positional order; start: (M,) cM at which the match with the haplotype before it
    in the order begins; stats: (M, 8) of each haplotype, in place."""
    sites, size = alleles.shape
    after = np.empty(size, np.int32)
    begins = np.empty(size, np.float64)
    up = np.empty((size, 2), np.float64)
    for site in range(sites):
        here = where[site]
        row = alleles[site]
        zeros = 0
        for place in range(size):
            zeros += 1 - row[order[place]]
        low, high = 0, zeros
        low_start, high_start = here, here
        for place in range(size):
            sequence = order[place]
            low_start = max(low_start, start[place])
            high_start = max(high_start, start[place])
            if row[sequence]:
                after[high] = sequence
                begins[high] = high_start
                high += 1
                high_start = -np.inf
            else:
                after[low] = sequence
                begins[low] = low_start
                low += 1
                low_start = -np.inf
        begins[0] = here
        if zeros < size:
            begins[zeros] = here
        for place in range(size):
            order[place] = after[place]
            start[place] = begins[place]
        _record(here, kind, order, start, up, stats)


@compiled(nogil=True)
def _record(here: float, kind: Any, order: Any, start: Any, up: Any, stats: Any) -> None:
    size = len(order)
    released, even, odd = here, here, here
    for place in range(size):
        sequence = order[place]
        begin = start[place]
        released, even, odd = max(released, begin), max(even, begin), max(odd, begin)
        what = kind[sequence]
        if what == 1:
            released = -np.inf
            continue
        up[place, 0] = released
        use_odd = what == 2 or (what == 0 and (sequence // 2) % 2 == 0)
        up[place, 1] = odd if use_odd else even
        if what == 2:
            even = -np.inf
        elif what == 3:
            odd = -np.inf
    released, even, odd = here, here, here
    for place in range(size - 1, -1, -1):
        sequence = order[place]
        what = kind[sequence]
        if what != 1:
            use_odd = what == 2 or (what == 0 and (sequence // 2) % 2 == 0)
            length = here - min(up[place, 0], released)
            other = here - min(up[place, 1], odd if use_odd else even)
            line = stats[sequence]
            line[0] = max(line[0], length)
            line[1] += length
            line[2] += length * length
            line[3] = max(line[3], other)
            line[4] += other
            line[5] += other * other
            beyond = length - other
            line[6] = max(line[6], beyond)
            line[7] += beyond * abs(beyond)
        if what == 1:
            released = -np.inf
        elif what == 2:
            even = -np.inf
        elif what == 3:
            odd = -np.inf
        begin = start[place]
        released, even, odd = max(released, begin), max(even, begin), max(odd, begin)


class RunAttack:
    """Feed chunks in order, then read ``scores``."""

    def __init__(self, train: int, unseen: int, released: int) -> None:
        self.train, self.unseen = train, unseen
        self.kind = np.concatenate(
            [
                np.zeros(2 * train, np.uint8),
                np.repeat(np.where(np.arange(unseen) % 2 == 0, EVEN, ODD).astype(np.uint8), 2),
                np.full(2 * released, RELEASED, np.uint8),
            ]
        )
        self.stats = np.zeros((len(self.kind), STATISTICS))
        self.total = np.zeros_like(self.stats)
        self.contig: str | None = None

    def _begin(self, contig: str, where: float) -> None:
        self._close()
        self.contig = contig
        size = len(self.kind)
        self.order = np.arange(size, dtype=np.int32)
        self.start = np.full(size, where)
        self.stats[:] = 0

    def _close(self) -> None:
        """Sums add up over contigs, the longest run is the longest of any."""
        if self.contig is None:
            return
        for longest in (LONGEST, REF_LONGEST, EXCESS):
            self.total[:, longest] = np.maximum(self.total[:, longest], self.stats[:, longest])
        for summed in (TOTAL, SQUARES, REF_TOTAL, REF_SQUARES, EXCESS_SQUARES):
            self.total[:, summed] += self.stats[:, summed]

    def update(self, chunk: GenomicChunk) -> None:
        if chunk.contig != self.contig:
            self._begin(chunk.contig, float(chunk.centimorgan[0]))
        alleles = np.concatenate([chunk.train, chunk.unseen, chunk.released], axis=1)
        _advance(alleles, chunk.centimorgan, self.kind, self.order, self.start, self.stats)

    def scores(self) -> dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]]:
        self._close()
        self.contig = None
        people = self.total[: 2 * (self.train + self.unseen)].reshape(-1, 2, STATISTICS)
        longest = people[:, :, LONGEST].max(axis=1)
        found = {
            "run_longest": longest,
            "run_longest_calibrated": np.log((longest + 1e-6) / (people[:, :, REF_LONGEST].max(axis=1) + 1e-6)),
            "run_mean_calibrated": np.log(
                (people[:, :, TOTAL].sum(1) + 1e-6) / (people[:, :, REF_TOTAL].sum(1) + 1e-6)
            ),
            "run_squares_calibrated": np.log(
                (people[:, :, SQUARES].sum(1) + 1e-9) / (people[:, :, REF_SQUARES].sum(1) + 1e-9)
            ),
        }
        found["run_longest_local_excess"] = people[:, :, EXCESS].max(axis=1)
        found["run_local_excess"] = people[:, :, EXCESS_SQUARES].sum(axis=1)
        return {name: (value[: self.train], value[self.train :]) for name, value in found.items()}
