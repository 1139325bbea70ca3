"""Associations across modalities: those that are there are found, kept ones are told from lost ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from anon_pipeline.quality.coherence import associations, forest, summary


def cohort(people: int, strength: float, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    lesion = rng.normal(30, 6, people)
    enzyme = strength * (lesion - 30) / 6 + rng.normal(0, 1, people)
    return pd.DataFrame({"imaging/lesion": lesion, "measurement/1/last": enzyme, "age": rng.normal(60, 9, people)})


def test_a_kept_association_lies_in_the_real_interval(tmp_path: Path) -> None:
    found = associations(cohort(1000, 1.0, 1), cohort(1000, 1.0, 2))
    assert [(a.first, a.second) for a in found] == [("imaging/lesion", "measurement/1/last")]
    assert found[0].kept
    told = summary(found)
    assert 0.8 < told["mean_effect_ratio"] < 1.25
    forest(found, tmp_path / "forest.png")
    assert (tmp_path / "forest.png").stat().st_size > 2000


def test_a_lost_association_is_told() -> None:
    told = summary(associations(cohort(1000, 1.0, 1), cohort(1000, 0.0, 3)))
    assert told["kept_share"] == 0
    assert told["mean_effect_ratio"] < 0.3


def test_chance_is_no_association() -> None:
    assert associations(cohort(400, 0.0, 4), cohort(400, 0.0, 5)) == []
