"""The attacks across modalities: a generator that copies is caught, one that draws anew is not accused."""

from __future__ import annotations

import numpy as np
import pytest

from anon_pipeline.risk.cross_modal import View, halves, linking
from anon_pipeline.risk.cross_modal_membership import membership
from anon_pipeline.risk.image_attacks import attack_images
from anon_pipeline.risk.image_siamese import Siamese
from anon_pipeline.risk.recognition import SOURCES, START, over_chance, recognised, reidentifications

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


def with_others(origin: np.ndarray, others: int = 12) -> np.ndarray:
    """Each avatar's start and the patients it is said to be drawn from."""
    rng = np.random.default_rng(11)
    rest = np.stack([rng.choice(np.delete(np.arange(PEOPLE), row), others, replace=False) for row in origin])
    return np.concatenate([origin[:, None], rest], axis=1)


def test_copies_of_patients_are_linked_reidentified_and_members() -> None:
    made, origin = copied(0.3)
    leaky = views(made)
    for name, figure in linking(leaky, 0).items():
        assert figure.low > 0.05, name
    for name, figures in reidentifications(leaky, with_others(origin)).items():
        assert figures[START].low > 2, name
        assert figures[SOURCES].low > 2, name
    for name, view in leaky.items():
        assert membership(view, 0)["auc"].low > 0.6, name


def test_new_people_of_the_same_population_are_not_accused() -> None:
    made = views(population(PEOPLE, 3))
    linked = linking(made, 0)
    assert set(linked) == {"biology+imaging", "biology+text", "imaging+text", "all"}
    assert all(figure.low <= 0.05 for figure in linked.values())
    sources = with_others(np.random.default_rng(9).permutation(PEOPLE))
    for figures in reidentifications(made, sources).values():
        assert figures[START].low <= 2
        assert figures[SOURCES].value < 2
        assert figures[SOURCES].high - figures[SOURCES].low < figures[START].high - figures[START].low
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
    figure = over_chance(hits, 1000, 1000)
    assert figure.value == pytest.approx(hits)
    assert (figure.low, figure.high) == (pytest.approx(low, abs=0.1), pytest.approx(high, abs=0.1))


def test_an_avatar_near_one_of_those_it_was_drawn_from_is_recognised() -> None:
    """A generator that copies one of its neighbours and not its start."""
    rng = np.random.default_rng(7)
    sources = with_others(rng.permutation(PEOPLE))
    copied_one = sources[np.arange(PEOPLE), rng.integers(1, sources.shape[1], PEOPLE)]
    made = {name: x[copied_one] + 0.3 * rng.standard_normal(x.shape).astype(np.float32)
            for name, x in population(PEOPLE, 1).items()}  # fmt: skip
    for name, figures in reidentifications(views(made), sources).items():
        assert figures[SOURCES].low > 2, name
        assert figures[START].low <= 2, name


def test_chance_is_the_patients_that_could_be_named() -> None:
    sources = np.array([[0, 1, 1, -1], [2, 3, 4, 4], [-1, 5, 5, 5]])
    found = recognised(np.array([1, 0, 5]), sources, 10)
    assert found[SOURCES].value == pytest.approx((2 / 3) / ((2 + 3 + 1) / 3 / 10))
    assert found[START].attacked == 2
    assert found[START].value == 0


def test_hits_on_one_patient_are_not_taken_for_independent() -> None:
    sources = np.zeros((400, 1), np.int64)
    sources[200:] = np.arange(200)[:, None] + 100
    everyone_else = np.arange(400) + 1000
    one = np.where(np.arange(400) < 20, 0, everyone_else)
    many = np.where((np.arange(400) >= 200) & (np.arange(400) < 220), sources[:, 0], everyone_else)
    clustered, spread = (recognised(guessed, sources, 400)[SOURCES] for guessed in (one, many))
    assert clustered.value == spread.value
    assert clustered.low < spread.low / 3
    assert clustered.high > 2 * spread.high


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


def by_name(rows: list[dict]) -> dict[tuple[str, str], dict]:
    return {(row["name"], row["metric"]): row for row in rows}


def some_of(origin: np.ndarray) -> np.ndarray:
    """The start and eight others of the 120."""
    return (origin[:, None] + np.array([0, *range(3, 27, 3)])) % 120


def test_copied_images_are_recognised_and_counted(patients: tuple[np.ndarray, np.ndarray]) -> None:
    real, held = patients
    rng = np.random.default_rng(3)
    origin = rng.permutation(120)
    copies = real[origin] + 0.02 * rng.standard_normal(real.shape).astype(np.float32)
    found = by_name(attack_images("ct", real, held, copies, some_of(origin), 0))
    assert found["siamese_ct", SOURCES]["low"] > 2
    assert found["siamese_ct", START]["low"] > 2
    assert found["siamese_ct", START]["ceiling"] > 60
    assert found["siamese_membership_ct", "auc"]["low"] > 0.6
    assert found["near_duplicates_ct", "images"]["value"] > 100


def test_images_of_new_people_are_not_accused(patients: tuple[np.ndarray, np.ndarray]) -> None:
    real, held = patients
    sources = some_of(np.random.default_rng(6).permutation(120))
    found = by_name(attack_images("ct", real, held, pictures(120, 4), sources, 0))
    assert found["siamese_ct", SOURCES]["value"] <= 2
    assert found["siamese_ct", START]["low"] <= 2
    assert found["siamese_membership_ct", "auc"]["low"] < 0.55
    assert found["near_duplicates_ct", "images"]["value"] <= 6


def test_the_network_is_the_same_for_the_same_seed(patients: tuple[np.ndarray, np.ndarray]) -> None:
    real, _ = patients
    one, other = (Siamese(real[:40], 7, steps=3).embed(real) for _ in range(2))
    assert np.array_equal(one, other)
