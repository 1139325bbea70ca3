"""Tails of small columns: the spread is kept, and who lies outside has no say in how far avatars reach."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from anon_pipeline.avatars.marginals import TAIL, quantile_function, smooth_quantiles
from anon_pipeline.avatars.tables import synthesize_table
from anon_pipeline.avatars.tails import DERIVED_SHARE

EVENLY = (np.arange(4000) + 0.5) / 4000


def drawn(values: np.ndarray) -> np.ndarray:
    return np.interp(EVENLY, *quantile_function(values))


@pytest.mark.parametrize("size", [60, 95, 250])
def test_the_spread_of_a_small_column_is_kept(size: int) -> None:
    rng = np.random.default_rng(0)
    for values in (
        rng.normal(10, 2, (30, size)),
        np.exp(rng.normal(2, 0.5, (30, size))),
        rng.uniform(2, 10, (30, size)),
    ):
        kept = [(drawn(v).std() / v.std(), drawn(v).mean() / v.mean()) for v in values]
        assert np.mean(kept, axis=0) == pytest.approx([1, 1], abs=0.07)


def test_outliers_have_no_say() -> None:
    """The curve is the same to the last bit wherever the outermost five lie, as long as that is further out."""
    values = np.sort(np.random.default_rng(1).normal(50, 10, 95))
    far = values.copy()
    far[-5:] = [900, 2000, 5000, 1e5, 1e7]
    assert np.array_equal(drawn(values), drawn(far))
    assert drawn(far).max() < 90
    assert not np.isin(values[: TAIL - 1], drawn(values)).any()


def test_a_heaped_or_bounded_end_is_not_passed_by_much() -> None:
    rng = np.random.default_rng(2)
    shares = np.minimum(rng.normal(97, 2, 95), 100.0)
    assert drawn(np.r_[shares, np.full(TAIL, 100.0)]).max() <= 100 + 1e-9
    assert drawn(rng.exponential(5, 95)).min() >= 0
    assert drawn(rng.uniform(0, 1, 95)).max() < 1.2


def test_large_columns_stay_cut() -> None:
    values = np.random.default_rng(3).normal(size=400)
    at, knots = quantile_function(values)
    assert np.array_equal(knots, smooth_quantiles(values))
    assert np.diff(at[1:-1]) == pytest.approx(1 / (len(knots) - 2))
    assert knots[-1] < np.sort(values)[-5]
    dates = values[:95]
    assert np.array_equal(quantile_function(dates, tails=False)[1], smooth_quantiles(dates))


def test_features_of_series_keep_their_spread_in_thousands() -> None:
    values = np.random.default_rng(5).normal(size=1700)
    kept = np.interp(EVENLY, *quantile_function(values, cut_share=DERIVED_SHARE))
    assert kept.std() / values.std() == pytest.approx(1, abs=0.015)
    assert drawn(values).std() / values.std() < 0.975


def test_a_small_table_keeps_relations_and_no_outlier() -> None:
    rng = np.random.default_rng(4)
    ratios = []
    for seed in range(2):
        dose = rng.normal(50, 10, 100)
        level = 2 * dose + rng.normal(0, 15, 100)
        dose[7], level[7] = 400.0, 3000.0
        made = synthesize_table(pd.DataFrame({"dose": dose, "level": level}), size=300, seed=seed).frame
        assert made["dose"].max() < 100
        assert made["level"].max() < 220
        ordinary = np.arange(100) != 7
        real = np.polyfit(dose[ordinary], level[ordinary], 1)[0]
        ratios.append(np.polyfit(made["dose"], made["level"], 1)[0] / real)
    assert np.mean(ratios) == pytest.approx(1, abs=0.25)
