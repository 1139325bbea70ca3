"""Drawn points and patients in each modality's own embedding: what the modality decodes, and what others follow.

Coordinates that take few values in patients (a dosage, a finding that is there or not) take those values in avatars,
in the patients' shares, so that every modality that reads one reads the same. A value of fewer than five patients
is not taken: it would be a copy. Drawing belongs to ``density``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from anon_pipeline.modalities import Draw

if TYPE_CHECKING:
    from anon_pipeline.avatars.fuse import JointEmbedding

FEW_VALUES, LEAST_HOLDERS = 8, 5
SAME = 1e-4
"""Coordinates nearer than this share of their range are one value: blocks were scaled in single precision."""


def with_parts(drawn: Draw, joint: JointEmbedding) -> Draw:
    """``drawn`` with ``parts``, ``own``, ``has`` and ``facts`` of every block of the joint embedding."""
    own, has = {}, {}
    for bit, (modality, (first, last)) in enumerate(joint.blocks.items()):
        own[modality] = _unscaled(joint, modality, joint.vectors[:, first:last])
        has[modality] = np.ones(len(joint.person_ids), bool)
        if joint.pattern is not None:
            has[modality] = (joint.pattern >> bit & 1).astype(bool)
    told = replace(drawn, own=own, has=has, facts=joint.facts)
    parts = {}
    for modality, (first, last) in joint.blocks.items():
        points = _unscaled(joint, modality, drawn.points[:, first:last])
        # what is filled in for those without the modality lies in its middle, and takes no part in the ranks
        theirs = told.having(modality)
        points[theirs] = snapped(points[theirs], own[modality][has[modality]])
        parts[modality] = points
    return replace(told, parts=parts)


def _unscaled(joint: JointEmbedding, modality: str, block: NDArray[np.float32]) -> NDArray[np.float32]:
    return (block / joint.quality[modality]["factor"] + joint.means[modality]).astype(np.float32)


def snapped(points: NDArray[np.float32], patients: NDArray[np.float32]) -> NDArray[np.float32]:
    """``points`` (m, d) with the coordinates that take at most ``FEW_VALUES`` values in ``patients`` (n, d) put to
    these values by rank, each as often as in patients; patients with a value of fewer than ``LEAST_HOLDERS`` count for
    the nearest other one."""
    out = points.copy()
    for column in range(points.shape[1]):
        values, counts = _values(patients[:, column])
        if len(values) <= FEW_VALUES and counts.max() >= LEAST_HOLDERS:
            values, counts = _held_by_enough(values, counts)
            rank = np.empty(len(points))
            rank[np.argsort(points[:, column], kind="stable")] = (np.arange(len(points)) + 0.5) / max(len(points), 1)
            out[:, column] = values[np.searchsorted(np.cumsum(counts) / counts.sum(), rank).clip(0, len(values) - 1)]
    return out


def _held_by_enough(
    values: NDArray[np.float32], counts: NDArray[np.int64]
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    kept = counts >= LEAST_HOLDERS
    nearest = np.abs(values[:, None] - values[kept][None, :]).argmin(axis=1)
    return values[kept], np.bincount(nearest, counts).astype(np.int64)


def _values(coordinate: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """The distinct values of a coordinate and how many patients have each."""
    values, counts = np.unique(coordinate, return_counts=True)
    starts = np.flatnonzero(np.diff(values, prepend=-np.inf) > SAME * float(np.ptp(values)))
    return values[starts], np.add.reduceat(counts, starts)
