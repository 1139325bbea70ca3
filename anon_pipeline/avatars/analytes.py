"""What a patient's laboratory series say, as functional features of each analyte.

How many samples, the level they settle at after the first day, how far the first day is from it (where treatments act),
slope and spread. Making series from such features again belongs to ``modalities/biology``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from anon_pipeline.avatars.columns import RARE
from anon_pipeline.avatars.reading import cohort_columns, query
from anon_pipeline.cohort import Cohort

ANALYTES, MOST_WEIGHT = 60, 4.0


@dataclass(frozen=True)
class Analyte:
    """One kind of measurement in one unit. logarithmic: its features are those of the logarithm."""

    concept: int
    unit: int
    logarithmic: bool
    numeric: bool

    @property
    def name(self) -> str:
        return f"lab:{self.concept}:{self.unit}"

    def scale(self, values: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        return np.log(values) if self.logarithmic else np.asarray(values, dtype=float)

    def unscale(self, values: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        return np.exp(values) if self.logarithmic else np.asarray(values, dtype=float)


def measurements(cohort: Cohort, columns: str = "") -> pd.DataFrame:
    """The patients' measurements: person_id, concept, unit (0: none), d (day since 1970), v; more ``columns``."""
    unit = "unit_concept_id" if "unit_concept_id" in cohort_columns(cohort, "measurement") else "0"
    return query(
        f"""select person_id, measurement_concept_id as concept, coalesce({unit}, 0) as unit,
        date_diff('day', date '1970-01-01', cast(measurement_date as date)) as d,
        cast(value_as_number as double) as v{columns} from {{t}}
        where coalesce(measurement_concept_id, 0) <> 0 and measurement_date is not null
        order by person_id, concept, unit, d, v""",
        t=cohort.path("measurement"),
    )


def analyte_features(cohort: Cohort, persons: NDArray[np.int64]) -> tuple[pd.DataFrame, list[Analyte], int]:
    """The features of ``persons`` (a row each), the analytes they describe, and the rows of analytes that are too rare.

    ``:n`` samples; ``:slope`` a year, after the first day; ``:level`` median of the samples after the first day less
    that slope, or of the first day if there is no other; ``:baseline`` the first day less the level; ``:spread`` mean
    distance from level and slope. Baselines come before levels, on which they hang only by what both measure with
    error.
    """
    rows = measurements(cohort)
    rows = rows[rows["person_id"].isin(persons)]
    least = RARE if len(persons) >= 4 * RARE else max(5, len(persons) // 4)
    people = rows.groupby(["concept", "unit"])["person_id"].nunique().sort_index()
    people = people[people >= least].sort_values(ascending=False, kind="stable")[:ANALYTES]
    groups = {key: part for key, part in rows.groupby(["concept", "unit"]) if key in people.index}
    out: dict[str, Any] = {}
    analytes = []
    kept = 0
    for concept, unit in people.index:
        part = groups[(concept, unit)]
        kept += len(part)
        known = part[np.isfinite(part["v"])]
        enough = known["person_id"].nunique() >= least
        v = known["v"].to_numpy()
        skewed = enough and v.min() > 0 and skewness(v) > 1.5
        analyte = Analyte(int(concept), int(unit), bool(skewed), bool(enough))
        analytes.append(analyte)
        out[f"{analyte.name}:n"] = part.groupby("person_id").size().reindex(persons, fill_value=0).astype("int64")
        if enough:
            for name, values in _features(analyte, known).items():
                if name == "level" or len(values) >= least:
                    out[f"{analyte.name}:{name}"] = values.reindex(persons)
    return pd.DataFrame(out, index=pd.Index(persons, name="person_id")), analytes, int(len(rows) - kept)


def _features(analyte: Analyte, known: pd.DataFrame) -> dict[str, pd.Series]:
    frame = pd.DataFrame({"p": known["person_id"], "d": known["d"], "y": analyte.scale(known["v"].to_numpy())})
    later = frame[follows(frame["p"], frame["d"])].assign(t=frame["d"] / 365.25)
    first = frame.drop(later.index).groupby("p")["y"].median()
    slopes = _slopes(later)
    middle = later["t"] - later.groupby("p")["t"].transform("mean")
    level_at = later["y"] - later["p"].map(slopes).fillna(0.0) * middle
    centre = level_at.groupby(later["p"]).median()
    level = centre.reindex(first.index).fillna(first)
    away = (level_at - later["p"].map(centre)).abs().groupby(later["p"])
    return {
        "baseline": (first - centre).dropna(),
        "level": level,
        "spread": away.mean()[away.size() > 1],
        "slope": slopes,
    }


def follows(people: pd.Series, day: pd.Series) -> pd.Series:
    """Which samples are of a day after the person's first. people, day: one entry a sample."""
    return day > day.groupby(people).transform("min")


def skewness(values: NDArray[np.float64]) -> float:
    middle = values - np.median(values)
    return float(np.mean(middle**3) / max(float(np.mean(middle**2) ** 1.5), 1e-12))


def _slopes(known: pd.DataFrame) -> pd.Series:
    """Slopes a year of patients with three samples or more over at least 30 days: least squares, drawn to the common
    slope by what chance alone gives so few samples.

    A random-effects mean with the variance between patients of DerSimonian and Laird (1986), and its empirical Bayes
    estimates: a month's noise is no trend that goes on for ten years. Nobody weighs more than ``MOST_WEIGHT`` times the
    median in what is common, however long they were followed. known: columns p, y, t (years).
    """
    groups = known.groupby("p")
    t = known["t"] - groups["t"].transform("mean")
    y = known["y"] - groups["y"].transform("mean")
    parts = pd.DataFrame({"p": known["p"], "tt": t * t, "ty": t * y, "yy": y * y, "t": t})
    sums = parts.groupby("p").agg(
        tt=("tt", "sum"), ty=("ty", "sum"), yy=("yy", "sum"), n=("t", "size"), a=("t", "min"), b=("t", "max")
    )
    sums = sums[(sums["n"] >= 3) & (sums["b"] - sums["a"] >= 30 / 365.25)]
    slope = sums["ty"] / sums["tt"]
    about = float((sums["yy"] - slope * sums["ty"]).sum() / max((sums["n"] - 2).sum(), 1))
    if about <= 1e-12:
        return slope
    chance = about / sums["tt"]
    weight = _capped(1 / chance)
    spread = (weight * (slope - np.average(slope, weights=weight)) ** 2).sum() - (len(slope) - 1)
    between = max(spread / max(weight.sum() - (weight**2).sum() / weight.sum(), 1e-12), 0.0)
    common = float(np.average(slope, weights=_capped(1 / (between + chance))))
    return common + between / (between + chance) * (slope - common)


def _capped(weight: pd.Series) -> pd.Series:
    return weight.clip(upper=MOST_WEIGHT * float(weight.median()))
