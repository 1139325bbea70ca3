"""Balanced outcomes: sums come near their targets, and only drawn candidates are taken."""

import numpy as np
import pandas as pd
import pytest

from anon_pipeline.avatars.balance import Balance, cumulative_hazard
from anon_pipeline.avatars.marginals import Encoded
from anon_pipeline.avatars.tables import synthesize_table


def test_sums_come_near_their_targets_from_the_candidates() -> None:
    rng = np.random.default_rng(0)
    groups = (rng.random((2000, 6)) < [0.5, 0.3, 0.2, 0.7, 0.1, 0.01]).astype(np.float32)
    outcome = rng.random(2000) < 0.2 + 0.2 * groups[:, 0] - 0.1 * groups[:, 2]
    balance = Balance.of(groups, outcome)
    assert list(balance.keep) == [True] * 5 + [False]
    # candidates from a model that knows nothing of the groups
    candidates = rng.random((2000, 4)) < outcome.mean()
    chosen = balance.choose(groups, candidates, rng)
    taken = candidates[np.arange(2000), chosen]
    for j in range(5):
        members = groups[:, j] == 1
        error = np.sqrt(members.sum()) * outcome.std()
        assert abs(taken[members].sum() - outcome[members].sum()) < 0.1 * error
    same = np.repeat(candidates[:, :1], 4, axis=1)
    assert not balance.choose(groups, same, rng).any()


def test_nelsons_estimate() -> None:
    score = np.array([0.3, -1.0, 0.9], np.float32)
    time = Encoded(np.ones(3, np.int16), score, score)
    at, hazard = cumulative_hazard(time, np.array([True, True, False]))
    assert at.tolist() == sorted(score.tolist())
    assert hazard == pytest.approx([1 / 3, 1 / 3 + 1 / 2, 1 / 3 + 1 / 2])


def trial(rows: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    arm = rng.integers(0, 3, rows)
    age = rng.normal(50, 12, rows).round()
    event = rng.exponential(700 * np.exp(0.6 * (arm > 0) - 0.02 * (age - 50)))
    censor = rng.uniform(300, 1200, rows)
    return pd.DataFrame(
        {
            "age": age,
            "arm": arm,
            "marker": (age + rng.normal(0, 15, rows)).round(1),
            "event": (event <= censor).astype(int),
            "days": np.ceil(np.minimum(event, censor)).astype(int),
        }
    )


def test_a_trials_effect_is_kept() -> None:
    from anon_pipeline.quality.utility_survival import hazard_ratio

    names = {"time": "days", "event": "event", "group": "arm"}
    for seed in range(3):
        real = trial(500, seed)
        made = synthesize_table(real, seed=seed).frame
        ratios = [hazard_ratio(frame.astype(float), names) for frame in (real, made)]
        assert ratios[0] is not None
        assert ratios[1] is not None
        assert abs(np.log(ratios[1]["value"] / ratios[0]["value"])) < 0.05


def test_narrow_tables_are_not_redrawn_for_chance() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": rng.normal(50, 10, 400).round(2), "y": rng.gamma(2, 3, 400).round(2)})
    assert synthesize_table(frame, seed=1).account["lonely"]["redrawn"] < 0.1 * 400
    assert synthesize_table(frame[["x"]], seed=1).account["lonely"]["redrawn"] == 0
