"""Hold-out by folds: everyone is left out once; the pooled interval is narrower than a fold's, and covers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from anon_pipeline.cohort import Cohort
from anon_pipeline.keys import Key
from anon_pipeline.policy import AvatarPolicy
from anon_pipeline.risk.folds import pooled
from anon_pipeline.risk.intervals import auc
from anon_pipeline.stages.folds import fold_of, part_of

KEY = Key(bytes(range(32)))


def test_folds_are_even_and_follow_the_key() -> None:
    persons = np.arange(103, dtype=np.int64) * 7
    place = fold_of(persons, 5, KEY)
    assert sorted(np.bincount(place)) == [20, 20, 21, 21, 21]
    assert np.array_equal(place, fold_of(persons, 5, KEY))
    assert not np.array_equal(place, fold_of(persons, 5, Key(bytes(range(1, 33)))))


def test_one_fold_is_refused() -> None:
    assert AvatarPolicy(holdout_folds=5).holdout_folds == 5
    with pytest.raises(ValueError, match="one fold"):
        AvatarPolicy(holdout_folds=1)


def test_a_part_of_a_cohort_holds_its_people_and_no_others(tmp_path: Path) -> None:
    cohort = Cohort("c", tmp_path / "whole")
    for name, columns in (
        ("observational/person.parquet", {"person_id": [1, 2, 3, 4]}),
        ("notes/note.parquet", {"person_id": [2, 2, 4], "note_text": ["a", "b", "c"]}),
        ("vocabulary/concept.parquet", {"concept_id": [9]}),
        ("images/index.parquet", {"person_id": [1, 4], "path": ["1/x.dcm", "4/y.dcm"]}),
    ):
        (cohort.root / name).parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.table(columns), cohort.root / name)
    for name in ("1/x.dcm", "4/y.dcm"):
        (cohort.root / "images" / name).parent.mkdir()
        (cohort.root / "images" / name).write_bytes(b"DICM")
    part_of(cohort, np.array([1, 2]), tmp_path / "part")
    part = Cohort("c", tmp_path / "part")
    assert part.read("person")["person_id"].to_pylist() == [1, 2]
    assert part.read("note")["note_text"].to_pylist() == ["a", "b"]
    assert part.read("concept")["concept_id"].to_pylist() == [9]
    assert [p.name for p in part.images.rglob("*.dcm")] == ["x.dcm"]


def row(seed: int) -> dict:
    rng = np.random.default_rng(seed)
    figure = auc(rng.standard_normal(80), rng.standard_normal(20))
    return {
        "criterion": "membership", "name": "x", "metric": "auc", "value": figure.value, "low": figure.low,
        "high": figure.high, "attacked": 20, "floor": None, "ceiling": None, "limit": None, "bound": None,
    }  # fmt: skip


def test_the_pooled_interval_covers_and_is_narrower() -> None:
    covered = 0
    for trial in range(100):
        folds = [row(1000 * trial + fold) for fold in range(5)]
        one = pooled([[r] for r in folds])[0]
        covered += one["low"] <= 0.5 <= one["high"]
        assert one["folds"] == 5
        assert one["high"] - one["low"] < 0.75 * np.mean([r["high"] - r["low"] for r in folds])
    assert covered >= 93


def test_an_attack_that_some_folds_lack_is_pooled_over_the_others() -> None:
    found = pooled([[row(1)], [], [row(2)]])
    assert len(found) == 1
    assert found[0]["folds"] == 2


def test_a_policy_with_folds_holds_nobody_out_of_the_extraction() -> None:
    from anon_pipeline.warehouse.members import Members

    members = Members(np.arange(50, dtype=np.int64), np.zeros(50, np.int8))
    assert members.split(KEY, 0.0).parts.sum() == 0
    assert members.split(KEY, 0.2).parts.sum() > 0
