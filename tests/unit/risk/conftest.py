"""A made-up population of mixed columns with real structure, split into training and held-out people."""

import numpy as np
import pandas as pd
import pytest


def population(size: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    hidden = rng.standard_normal((size, 3))
    age = np.round(55 + 12 * hidden[:, 0] + 4 * rng.standard_normal(size)).clip(18, 99)
    sex = np.where(rng.random(size) < 0.5, "F", "M")
    weight = 72 + 9 * (sex == "M") + 8 * hidden[:, 1] + 5 * rng.standard_normal(size)
    crp = np.exp(1 + 0.8 * hidden[:, 2] + 0.4 * rng.standard_normal(size))
    return pd.DataFrame(
        {
            "age": age,
            "sex": sex,
            "weight": weight.round(1),
            "height": (165 + 12 * (sex == "M") + 6 * rng.standard_normal(size)).round(),
            "creatinine": (70 + 15 * hidden[:, 0] + 12 * rng.standard_normal(size)).round(1),
            "crp": crp.round(2),
            "glucose": (5 + 0.8 * hidden[:, 1] + 0.5 * rng.standard_normal(size)).round(2),
            "sodium": (140 + 2 * hidden[:, 2] + 2 * rng.standard_normal(size)).round(),
            "stage": np.array(["I", "II", "III", "IV"])[
                np.digitize(hidden[:, 0] + rng.standard_normal(size), [-1, 0, 1])
            ],
            "smoker": (hidden[:, 1] + rng.standard_normal(size) > 0.5).astype(int),
            "days": np.round(rng.exponential(800 * np.exp(-0.4 * hidden[:, 0])) + 1),
            "event": (rng.random(size) < 0.5).astype(int),
        }
    )


@pytest.fixture(scope="session")
def people() -> tuple[pd.DataFrame, pd.DataFrame]:
    """700 training and 400 held-out people."""
    table = population(1100, 5)
    return table.iloc[:700].reset_index(drop=True), table.iloc[700:].reset_index(drop=True)
