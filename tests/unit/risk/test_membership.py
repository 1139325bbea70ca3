"""Attacks on tables in which many people are alike find nothing where nobody is a member."""

import numpy as np

from anon_pipeline.risk import membership_classifier
from anon_pipeline.risk.intervals import auc
from anon_pipeline.risk.membership import Known


def people(size: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.column_stack([rng.integers(0, 2, size), rng.integers(0, 30, size) / 10]).astype(np.float32)


def test_twins_among_the_held_out_people_tell_nothing() -> None:
    rng = np.random.default_rng(0)
    known = Known.of(people(400, 1), people(300, 2), 1000, rng)
    assert (len(known.reference), len(known.others)) == (150, 150)
    assert set(known.own) == set(known.dropped) == {-1}
    to_synthetic, to_reference = known.to_synthetic(people(400, 3)), known.to_reference()
    found = auc(*membership_classifier.scores(membership_classifier.features(to_synthetic, to_reference, []), rng))
    assert found.low < 0.5 < found.high


def test_people_who_differ_are_all_used() -> None:
    rng = np.random.default_rng(0)
    holdout = rng.standard_normal((100, 3)).astype(np.float32)
    known = Known.of(rng.standard_normal((80, 3)).astype(np.float32), holdout, 1000, rng)
    assert len(known.reference) == len(known.others) == 100
    assert np.array_equal(np.sort(known.own), np.arange(100))


def test_equal_scores_share_a_rank() -> None:
    assert membership_classifier._ranked(np.array([1.0, 1.0, 3.0])).tolist() == [0.5, 0.5, 1.0]
