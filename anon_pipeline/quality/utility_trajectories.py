"""Each analyte's mean over a patient's follow-up, real and synthetic, with the real mean's 95 % band."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

BINS = 10
FEWEST = 11


def _database() -> duckdb.DuckDBPyConnection:
    """One thread, so that sums are added in one order and the same data give the same bytes."""
    return duckdb.connect(config={"threads": 1})


def _curve(root: Path, analyte: int, width: float) -> dict[int, tuple[float, float, int]]:
    path = sorted(root.rglob("measurement.parquet"))[0]
    relation = "read_parquet('" + str(path).replace("'", "''") + "')"
    database = _database()
    rows = database.execute(
        "WITH m AS (SELECT person_id, CAST(measurement_date AS DATE) AS day, value_as_number AS v "
        f"FROM {relation} WHERE measurement_concept_id = {int(analyte)} AND value_as_number IS NOT NULL), "
        "s AS (SELECT person_id, min(day) AS start FROM m GROUP BY 1), "
        f"p AS (SELECT least(floor(date_diff('day', start, day) / {width})::INT, {BINS - 1}) AS bin, "
        "person_id, avg(v) AS v "
        "FROM m JOIN s USING (person_id) GROUP BY 1, 2) "
        "SELECT bin, avg(v), coalesce(stddev_samp(v), 0) / sqrt(count(*)), count(*) FROM p GROUP BY 1 ORDER BY 1"
    ).fetchall()
    return {int(b): (float(m), float(e), int(n)) for b, m, e, n in rows}


def trajectories(training: Path, synthetic: Path, analytes: list[int]) -> dict[str, Any]:
    """By analyte concept: ten bins of days since the first value, with mean, band and synthetic mean.

    Bins under 11 patients are left out. ``inside`` is the share of the bins whose synthetic mean lies in the real one's
    95 % band, the synthetic mean's own sampling error added.
    """
    if (
        not analytes
        or not list(training.rglob("measurement.parquet"))
        or not list(synthetic.rglob("measurement.parquet"))
    ):
        return {}
    path = str(sorted(training.rglob("measurement.parquet"))[0]).replace("'", "''")
    database = _database()
    span = database.execute(
        "SELECT quantile_cont(d, 0.9) FROM (SELECT date_diff('day', min(CAST(measurement_date AS DATE)), "
        f"max(CAST(measurement_date AS DATE))) AS d FROM read_parquet('{path}') GROUP BY person_id)"
    ).fetchall()[0][0]
    width = max(float(span or 0) / BINS, 1.0)
    out: dict[str, Any] = {"days_per_bin": round(width, 3), "analytes": {}}
    inside = total = 0
    for analyte in analytes:
        real, made = _curve(training, analyte, width), _curve(synthetic, analyte, width)
        points = []
        for place, (mean, error, n) in real.items():
            if n < FEWEST or place not in made or made[place][2] < FEWEST:
                continue
            reach = 1.96 * (error**2 + made[place][1] ** 2) ** 0.5
            within = abs(made[place][0] - mean) <= reach
            inside, total = inside + within, total + 1
            points.append({
                "bin": place, "real": mean, "low": mean - 1.96 * error, "high": mean + 1.96 * error,
                "synthetic": made[place][0], "inside": bool(within),
            })  # fmt: skip
        out["analytes"][str(analyte)] = points
    out["inside"] = inside / total if total else None
    return out
