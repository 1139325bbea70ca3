"""Patients without a modality: avatars are drawn among patients who have the same ones, and keep their associations."""

from __future__ import annotations

import numpy as np

from anon_pipeline.avatars.fuse import draw, fuse
from anon_pipeline.modalities import Embedding
from anon_pipeline.policy import AvatarPolicy

PEOPLE = 600


def embeddings(has: np.ndarray) -> list[Embedding]:
    rng = np.random.default_rng(1)
    shared = rng.standard_normal((PEOPLE, 1))
    table = np.hstack([shared, rng.standard_normal((PEOPLE, 4))]).astype(np.float32)
    image = np.hstack([shared, rng.standard_normal((PEOPLE, 4))]).astype(np.float32)
    image[~has] = 0
    ids = np.arange(1, PEOPLE + 1, dtype=np.int64)
    return [
        Embedding("observational", ids, table, np.ones(PEOPLE, bool)),
        Embedding("imaging", ids, image, has),
    ]


def test_avatars_come_from_patients_with_the_same_modalities_and_keep_the_association() -> None:
    has = np.arange(PEOPLE) % 2 == 0
    joint = fuse(embeddings(has))
    made = draw(joint, AvatarPolicy(k=30), 7)
    theirs = has[made.neighbours]
    assert (theirs.all(axis=1) | ~theirs.any(axis=1)).all()
    assert theirs.all(axis=1).sum() == PEOPLE // 2
    with_image = theirs.all(axis=1)
    first, other = joint.blocks["imaging"][0], joint.blocks["observational"][0]
    assert np.corrcoef(made.points[with_image, first], made.points[with_image, other])[0, 1] > 0.8
    assert made.starts is not None
    assert not (made.neighbours == made.starts[:, None]).any()


def test_few_patients_without_a_modality_are_drawn_with_the_others() -> None:
    has = np.arange(PEOPLE) >= 20
    made = draw(fuse(embeddings(has)), AvatarPolicy(k=30), 7, 50)
    assert made.size == 50
    assert np.allclose(made.weights.sum(axis=1), 1, atol=1e-4)
