"""Join the modalities' embeddings by multiple factor analysis, and draw the avatars that every modality decodes.

Each modality is divided by its first singular value (Escofier and Pages 1994), so that none rules by its size, and
multiplied by its policy weight. A patient without a modality gets the mean of the patients nearest in the modalities
that they share. Such means lie in the middle and would be everyone's neighbours, so avatars are drawn among patients
who have the same modalities, where there are enough of them. The draw is a function of the seed (keyed where there is a
key) and of the embeddings' digests, so a partial re-run recomputes it instead of storing it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from anon_pipeline.errors import BadInput
from anon_pipeline.keys import Key, seeded_rng
from anon_pipeline.modalities import Draw, Embedding

if TYPE_CHECKING:
    from anon_pipeline.policy import AvatarPolicy

FILL_NEIGHBOURS = 20


@dataclass(frozen=True)
class JointEmbedding:
    """person_ids: (n,) int64 ascending. vectors: (n, d) float32. blocks: modality -> (first, last) columns.
    digest: of everything above, hexadecimal. pattern: (n,) which modalities a patient has, a bit each, in the order of
    ``blocks``. means: modality -> (columns,) what was subtracted before its block was scaled. facts: modality -> the
    columns of its block that say something by themselves."""

    person_ids: NDArray[np.int64]
    vectors: NDArray[np.float32]
    blocks: dict[str, tuple[int, int]]
    digest: str
    quality: dict[str, Any] = field(default_factory=dict)
    pattern: NDArray[np.int64] | None = None
    means: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    facts: dict[str, tuple[int, ...]] = field(default_factory=dict)


def fuse(embeddings: Sequence[Embedding | None], weights: Mapping[str, float] | None = None) -> JointEmbedding:
    """The joint embedding of all patients of any of the ``embeddings``; absent ones (None) are left out.

    weights: modality -> weight (1 when not named; 0 leaves it out). Raises BadInput when nothing is left.
    """
    weights = weights or {}
    used = sorted(
        (e for e in embeddings if e is not None and weights.get(e.modality, 1.0) > 0 and e.present.any()),
        key=lambda e: e.modality,
    )
    if not used:
        raise BadInput("no modality to draw avatars from")
    persons = np.unique(np.concatenate([e.person_ids for e in used]))
    parts, presents, blocks, quality, means, at = [], [], {}, {}, {}, 0
    for embedding in used:
        rows = np.searchsorted(persons, embedding.person_ids)
        width = embedding.vectors.shape[1]
        part = np.zeros((len(persons), width), np.float32)
        present = np.zeros(len(persons), bool)
        present[rows] = embedding.present
        known = embedding.vectors[embedding.present].astype(float)
        mean = known.mean(0)
        centred = known - mean
        first = np.sqrt(max(np.linalg.eigvalsh(centred.T @ centred / len(centred))[-1], 1e-12))
        factor = weights.get(embedding.modality, 1.0) / first
        part[rows[embedding.present]] = centred * factor
        parts.append(part)
        presents.append(present)
        blocks[embedding.modality] = (at, at + width)
        at += width
        means[embedding.modality] = mean
        quality[embedding.modality] = {"dimensions": width, "present": int(present.sum()), "factor": float(factor)}
    _fill(parts, presents)
    vectors = np.concatenate(parts, axis=1)
    digest = hashlib.sha256()
    for embedding in used:
        digest.update(embedding.modality.encode())
    for array in (persons, vectors):
        digest.update(np.ascontiguousarray(array).tobytes())
    pattern = np.stack(presents, axis=1).astype(np.int64) @ (1 << np.arange(len(presents)))
    facts = {embedding.modality: embedding.facts for embedding in used}
    return JointEmbedding(persons, vectors, blocks, digest.hexdigest(), quality, pattern, means, facts)


def _fill(parts: list[NDArray[np.float32]], presents: list[NDArray[np.bool_]]) -> None:
    """Missing modalities: the mean of the 20 nearest patients that have them, by the modalities shared with them."""
    originals = [part.copy() for part in parts]
    for target, have in enumerate(presents):
        absent = np.flatnonzero(~have)
        donors = np.flatnonzero(have)
        if not len(absent) or len(donors) == 0:
            continue
        for low in range(0, len(absent), 512):
            rows = absent[low : low + 512]
            distance = np.zeros((len(rows), len(donors)))
            shared = np.zeros_like(distance)
            for source, other in enumerate(presents):
                if source == target:
                    continue
                both = (other[rows][:, None] & other[donors][None, :]).astype(float)
                a, b = originals[source][rows], originals[source][donors]
                square = (a * a).sum(1)[:, None] + (b * b).sum(1)[None, :] - 2 * a @ b.T
                distance += np.maximum(square, 0) * both
                shared += both
            distance = np.where(shared > 0, distance / np.maximum(shared, 1), np.inf)
            near = np.argsort(distance, axis=1, kind="stable")[:, :FILL_NEIGHBOURS]
            parts[target][rows] = originals[target][donors[near]].mean(axis=1)


def draw(joint: JointEmbedding, policy: AvatarPolicy, secret: Key | int, size: int | None = None) -> Draw:
    """The avatars of a joint embedding.

    secret: the hospital's key (production) or a plain seed (fictional data, tests). The same secret, policy seed and
    embeddings give the same draw. ``size`` defaults to the policy's, then to the number of patients.
    """
    from anon_pipeline.avatars.density import draw_local
    from anon_pipeline.avatars.parts import with_parts

    labels = ("avatars-draw", policy.seed, policy.k, str(policy.reach), joint.digest)
    rng = secret.rng(*labels) if isinstance(secret, Key) else seeded_rng(int(secret), *labels)
    if len(joint.person_ids) < 2:
        raise BadInput("avatars need at least two patients")
    total = size or policy.size or len(joint.person_ids)
    groups = _alike(joint, policy.k)
    # Each group starts its share of the avatars; the last takes what rounding leaves.
    ends = np.round(np.cumsum([len(rows) for rows in groups]) / len(joint.person_ids) * total).astype(int)
    parts = []
    for rows, count in zip(groups, np.diff(ends, prepend=0), strict=True):
        local = draw_local(
            joint.vectors[rows],
            policy.k,
            int(count),
            rng,
            reach=policy.reach,
            maximum=policy.maximum_weight,
            minimum_effective=policy.minimum_effective_k,
        )
        parts.append((rows[local.neighbours], local.weights, local.points, rows[local.starts]))
    width = max(part[0].shape[1] for part in parts)
    neighbours = np.concatenate([_wide(part[0], width, last=True) for part in parts])
    weights = np.concatenate([_wide(part[1], width, last=False) for part in parts])
    points, starts = (np.concatenate([part[i] for part in parts]) for i in (2, 3))
    return with_parts(Draw(joint.person_ids, neighbours, weights, points, starts=starts), joint)


def _alike(joint: JointEmbedding, k: int) -> list[NDArray[np.int64]]:
    """Rows of patients with the same modalities, in groups of at least 3 k (and 60); those of smaller groups together,
    and with the largest where even they are too few."""
    everyone = np.arange(len(joint.person_ids))
    if joint.pattern is None or len(np.unique(joint.pattern)) == 1:
        return [everyone]
    least = max(3 * k, 60)
    found = [everyone[joint.pattern == value] for value in np.unique(joint.pattern)]
    large = sorted((rows for rows in found if len(rows) >= least), key=len)
    rest = [rows for rows in found if len(rows) < least]
    if rest:
        together = np.sort(np.concatenate(rest))
        if len(together) < least and large:
            together = np.sort(np.concatenate([together, large.pop()]))
        large.append(together)
    return large


def _wide(array: NDArray[Any], width: int, *, last: bool) -> NDArray[Any]:
    """Columns up to ``width``: the last one repeated (neighbours), or zeros (weights)."""
    lacking = width - array.shape[1]
    if not lacking:
        return array
    fill = np.repeat(array[:, -1:], lacking, axis=1) if last else np.zeros((len(array), lacking), array.dtype)
    return np.concatenate([array, fill], axis=1)
