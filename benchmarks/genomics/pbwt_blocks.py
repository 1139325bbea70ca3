"""The PBWT-block mosaic in numba: haplotypes walked in positional order.

Durbin 2014 (doi:10.1093/bioinformatics/btu014).

At each record whose alleles are common, the donor of every walker is redrawn uniformly among the haplotypes of its
block: B neighbours in the order of reversed prefixes, so haplotypes that share the longest recent past. At the other
records the walker keeps its donor and emits the allele of one drawn from a wider block: a rarer allele leaves in the
right surroundings, but not on the haplotypes that carry it. Uniform draws inside fixed blocks keep every allele's
frequency in expectation. Files, strata and pairing are elsewhere.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import uint64
from numpy.typing import NDArray

from anon_pipeline.compute.bits import mixed
from anon_pipeline.compute.compiled import compiled

AHEAD = 300


@compiled(nogil=True)
def _fill_missing(plane: Any, missing: Any, order: Any) -> None:
    """A missing call takes the allele of the haplotype before it in the order (after it, for the first)."""
    size = len(order)
    last = -1
    for rank in range(size):
        sequence = order[rank]
        if missing[sequence]:
            if last >= 0:
                plane[sequence] = plane[last]
        else:
            last = sequence
    following = -1
    for rank in range(size - 1, -1, -1):
        sequence = order[rank]
        if not missing[sequence]:
            following = sequence
        elif following >= 0:
            before = False
            for earlier in range(rank):
                if not missing[order[earlier]]:
                    before = True
                    break
            if before:
                break
            plane[sequence] = plane[following]


@compiled(nogil=True)
def walk(
    planes: Any,
    missing: Any,
    first: Any,
    centimorgan: Any,
    order: Any,
    rank: Any,
    run_start: Any,
    block: int,
    wide: Any,
    limit: float,
    stream: Any,
    site: int,
    emitted: Any,
) -> None:
    """Walk one chunk; ``order``, ``rank`` and ``run_start`` are the state, changed in place.

    planes: (rows, M) uint8, the pool's alleles; missing: the same, or (0, 0). first: (rows,) whether a row begins a
    record (the rows of one record share their donor). centimorgan: (rows,). order: (M,) int32, the positional order.
    rank: (W,) int32, where each walker's donor stands in it. run_start: (W,) float64, where the walker's current
    donor began. limit: longest run of one donor, in cM. stream: a 64-bit seed; site: rows walked before this chunk.
    emitted: (rows, W) uint8, the output.
    """
    rows, size = planes.shape
    walkers = len(rank)
    moved = np.empty(size, np.int32)
    after = np.empty(size, np.int32)
    emitting = np.empty(walkers, np.int32)
    blocks = max(size // block, 1)
    for row in range(rows):
        plane = planes[row]
        if missing.shape[0]:
            _fill_missing(plane, missing[row], order)
        if first[row]:
            here = centimorgan[row]
            key = mixed(stream ^ mixed(uint64(site + row)))
            broad = max(wide[row], block)
            for walker in range(walkers):
                old = rank[walker]
                bits = mixed(key + uint64(walker)) >> uint64(32)
                overdue = here - run_start[walker] > limit
                if wide[row] and not overdue:
                    number = min(old // broad, max(size // broad, 1) - 1)
                    start = number * broad
                    width = size - start if number == max(size // broad, 1) - 1 else broad
                    emitting[walker] = start + np.int32((bits * uint64(width)) >> uint64(32))
                    continue
                number = min(old // block, blocks - 1)
                start = number * block
                width = size - start if number == blocks - 1 else block
                new = start + np.int32((bits * uint64(width)) >> uint64(32))
                if new == old and overdue and width > 1:
                    shift = 1 + np.int32(mixed(key ^ uint64(walker)) % uint64(width - 1))
                    new = start + (old - start + shift) % width
                if new != old:
                    run_start[walker] = here
                rank[walker] = new
                emitting[walker] = new
        ones = 0
        for place in range(size):
            ones += plane[place]
        zeros = size - ones
        low, high = 0, zeros
        for place in range(size):
            sequence = order[place]
            if plane[sequence]:
                moved[place] = high
                after[high] = sequence
                high += 1
            else:
                moved[place] = low
                after[low] = sequence
                low += 1
        line = emitted[row]
        for walker in range(walkers):
            emitting[walker] = moved[emitting[walker]]
            line[walker] = emitting[walker] >= zeros
            rank[walker] = moved[rank[walker]]
        for place in range(size):
            order[place] = after[place]


def starting_state(
    size: int, walkers: int, rng: np.random.Generator
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float64]]:
    """A random order of the pool, walkers spread evenly over it, and runs that begin now."""
    order = rng.permutation(size).astype(np.int32)
    rank = ((np.arange(walkers) + rng.random()) * size / walkers).astype(np.int64) % size
    return order, rng.permutation(rank).astype(np.int32), np.full(walkers, -np.inf)


def ordered_ahead(planes: NDArray[np.uint8], order: NDArray[np.int32]) -> NDArray[np.int32]:
    """``order`` sorted by the sequences that come first: without a past, neighbours share their near future.

    A random order mixes unlike haplotypes until prefixes tell them apart, which costs LD at the start of each contig.
    planes: (rows, M) uint8, of which the first 300 count.
    """
    ahead = planes[:AHEAD][::-1][:, order]
    return np.ascontiguousarray(order[np.lexsort(ahead)], dtype=np.int32)
