"""Features of a patient's series: a slope is no more than its samples tell, a spread is what the slope leaves."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from anon_pipeline.avatars.analytes import Analyte, _capped, _features, _slopes
from anon_pipeline.modalities.biology.analyte import _values

PEOPLE = 600
ANALYTE = Analyte(1, 0, False, True)


def series(rng: np.random.Generator, slopes: np.ndarray, noise: float, samples: int = 5) -> pd.DataFrame:
    """Samples within two months of half of the people, over eight years of the others."""
    people = np.repeat(np.arange(PEOPLE), samples)
    span = np.where(np.arange(PEOPLE) % 2 == 0, 60, 3000)
    day = np.sort(rng.random((PEOPLE, samples)), axis=1) * span[:, None]
    day[:, 0], day[:, -1] = 0, span
    day = np.round(day).astype(np.int64).ravel()
    value = 50 + slopes[people] * day / 365.25 + noise * rng.standard_normal(len(people))
    return pd.DataFrame({"person_id": people, "d": day, "v": value})


def test_noise_is_no_trend() -> None:
    rng = np.random.default_rng(0)
    found = _features(ANALYTE, series(rng, np.zeros(PEOPLE), 5.0, 9))
    assert found["slope"].abs().max() < 1
    assert found["spread"].mean() == pytest.approx(5 * np.sqrt(2 / np.pi), rel=0.12)


def test_trends_that_the_samples_show_are_kept() -> None:
    rng = np.random.default_rng(1)
    slopes = rng.normal(-2, 3, PEOPLE)
    found = _features(ANALYTE, series(rng, slopes, 0.5, 8))
    long = np.arange(1, PEOPLE, 2)
    assert np.corrcoef(found["slope"].reindex(long), slopes[long])[0, 1] > 0.99
    assert found["slope"].reindex(long).std() == pytest.approx(3, rel=0.1)
    assert found["spread"].reindex(long).mean() == pytest.approx(0.5 * np.sqrt(2 / np.pi), rel=0.25)


def test_exact_lines_and_few_samples_have_a_slope_or_none() -> None:
    lines = pd.DataFrame({"p": np.repeat([1, 2, 3], 3), "t": [0.0, 1, 2] * 3, "y": [0.0, 1, 2, 0, 2, 4, 5, 5, 5]})
    assert _slopes(lines).to_dict() == pytest.approx({1: 1, 2: 2, 3: 0})
    assert _slopes(lines.groupby("p").head(2)).empty
    assert _slopes(lines.assign(t=lines["t"] / 100)).empty


def test_nobody_sets_the_common_slope_alone() -> None:
    """One patient is sampled every week for thirty years, of others three samples of a month are known."""
    weight = _capped(pd.Series([1.0] * 9 + [1e4]))
    assert weight.iloc[-1] / weight.sum() < 0.5
    assert (weight.iloc[:-1] == 1).all()
    rng = np.random.default_rng(3)
    others = pd.DataFrame({"p": np.repeat(np.arange(40), 3), "t": np.tile([0.0, 0.05, 0.1], 40)})
    others["y"] = 5 * rng.standard_normal(len(others)) + 30 * others["t"]
    weeks = np.arange(1500) / 52
    one = pd.DataFrame({"p": 1000, "t": weeks, "y": 5 * rng.standard_normal(1500)})
    assert _slopes(pd.concat([others, one])).drop(1000).mean() > 5


def test_missing_values_have_no_part_in_a_first_day() -> None:
    """Half of the samples have no value; the first that has one still lies a baseline from those after it."""
    rng = np.random.default_rng(4)
    rows = series(rng, np.zeros(PEOPLE), 5.0, 6)
    rows["v"] = rows["v"].where(rng.random(len(rows)) > 0.5)
    first_known = rows.dropna().groupby("person_id").head(1).index
    rows.loc[first_known, "v"] += 2
    frame = pd.DataFrame({"lab:1:0:level": np.full(200, 50.0), "lab:1:0:baseline": np.full(200, 2.0)})
    avatar, day = np.repeat(np.arange(200), 6), np.tile(np.arange(6) * 100, 200)
    nobody = pd.DataFrame(index=range(PEOPLE)), pd.DataFrame(index=range(200))
    value, _ = _values(ANALYTE, rows, frame, nobody, avatar, day, rng)
    made = pd.DataFrame({"p": avatar, "v": value}).dropna()
    several = made[made.groupby("p")["v"].transform("size") > 1]
    first = several.groupby("p")["v"].nth(0).to_numpy()
    later = several[several.groupby("p").cumcount() > 0].groupby("p")["v"].mean().to_numpy()
    assert len(made) == pytest.approx(600, abs=60)
    assert (first - later).min() > 1


def test_what_is_written_follows_the_groups() -> None:
    """Those with a drug lie lower from the second day; decoded levels know nothing of it."""
    rng = np.random.default_rng(5)
    rows = series(rng, np.zeros(PEOPLE), 1.0, 6)
    real = pd.DataFrame({"drug_exposure:1": np.arange(PEOPLE) % 2.0})
    made = pd.DataFrame({"drug_exposure:1": np.arange(200) // 100 * 1.0})
    rows.loc[(rows["person_id"] % 2 == 1) & (rows["d"] > 0), "v"] -= 2
    frame = pd.DataFrame({"lab:1:0:level": np.full(200, 50.0), "lab:1:0:spread": np.full(200, 1.0)})
    avatar, day = np.repeat(np.arange(200), 6), np.tile(np.arange(6) * 100, 200)
    value, _ = _values(ANALYTE, rows, frame, (real, made), avatar, day, rng)
    has, later = avatar >= 100, day > 0
    assert value[has & later].mean() - value[~has & later].mean() == pytest.approx(-2, abs=0.2)
    assert value[has & ~later].mean() - value[~has & ~later].mean() == pytest.approx(0, abs=0.2)
