"""Which groups of haplotypes share an allele's frequency at one record. In numba; groups are formed in ``clusters``.

Where the carriers of an allele are spread over neighbouring groups as chance would have it, a group's own count says
nothing of linkage, only who is in the group. Such groups are drawn from together: two halves of the tree are joined
when their frequencies differ by less than ``APART`` standard errors, and all their parts are joined. The number of
carriers that is expected stays what it is. (Shrinkage of Haar coefficients, Donoho and Johnstone 1994,
doi:10.1093/biomet/81.3.425, on the tree of groups.)
"""

from __future__ import annotations

from typing import Any

import numpy as np

from anon_pipeline.compute.compiled import compiled

APART = 2.0


@compiled(nogil=True)
def tree(groups: int) -> Any:
    """(nodes, 3) int64: the first group of each node, the first beyond it, and its left half's number (the right one
    follows it; -1 for a single group). Halves as ``clusters.group`` makes them, parents before children."""
    nodes = np.full((2 * groups - 1, 3), -1)
    nodes[0, 0], nodes[0, 1] = 0, groups
    known, place = 1, 0
    while place < known:
        low, high = nodes[place, 0], nodes[place, 1]
        if high - low > 1:
            middle = (low + high) // 2
            nodes[place, 2] = known
            nodes[known, 0], nodes[known, 1] = low, middle
            nodes[known + 1, 0], nodes[known + 1, 1] = middle, high
            known += 2
        place += 1
    return nodes


@compiled(nogil=True)
def _count(plane: Any, order: Any, block: int, groups: int, nodes: Any, held: Any) -> None:
    """held: (nodes,) carriers in each node."""
    for node in range(len(nodes) - 1, -1, -1):
        half = nodes[node, 2]
        if half >= 0:
            held[node] = held[half] + held[half + 1]
            continue
        end = len(order) if nodes[node, 1] == groups else nodes[node, 1] * block
        carried = 0
        for position in range(nodes[node, 0] * block, end):
            carried += plane[order[position]]
        held[node] = carried


@compiled(nogil=True)
def join(planes: Any, order: Any, block: int, nodes: Any, held: Any, whole: Any, start: Any, width: Any) -> None:
    """For each group the stretch of ``order`` that it draws from: ``start`` and ``width``, (groups,).

    planes: (rows of one record, M); all of its alleles must agree. nodes: ``tree``; held, whole: (nodes,), room.
    """
    size, groups = len(order), len(start)
    for node in range(len(nodes)):
        whole[node] = True
    for row in range(len(planes)):
        _count(planes[row], order, block, groups, nodes, held)
        for node in range(len(nodes) - 1, -1, -1):
            half = nodes[node, 2]
            if half < 0 or not whole[node]:
                continue
            if not (whole[half] and whole[half + 1]):
                whole[node] = False
                continue
            first, middle = nodes[node, 0] * block, nodes[half, 1] * block
            end = size if nodes[node, 1] == groups else nodes[node, 1] * block
            left, right = middle - first, end - middle
            share = held[node] / (left + right)
            apart = held[half] / left - held[half + 1] / right
            if apart * apart > APART * APART * share * (1 - share) * (1 / left + 1 / right):
                whole[node] = False
    for node in range(len(nodes) - 1, -1, -1):  # parents last, so that the largest whole node wins
        if whole[node]:
            first = nodes[node, 0] * block
            end = size if nodes[node, 1] == groups else nodes[node, 1] * block
            for number in range(nodes[node, 0], nodes[node, 1]):
                start[number], width[number] = first, end - first
