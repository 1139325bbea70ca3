"""The mosaic of local groups: groups are alike, runs end, frequencies stay, and chunks do not matter."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from anon_pipeline.modalities.genomics.clusters import WINDOW, advance, group, opened
from anon_pipeline.modalities.genomics.walking import AHEAD, Walkers, common_rows, walk

NONE = np.zeros((0, 0), np.uint8)
BLOCK = 8
ALL = np.uint64(2**64 - 1)


def emitted(pool: NDArray[np.uint8], walkers: int, sizes: list[int], *, limit: float = 0.02, records: int = 1):
    """What ``walkers`` emit over the pool, cut into chunks of these sizes."""
    state = Walkers.begin(pool.shape[1], walkers, np.random.default_rng(4))
    first = (np.arange(len(pool)) % records == 0).astype(np.uint8)
    where = np.arange(len(pool)) // records * 1e-3
    pool = np.ascontiguousarray(pool)
    parts, start = [], 0
    for size in sizes:
        rows, following = slice(start, start + size), pool[start + size :]
        ahead = common_rows(following, NONE) if len(following) else np.zeros(0, bool)
        after = np.ascontiguousarray(following[ahead][:AHEAD]), where[start + size :][ahead][:AHEAD]
        parts.append(walk(state, pool[rows], NONE, first[rows], where[rows], after, BLOCK, limit))
        start += size
    return np.concatenate(parts)


def test_chunks_do_not_matter_and_frequencies_stay(small: NDArray[np.uint8]) -> None:
    pool = small[:, :1000]
    whole = emitted(pool, 1000, [300])
    assert np.array_equal(whole, emitted(pool, 1000, [110, 100, 90]))
    assert np.abs(whole.mean(axis=1) - pool.mean(axis=1)).mean() < 0.01
    assert not any((whole[:, [column]] == pool).all(axis=0).any() for column in range(50))


def test_no_donor_is_kept_beyond_the_limit() -> None:
    """Each record has a row a bit of the donor's number, so that its donor is read from what is emitted."""
    number = np.arange(64)
    bits = (number[None, :] >> np.arange(6)[:, None] & 1).astype(np.uint8)
    pool = np.tile(bits, (400, 1))
    made = emitted(pool, 40, [len(pool)], records=6, limit=2.5e-3)
    donors = (made.reshape(400, 6, 40) << np.arange(6)[None, :, None]).sum(axis=1)
    longest = 0
    for line in donors.T:
        changes = np.flatnonzero(np.diff(line)) + 1
        longest = max(longest, int(np.diff(np.r_[0, changes, 400]).max()))
    assert longest <= 4  # 2.5 records of the limit, and the one on which it is seen


def test_groups_are_alike_in_spite_of_a_wrong_call() -> None:
    rng = np.random.default_rng(0)
    founders = rng.integers(0, 2, (2 * WINDOW, 10)).astype(np.uint8)
    family = np.repeat(np.arange(10), BLOCK)
    common = np.ascontiguousarray(founders[:, family])
    common[WINDOW - 1, ::BLOCK] ^= 1
    past, future = np.zeros(80, np.uint64), np.zeros(80, np.uint64)
    opened(common, WINDOW - 5, past, future)
    for place in range(WINDOW - 5, WINDOW):
        advance(common, place, past, future)
    again = np.zeros(80, np.uint64), np.zeros(80, np.uint64)
    opened(common, WINDOW, *again)
    assert np.array_equal(past, again[0])
    assert np.array_equal(future, again[1])
    order = rng.permutation(80).astype(np.int32)
    group(past, future, ALL, ALL, BLOCK, np.uint64(1), order)
    assert sorted(order.tolist()) == list(range(80))
    shares = [np.bincount(family[order[start : start + BLOCK]]).max() for start in range(0, 80, BLOCK)]
    assert np.mean(shares) > 0.8 * BLOCK


@pytest.mark.parametrize("size", [3, 13, 2])
def test_pools_that_no_group_divides(size: int) -> None:
    pool = np.random.default_rng(1).integers(0, 2, (50, size)).astype(np.uint8)
    made = emitted(pool, 20, [50])
    assert made.shape == (50, 20)
    assert set(np.unique(made)) <= {0, 1}


def test_missing_calls_take_a_neighbours_allele(small: NDArray[np.uint8]) -> None:
    pool = np.ascontiguousarray(small[:60, :200])
    lost = (np.random.default_rng(3).random(pool.shape) < 0.05).astype(np.uint8)
    lost[7] = 1
    state = Walkers.begin(200, 200, np.random.default_rng(4))
    planes = pool * (1 - lost)
    made = walk(state, planes, lost, np.ones(60, np.uint8), np.arange(60) * 1e-3, (pool[:0], np.zeros(0)), BLOCK, 0.02)
    kept = np.delete(np.arange(60), 7)
    assert np.corrcoef(made[kept].mean(axis=1), pool[kept].mean(axis=1))[0, 1] > 0.98


def test_nothing_is_tied_across_a_gap() -> None:
    """Two pieces 1 cM apart that are copies of one another: in the release they are independent."""
    piece = np.random.default_rng(6).integers(0, 2, (40, 400)).astype(np.uint8)
    pool = np.concatenate([piece, piece])
    where = np.r_[np.arange(40), 1000 + np.arange(40)] * 1e-3
    state = Walkers.begin(400, 400, np.random.default_rng(4))
    made = walk(state, pool, NONE, np.ones(80, np.uint8), where, (pool[:0], where[:0]), BLOCK, 0.02)
    near = [np.corrcoef(made[row], made[row + 40])[0, 1] for row in range(40)]
    assert abs(np.mean(near)) < 0.03
