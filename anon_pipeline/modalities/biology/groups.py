"""Values moved so that groups of avatars differ as the patients' do: by sex, age, diseases and drugs, before and after.

Levels and series are decoded and written in steps, each of which loses a little of what a drug does. Regressions of the
first day, and of what changes after it, on the same predictors, in patients and in avatars, tell how much; avatars are
moved by the difference (calibration on totals, Deville and Särndal 1992, of regression coefficients).
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from anon_pipeline.avatars.analytes import follows, skewness
from anon_pipeline.avatars.columns import RARE
from anon_pipeline.avatars.selection import forward

MOST_PREDICTORS = 8
SKEWED = 0.5
"""Skewness from which groups differ by factors rather than by amounts."""
EVENTS = ("condition_occurrence:", "drug_exposure:", "procedure_occurrence:")


def predictors(frame: pd.DataFrame) -> pd.DataFrame:
    """What patients or avatars (a row each of a patient-level table) are compared by: 0/1 for sex, diseases, drugs and
    procedures, and age in years."""
    has = {name: (frame[name] > 0).astype(float) for name in frame.columns if str(name).startswith(EVENTS)}
    sexes = {f"sex:{value}": (frame["sex"] == value).astype(float) for value in sorted(frame["sex"].unique())[1:]}
    return pd.DataFrame({"age": frame["age"].astype(float) / 365.25, **sexes, **has}, index=frame.index)


def follow_groups(
    real: pd.DataFrame,
    known: pd.DataFrame,
    made: pd.DataFrame,
    avatar: NDArray[np.int64],
    day: NDArray[np.int64],
    value: NDArray[np.float64],
) -> NDArray[np.float64]:
    """``value`` (a sample each, with ``avatar`` and ``day``), moved.

    known: the patients' samples (person_id, d, v). real, made: ``predictors`` of patients (by person_id) and of avatars
    (by place). Logarithms are compared of what is skewed. The first day is compared among all who have one, what lies
    between it and the later days among those who have later days. ``RARE`` patients and avatars have, and as many have
    not, each predictor that is compared.
    """
    limit = float(known["v"].min())
    logarithmic = limit > 0 and skewness(known["v"].to_numpy()) > SKEWED
    scaled = np.log(np.maximum(value, limit)) if logarithmic else value
    later = follows(pd.Series(avatar), pd.Series(day)).to_numpy()
    ours = _days(avatar, later, scaled)
    past = follows(known["person_id"], known["d"]).to_numpy()
    theirs = _days(known["person_id"].to_numpy(), past, (np.log if logarithmic else np.asarray)(known["v"].to_numpy()))
    drawn = made.reindex(columns=real.columns, fill_value=0.0)
    first, change = (
        _difference(real, theirs[which].dropna(), drawn, ours[which].dropna()) for which in ("first", "change")
    )
    if first is None and change is None:
        return value
    moved = scaled.copy()
    if first is not None:
        moved += first.reindex(avatar).to_numpy()
    if change is not None:
        moved[later] += change.reindex(avatar[later]).to_numpy()
    return np.exp(moved) if logarithmic else moved


def _difference(real: pd.DataFrame, theirs: pd.Series, made: pd.DataFrame, ours: pd.Series) -> pd.Series | None:
    """By how much the regression on groups differs between patients and avatars, for every avatar of ``made``; 0 in
    the mean of those compared. None where nothing is compared."""
    told, drawn = real.loc[theirs.index], made.loc[ours.index]
    names = _named(told, drawn, theirs)
    if not names:
        return None
    return (made[names] - drawn[names].mean()) @ (_slopes(told[names], theirs) - _slopes(drawn[names], ours))


def _named(told: pd.DataFrame, drawn: pd.DataFrame, theirs: pd.Series) -> list[str]:
    """The predictors that the patients' values hang on, and those that tell these predictors, as a disease does a drug
    (double selection, Belloni, Chernozhukov and Hansen 2014)."""
    varied = [name for name in told if _varied(told[name]) and _varied(drawn[name])]
    if not varied or min(len(told), len(drawn)) < 2 * RARE:
        return []
    x = told[varied].to_numpy(np.float32)
    chosen = forward(x, theirs.to_numpy(np.float32)[:, None], MOST_PREDICTORS, curved=False)
    others = np.setdiff1d(np.arange(len(varied)), chosen)
    if not len(chosen) or not len(others):
        return [varied[place] for place in chosen]
    beside = others[forward(x[:, others], x[:, chosen], MOST_PREDICTORS, curved=False)]
    return [varied[place] for place in (*chosen, *beside)]


def _days(owner: NDArray[np.int64], later: NDArray[np.bool_], value: NDArray[np.float64]) -> pd.DataFrame:
    """Each person's mean of the first day, and by how much that of the later ones lies above it (NaN without)."""
    first, after = (pd.Series(value[rows]).groupby(owner[rows]).mean() for rows in (~later, later))
    return pd.DataFrame({"first": first, "change": after - first})


def _varied(column: pd.Series) -> bool:
    return bool(len(column) - column.value_counts().max() >= RARE)


def _slopes(told: pd.DataFrame, value: pd.Series) -> NDArray[np.float64]:
    x = np.column_stack([np.ones(len(told)), told.to_numpy()])
    return np.linalg.lstsq(x, value.to_numpy(), rcond=None)[0][1:]
