"""Whole patients: time, validity, patient-level membership and trajectories of longitudinal avatars.

    anon-pipeline fictional --patients 12000 --tables-only --out HOSPITAL
    python benchmarks/tables/longitudinal.py --hospital HOSPITAL [--patients 1000] [--most-events] [--json FILE]

Patients are drawn at random for training, as many again for the attacks, and a third group that takes the training
patients' place in the attacks although nothing was learnt of it: what attacks reach where there is nothing to find.
With --most-events all are among those with the most events. Validity is counted in the rows that break a rule.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from anon_pipeline.risk.patient_features import EVENTS

TABLES = {
    "observational": (
        "person",
        "observation_period",
        "visit_occurrence",
        "condition_occurrence",
        "drug_exposure",
        "procedure_occurrence",
        "observation",
        "death",
    ),
    "biology": ("measurement",),
}
DATES = {table: date for table, (_, date) in EVENTS.items()}


def split(hospital: Path, root: Path, patients: int, most_events: bool, seed: int) -> None:
    """ROOT/training, ROOT/holdout and ROOT/others with ``patients`` persons each, of whom only the first are trained on."""
    base = duckdb.connect()
    events = " union all ".join(f"select person_id from '{hospital}/omop/{t}.parquet'" for t in DATES)
    counts = base.execute(f"select person_id, count(*) as n from ({events}) group by 1 order by 1").df()
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(counts))
    if most_events:
        most = counts["n"].to_numpy().argsort(kind="stable")[::-1][: 3 * patients]
        order = rng.permutation(most)
    for i, part in enumerate(("training", "holdout", "others")):
        people = counts.iloc[order[i * patients : (i + 1) * patients]][["person_id"]]
        base.register("people", people)
        for folder, names in TABLES.items():
            (root / part / folder).mkdir(parents=True)
            for name in names:
                base.execute(
                    f"copy (select * from '{hospital}/omop/{name}.parquet' where person_id in (select person_id from "
                    f"people)) to '{root}/{part}/{folder}/{name}.parquet' (format parquet)"
                )


def synthesize(root: Path, out: Path, seed: int) -> float:
    """CPU seconds from the extracted tables to the avatars' tables."""
    from anon_pipeline.avatars.fuse import draw, fuse
    from anon_pipeline.cohort import Cohort
    from anon_pipeline.modalities import biology, observational
    from anon_pipeline.policy import AvatarPolicy

    cohort = Cohort("bench", root / "training")
    began = time.process_time()
    parts = [observational.embed(cohort), biology.embed(cohort)]
    drawn = draw(fuse(parts), AvatarPolicy(k=60), seed)
    observational.synthesize(cohort, drawn, seed, out / "observational")
    biology.synthesize(cohort, drawn, seed, out / "biology")
    return time.process_time() - began


def validity(out: Path) -> dict[str, int]:
    """Rows that break a rule, by rule."""
    base = duckdb.connect()
    person, period = (f"'{out}/observational/{t}.parquet'" for t in ("person", "observation_period"))
    broken = {"without_person": 0, "before_birth": 0, "outside_period": 0, "visit_of_another": 0, "after_death": 0}

    def count(rule: str, sql: str) -> None:
        broken[rule] += int(base.execute(sql).fetchall()[0][0])

    for name, date in DATES.items():
        path = f"'{out}/{'biology' if name == 'measurement' else 'observational'}/{name}.parquet'"
        count("without_person", f"select count(*) from {path} where person_id not in (select person_id from {person})")
        count(
            "before_birth",
            f"select count(*) from {path} e join {person} p using (person_id) where e.{date} < make_date(p.year_of_birth, "
            "coalesce(p.month_of_birth, 1), coalesce(p.day_of_birth, 1))",
        )
        count(
            "outside_period",
            f"select count(*) from {path} e join {period} o using (person_id) where e.{date} < "
            f"o.observation_period_start_date or e.{date} > o.observation_period_end_date",
        )
        death = f"'{out}/observational/death.parquet'"
        count(
            "after_death", f"select count(*) from {path} e join {death} d using (person_id) where e.{date} > death_date"
        )
        if name != "visit_occurrence":
            visits = f"'{out}/observational/visit_occurrence.parquet'"
            count(
                "visit_of_another",
                f"select count(*) from {path} e left join {visits} v using (visit_occurrence_id) where "
                "e.visit_occurrence_id is not null and (v.person_id is null or v.person_id <> e.person_id)",
            )
    return broken


def events(root: Path) -> int:
    paths = [path for name in DATES for path in root.rglob(f"{name}.parquet")]
    return sum(int(duckdb.execute(f"select count(*) from '{path}'").fetchall()[0][0]) for path in paths)


def main() -> None:
    from anon_pipeline.risk.patient_level import evaluate_cohort

    warnings.filterwarnings("ignore")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hospital", type=Path, required=True)
    parser.add_argument("--patients", type=int, default=1000)
    parser.add_argument("--most-events", action="store_true")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--no-attacks", action="store_true")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root, out = Path(folder), Path(folder) / "out"
        split(options.hospital, root, options.patients, options.most_events, options.seed)
        result: dict[str, Any] = {"patients": options.patients, "events_in": events(root / "training")}
        result["cpu_s"] = round(synthesize(root, out, options.seed), 1)
        result["events_out"] = events(out)
        result["rows_that_break_a_rule"] = validity(out)
        if not options.no_attacks:
            report = evaluate_cohort(root / "training", root / "holdout", out, quick=True)
            result["membership"] = membership(report)
            result["membership_of_others"] = membership(
                evaluate_cohort(root / "others", root / "holdout", out, quick=True)
            )
            curves = report["utility"]["trajectories"]
            points = [p for analyte in curves["analytes"].values() for p in analyte]
            result["trajectories"] = {
                "points": len(points),
                "inside_difference_interval": curves["inside"],
                "inside_real_band": float(np.mean([p["low"] <= p["synthetic"] <= p["high"] for p in points])),
                "control_inside_real_band": control(root, curves),
            }
    print(json.dumps(result, indent=1))
    if options.json:
        kept = json.loads(options.json.read_text()) if options.json.exists() else []
        options.json.write_text(json.dumps([*kept, result], indent=1))


def membership(report: dict[str, Any]) -> dict[str, list[float]]:
    return {
        f"{a['name']}/{a['metric']}": [a["value"], a["low"], a["high"], a["floor"]]
        for a in report["attacks"]
        if a["criterion"] == "membership"
    }


def control(root: Path, curves: dict[str, Any]) -> float | None:
    """The share of the means of people held out that lie in the real band: what real people reach."""
    from anon_pipeline.quality.utility_trajectories import trajectories

    held = trajectories(root / "training", root / "holdout", [int(a) for a in curves["analytes"]])
    points = [p for analyte in held["analytes"].values() for p in analyte]
    return float(np.mean([p["low"] <= p["synthetic"] <= p["high"] for p in points])) if points else None


if __name__ == "__main__":
    main()
