"""Predictors of a column: those that add something, and classes drawn in the patients' shares."""

from __future__ import annotations

import numpy as np
import pytest

from anon_pipeline.avatars.decode import rake
from anon_pipeline.avatars.selection import forward, strongest


def column(values: np.ndarray) -> np.ndarray:
    return values.astype(np.float32)[:, None]


def test_what_adds_nothing_is_left_out() -> None:
    rng = np.random.default_rng(0)
    cause = rng.standard_normal(800)
    echo = cause + 0.5 * rng.standard_normal(800)
    noise = rng.standard_normal((800, 60))
    target = 2 * cause + rng.standard_normal(800)
    raw = np.column_stack([echo, cause, noise]).astype(np.float32)
    found = forward(raw, column(target), 40)
    assert 1 in found
    assert 0 not in found
    assert len(found) <= 4
    assert len(forward(raw, column(rng.standard_normal(800)), 40)) <= 2


def test_a_predictor_that_shows_only_beside_another_is_found() -> None:
    """Its two ways of acting cancel, until one of them is accounted for."""
    rng = np.random.default_rng(1)
    hidden = rng.standard_normal(1500)
    shown = 0.6 * hidden + 0.8 * rng.standard_normal(1500)
    target = shown - 0.6 * hidden + 0.2 * rng.standard_normal(1500)
    raw = np.column_stack([hidden, shown]).astype(np.float32)
    assert abs(np.corrcoef(hidden, target)[0, 1]) < 0.06
    assert forward(raw, column(target), 10).tolist() == [0, 1]


def test_a_relation_that_rises_and_falls_and_a_class_in_the_middle_are_seen() -> None:
    rng = np.random.default_rng(3)
    age = rng.standard_normal(1000)
    raw = np.column_stack([rng.standard_normal((1000, 5)), age]).astype(np.float32)
    risk = np.abs(age) + 0.5 * rng.standard_normal(1000)
    assert 5 in forward(raw, column(risk), 10)
    group = np.digitize(age, [-0.5, 0.5])
    middle = np.array([0.0, 2.0, 1.0])[group]
    assert 5 in forward(raw, np.column_stack([middle, group == 1]).astype(np.float32), 10)


def test_missing_and_constant_features_and_the_limit() -> None:
    rng = np.random.default_rng(2)
    raw = rng.standard_normal((300, 6)).astype(np.float32)
    target = raw.sum(axis=1)
    raw[:, 0] = 3.0
    raw[::2, 1] = -9.0
    assert len(forward(raw, column(target), 2)) == 2
    assert 0 not in forward(raw, column(target), 6)
    assert not len(forward(raw, column(np.ones(300)), 6))
    assert not len(forward(raw[:, :0], column(target), 6))
    assert strongest(raw, target, 3).shape == (3,)
    assert strongest(raw, target, 6).tolist() == [0, 1, 2, 3, 4, 5]


def test_raked_shares_give_the_patients_shares() -> None:
    shares = np.array([[0.9, 0.1, 0.0], [0.2, 0.3, 0.5]])
    made = rake(shares, np.array([100, 900]), np.array([500, 300, 200]))
    assert made.sum(axis=1) == pytest.approx([1, 1])
    assert np.array([100, 900]) @ made / 1000 == pytest.approx([0.5, 0.3, 0.2], abs=1e-3)
    assert made[0, 2] == 0
    assert np.array_equal(rake(shares, np.array([0, 0]), np.array([1, 1, 1])), shares)
