"""Utility measures on tables whose answer is known."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from anon_pipeline.quality.utility import measure
from anon_pipeline.quality.utility_associations import association_matrix, associations
from anon_pipeline.quality.utility_marginals import distance, marginals
from anon_pipeline.quality.utility_models import detector, targets
from anon_pipeline.quality.utility_survival import hazard_ratio, outcome
from anon_pipeline.quality.utility_trajectories import trajectories


def patients(rows: int, seed: int, effect: float = -0.7) -> pd.DataFrame:
    """Numbers as float64 and categories as text, as ``risk.tables.align`` gives them."""
    rng = np.random.default_rng(seed)
    age = rng.normal(60, 10, rows).round()
    arm = rng.integers(0, 2, rows).astype(float)
    hazard = np.exp(effect * arm + 0.04 * (age - 60)) / 500
    event, censor = rng.exponential(1 / hazard), rng.uniform(200, 1500, rows)
    return pd.DataFrame(
        {
            "age": age,
            "pressure": age + rng.normal(80, 10, rows).round(),
            "arm": arm,
            "days": np.ceil(np.minimum(event, censor)),
            "event": (event <= censor).astype(float),
            "stage": np.where(age + rng.normal(0, 3, rows) > 60, "late", "early"),
        }
    )


NUMBERS = ["age", "pressure", "arm", "days", "event"]


def test_marginal_distances_at_their_ends() -> None:
    a = pd.Series([1.0, 2.0, 3.0, 4.0] * 25)
    assert distance(a, a.sample(frac=1, random_state=0), True) == 0.0
    assert distance(a, a + 100, True) == 1.0
    assert distance(a, a.replace(4.0, 1.0), True) == pytest.approx(0.25)
    assert distance(pd.Series(["x"] * 10), pd.Series(["y"] * 10), False) == 1.0
    assert distance(pd.Series(["x", None] * 5), pd.Series(["x"] * 10), False) == pytest.approx(0.5)
    real = patients(200, 0)
    told = marginals(real, real, real, NUMBERS)
    assert (told["mean"], told["worst"], told["control_mean"]) == (0.0, 0.0, 0.0)


def test_associations_of_each_kind() -> None:
    rng = np.random.default_rng(0)
    x = rng.standard_normal(3000)
    group = rng.integers(0, 3, 3000)
    frame = pd.DataFrame(
        {
            "x": x,
            "y": -0.6 * x + 0.8 * rng.standard_normal(3000),
            "level": group + rng.standard_normal(3000),
            "group": group.astype(str),
            "same": np.array(["a", "b", "c"])[group],
            "noise": rng.choice(["u", "v"], 3000),
        }
    )
    found = pd.DataFrame(association_matrix(frame, ["x", "y", "level"]), frame.columns, frame.columns)
    assert found.loc["x", "y"] == pytest.approx(-0.6, abs=0.03)
    # between-group variance 2/3, within 1: the correlation ratio is sqrt(2/5)
    assert found.loc["group", "level"] == pytest.approx(np.sqrt(0.4), abs=0.03)
    assert found.loc["group", "same"] == pytest.approx(1.0, abs=1e-6)
    assert found.loc["group", "noise"] < 0.05
    shuffled = frame.apply(lambda s: rng.permutation(s.to_numpy()))
    assert associations(frame, frame, None, ["x", "y", "level"], 0)["mean_absolute_error"] == 0.0
    assert associations(frame, shuffled, None, ["x", "y", "level"], 0)["mean_absolute_error"] > 0.1


def test_a_hazard_ratio_that_was_put_in_is_found() -> None:
    real = patients(1500, 1)
    names = outcome(list(real.columns), None, real)
    assert names == {"time": "days", "event": "event", "group": "arm"}
    found = hazard_ratio(real, names)
    assert found is not None
    assert found["low"] < np.exp(-0.7) < found["high"]
    assert hazard_ratio(real.assign(event=0.0), names) is None


def test_all_measures_see_what_is_lost() -> None:
    real, held, again = (patients(500, seed) for seed in (2, 3, 4))
    rng = np.random.default_rng(0)
    lost = real.apply(lambda s: rng.permutation(s.to_numpy()))
    schema = {"target": "stage"}
    good, bad = (measure(real, made, held, NUMBERS, schema=schema) for made in (again, lost))
    assert good["survival"]["hazard_ratio"]["inside_real_interval"]
    assert abs(bad["survival"]["hazard_ratio"]["delta_log"]) > 0.35
    assert abs(good["survival"]["c_index"]["loss"]) < 0.05 < bad["survival"]["c_index"]["loss"]
    assert good["associations"]["mean_absolute_error"] < 0.1 < bad["associations"]["mean_absolute_error"]
    assert set(good["train_synthetic_test_real"]["targets"]["stage"]) == {"logistic", "boosting", "neighbours"}
    assert abs(good["train_synthetic_test_real"]["mean_loss"]) < 0.05
    assert bad["train_synthetic_test_real"]["mean_loss"] > 0.2
    assert good["detector"]["auc"] < 0.62
    assert bad["detector"]["auc"] > 0.7


def test_targets_and_a_plain_shift() -> None:
    real = patients(200, 5)
    assert targets(real, NUMBERS, {"target": ["stage", "absent"]}, set()) == ["stage"]
    assert set(targets(real, NUMBERS, None, set())) == {"arm", "event", "stage"}
    assert targets(real[["age"]], ["age"], None, set()) == ["age"]
    assert detector(real, real.assign(age=real["age"] + 25), NUMBERS, 0)["auc"] > 0.9


def laboratory(root: Path, slope: float, seed: int) -> Path:
    rng = np.random.default_rng(seed)
    person = np.repeat(np.arange(60), 8)
    year = np.tile(np.arange(8) / 4, 60)
    root.mkdir()
    pd.DataFrame(
        {
            "person_id": person,
            "measurement_concept_id": 7,
            "measurement_date": pd.Timestamp("2020-01-01") + pd.to_timedelta((365 * year).round(), unit="D"),
            "value_as_number": 50 + slope * year + rng.normal(0, 4, len(person)),
        }
    ).to_parquet(root / "measurement.parquet")
    return root


def test_trajectories_follow_the_real_band(tmp_path: Path) -> None:
    real, same, flat = (
        laboratory(tmp_path / name, slope, i) for i, (name, slope) in enumerate((("a", 10), ("b", 10), ("c", 0)))
    )
    good, bad = (trajectories(real, made, [7]) for made in (same, flat))
    assert good["inside"] >= 0.8
    assert bad["inside"] <= 0.4
    first = good["analytes"]["7"][0]
    assert first["low"] < first["real"] < first["high"]
    assert trajectories(real, tmp_path, []) == {}
