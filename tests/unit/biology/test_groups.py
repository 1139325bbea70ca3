"""Avatars' laboratory values differ between groups as the patients' do, before a drug and after it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from anon_pipeline.modalities.biology.groups import follow_groups, predictors

PEOPLE, SAMPLES = 400, 4
DRUG, DISEASE, OTHER = "drug_exposure:1", "condition_occurrence:2", "condition_occurrence:3"


def people(rng: np.random.Generator) -> pd.DataFrame:
    """A patient-level table: most of those with a disease have a drug for it."""
    ill = rng.random(PEOPLE) < 0.5
    return pd.DataFrame(
        {
            "sex": rng.choice([8507, 8532], PEOPLE),
            "age": rng.uniform(20, 90, PEOPLE) * 365.25,
            DRUG: np.where(rng.random(PEOPLE) < np.where(ill, 0.7, 0.2), 3, 0),
            DISEASE: ill.astype(int),
            OTHER: rng.integers(0, 2, PEOPLE),
            "lab:9:0:level": rng.random(PEOPLE),
        }
    )


def samples(rng: np.random.Generator, table: pd.DataFrame, change: float, disease: float) -> pd.DataFrame:
    """Four samples each: those who are ill lie ``disease`` higher, those with the drug change after the first day."""
    person, visit = np.repeat(np.arange(PEOPLE), SAMPLES), np.tile(np.arange(SAMPLES), PEOPLE)
    told = table.loc[person].reset_index(drop=True)
    value = 4 + disease * told[DISEASE] + change * (told[DRUG] > 0) * (visit > 0)
    return pd.DataFrame({"person_id": person, "d": 30 * visit, "v": value + rng.normal(0, 0.2, len(person))})


def effects(table: pd.DataFrame, told: pd.DataFrame) -> tuple[float, float]:
    """What the drug changes and what the disease raises the first day by, each beside the other."""
    first = told[told["d"] == 0].groupby("person_id")["v"].mean()
    later = told[told["d"] > 0].groupby("person_id")["v"].mean()
    change, raised = (
        np.linalg.lstsq(
            np.column_stack([np.ones(len(y)), table.loc[y.index, DRUG] > 0, table.loc[y.index, DISEASE]]).astype(float),
            y.to_numpy(),
            rcond=None,
        )[0]
        for y in ((later - first).dropna(), first)
    )
    return float(change[1]), float(raised[2])


def moved(real: pd.DataFrame, known: pd.DataFrame, made: pd.DataFrame, written: pd.DataFrame) -> pd.DataFrame:
    value = follow_groups(
        predictors(real),
        known,
        predictors(made),
        written["person_id"].to_numpy(),
        written["d"].to_numpy(),
        written["v"].to_numpy(),
    )
    return written.assign(v=value)


@pytest.mark.parametrize("logarithmic", [False, True])
def test_a_drug_does_in_avatars_what_it_does_in_patients(logarithmic: bool) -> None:
    rng = np.random.default_rng(0)
    real, made = people(rng), people(rng)
    known, written = samples(rng, real, -0.4, 0.5), samples(rng, made, -0.25, 0.7)
    if logarithmic:
        known["v"], written["v"] = np.exp(known["v"]), np.exp(written["v"])
    after = moved(real, known, made, written)
    if logarithmic:
        known["v"], written["v"], after["v"] = np.log(known["v"]), np.log(written["v"]), np.log(after["v"])
    assert effects(made, written) == pytest.approx((-0.25, 0.7), abs=0.05)
    assert effects(made, after) == pytest.approx(effects(real, known), abs=0.01)
    first = written["d"] == 0
    for rows in (first, ~first):
        assert after.loc[rows, "v"].mean() == pytest.approx(written.loc[rows, "v"].mean(), abs=1e-9)


def test_a_drugs_effect_is_compared_beside_the_disease_that_it_is_for() -> None:
    """The disease itself changes little, too little to be seen; in avatars fewer of the ill have the drug."""
    rng = np.random.default_rng(1)
    real, made = people(rng), people(rng)
    made[DRUG] = rng.permutation(made[DRUG].to_numpy())
    known, written = samples(rng, real, -0.4, 0.0), samples(rng, made, -0.25, 0.0)
    for table, told in ((real, known), (made, written)):
        told["v"] -= 0.04 * table[DISEASE].loc[told["person_id"]].to_numpy() * (told["d"] > 0)
    after = moved(real, known, made, written)
    assert effects(made, after) == pytest.approx(effects(real, known), abs=0.005)


@pytest.mark.parametrize("logarithmic", [False, True])
def test_what_patients_do_not_differ_by_moves_nothing(logarithmic: bool) -> None:
    rng = np.random.default_rng(1)
    real, made = people(rng), people(rng)
    known, written = samples(rng, real, 0.0, 0.0), samples(rng, made, -0.3, 0.4)
    if logarithmic:
        known["v"], written["v"] = np.exp(3 * known["v"]), np.exp(3 * written["v"])
    assert moved(real, known, made, written).equals(written)


def test_few_people_are_no_group() -> None:
    """Fifteen patients have the drug: their mean is not handed on."""
    rng = np.random.default_rng(2)
    real, made = people(rng), people(rng)
    for table in (real, made):
        table[DRUG] = np.where(np.arange(PEOPLE) < 15, 1, 0)
        table[DISEASE] = 0
    written = samples(rng, made, 0.0, 0.0)
    assert moved(real, samples(rng, real, -2.0, 0.0), made, written).equals(written)


def test_the_first_day_is_compared_among_all_and_the_change_among_those_with_later_days() -> None:
    """A quarter have one day only, most of them not ill, whose first day lies higher."""
    rng = np.random.default_rng(3)
    tables, told = (people(rng), people(rng)), []
    for table, change, disease in zip(tables, (-0.4, -0.2), (0.5, 0.9), strict=True):
        rows = samples(rng, table, change, disease)
        alone = rows["person_id"].isin(table.index[(table[DISEASE] == 0) & (table.index % 2 == 0)])
        rows.loc[alone, "v"] += 0.3
        told.append(rows[(rows["d"] == 0) | ~alone].reset_index(drop=True))
    after = moved(tables[0], told[0], tables[1], told[1])
    assert effects(tables[1], told[1]) == pytest.approx((-0.2, 0.75), abs=0.05)
    assert effects(tables[1], after) == pytest.approx(effects(tables[0], told[0]), abs=0.01)
