"""The mosaic of local groups, in numba: at each record a walker's donor is redrawn among the haplotypes like it there.

Groups of ``block`` haplotypes alike on both sides (``clusters``) are formed anew every 20 common sites, or .1 cM.
Inside a group donors are drawn uniformly at each record, so that every allele keeps its frequency in expectation and
leaves the haplotype that carries it; where neighbouring groups do not differ (``joining``), the allele is that of a
haplotype of any of them. Before groups change, the walkers of each exchange donors: all go on with the one
whose sites further back are most like those that the walker has emitted: linkage beyond the window stays, and no
frequency changes. Nothing is alike across more than the reach, where linkage is chance and likeness would be a
person's own: beyond a gap all walkers exchange donors at random. Files, strata and pairing are elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numba import uint64
from numpy.typing import NDArray

from anon_pipeline.compute.bits import mixed, ones
from anon_pipeline.compute.compiled import compiled
from anon_pipeline.modalities.genomics.clusters import WINDOW, advance, group, opened, reached
from anon_pipeline.modalities.genomics.joining import join, tree

STEP = 20  # common sites between two groupings
AHEAD = WINDOW + STEP // 2  # common sites that a chunk needs after its last row
MEMORY_STEP = 12  # one common site in twelve is remembered, the last 64 of them
BALANCED = 307  # of 1024 groups, those whose donors are dealt out evenly before they change
OFFERED = 64  # donors that a walker chooses among
COMMON, MISSING = 0.02, 0.02
LOW = uint64((1 << 32) - 1)
REACH, MEMORY_REACH = 0.2, 0.5  # cM


@dataclass
class Walkers:
    """Haplotypes on their way over one segment; ``walk`` changes the arrays in place.

    order: (M,) int32, the pool by groups; place: (M,) its inverse. donor, emitting: (W,) int32, the haplotype that a
    walker goes on with, and the one whose allele it had last; run_start: (W,) float64, cM where that began. memory,
    remembered: (W,) and (M,) uint64, the thinned past of the walkers and of the pool.
    before, before_where: the last common rows of the pool, at most 64, and their cM. clock: the common site at which
    groups change, and the rows and the common sites walked so far. marks: cM of the last record, of the last change of
    groups, and of the sites remembered, the last first.
    """

    order: NDArray[np.int32]
    place: NDArray[np.int32]
    donor: NDArray[np.int32]
    emitting: NDArray[np.int32]
    run_start: NDArray[np.float64]
    memory: NDArray[np.uint64]
    remembered: NDArray[np.uint64]
    stream: np.uint64
    before: NDArray[np.uint8]
    before_where: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    marks: NDArray[np.float64] = field(default_factory=lambda: np.full(2 + WINDOW, -np.inf))
    clock: NDArray[np.int64] = field(default_factory=lambda: np.zeros(3, np.int64))

    @classmethod
    def begin(cls, size: int, walkers: int, rng: np.random.Generator) -> Walkers:
        """A random order of the pool, walkers spread evenly over it, and runs that begin now."""
        order = rng.permutation(size).astype(np.int32)
        donor = ((np.arange(walkers) + rng.random()) * size / walkers).astype(np.int64) % size
        donors = rng.permutation(order[donor]).astype(np.int32)
        return cls(
            order,
            np.argsort(order).astype(np.int32),
            donors,
            donors.copy(),
            np.full(walkers, -np.inf),
            np.zeros(walkers, np.uint64),
            np.zeros(size, np.uint64),
            np.uint64(rng.integers(0, 2**63)),
            np.zeros((0, size), np.uint8),
        )


@compiled(nogil=True)
def _fill_missing(plane: Any, missing: Any, order: Any) -> None:
    """A missing call takes the allele of the haplotype before it in the order (after it, for the first)."""
    last = np.int32(-1)
    for sequence in order:
        if not missing[sequence]:
            last = sequence
            break
    if last < 0:
        return
    for sequence in order:
        if missing[sequence]:
            plane[sequence] = plane[last]
        else:
            last = sequence


@compiled(nogil=True)
def _exchange(
    order: Any, place: Any, donor: Any, memory: Any, remembered: Any, known: Any, block: int, key: Any
) -> None:
    """Deal the donors of some groups out evenly, then give each walker of a group the donor of most like memory.

    known: the bits of the memories that count.
    """
    size, walkers = len(order), len(donor)
    groups = max(size // block, 1)
    ends = np.zeros(groups + 1, np.int32)
    for walker in range(walkers):
        ends[min(place[donor[walker]] // block, groups - 1) + 1] += 1
    for number in range(groups):
        ends[number + 1] += ends[number]
    filled = np.empty(groups, np.int32)
    for number in range(groups):
        filled[number] = ends[number]
    queue = np.empty(walkers, np.int32)
    offered = np.empty(walkers, np.int32)
    for walker in range(walkers):
        number = min(place[donor[walker]] // block, groups - 1)
        queue[filled[number]] = walker
        filled[number] += 1
    for number in range(groups):
        begin, end = ends[number], ends[number + 1]
        start = number * block
        width = size - start if number == groups - 1 else block
        for index in range(begin, end):
            other = index + np.int64((mixed(key ^ uint64(index)) >> uint64(3)) % uint64(end - index))
            queue[index], queue[other] = queue[other], queue[index]
        bits = mixed(key + uint64(number))
        dealt = (bits & uint64(1023)) < uint64(BALANCED)
        shift = np.int64((bits >> uint64(12)) % uint64(width))
        for index in range(begin, end):
            if dealt:
                offered[index] = order[start + (shift + index - begin) % width]
            else:
                offered[index] = donor[queue[index]]
        for index in range(begin, end):
            walker, best, least = queue[index], index, uint64(WINDOW + 1)
            for rival in range(index, min(end, index + OFFERED)):
                unlike = ones((memory[walker] ^ remembered[offered[rival]]) & known)
                if unlike < least:
                    best, least = rival, unlike
            offered[index], offered[best] = offered[best], offered[index]
            donor[walker] = offered[index]


@compiled(nogil=True)
def _shuffle(donor: Any, key: Any) -> None:
    for walker in range(len(donor) - 1):
        other = walker + np.int64((mixed(key ^ uint64(walker)) >> uint64(3)) % uint64(len(donor) - walker))
        donor[walker], donor[other] = donor[other], donor[walker]


@compiled(nogil=True)
def _walk(
    planes: Any, missing: Any, first: Any, centimorgan: Any, common: Any, common_where: Any, at: Any, is_common: Any,
    origin: int, order: Any, place: Any, donor: Any, emitting: Any, run_start: Any, memory: Any, remembered: Any,
    marks: Any, stream: Any, clock: Any, block: int, limit: float, emitted: Any,
) -> None:  # fmt: skip
    rows, size = planes.shape
    walkers = len(donor)
    groups = max(size // block, 1)
    past, future = np.empty(size, np.uint64), np.empty(size, np.uint64)
    window = -1
    nodes = tree(groups)
    held, whole = np.empty(len(nodes), np.int64), np.empty(len(nodes), np.bool_)
    starts, widths = np.empty(groups, np.int32), np.empty(groups, np.int32)
    for row in range(rows):
        plane = planes[row]
        if first[row]:
            last = row + 1
            while last < rows and not first[last]:
                last += 1
            if missing.shape[0]:
                for other in range(row, last):
                    _fill_missing(planes[other], missing[other], order)
            here = centimorgan[row]
            key = mixed(stream ^ mixed(uint64(clock[1] + row)))
            apart = here - marks[0] > REACH
            marks[0] = here
            if apart or origin + at[row] >= clock[0] or here - marks[1] > REACH / 2:
                if apart:
                    _shuffle(donor, mixed(key))
                else:
                    known = uint64(0)
                    for site in range(WINDOW):
                        if here - marks[2 + site] <= MEMORY_REACH:
                            known |= uint64(1) << uint64(site)
                    _exchange(order, place, donor, memory, remembered, known, block, mixed(key))
                centre = at[row]
                while centre < min(at[row] + STEP // 2, len(common)) and common_where[centre] - here <= REACH / 2:
                    centre += 1
                if window < 0:
                    opened(common, centre, past, future)
                    window = centre
                while window < centre:
                    advance(common, window, past, future)
                    window += 1
                middle = here if window <= at[row] else common_where[window - 1]
                behind, ahead = reached(common_where, window, middle, REACH)
                group(past, future, behind, ahead, block, mixed(key ^ uint64(1)), order)
                for position in range(size):
                    place[order[position]] = position
                clock[0] = origin + at[row] + STEP
                marks[1] = here
            join(planes[row:last], order, block, nodes, held, whole, starts, widths)
            for walker in range(walkers):
                number = min(place[donor[walker]] // block, groups - 1)
                start = number * block
                width = size - start if number == groups - 1 else block
                bits = mixed(key + uint64(walker))
                donor[walker] = order[start + np.int32(((bits >> uint64(32)) * uint64(width)) >> uint64(32))]
                start, width = starts[number], widths[number]
                new = start + np.int32(((bits & LOW) * uint64(width)) >> uint64(32))
                if order[new] == emitting[walker] and width > 1 and here - run_start[walker] > limit:
                    shift = 1 + np.int32(mixed(key ^ uint64(walker)) % uint64(width - 1))
                    new = start + (new - start + shift) % width
                if order[new] != emitting[walker]:
                    run_start[walker] = here
                    emitting[walker] = order[new]
        line = emitted[row]
        for walker in range(walkers):
            line[walker] = plane[emitting[walker]]
        if is_common[row] and (origin + at[row]) % MEMORY_STEP == 0:
            for walker in range(walkers):
                memory[walker] = (memory[walker] << uint64(1)) | uint64(line[walker])
            for haplotype in range(size):
                remembered[haplotype] = (remembered[haplotype] << uint64(1)) | uint64(plane[haplotype])
            for site in range(len(marks) - 1, 2, -1):
                marks[site] = marks[site - 1]
            marks[2] = centimorgan[row]


def common_rows(planes: NDArray[np.uint8], missing: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """(rows,) which rows tell haplotypes apart: both alleles in 2 % of the pool, and hardly a call missing."""
    frequency = planes.mean(axis=1)
    common = (frequency >= COMMON) & (frequency <= 1 - COMMON)
    return common & (missing.mean(axis=1) <= MISSING) if missing.shape[0] else common


def walk(
    walkers: Walkers,
    planes: NDArray[np.uint8],
    missing: NDArray[np.uint8],
    first: NDArray[np.uint8],
    centimorgan: NDArray[np.float64],
    after: tuple[NDArray[np.uint8], NDArray[np.float64]],
    block: int,
    limit: float,
) -> NDArray[np.uint8]:
    """(rows, W) uint8, what the walkers emit over one chunk of their segment.

    planes: (rows, M) uint8, the pool's alleles; missing: the same, 1 where a call is missing, or (0, 0). first: (rows,)
    whether a row begins a record (the rows of one record share their donor). centimorgan: (rows,), ascending. after:
    (sites, M) the common rows that follow, ``AHEAD`` of them where there are so many, and (sites,) their cM.
    block: haplotypes a group. limit: longest run of one donor, in cM.
    """
    marked = common_rows(planes, missing)
    before = walkers.before
    common = np.concatenate([before, planes[marked], after[0][:AHEAD]])
    common_where = np.concatenate([walkers.before_where, centimorgan[marked], after[1][:AHEAD]])
    at = len(before) + np.cumsum(marked) - marked
    emitted = np.empty((len(planes), len(walkers.donor)), np.uint8)
    _walk(
        planes, missing, first, centimorgan, common, common_where, at, marked, int(walkers.clock[2]) - len(before),
        walkers.order, walkers.place, walkers.donor, walkers.emitting, walkers.run_start, walkers.memory,
        walkers.remembered, walkers.marks, walkers.stream, walkers.clock, block, limit, emitted,
    )  # fmt: skip
    walkers.clock[1:] += len(planes), int(marked.sum())
    held = len(before) + int(marked.sum())
    walkers.before = common[max(held - WINDOW, 0) : held].copy()
    walkers.before_where = common_where[max(held - WINDOW, 0) : held].copy()
    return emitted
