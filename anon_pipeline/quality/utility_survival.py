"""Survival: Cox's hazard ratio of a group and the concordance of a model fitted on the table.

The outcome is declared in the schema (``survival: {time, event, group}``) or found by name. The concordance is always
measured on held-out people when there are any: a model is only as useful as it is on people it has not seen.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from anon_pipeline.quality.frames import Encoder

TIMES = (
    "days",
    "time",
    "duration",
    "survival_time",
    "os_time",
    "os_months",
    "days_to_last_followup",
    "followup_days",
    "t",
    "week",
    "weeks",
    "lenfol",
    "pfs",
)
EVENTS = (
    "cens",
    "event",
    "status",
    "death",
    "dead",
    "died",
    "arrest",
    "os_event",
    "overall_survival_status",
    "fstat",
    "observed",
    "e",
)
GROUPS = ("treat", "treatment", "arm", "arms", "group", "trt", "fin", "rx")


def outcome(columns: list[str], schema: dict[str, Any] | None, real: pd.DataFrame) -> dict[str, str] | None:
    """``{"time", "event", "group"}`` with ``group`` optional, or None. The event must have two values, 1 the event."""
    declared = (schema or {}).get("survival")
    lower = {c.lower(): c for c in columns}
    if not declared:
        time = next((lower[n] for n in TIMES if n in lower), None)
        event = next((lower[n] for n in EVENTS if n in lower), None)
        group = next((lower[n] for n in GROUPS if n in lower), None)
        declared = {"time": time, "event": event, "group": group}
    found = {k: v for k, v in declared.items() if v in columns}
    if "time" not in found or "event" not in found:
        return None
    if not (pd.api.types.is_numeric_dtype(real[found["time"]]) and pd.api.types.is_numeric_dtype(real[found["event"]])):
        return None
    if set(real[found["event"]].dropna().unique()) != {0.0, 1.0}:
        return None
    return found


def _kept(frame: pd.DataFrame, names: dict[str, str]) -> pd.DataFrame:
    kept = frame[frame[names["time"]].notna() & frame[names["event"]].notna()]
    return kept[kept[names["time"]] > 0]


def hazard_ratio(frame: pd.DataFrame, names: dict[str, str]) -> dict[str, float] | None:
    """Cox's proportional hazards, group the only covariate (0 against the rest when it has more values)."""
    from statsmodels.duration.hazard_regression import PHReg

    frame = _kept(frame, names)
    group = frame[names["group"]]
    if pd.api.types.is_numeric_dtype(group):
        x = (group > group.min()).astype(float)
    else:
        x = (group != sorted(group.dropna().unique())[0]).astype(float)
    if x.nunique() < 2 or frame[names["event"]].sum() < 5:
        return None
    try:
        fit = PHReg(
            frame[names["time"]].to_numpy(float),
            x.to_numpy()[:, None],
            status=frame[names["event"]].to_numpy(float),
            ties="efron",
        ).fit(disp=0)
    except Exception:
        return None
    beta, error = float(fit.params[0]), float(fit.bse[0])
    return {
        "value": float(np.exp(beta)),
        "low": float(np.exp(beta - 1.96 * error)),
        "high": float(np.exp(beta + 1.96 * error)),
    }


def _outcome_array(frame: pd.DataFrame, names: dict[str, str]) -> NDArray[Any]:
    return np.array(
        list(zip(frame[names["event"]].astype(bool), frame[names["time"]].astype(float), strict=True)),
        dtype=[("event", bool), ("time", float)],
    )


def concordance(train: pd.DataFrame, test: pd.DataFrame, names: dict[str, str], numeric: list[str]) -> float | None:
    """Harrell's c on ``test`` of a ridge Cox model fitted on ``train`` with every other column."""
    from sksurv.linear_model import CoxPHSurvivalAnalysis
    from sksurv.metrics import concordance_index_censored

    train, test = _kept(train, names), _kept(test, names)
    covariates = [c for c in train.columns if c not in (names["time"], names["event"])]
    if not covariates or train[names["event"]].sum() < 10 or test[names["event"]].sum() < 5:
        return None
    encoder = Encoder.of(train[covariates], [c for c in covariates if c in numeric], most_levels=10)
    try:
        model = CoxPHSurvivalAnalysis(alpha=1.0).fit(encoder.matrix(train[covariates]), _outcome_array(train, names))
        risk = model.predict(encoder.matrix(test[covariates]))
        return float(
            concordance_index_censored(
                test[names["event"]].astype(bool).to_numpy(), test[names["time"]].to_numpy(float), risk
            )[0]
        )
    except Exception:
        return None


def survival(
    real: pd.DataFrame, synthetic: pd.DataFrame, holdout: pd.DataFrame | None, names: dict[str, str], numeric: list[str]
) -> dict[str, Any]:
    """Hazard ratios of real and synthetic, their log difference, and the concordances on the same test people."""
    out: dict[str, Any] = {"columns": names}
    if "group" in names:
        real_ratio, made_ratio = hazard_ratio(real, names), hazard_ratio(synthetic, names)
        out["hazard_ratio"] = {"real": real_ratio, "synthetic": made_ratio}
        if real_ratio and made_ratio:
            out["hazard_ratio"]["delta_log"] = float(np.log(made_ratio["value"]) - np.log(real_ratio["value"]))
            out["hazard_ratio"]["inside_real_interval"] = bool(
                real_ratio["low"] <= made_ratio["value"] <= real_ratio["high"]
            )
    test = real if holdout is None else holdout
    first = [f.sample(min(len(f), 4000), random_state=0) for f in (real, synthetic)]
    real_c, made_c = (concordance(f, test, names, numeric) for f in first)
    out["c_index"] = {"tested_on": "real" if holdout is None else "holdout", "real": real_c, "synthetic": made_c}
    if real_c is not None and made_c is not None:
        out["c_index"]["loss"] = real_c - made_c
    return out
