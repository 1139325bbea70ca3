"""Simulated trials: what settings are chosen on, so that public data stay unseen until they are measured.

A two-year trial of four arms with correlated binary and numeric baselines, counts that are heaped or zero-inflated,
columns that follow from others, two follow-up measures, missing values, and a Weibull outcome with censoring.
"""

from __future__ import annotations

import numpy as np
import pandas as pd


def trial(rows: int, seed: int) -> pd.DataFrame:
    """``rows`` patients; event in ``cens``, time in ``days``, arm 0 is the control."""
    # one population for all seeds: the loadings are fixed, only the patients differ
    loadings = np.random.default_rng(7).normal(size=(4, 14)) * 0.6
    rng = np.random.default_rng([seed, rows])
    factor = rng.normal(size=(rows, 4))
    z = factor @ loadings + rng.normal(size=(rows, 14))
    z /= np.sqrt(1 + (loadings**2).sum(axis=0))
    out: dict[str, np.ndarray] = {}
    out["age"] = np.clip(np.round(36 + 9 * z[:, 0] + 1.5 * z[:, 0] ** 2), 12, 75).astype(int)
    out["weight"] = np.round(75 + 13 * z[:, 1] + 2 * z[:, 1] ** 2, 4)
    for name, column, cut in (("bleed", 2, 1.4), ("habit", 3, -0.4), ("needle", 4, 1.1), ("sex", 5, -0.9)):
        out[name] = (z[:, column] > cut).astype(int)
    out["karnof"] = np.array([70, 80, 90, 100])[np.searchsorted([-1.9, -1.3, 0.3], z[:, 6])]
    past = np.where(z[:, 7] < -0.2, 0, np.round(np.exp(5.6 + 1.1 * z[:, 7])).clip(1, 2900)).astype(int)
    out["pastdays"] = past
    out["naive"] = (past == 0).astype(int)
    out["stratum"] = np.searchsorted([1, 365], past, side="right") + 1
    out["ethnic"] = (z[:, 8] > 0.55).astype(int)
    out["symptom"] = (z[:, 9] > 0.95).astype(int)
    arm = rng.integers(0, 4, rows)
    out["arms"], out["treat"] = arm, (arm != 0).astype(int)
    base = np.round(350 + 115 * z[:, 10] + 15 * z[:, 10] ** 2).clip(10, 1200)
    later = np.round(base * 0.95 + 65 * np.array([-0.4, 0.8, 0.45, 0.2])[arm] + 90 * rng.normal(size=rows)).clip(
        0, 1200
    )
    other = np.round(np.exp(6.8 + 0.4 * z[:, 11])).clip(100, 5000)
    out["count0"], out["count20"] = base.astype(int), later.astype(int)
    out["other0"] = other.astype(int)
    out["other20"] = np.round(other * np.exp(0.22 * rng.normal(size=rows)) * (1 - 0.05 * (arm == 1))).astype(int)
    risk = (
        -0.78 * (arm != 0)
        - 0.6 * (later - 350) / 150
        + 0.25 * z[:, 6] * -1
        + 0.3 * out["symptom"]
        + 0.15 * z[:, 11]
        + 0.2 * (past > 365)
    )
    stop = rng.random(rows) < 1 / (1 + np.exp(0.7 - 0.25 * risk))
    out["stopped"] = stop.astype(int)
    hazard = np.exp(risk + 0.4 * stop)
    event = 1650 * (-np.log(rng.random(rows)) / hazard) ** (1 / 1.35)
    censor = np.where(rng.random(rows) < 0.2, rng.uniform(30, 1100, rows), rng.normal(1050, 90, rows)).clip(20, 1231)
    out["cens"] = (event <= censor).astype(int)
    out["days"] = np.round(np.minimum(event, censor)).clip(14, None).astype(int)
    frame = pd.DataFrame(out)
    late = later - 20 + 100 * rng.normal(size=rows)
    frame["count96"] = np.round(late).clip(0, 1300)
    frame.loc[(out["days"] < 672) | (rng.random(rows) < 0.15), "count96"] = np.nan
    frame["seen96"] = frame["count96"].notna().astype(int)
    return frame
