"""Predictors of a column: those that add something, and classes drawn in the patients' shares."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from anon_pipeline.avatars.columns import Column
from anon_pipeline.avatars.decode import Decoder
from anon_pipeline.avatars.marginals import learn
from anon_pipeline.avatars.selection import forward, strongest
from anon_pipeline.avatars.steps import DecoderOptions, rake


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


def test_what_was_named_before_anyone_looked_has_less_to_prove() -> None:
    rng = np.random.default_rng(5)
    raw = rng.standard_normal((95, 60)).astype(np.float32)
    noise = rng.standard_normal(95)
    noise -= raw[:, 7] * (noise @ raw[:, 7]) / (raw[:, 7] @ raw[:, 7])
    weak = column(raw[:, 7] * 0.21 + noise)
    expected = np.arange(60) == 7
    assert 7 not in forward(raw, weak, 20)
    assert 7 in forward(raw, weak, 20, expected=expected)
    nothing = column(rng.standard_normal(95))
    assert set(forward(raw, nothing, 20, expected=expected)) <= {7, *forward(raw, nothing, 20)}
    assert 7 in forward(raw, nothing, 20, expected=expected, expected_z=0)


@pytest.mark.filterwarnings("error")
def test_what_says_nothing_new_is_not_used_even_where_it_was_named() -> None:
    raw = np.random.default_rng(8).standard_normal((80, 5)).astype(np.float32)
    raw = np.column_stack([raw, raw[:, 0], np.ones(80)]).astype(np.float32)
    found = forward(raw, column(raw[:, 0] + raw[:, 1]), 7, expected=np.ones(7, bool), expected_z=0)
    assert len({0, 5} & set(found)) == 1
    assert 6 not in found
    assert {1, 2, 3, 4} <= set(found)


def test_shares_follow_a_relation_that_leaves_are_too_few_to_tell() -> None:
    """95 people, a relation of two and a half standard errors: no split is worth it, yet avatars keep it."""
    rng = np.random.default_rng(6)
    slopes = []
    for _ in range(14):
        size = rng.standard_normal(95)
        died = rng.random(95) < 1 / (1 + np.exp(0.6 - 0.6 * size))
        options = DecoderOptions(min_leaf=23, selected=True, raked=True, predictors=20)
        marginal, encoded = learn(Column("died", "category", np.dtype("int64")), pd.Series(died.astype("int64")), rng)
        points = np.concatenate([size[:, None], rng.standard_normal((95, 30))], axis=1).astype(np.float32)
        for carried in (True, False):
            decoder = Decoder(
                [marginal],
                [encoded],
                replace(options, asked=frozenset({"died"} if carried else ())),
                points=points,
                facts=(0,),
            )
            made = decoder.sample(95, rng, points=points)[0][0] == 3
            slopes.append((carried, np.polyfit(size, died, 1)[0], np.polyfit(size, made, 1)[0]))
            assert made.mean() == pytest.approx(died.mean(), abs=0.08)
    for carried in (True, False):
        real, drawn = np.array([(a, b) for c, a, b in slopes if c == carried]).mean(axis=0)
        assert (drawn / real > 0.8) == carried
