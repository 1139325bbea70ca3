"""Neighbourhoods, local densities, fusing: what the contract of a draw promises."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from anon_pipeline.avatars.density import draw_local, matched, weights_of
from anon_pipeline.avatars.fuse import draw, fuse
from anon_pipeline.avatars.identity import avatar_ids
from anon_pipeline.avatars.neighbours import nearest
from anon_pipeline.avatars.patient_rows import coordinates
from anon_pipeline.errors import BadInput
from anon_pipeline.keys import Key
from anon_pipeline.modalities import Embedding
from anon_pipeline.policy import AvatarPolicy


def embedding(name: str, persons: np.ndarray, dimensions: int, present=None, seed: int = 0) -> Embedding:
    rng = np.random.default_rng(seed)
    vectors = rng.standard_normal((len(persons), dimensions)).astype(np.float32)
    present = np.ones(len(persons), bool) if present is None else present
    vectors[~present] = 0
    return Embedding(name, persons.astype(np.int64), vectors, present)


def test_the_nearest_of_random_panels_are_found() -> None:
    vectors = np.random.default_rng(3).standard_normal((3000, 6)).astype(np.float32)
    starts = np.random.default_rng(4).permutation(3000)
    found = nearest(vectors, vectors[starts], starts, 20, 200, np.random.default_rng(5))
    assert found.shape == (3000, 20)
    assert not (found == starts[:, None]).any()
    assert all(len(set(row)) == 20 for row in found.tolist())
    away = np.linalg.norm(vectors[found] - vectors[starts][:, None, :], axis=2)
    assert (np.diff(away, axis=1) >= -1e-4).all()
    for low in (0, 1024):
        asked = slice(low, low + 64)
        panel = np.unique(found[asked])
        assert len(panel) <= 200
        distance = np.linalg.norm(vectors[panel][None] - vectors[starts[asked]][:, None], axis=2)
        distance[panel[None, :] == starts[asked][:, None]] = np.inf
        assert np.sort(distance, axis=1)[:, :20] == pytest.approx(away[asked], abs=1e-4)
    assert (np.bincount(found.ravel(), minlength=3000) > 0).mean() > 0.98


def test_a_panel_of_everyone_gives_the_nearest_of_all() -> None:
    vectors = np.random.default_rng(0).standard_normal((300, 5)).astype(np.float32)
    everyone = np.arange(300)
    found = nearest(vectors, vectors, everyone, 7, 300, np.random.default_rng(1))
    distance = ((vectors[:, None] - vectors[None]) ** 2).sum(-1)
    np.fill_diagonal(distance, np.inf)
    assert (np.sort(found, 1) == np.sort(np.argsort(distance, 1)[:, :7], 1)).mean() > 0.999
    assert (found != everyone[:, None]).all()


def test_a_neighbourhood_spans_its_share_of_any_cohort() -> None:
    """The share of all patients who are as near to the middle of an avatar's neighbours as the farthest of them."""
    spans = {}
    for people in (1200, 4000):
        vectors = np.random.default_rng(people).standard_normal((people, 4)).astype(np.float32)
        for reach in (0.1, 0.3):
            local = draw_local(vectors, 30, 200, np.random.default_rng(0), reach=reach)
            near = vectors[local.neighbours]
            middle = near.mean(axis=1)
            away = np.linalg.norm(vectors[None] - middle[:, None], axis=2)
            farthest = np.linalg.norm(near - middle[:, None], axis=2).max(axis=1)
            spans[people, reach] = float((away <= farthest[:, None]).mean())
    for reach in (0.1, 0.3):
        assert spans[1200, reach] == pytest.approx(spans[4000, reach], rel=0.2)
    assert spans[4000, 0.3] > spans[4000, 0.1] + 0.15


def test_nobody_is_in_the_middle_of_what_an_avatar_is_drawn_from() -> None:
    """The start is about as far from it as those that it is drawn from; around the start itself it would be nearest."""
    vectors = np.random.default_rng(6).standard_normal((2000, 4)).astype(np.float32)
    local = draw_local(vectors, 60, 2000, np.random.default_rng(2), reach=0.1)
    middle = vectors[local.neighbours].mean(axis=1)
    of_start = np.linalg.norm(vectors[local.starts] - middle, axis=1)
    of_others = np.linalg.norm(vectors[local.neighbours] - middle[:, None], axis=2)
    assert np.median(of_start) == pytest.approx(np.median(of_others), rel=0.25)


@pytest.mark.parametrize("k", [20, 25, 60, 150])
def test_weights(k: int) -> None:
    weights = weights_of(k)
    assert weights.sum() == pytest.approx(1)
    assert weights.max() <= 0.05 + 1e-7
    assert 1 / (weights**2).sum() >= 20 - 1e-4


def test_drawn_points_have_the_patients_mean_and_covariance() -> None:
    rng = np.random.default_rng(4)
    vectors = (rng.standard_normal((600, 5)) @ rng.standard_normal((5, 5)) + 3).astype(np.float32)
    shrunk = (vectors[:400] * 0.8 - 1).astype(np.float32)
    made = matched(shrunk, vectors)
    assert made.mean(axis=0) == pytest.approx(vectors.mean(axis=0), abs=1e-3)
    assert np.cov(made.T) == pytest.approx(np.cov(vectors.T), rel=0.02, abs=0.02)
    assert np.array_equal(matched(shrunk[:10], vectors), shrunk[:10])


def test_a_draw_keeps_the_contract() -> None:
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((400, 30)).astype(np.float32)
    local = draw_local(vectors, 60, 1000, rng)
    assert local.neighbours.shape == (1000, 60)
    assert (local.neighbours != local.starts[:, None]).all()
    assert local.weights.max() <= 0.05
    assert np.bincount(local.starts).max() - np.bincount(local.starts).min() <= 1
    assert 0.7 < local.points.std() / vectors.std() < 1.1
    assert not local.notes


def test_small_cohorts_are_told() -> None:
    rng = np.random.default_rng(0)
    local = draw_local(rng.standard_normal((12, 3)).astype(np.float32), 60, 12, rng)
    assert local.neighbours.shape == (12, 11)
    assert local.notes


def test_fuse_balances_and_fills() -> None:
    persons = np.arange(200) * 10 + 7
    present = np.random.default_rng(1).random(200) < 0.6
    a = embedding("observational", persons, 5)
    b = embedding("biology", persons, 40, present)
    joint = fuse([b, None, a], {"biology": 1.0})
    assert list(joint.blocks) == ["biology", "observational"]
    for low, high in joint.blocks.values():
        part = joint.vectors[:, low:high]
        top = np.sqrt(np.linalg.eigvalsh(np.cov(part.T))[-1])
        assert 0.6 < top < 1.4
    low, high = joint.blocks["biology"]
    assert np.abs(joint.vectors[~present, low:high]).sum(axis=1).min() > 0
    assert fuse([a, b]).digest == joint.digest
    assert list(fuse([a, b], {"biology": 0.0}).blocks) == ["observational"]
    with pytest.raises(BadInput):
        fuse([None])


def test_a_draw_is_recomputable_and_keyed() -> None:
    joint = fuse([embedding("observational", np.arange(150), 6)])
    policy = AvatarPolicy(k=30, seed=4)
    key = Key(bytes(range(32)))
    first, second = draw(joint, policy, key), draw(joint, policy, key)
    assert np.array_equal(first.points, second.points)
    assert not np.array_equal(first.points, draw(joint, policy, Key(bytes(range(1, 33)))).points)
    assert not np.array_equal(first.points, draw(joint, policy, 4).points)
    assert draw(joint, policy, 4, size=40).size == 40


def test_avatar_ids_are_a_fixed_permutation() -> None:
    ids = avatar_ids(500, 3)
    assert sorted(ids) == list(range(1, 501))
    assert np.array_equal(ids, avatar_ids(500, 3))
    assert abs(np.corrcoef(ids, np.arange(500))[0, 1]) < 0.15


def test_what_a_dimension_says_by_itself_reaches_the_draw(tmp_path: Path) -> None:
    image = replace(embedding("imaging", np.arange(70), 5), facts=(3,))
    image.save(tmp_path / "embedding.npz")
    again = Embedding.load(tmp_path / "embedding.npz")
    assert again.facts == (3,)
    made = draw(fuse([again, embedding("biology", np.arange(70), 4)]), AvatarPolicy(k=25), 1)
    assert made.facts == {"biology": (), "imaging": (3,)}
    assert coordinates(made)[2] == [3]
