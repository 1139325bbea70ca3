"""Groups that share an allele's frequency at a record, and the choice of how large groups are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from anon_pipeline.modalities.genomics.choosing import WANTED_LD, blocks, keeping_ld
from anon_pipeline.modalities.genomics.joining import join, tree

BLOCK = 8


def stretches(planes: NDArray[np.uint8], order: NDArray[np.int32]) -> list[tuple[int, int]]:
    groups = planes.shape[1] // BLOCK
    nodes = tree(groups)
    start, width = np.empty(groups, np.int32), np.empty(groups, np.int32)
    room = np.empty(len(nodes), np.int64), np.empty(len(nodes), np.bool_)
    join(planes, order, BLOCK, nodes, *room, start, width)
    return list(zip(start.tolist(), width.tolist(), strict=True))


def test_scattered_carriers_are_shared_and_a_clade_is_not() -> None:
    """Of eight groups the last two are a clade; elsewhere one haplotype in each second group carries the allele."""
    plane = np.zeros((1, 64 + 3), np.uint8)  # the last group takes the rest
    plane[0, 48:] = 1
    plane[0, [3, 19, 35]] = 1
    order = np.arange(67, dtype=np.int32)
    assert stretches(plane, order) == [(0, 32)] * 4 + [(32, 16)] * 2 + [(48, 19)] * 2
    shuffled = np.random.default_rng(0).permutation(67).astype(np.int32)
    placed = np.zeros_like(plane)
    placed[0, shuffled] = plane[0]
    assert stretches(placed, shuffled) == stretches(plane, order)


def test_all_alleles_of_a_record_must_agree() -> None:
    scattered, clade = np.zeros(64, np.uint8), np.zeros(64, np.uint8)
    scattered[[1, 30]] = 1
    clade[:8] = 1
    order = np.arange(64, dtype=np.int32)
    assert stretches(scattered[None], order) == [(0, 64)] * 8
    together = stretches(np.stack([scattered, clade]), order)
    assert together == stretches(clade[None], order)
    assert together[:2] == [(0, 8), (8, 8)]


def test_one_group() -> None:
    assert stretches(np.ones((1, 13), np.uint8), np.arange(13, dtype=np.int32)) == [(0, 13)]


def test_the_largest_group_that_keeps_enough_ld() -> None:
    kept = {64: 0.9, 48: WANTED_LD - 0.001, 32: WANTED_LD, 24: 0.99}
    tried: list[int] = []

    def make(block: int) -> tuple[str, dict[str, float | None]]:
        tried.append(block)
        return f"of {block}", {"ld_r": kept[block]}

    assert keeping_ld(blocks(None, 4_000, 24), make)[:2] == (32, "of 32")
    assert tried == [64, 48, 32]
    assert list(blocks(None, 1_000)) == [24, 16, 12, 8, 6]
    assert list(blocks(10, 1_000)) == [10]
    assert keeping_ld([48], make)[0] == 48
    assert keeping_ld([48], lambda _: ("", {"ld_r": None}))[0] == 48
