"""One analyte of all avatars: when it is sampled, what the samples say, and how the laboratory writes it.

A series is the avatar's decoded baseline, level, slope and spread, with residuals from a pool over patients that keep
their lag-one correlation. Values keep the precision, the detection limits and the smoothed range that patients' have.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from anon_pipeline.avatars.analytes import Analyte, follows
from anon_pipeline.avatars.marginals import quantile_function
from anon_pipeline.avatars.series import RARE, GapModel, Pool, draw_attribute
from anon_pipeline.avatars.timeline import Timeline, place_in_visits
from anon_pipeline.modalities.biology.groups import follow_groups

CURVE_PERIODS, CURVE_PATIENTS = 8, 40
BELOW, ABOVE = 4171756, 4172704
"""OMOP operator concepts "<" and ">"."""


def expand(
    analyte: Analyte,
    rows: pd.DataFrame,
    time: Timeline,
    spans: pd.DataFrame,
    visits: tuple[NDArray[np.int64], NDArray[np.int64]],
    groups: tuple[pd.DataFrame, pd.DataFrame],
    rng: np.random.Generator,
) -> dict[str, NDArray[Any]]:
    """The avatars' samples of one analyte: avatar, day, visit, value, operator, low, high, concept (value_as).

    groups: ``groups.predictors`` of patients and of avatars.
    """
    frame = time.patients.frame
    counts = frame[f"{analyte.name}:n"].to_numpy(dtype=np.int64)
    people = rows["person_id"].to_numpy()
    model = GapModel(people, rows["d"].to_numpy(), spans, np.zeros(len(rows)))
    avatar, day, _ = model.sample(counts, time.start, time.end, rng)
    visit, day = place_in_visits(rows, avatar, day, time.visits, *visits, rng)
    order = np.lexsort((day, avatar))
    avatar, day, visit = avatar[order], day[order], visit[order]
    out: dict[str, NDArray[Any]] = {"avatar": avatar, "day": day, "visit": visit}
    out["concept"] = draw_attribute(rows, "c:value", len(avatar), rng)
    out["operator"] = np.full(len(avatar), -1, np.int64)
    out["value"] = np.full(len(avatar), np.nan)
    if analyte.numeric:
        out["value"], out["operator"] = _values(analyte, rows, frame, groups, avatar, day, rng)
    out["low"], out["high"] = _ranges(rows, frame, avatar)
    return out


def _values(
    analyte: Analyte,
    rows: pd.DataFrame,
    frame: pd.DataFrame,
    groups: tuple[pd.DataFrame, pd.DataFrame],
    avatar: NDArray[np.int64],
    day: NDArray[np.int64],
    rng: np.random.Generator,
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    known = rows[np.isfinite(rows["v"])]
    # features are of the values that are there: what is missing has no part in a first day or a level
    there = rng.random(len(avatar)) >= float(rows["v"].isna().mean())
    written, operator = np.full(len(avatar), np.nan), np.full(len(avatar), -1, np.int64)
    avatar, day = avatar[there], day[there]
    residual, carry = _residuals(analyte, known)
    level = _own(frame, f"{analyte.name}:level", np.nan)
    usual = float(np.nanmedian(analyte.scale(known["v"].to_numpy())))
    level = np.where(np.isnan(level), usual, level)
    spread = np.maximum(_own(frame, f"{analyte.name}:spread", np.nan), 0)
    spread = np.where(np.isnan(spread), np.nanmedian(spread) if np.isfinite(spread).any() else 0.0, spread)
    slope = np.nan_to_num(_own(frame, f"{analyte.name}:slope", 0.0))
    baseline = np.nan_to_num(_own(frame, f"{analyte.name}:baseline", 0.0))
    samples = pd.Series(avatar)
    later = follows(samples, pd.Series(day)).to_numpy()
    value = level[avatar] + np.where(later | ~samples.isin(avatar[later]).to_numpy(), 0.0, baseline[avatar])
    who, when = avatar[later], day[later]
    middle = pd.Series(when.astype(float)).groupby(who).transform("mean").to_numpy()
    noise = _noise(residual, carry, who, rng)
    value[later] += slope[who] * (when - middle) / 365.25 + spread[who] * noise
    low, high = _range(known["v"].to_numpy())
    # a period's mean is over its patients: one who lies far out would move everyone's values
    usual_values = known.assign(v=known["v"].clip(low, high))
    value = follow_groups(groups[0], usual_values, groups[1], avatar, day, analyte.unscale(value))
    value = follow_curve(usual_values, avatar, day, value, ratio=analyte.logarithmic)
    written[there], operator[there] = _written(known, value, (low, high))
    return written, operator


def _range(real: NDArray[np.float64]) -> tuple[float, float]:
    """Between which values avatars' are written: the ends of the patients' smoothed range, or of the range itself where
    there are too few for that."""
    ends = quantile_function(real)[1] if len(real) >= 40 else np.sort(real)
    return float(ends[0]), float(ends[-1])


def follow_curve(
    known: pd.DataFrame,
    avatar: NDArray[np.int64],
    day: NDArray[np.int64],
    value: NDArray[np.float64],
    *,
    ratio: bool,
) -> NDArray[np.float64]:
    """Values moved so that their mean over the time since a person's first sample is the patients' (``known``:
    person_id, d, v): what levels, slopes and pooled residuals lose when drawn apart. ``ratio``: multiply, else add.

    The means are of periods with ``CURVE_PATIENTS`` patients or more, each patient counted once a period. Of a
    difference, what chance alone gives so many people is left (James and Stein 1961, positive part).
    """
    own = known["d"].to_numpy() - known.groupby("person_id")["d"].transform("min").to_numpy()
    made = day - pd.Series(day).groupby(avatar).transform("min").to_numpy() if len(day) else day
    later = own[own > 0]
    edges = np.unique(np.quantile(later, np.linspace(0, 1, CURVE_PERIODS + 1)[:-1])) if len(later) else np.zeros(0)
    real = _period_means(known["person_id"].to_numpy(), own, known["v"].to_numpy(), edges)
    ours = _period_means(avatar, made, value, edges)
    both = real.join(ours, rsuffix="_made", how="inner")
    both = both[(both["people"] >= CURVE_PATIENTS) & (both["people_made"] >= CURVE_PATIENTS)]
    if not len(both):
        return value
    apart = both["mean"] - both["mean_made"]
    chance = both["error"] ** 2 + both["error_made"] ** 2
    moved = apart * np.maximum(1 - chance / np.maximum(apart**2, 1e-300), 0)
    if ratio:
        return value * np.interp(made, both["at"], 1 + moved / both["mean_made"])
    return value + np.interp(made, both["at"], moved)


def _period_means(
    people: NDArray[np.int64], elapsed: NDArray[np.int64], value: NDArray[np.float64], edges: NDArray[np.float64]
) -> pd.DataFrame:
    """By period (0: the first sample; then between ``edges``): mean of the people's means, its standard error,
    people, mean time."""
    period = np.where(elapsed > 0, np.searchsorted(edges, elapsed, side="right"), 0)
    rows = pd.DataFrame({"period": period, "person": people, "value": value, "at": elapsed})
    each = rows.groupby(["period", "person"]).mean()
    return each.groupby("period").agg(
        mean=("value", "mean"), error=("value", "sem"), people=("value", "size"), at=("at", "mean")
    )


def _noise(residual: Pool, carry: float, avatar: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.float64]:
    """Residuals of each avatar's samples (ordered by avatar and day) about its level: of median 0 and mean distance 1
    in each avatar, so that its level and spread are what was decoded; 0 where there is one sample."""
    people = pd.Series(avatar)
    rank = people.groupby(people).cumcount().to_numpy() if len(people) else np.zeros(0, int)
    fresh = residual.sample(len(avatar), rng)
    noise = fresh.copy()
    for step in range(1, int(rank.max()) + 1 if len(rank) else 1):
        at = np.flatnonzero(rank == step)
        noise[at] = carry * noise[at - 1] + np.sqrt(1 - carry**2) * fresh[at]
    noise -= pd.Series(noise).groupby(avatar).transform("median").to_numpy()
    size = pd.Series(np.abs(noise)).groupby(avatar).transform("mean").to_numpy()
    return np.divide(noise, size, out=np.zeros(len(noise)), where=size > 1e-9)


def _own(frame: pd.DataFrame, name: str, otherwise: float) -> NDArray[np.float64]:
    return frame[name].to_numpy(dtype=float) if name in frame else np.full(len(frame), otherwise)


def _residuals(analyte: Analyte, known: pd.DataFrame) -> tuple[Pool, float]:
    """The pool of residuals in units of the patient's own spread, and their lag-one correlation."""
    known = known[follows(known["person_id"], known["d"])]
    y = pd.Series(analyte.scale(known["v"].to_numpy()), index=known.index)
    groups = y.groupby(known["person_id"])
    away = y - groups.transform("median")
    own = away.abs().groupby(known["person_id"]).transform("mean")
    many = (groups.transform("size") >= 3) & (own > 0)
    standard = (away / own)[many]
    people = known.loc[many, "person_id"]
    if len(standard) < RARE:
        return Pool(np.zeros(1)), 0.0
    before = standard.groupby(people).shift()
    both = before.notna()
    carry = 0.0
    if both.sum() >= RARE and standard[both].std() > 0 and before[both].std() > 0:
        carry = float(np.clip(np.corrcoef(standard[both], before[both])[0, 1], 0.0, 0.9))
    return Pool(np.clip(standard.to_numpy(), -6, 6), people.to_numpy()), carry


def _written(
    known: pd.DataFrame,
    value: NDArray[np.float64],
    within: tuple[float, float],
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Keep within the patients' smoothed range, mark detection limits, round as the laboratory does."""
    real = known["v"].to_numpy()
    value = np.clip(value, *within)
    operator = np.full(len(value), -1, np.int64)
    if "operator" in known:
        for sign, code in ((1, BELOW), (-1, ABOVE)):
            marked = known.loc[known["operator"] == code, "v"]
            if len(marked) < RARE:
                continue
            limits, counts = np.unique(marked, return_counts=True)
            limit = limits[np.argmax(counts)]
            share = float((known["operator"] == code).mean())
            cut = np.quantile(value, share) if sign > 0 and len(value) else limit
            cut = np.quantile(value, 1 - share) if sign < 0 and len(value) else cut
            hit = value <= cut if sign > 0 else value >= cut
            value[hit], operator[hit] = limit, code
    decimals = _decimals(real)
    return np.round(value, decimals), operator


def _decimals(values: NDArray[np.float64]) -> int:
    for decimals in range(6):
        if np.mean(np.abs(np.round(values, decimals) - values) < 1e-9) > 0.95:
            return decimals
    return 6


def _ranges(
    rows: pd.DataFrame, frame: pd.DataFrame, avatar: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The commonest reference range of the avatar's sex, where at least 20 of the patients' samples have it."""
    low, high = np.full(len(frame), np.nan), np.full(len(frame), np.nan)
    sex = frame["sex"].to_numpy()
    for value in np.unique(sex):
        part = rows[(rows["sex"] == value) & rows["low"].notna()]
        part = part if len(part) >= RARE else rows[rows["low"].notna()]
        pairs = part.groupby(["low", "high"], dropna=False).size()
        if len(pairs) and pairs.max() >= RARE and pairs.max() >= 0.2 * len(rows[rows["sex"] == value]):
            best = pairs.index[int(np.argmax(pairs.to_numpy()))]
            low[sex == value], high[sex == value] = best
    return low[avatar], high[avatar]
