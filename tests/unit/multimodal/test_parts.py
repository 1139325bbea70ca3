"""The drawn points in each modality's own embedding, and tables that follow the other modalities from them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from anon_pipeline.avatars import patient_rows, patients
from anon_pipeline.avatars.fuse import draw, fuse
from anon_pipeline.avatars.parts import snapped
from anon_pipeline.avatars.patient_rows import coordinates
from anon_pipeline.cohort import Cohort
from anon_pipeline.modalities import Embedding
from anon_pipeline.policy import AvatarPolicy

PEOPLE = 400
IDS = np.arange(1, PEOPLE + 1, dtype=np.int64)


def embedding(modality: str, columns: list[np.ndarray], has: np.ndarray | None = None) -> Embedding:
    vectors = np.stack(columns, axis=1).astype(np.float32)
    has = np.ones(PEOPLE, bool) if has is None else has
    vectors[~has] = 0
    return Embedding(modality, IDS, vectors, has)


def test_coordinates_of_few_values_keep_them_and_their_shares() -> None:
    rng = np.random.default_rng(0)
    dosage = rng.binomial(2, 0.3, PEOPLE)
    standard = (dosage - dosage.mean()) / dosage.std()
    wide = rng.standard_normal(PEOPLE)
    joint = fuse([embedding("genomics", [standard, wide]), embedding("observational", [wide, -standard])])
    made = draw(joint, AvatarPolicy(k=40), 3, 800)
    values = np.unique(made.parts["genomics"][:, 0])
    assert values == pytest.approx(np.unique(standard), abs=1e-5)
    shares = [(made.parts["genomics"][:, 0] == value).mean() for value in values]
    assert shares == pytest.approx(np.bincount(dosage) / PEOPLE, abs=0.005)
    assert len(np.unique(made.parts["genomics"][:, 1])) == 800
    assert made.own["genomics"][:, 0] == pytest.approx(standard, abs=1e-5)


def test_those_without_a_modality_do_not_change_the_shares_of_those_with_it() -> None:
    rng = np.random.default_rng(6)
    has = rng.random(PEOPLE) < 0.3
    dosage = rng.binomial(2, 0.4, PEOPLE).astype(float)
    table = [rng.standard_normal(PEOPLE) for _ in range(6)]
    joint = fuse([embedding("observational", table), embedding("genomics", [dosage, table[0]], has)])
    made = draw(joint, AvatarPolicy(k=30), 2, 2000)
    theirs = made.parts["genomics"][made.having("genomics"), 0].round(4)
    shares = [(theirs == value).mean() for value in (0, 1, 2)]
    assert shares == pytest.approx(np.bincount(dosage[has].astype(int)) / has.sum(), abs=0.005)


def test_snapping_needs_no_avatar_and_moves_only_few_valued_coordinates() -> None:
    patients = np.array([[0.0, 0.1], [1.0, 0.7], [1.0, 0.3]], np.float32)
    assert snapped(np.zeros((0, 2), np.float32), patients).shape == (0, 2)
    many = np.linspace(0, 1, 30, dtype=np.float32)[:, None]
    points = np.linspace(-1, 2, 7, dtype=np.float32)[:, None]
    assert np.array_equal(snapped(points, many), points)


def test_a_value_that_few_patients_have_is_not_copied() -> None:
    spacing = np.array([0.7] * 50 + [0.9] * 47 + [0.803] * 2 + [1.4], np.float32)[:, None]
    points = np.random.default_rng(0).uniform(0.6, 1.5, (500, 1)).astype(np.float32)
    found, counts = np.unique(snapped(points, spacing), return_counts=True)
    assert found.tolist() == [np.float32(0.7), np.float32(0.9)]
    assert counts.tolist() == [250, 250]


def test_those_without_a_modality_stand_at_its_middle_and_are_told_apart() -> None:
    rng = np.random.default_rng(1)
    has = np.arange(PEOPLE) % 2 == 0
    table = [rng.standard_normal(PEOPLE) for _ in range(10)]
    image = [rng.standard_normal(PEOPLE) + 5 for _ in range(3)]
    made = draw(fuse([embedding("observational", table), embedding("imaging", image, has)]), AvatarPolicy(k=30), 2)
    own, drawn, _ = coordinates(made)
    assert own.shape == (PEOPLE, 3 + 1)
    assert drawn.shape == (made.size, 3 + 1)
    assert np.array_equal(own[:, 3] == 1, has)
    assert not own[~has, :3].any()
    assert abs(own[has, :3].mean()) < 0.05
    assert drawn[:, 3].mean() == pytest.approx(0.5, abs=0.01)
    assert not drawn[drawn[:, 3] == 0, :3].any()


def test_tables_follow_the_other_modalities(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A finding of the image that explains an analyte, and a dosage that explains another, explain them in avatars."""
    rng = np.random.default_rng(4)
    lesion = rng.standard_normal(PEOPLE)
    dosage = rng.binomial(2, 0.4, PEOPLE).astype(float)
    sex = rng.choice([8507, 8532], PEOPLE)
    level = 3 + 0.5 * dosage + 0.3 * rng.standard_normal(PEOPLE)
    marker = 10 + 2 * lesion + rng.standard_normal(PEOPLE)
    frame = pd.DataFrame({"sex": sex, "lab:1:0:level": level, "lab:2:0:level": marker}, index=IDS)
    table = patients.PatientTable(frame, IDS)
    monkeypatch.setattr(patient_rows, "patient_table", lambda cohort: table)
    others = [rng.standard_normal(PEOPLE) * 0.3 for _ in range(10)]
    joint = fuse(
        [
            embedding("observational", [(sex == 8507) * 1.0, *others]),
            embedding("genomics", [*others[:4], dosage]),
            embedding("imaging", [*others, lesion]),
        ]
    )
    drawn = draw(joint, AvatarPolicy(k=40), 3, 1500)
    made = patient_rows.decode_patients(Cohort("none", tmp_path), drawn, 1).frame
    dose, size = drawn.parts["genomics"][:, -1], drawn.parts["imaging"][:, -1]
    assert np.polyfit(dose, made["lab:1:0:level"], 1)[0] == pytest.approx(0.5, rel=0.15)
    assert np.polyfit(size, made["lab:2:0:level"], 1)[0] == pytest.approx(2, rel=0.15)


def test_enough_patients_with_the_same_modalities_are_learnt_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(7)
    has = np.arange(PEOPLE) % 4 == 0
    others = [rng.standard_normal(PEOPLE) for _ in range(6)]
    drawn = draw(
        fuse([embedding("observational", others), embedding("imaging", others[:2], has)]), AvatarPolicy(k=30), 3
    )
    seen = drawn.having("imaging")
    (everyone,) = patient_rows._alike(drawn)
    assert [len(rows) for rows in everyone] == [PEOPLE, drawn.size]
    monkeypatch.setattr(patient_rows, "APART", 200)
    without, others_follow_everyone = patient_rows._alike(drawn)
    assert np.array_equal(without[0], np.flatnonzero(~has))
    assert np.array_equal(without[1], np.flatnonzero(~seen))
    assert np.array_equal(others_follow_everyone[0], np.arange(PEOPLE))
    assert np.array_equal(others_follow_everyone[1], np.flatnonzero(seen))
    monkeypatch.setattr(patient_rows, "APART", 100)
    assert [len(learnt) for learnt, _ in patient_rows._alike(drawn)] == [300, 100]
