"""Whole patients across tables: a copy of the training patients is caught, tables are read at any depth."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from anon_pipeline.errors import BadInput
from anon_pipeline.risk.patient_features import patient_features, vocabulary
from anon_pipeline.risk.patient_level import evaluate_cohort


def cohort(root: Path, patients: int, seed: int) -> Path:
    rng = np.random.default_rng(seed)
    (root / "observational").mkdir(parents=True)
    (root / "biology").mkdir()
    ids = np.arange(patients) + 10**12
    pd.DataFrame(
        {
            "person_id": ids,
            "gender_concept_id": rng.choice([8507, 8532], patients),
            "year_of_birth": rng.integers(1930, 2000, patients),
        }
    ).to_parquet(root / "observational" / "person.parquet")
    owner = np.repeat(ids, rng.integers(1, 9, patients))
    day = pd.to_datetime("2015-01-01") + pd.to_timedelta(rng.integers(0, 2000, len(owner)), unit="D")
    pd.DataFrame(
        {
            "person_id": owner,
            "condition_concept_id": rng.choice([1, 2, 3, 4], len(owner)),
            "condition_start_date": day.date,
        }
    ).to_parquet(root / "observational" / "condition_occurrence.parquet")
    pd.DataFrame(
        {
            "person_id": owner,
            "measurement_concept_id": rng.choice([100, 200], len(owner)),
            "measurement_date": day.date,
            "value_as_number": rng.normal(80, 10, len(owner)),
        }
    ).to_parquet(root / "biology" / "measurement.parquet")
    return root


def test_copied_patients_are_caught(tmp_path: Path) -> None:
    training, holdout = cohort(tmp_path / "a", 150, 1), cohort(tmp_path / "b", 80, 2)
    report = evaluate_cohort(training, holdout, training, quick=True)
    assert report["level"] == "patient"
    assert report["verdict"] == "broken"
    assert report["disclosure"]["events_copied"]["condition_occurrence"] == {"training": 1.0, "holdout": 0.0}
    assert report["utility"]["trajectories"]["inside"] == 1.0


def test_features_are_one_row_a_patient(tmp_path: Path) -> None:
    root = cohort(tmp_path / "a", 40, 3)
    features = patient_features(root, vocabulary(root))
    assert len(features) == 40
    assert "person_id" not in features
    assert {"gender", "condition_occurrence_n", "m100_mean", "measurement_span"} <= set(features)


def test_a_folder_without_persons_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no person"):
        vocabulary(tmp_path)
