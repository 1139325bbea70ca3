"""A distribution tree: splits patients on binned features so that a whole distribution differs between leaves.

The target is a class per patient. For ordered classes the criterion is the drop of the sum of the variances of the
cumulative indicators (the continuous ranked probability score), for others of the class indicators (Gini). A leaf
never holds fewer than ``min_leaf`` patients. What is sampled from a leaf belongs to ``decode``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anon_pipeline.compute.compiled import compiled

BINS = 64


@dataclass
class Tree:
    """feature: (nodes,) int32, -1 at leaves; cut: go left when the bin is at most it; left, right: children."""

    feature: NDArray[np.int32]
    cut: NDArray[np.int32]
    left: NDArray[np.int32]
    right: NDArray[np.int32]

    def leaves(self, bins: NDArray[np.uint8]) -> NDArray[np.int32]:
        """The node where each row of ``bins`` (rows x features) ends."""
        return _walk(self.feature, self.cut, self.left, self.right, bins)


def grow(
    bins: NDArray[np.uint8],
    target: NDArray[np.int32],
    classes: int,
    *,
    ordered: bool,
    min_leaf: int,
    gain: float,
    max_leaves: int = 1024,
) -> Tree:
    """Grow a tree. bins: (rows, features) uint8 below BINS; target: (rows,) in [0, classes). ``gain`` is the least
    improvement of a split, in units of the node's mean loss a patient (about a chi-square of one degree)."""
    parts: Any = _grow(np.ascontiguousarray(bins), target, classes, ordered, min_leaf, gain, max_leaves)
    return Tree(*parts)


@compiled(nogil=True)
def _loss(counts, total, ordered):  # pragma: no cover - compiled
    """The loss of a node with these class counts, summed over its patients."""
    if total <= 0:
        return 0.0
    loss = 0.0
    if ordered:
        running = 0.0
        for c in range(len(counts) - 1):
            running += counts[c]
            loss += running * (total - running)
    else:
        for c in range(len(counts)):
            loss += counts[c] * (total - counts[c])
    return loss / total


@compiled(nogil=True)
def _best(bins, target, rows, classes, ordered, min_leaf):  # pragma: no cover - compiled
    features = bins.shape[1]
    whole = np.zeros(classes)
    for i in rows:
        whole[target[i]] += 1
    total = float(len(rows))
    base = _loss(whole, total, ordered)
    best_gain, best_feature, best_cut = 0.0, -1, -1
    if base <= 1e-9:
        return best_gain, best_feature, best_cut, base
    for f in range(features):
        table = np.zeros((BINS, classes))
        size = np.zeros(BINS)
        for i in rows:
            b = bins[i, f]
            table[b, target[i]] += 1
            size[b] += 1
        left = np.zeros(classes)
        done = 0.0
        for b in range(BINS - 1):
            if size[b] == 0:
                continue
            for c in range(classes):
                left[c] += table[b, c]
            done += size[b]
            if done < min_leaf:
                continue
            if total - done < min_leaf:
                break
            value = base - _loss(left, done, ordered) - _loss(whole - left, total - done, ordered)
            if value > best_gain:
                best_gain, best_feature, best_cut = value, f, b
    return best_gain, best_feature, best_cut, base


@compiled(nogil=True)
def _grow(bins, target, classes, ordered, min_leaf, gain, max_leaves):  # pragma: no cover - compiled
    room = 2 * max_leaves + 1
    feature = np.full(room, -1, np.int32)
    cut = np.zeros(room, np.int32)
    left = np.zeros(room, np.int32)
    right = np.zeros(room, np.int32)
    order = np.arange(bins.shape[0])
    start = np.zeros(room, np.int64)
    stop = np.zeros(room, np.int64)
    stop[0] = bins.shape[0]
    nodes, leaves, node = 1, 1, 0
    while node < nodes:
        rows = order[start[node] : stop[node]]
        if len(rows) >= 2 * min_leaf and leaves < max_leaves:
            value, f, b, base = _best(bins, target, rows, classes, ordered, min_leaf)
            if f >= 0 and value * len(rows) > gain * base:
                into = np.empty(len(rows), np.int64)
                low, high = 0, len(rows) - 1
                for i in rows:
                    if bins[i, f] <= b:
                        into[low] = i
                        low += 1
                    else:
                        into[high] = i
                        high -= 1
                order[start[node] : stop[node]] = into
                feature[node], cut[node] = f, b
                left[node], right[node] = nodes, nodes + 1
                start[nodes], stop[nodes] = start[node], start[node] + low
                start[nodes + 1], stop[nodes + 1] = start[node] + low, stop[node]
                nodes += 2
                leaves += 1
        node += 1
    return feature[:nodes], cut[:nodes], left[:nodes], right[:nodes]


@compiled(nogil=True)
def _walk(feature, cut, left, right, bins):  # pragma: no cover - compiled
    out = np.empty(bins.shape[0], np.int32)
    for i in range(bins.shape[0]):
        node = 0
        while feature[node] >= 0:
            node = left[node] if bins[i, feature[node]] <= cut[node] else right[node]
        out[i] = node
    return out
