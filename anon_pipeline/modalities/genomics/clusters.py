"""Small groups of haplotypes that are alike around one place, on both sides of it. In numba; nothing is drawn here.

Likeness is the agreement at the 64 common sites before and the 64 after, as far as they are within reach, the nearer
ones weighing more. Groups are the
leaves of a balanced tree, each split between a haplotype and one far from it: all have the same size, and the cost is
M log M words of bits, not M^2 haplotypes. Unlike neighbours in positional (PBWT) order, they are not parted by one
mutation, one gene conversion or one wrong call.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import uint64

from anon_pipeline.compute.bits import mixed, ones
from anon_pipeline.compute.compiled import compiled

WINDOW = 64  # common sites each way, one word of bits
NEAR, NEARER = (1 << 32) - 1, (1 << 12) - 1
MOST = 2 * (64 + 2 * 32 + 3 * 12)  # the largest distance
DEPTH = 64


@compiled()
def _distance(past: Any, future: Any, behind: Any, ahead: Any, one: Any, other: Any) -> Any:
    before, after = (past[one] ^ past[other]) & behind, (future[one] ^ future[other]) & ahead
    near = ones(before & uint64(NEAR)) + ones(after & uint64(NEAR))
    nearer = ones(before & uint64(NEARER)) + ones(after & uint64(NEARER))
    return np.int32(ones(before) + ones(after) + uint64(2) * near + uint64(3) * nearer)


@compiled(nogil=True)
def advance(common: Any, place: int, past: Any, future: Any) -> None:
    """Move the windows of all haplotypes from before the common site ``place`` to after it.

    common: (sites, M) uint8; past, future: (M,) uint64, bit 0 the nearest site.
    """
    here = common[place]
    last = place + WINDOW < len(common)
    ahead = common[place + WINDOW] if last else here
    for haplotype in range(len(past)):
        past[haplotype] = (past[haplotype] << uint64(1)) | uint64(here[haplotype])
        following = future[haplotype] >> uint64(1)
        if last:
            following |= uint64(ahead[haplotype]) << uint64(WINDOW - 1)
        future[haplotype] = following


@compiled(nogil=True)
def opened(common: Any, place: int, past: Any, future: Any) -> None:
    """Set the windows as they are just before the common site ``place``."""
    for haplotype in range(len(past)):
        past[haplotype] = future[haplotype] = uint64(0)
    for site in range(max(place - WINDOW, 0), place):
        for haplotype in range(len(past)):
            past[haplotype] = (past[haplotype] << uint64(1)) | uint64(common[site, haplotype])
    for site in range(place, min(place + WINDOW, len(common))):
        for haplotype in range(len(future)):
            future[haplotype] |= uint64(common[site, haplotype]) << uint64(site - place)


@compiled(nogil=True)
def reached(where: Any, place: int, here: float, reach: float) -> Any:
    """The bits of both windows before the common site ``place`` that are within ``reach`` of ``here``.

    where: (sites,) cM of the common sites.
    """
    behind, ahead = uint64(0), uint64(0)
    for site in range(WINDOW):
        if place - 1 - site < 0 or here - where[place - 1 - site] > reach:
            break
        behind |= uint64(1) << uint64(site)
    for site in range(WINDOW):
        if place + site >= len(where) or where[place + site] - here > reach:
            break
        ahead |= uint64(1) << uint64(site)
    return behind, ahead


@compiled(nogil=True)
def group(past: Any, future: Any, behind: Any, ahead: Any, size: int, key: Any, order: Any) -> None:
    """Reorder ``order`` (M,) so that haplotypes ``size * i`` to ``size * (i + 1)`` of it are alike (the last group
    takes the rest). behind, ahead: the bits of the windows that count. key: 64 random bits, that choose first pivots
    and break ties."""
    haplotypes = len(order)
    groups = max(haplotypes // size, 1)
    first, beyond = np.empty(DEPTH, np.int64), np.empty(DEPTH, np.int64)
    first[0], beyond[0], waiting = 0, groups, 1
    towards = np.empty(haplotypes, np.int32)
    right = np.empty(haplotypes, np.int32)
    counts = np.empty(2 * MOST + 1, np.int32)
    while waiting:
        waiting -= 1
        low, high = first[waiting], beyond[waiting]
        if high - low < 2:
            continue
        start = low * size
        end = haplotypes if high == groups else high * size
        key = mixed(uint64(key))
        far = order[start + np.int64((key >> uint64(3)) % uint64(end - start))]
        pivot = far
        for _ in range(2):
            pivot, most = far, -1
            for place in range(start, end):
                distance = _distance(past, future, behind, ahead, order[place], pivot)
                towards[place] = distance
                if distance > most:
                    far, most = order[place], distance
        least, largest = np.int32(MOST), np.int32(-MOST)
        for place in range(start, end):
            towards[place] -= _distance(past, future, behind, ahead, order[place], far)
            least, largest = min(least, towards[place]), max(largest, towards[place])
        middle = (low + high) // 2
        for value in range(largest - least + 1):
            counts[value] = 0
        for place in range(start, end):
            counts[towards[place] - least] += 1
        before, limit = 0, 0
        while before + counts[limit] < middle * size - start:
            before += counts[limit]
            limit += 1
        wanted, tied = middle * size - start - before, counts[limit]
        left, apart = start, 0
        for place in range(start, end):
            haplotype, value = order[place], towards[place] - least
            goes_left = value < limit
            if value == limit:
                key = mixed(uint64(key))
                goes_left = np.int64((key >> uint64(3)) % uint64(tied)) < wanted
                tied -= 1
                wanted -= 1 if goes_left else 0
            if goes_left:
                order[left] = haplotype
                left += 1
            else:
                right[apart] = haplotype
                apart += 1
        for place in range(apart):
            order[left + place] = right[place]
        first[waiting], beyond[waiting] = low, middle
        first[waiting + 1], beyond[waiting + 1] = middle, high
        waiting += 2
