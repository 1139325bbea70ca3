"""The attacks across modalities: a generator that copies is caught, one that draws anew is not accused."""

from __future__ import annotations

import numpy as np
import pytest

from anon_pipeline.risk.cross_modal import View, halves, linking, over_chance, reidentifications
from anon_pipeline.risk.cross_modal_membership import membership
from anon_pipeline.risk.image_attacks import attack_images
from anon_pipeline.risk.image_siamese import Siamese

PEOPLE = 240


def population(people: int, seed: int) -> dict[str, np.ndarray]:
    """Three modalities that share two latent variables, each with much of its own."""
    rng = np.random.default_rng(seed)
    shared = rng.standard_normal((people, 2))
    return {
        name: np.hstack([shared @ rng_of(name).standard_normal((2, 4)), rng.standard_normal((people, 8))]).astype(
            np.float32
        )
        for name in ("biology", "imaging", "text")
    }


def rng_of(name: str) -> np.random.Generator:
    return np.random.default_rng(len(name))


def views(made: dict[str, np.ndarray]) -> dict[str, View]:
    real, held = population(PEOPLE, 1), population(PEOPLE // 2, 2)
    return {
        name: View(real[name], held[name], made[name], *(np.ones(len(x[name]), bool) for x in (real, held, made)))
        for name in real
    }


def copied(noise: float) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Every avatar is one patient with a little noise."""
    rng = np.random.default_rng(5)
    origin = rng.integers(0, PEOPLE, PEOPLE)
    real = population(PEOPLE, 1)
    return {n: (x[origin] + noise * rng.standard_normal(x.shape)).astype(np.float32) for n, x in real.items()}, origin


def test_copies_of_patients_are_linked_reidentified_and_members() -> None:
    made, origin = copied(0.3)
    leaky = views(made)
    for name, figure in linking(leaky, 0).items():
        assert figure.low > 0.05, name
    for name, result in reidentifications(leaky, origin).items():
        assert result.figure.low > 2, name
    for name, view in leaky.items():
        assert membership(view, 0)["auc"].low > 0.6, name


def test_new_people_of_the_same_population_are_not_accused() -> None:
    made = views(population(PEOPLE, 3))
    linked = linking(made, 0)
    assert set(linked) == {"biology+imaging", "biology+text", "imaging+text", "all"}
    assert all(figure.low <= 0.05 for figure in linked.values())
    origin = np.random.default_rng(9).permutation(PEOPLE)
    assert all(r.figure.low <= 2 for r in reidentifications(made, origin).values())
    assert all(membership(view, 0)["auc"].low < 0.55 for view in made.values())


def test_people_without_a_modality_are_left_out_of_its_pairs() -> None:
    made = views(population(PEOPLE, 3))
    lacking = made["text"]
    none = np.zeros(PEOPLE // 2, bool)
    made["text"] = View(
        lacking.real, lacking.holdout, lacking.synthetic, lacking.has_real, none, lacking.has_synthetic
    )  # fmt: skip
    assert set(linking(made, 0)) == {"biology+imaging"}


def test_every_split_into_halves_once() -> None:
    assert len(halves("abcd")) == 3
    assert len(halves("abcde")) == 10
    assert all(not set(left) & set(right) for left, right in halves("abcde"))


@pytest.mark.parametrize(("hits", "low", "high"), [(0, 0.0, 3.7), (1, 0.02, 5.6), (20, 12.26, 30.72)])
def test_top1_over_chance_has_the_exact_interval(hits: int, low: float, high: float) -> None:
    result = over_chance(hits, 1000, 1000)
    assert result.figure.value == pytest.approx(hits)
    assert (result.figure.low, result.figure.high) == (pytest.approx(low, abs=0.1), pytest.approx(high, abs=0.1))


def pictures(people: int, seed: int) -> np.ndarray:
    """Bodies whose shape, organs and lesion are a person's own."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[-1:1:32j, -1:1:32j]
    own = rng.uniform(-1, 1, (people, 6))[:, :, None, None]
    body = np.hypot(x / (0.75 + 0.12 * own[:, 0]), y / (0.6 + 0.1 * own[:, 1])) < 1
    organ = np.hypot(x + 0.3 + 0.1 * own[:, 2], y + 0.1 * own[:, 3]) < 0.3
    lesion = np.hypot(x + 0.3 + 0.15 * own[:, 4], y + 0.15 * own[:, 5]) < 0.1
    grain = 0.02 * rng.standard_normal((people, 32, 32))
    return (0.4 * body + 0.2 * organ + 0.3 * lesion + grain)[:, None].astype(np.float32)


@pytest.fixture(scope="module")
def patients() -> tuple[np.ndarray, np.ndarray]:
    return pictures(120, 1), pictures(60, 2)


def by_name(rows: list[dict]) -> dict[str, dict]:
    return {row["name"]: row for row in rows}


def test_copied_images_are_recognised_and_counted(patients: tuple[np.ndarray, np.ndarray]) -> None:
    real, held = patients
    rng = np.random.default_rng(3)
    origin = rng.permutation(120)
    copies = real[origin] + 0.02 * rng.standard_normal(real.shape).astype(np.float32)
    found = by_name(attack_images("ct", real, held, copies, origin, 0))
    assert found["siamese_ct"]["low"] > 2
    assert found["siamese_ct"]["ceiling"] > 60
    assert found["siamese_membership_ct"]["low"] > 0.6
    assert found["near_duplicates_ct"]["value"] > 100


def test_images_of_new_people_are_not_accused(patients: tuple[np.ndarray, np.ndarray]) -> None:
    real, held = patients
    found = by_name(attack_images("ct", real, held, pictures(120, 4), np.random.default_rng(6).permutation(120), 0))
    assert found["siamese_ct"]["low"] <= 2
    assert found["siamese_membership_ct"]["low"] < 0.55
    assert found["near_duplicates_ct"]["value"] <= 6


def test_the_network_is_the_same_for_the_same_seed(patients: tuple[np.ndarray, np.ndarray]) -> None:
    real, _ = patients
    one, other = (Siamese(real[:40], 7, steps=3).embed(real) for _ in range(2))
    assert np.array_equal(one, other)
