"""The attacks on whole patients across OMOP tables, for releases of several tables.

Tables that were each anonymised well may still join into a person: the attacker compares everything known of a patient.
The features belong to ``patient_features``, the attacks to ``report``.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from anon_pipeline.policy import Limit
from anon_pipeline.risk.patient_features import EVENTS, patient_features, table_file, vocabulary
from anon_pipeline.risk.report import evaluate


def evaluate_cohort(
    training_root: Path,
    holdout_root: Path,
    synthetic_root: Path,
    *,
    seed: int = 0,
    limits: Iterable[Limit] | None = None,
    quick: bool = False,
) -> dict[str, Any]:
    """The report of ``risk.report.evaluate`` on one row a patient; ``level`` is ``patient``.

    Each folder holds ``person.parquet`` and event tables at any depth (a cohort's part, or a release). ``utility``
    additionally has each analyte's trajectory. Raises BadInput when ``person`` is missing.
    """
    words = vocabulary(Path(training_root))
    real, held, made = (patient_features(Path(root), words) for root in (training_root, holdout_root, synthetic_root))
    shared = [c for c in real.columns if c in made.columns and c in held.columns]
    kept = [c for c in shared if real[c].nunique(dropna=False) > 1]
    report = evaluate(
        real[kept],
        made[kept],
        held[kept],
        secrets=[c for c in kept if not c.endswith(("_range", "_codes", "_n"))][:25],
        schema={"quasi_identifiers": ["gender", "year_of_birth"]},
        seed=seed,
        limits=limits,
        quick=quick,
        utility=False,
    )
    from anon_pipeline.quality.utility_trajectories import trajectories

    report["level"] = "patient"
    report["utility"] = {"trajectories": trajectories(Path(training_root), Path(synthetic_root), words.analytes)}
    report["disclosure"]["events_copied"] = _copied_events(
        Path(training_root), Path(holdout_root), Path(synthetic_root)
    )
    return report


def _copied_events(training: Path, holdout: Path, synthetic: Path) -> dict[str, dict[str, float]]:
    """The share of patients with the very same dated sequence of codes as some synthetic patient, by table."""
    connection = duckdb.connect(config={"threads": 1})  # sums in one order: same bytes each time
    out: dict[str, dict[str, float]] = {}

    def sequences(root: Path, table: str) -> Any:
        path = table_file(root, table)
        if path is None:
            return None
        code, date = EVENTS[table]
        found = connection.execute(
            f"SELECT hash(string_agg({code} || '@' || {date}, ',' ORDER BY {date}, {code})), count(*) "
            f"FROM read_parquet('{str(path).replace(chr(39), chr(39) * 2)}') GROUP BY person_id HAVING count(*) >= 3"
        ).fetchnumpy()
        return next(iter(found.values()))

    for table in EVENTS:
        sides = [sequences(root, table) for root in (training, holdout, synthetic)]
        if any(side is None for side in sides):
            continue
        out[table] = {
            name: float(np.isin(side, sides[2]).mean()) if len(side) else 0.0
            for name, side in zip(("training", "holdout"), sides[:2], strict=True)
        }
    return out
