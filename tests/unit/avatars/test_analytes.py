"""Features of a patient's series: a slope is no more than its samples tell, a spread is what the slope leaves."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from anon_pipeline.avatars.analytes import Analyte, _features, _slopes

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
