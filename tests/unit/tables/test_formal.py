"""The formal mode: the budget is kept, the form is kept, and what is assumed public is said."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from anon_pipeline.avatars.formal import Accountant
from anon_pipeline.avatars.tables import synthesize_table


@pytest.fixture(scope="module")
def real() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    n = 1500
    arm = rng.integers(0, 2, n)
    days = rng.exponential(np.where(arm == 1, 400, 900))
    return pd.DataFrame(
        {
            "arm": arm,
            "age": rng.integers(20, 80, n),
            "marker": np.where(rng.random(n) < 0.2, np.nan, rng.standard_normal(n).round(2)),
            "event": (days < 1000).astype(int),
            "days": np.minimum(days, 1000).astype(int),
        }
    )


def test_the_budget_is_the_one_asked_for() -> None:
    accountant = Accountant(3.0)
    # Bun and Steinke 2016, proposition 1.3: epsilon = rho + 2 sqrt(rho ln(1/delta))
    assert accountant.rho + 2 * np.sqrt(accountant.rho * np.log(1e6)) == pytest.approx(3.0)
    noisy, scale = accountant.measure(np.full(2000, 50), accountant.rho / 2)
    assert np.std(noisy - 50) == pytest.approx(scale, rel=0.1)
    with pytest.raises(RuntimeError, match="overspent"):
        accountant.measure(np.zeros(3, int), accountant.rho)


def test_star_on_the_outcome(real) -> None:
    result = synthesize_table(real, epsilon=3.0)
    formal = result.account["formal"]
    assert formal["structure"] == "star on the survival outcome"
    assert formal["rho_spent"] <= formal["rho_budget"] * (1 + 1e-6)
    assert set(formal["assumed_public"]["bounds_or_categories_from_data"]) == set(real.columns)
    assert list(result.frame.dtypes) == list(real.dtypes)
    assert abs(len(result.frame) - 1500) < 60
    wanted = real.groupby("arm")["event"].mean().diff().iloc[-1]
    assert result.frame.groupby("arm")["event"].mean().diff().iloc[-1] == pytest.approx(wanted, abs=0.12)


def test_tree_without_an_outcome_and_public_bounds(real) -> None:
    schema = {
        "columns": {
            "age": {"type": "integer", "min": 0, "max": 120},
            "arm": {"type": "category", "values": [0, 1, 2]},
            "event": {"outcome": "none"},
        }
    }
    result = synthesize_table(real, epsilon=5.0, schema=schema, size=900)
    formal = result.account["formal"]
    assert formal["structure"] == "spanning tree"
    assert "age" not in formal["assumed_public"]["bounds_or_categories_from_data"]
    assert "arm" not in formal["assumed_public"]["bounds_or_categories_from_data"]
    assert len(result.frame) == 900
    assert result.frame["age"].between(0, 120).all()
