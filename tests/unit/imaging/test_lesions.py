"""A lesion is drawn with the size, the contrast and the spread that it has as numbers."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from anon_pipeline.modalities.imaging.synthetic import features
from anon_pipeline.modalities.imaging.synthetic.lesion import Lesion, draw, measure
from anon_pipeline.modalities.imaging.synthetic.stacks import Stack

SPACING, GRAIN = 1.5, 6.0


def liver(rng: np.random.Generator) -> np.ndarray:
    return (80 + GRAIN * rng.standard_normal((3, 96, 96))).astype(np.float32)


@pytest.mark.parametrize("spread", [2.0, 10.0, 16.0])
def test_the_spread_inside_is_the_lesions_and_not_added_to_the_grain(spread: float) -> None:
    rng = np.random.default_rng(0)
    volume, mask = draw(liver(rng), Lesion(30.0, 48, 48, 1, 60.0, spread), SPACING, 5.0, rng)
    found = measure(volume, mask, SPACING)
    assert found is not None
    assert found.diameter == pytest.approx(30, abs=0.6)
    assert found.contrast == pytest.approx(60, abs=4)
    assert found.spread == pytest.approx(max(spread, GRAIN), abs=1.0)


def test_a_mask_has_the_area_that_its_diameter_says() -> None:
    rng = np.random.default_rng(2)
    for size in (6.0, 11.0, 23.0, 38.0):
        centre = 48 + rng.random(2)
        _, mask = draw(liver(rng), Lesion(size, *centre, 1, 60.0, 8.0), SPACING, 5.0, rng)
        assert mask[1].sum() == round(np.pi * (size / SPACING / 2) ** 2)
        away = np.hypot(*(np.argwhere(mask[1]).T - centre[::-1, None]))
        assert away.max() <= size / SPACING / 2 + 1


@pytest.mark.parametrize("diameter", [10.0, 14.0, 20.0, 40.0])
def test_a_lesion_is_measured_as_it_is_drawn(diameter: float) -> None:
    """Pixels that it covers in part are many in a small one: they make it neither fainter nor more uneven."""
    rng = np.random.default_rng(4)
    contrasts, spreads = [], []
    for _ in range(30):
        body = (80 + 6 * rng.standard_normal((3, 96, 96))).astype(np.float32)
        at = 48 + rng.uniform(-0.5, 0.5, 2)
        drawn, mask = draw(body, Lesion(diameter, at[0], at[1], 1, 60.0, 6.0), 2.5, 30.0, rng)
        found = measure(drawn, mask, 2.5)
        assert found is not None
        contrasts.append(found.contrast)
        spreads.append(found.spread)
    assert np.mean(contrasts) == pytest.approx(60, abs=2)
    assert np.mean(spreads) == pytest.approx(6, abs=1)


def test_avatars_lesions_are_of_whole_millimetres() -> None:
    rng = np.random.default_rng(1)
    stacks = []
    for person in range(40):
        size = rng.uniform(8, 40)
        volume, mask = draw(liver(rng), Lesion(size, 48, 48, 1, 60.0, 8.0), SPACING, 5.0, rng)
        stacks.append(Stack(person, "CT", volume, mask, SPACING, 5.0, "ABDOMEN"))
    model = features.learn("CT", stacks)
    drawn = [features.read_back(model, features.vector(model, stack))[4] for stack in stacks]
    assert all(lesion is not None and lesion.diameter == round(lesion.diameter) for lesion in drawn)
    small = dataclasses.replace(model, low=model.low * 0 - 1e9, high=model.high * 0 + 1e9)
    row = features.vector(model, stacks[0])
    row[model.diameter] = (
        (3.4 - model.mean[len(features.SHAPE)]) / model.sd[len(features.SHAPE)] * features.LESION_WEIGHT
    )
    lesion = features.read_back(small, row)[4]
    assert lesion is not None
    assert lesion.diameter == pytest.approx(3.4, abs=1e-3)
