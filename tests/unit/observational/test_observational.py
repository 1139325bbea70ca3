"""Observational and biological avatars of one draw: valid OMOP, one story across tables, nothing of a patient."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from anon_pipeline.avatars.fuse import draw, fuse
from anon_pipeline.avatars.identity import avatar_ids
from anon_pipeline.avatars.patients import patient_table
from anon_pipeline.cohort import Cohort
from anon_pipeline.modalities import biology, observational
from anon_pipeline.policy import AvatarPolicy
from anon_pipeline.risk import patient_features as features

FEMALE = 8532
CANARY = b"CANARY-7f3a"


@pytest.fixture(scope="module")
def drawn(cohort: Cohort):
    parts = [observational.embed(cohort, "cpu"), biology.embed(cohort, "cpu")]
    return draw(fuse(parts), AvatarPolicy(k=30), 1)


@pytest.fixture(scope="module")
def made(cohort: Cohort, drawn, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("made")
    observational.synthesize(cohort, drawn, 1, out / "o")
    biology.synthesize(cohort, drawn, 1, out / "b")
    return out


def read(made: Path, table: str) -> pd.DataFrame:
    path = made / ("b" if table == "measurement" else "o") / f"{table}.parquet"
    return pq.read_table(path).to_pandas()


EVENTS = {table: date for table, (_, date) in features.EVENTS.items()}


def test_embeddings(cohort: Cohort) -> None:
    found = observational.embed(cohort, "cpu")
    assert found is not None
    assert found.vectors.dtype == np.float32
    assert (np.diff(found.person_ids) > 0).all()
    assert found.present.all()
    lab = biology.embed(cohort, "cpu")
    assert lab is not None
    assert lab.quality["analytes"] == 2
    assert observational.embed(Cohort("none", cohort.root / "absent"), "cpu") is None
    assert biology.embed(Cohort("none", cohort.root / "absent"), "cpu") is None


def test_ids_are_new_and_shared(made: Path, cohort: Cohort, drawn) -> None:
    persons = read(made, "person")
    assert persons["person_id"].tolist() == sorted(avatar_ids(drawn.size, 1))
    assert persons["person_id"].is_unique
    for table in EVENTS:
        rows = read(made, table)
        key = f"{table}_id"
        assert rows[key].is_unique
        assert rows[key].is_monotonic_increasing
        assert set(rows["person_id"]) <= set(persons["person_id"])
    real = pq.read_table(cohort.path("person")).to_pandas()
    assert not set(real["person_id"]) & set(persons["person_id"])


@pytest.mark.parametrize("table", [*EVENTS])
def test_dates_are_in_order(made: Path, table: str) -> None:
    rows, date = read(made, table), EVENTS[table]
    period = read(made, "observation_period").set_index("person_id")
    when = pd.to_datetime(rows[date])
    own = period.loc[rows["person_id"]]
    assert (when >= pd.to_datetime(own["observation_period_start_date"]).to_numpy()).all()
    assert (when <= pd.to_datetime(own["observation_period_end_date"]).to_numpy()).all()
    death = read(made, "death").set_index("person_id")["death_date"]
    gone = rows[rows["person_id"].isin(death.index)]
    assert (pd.to_datetime(gone[date]) <= pd.to_datetime(death.loc[gone["person_id"]]).to_numpy()).all()
    for column in rows.columns:
        if column.endswith("end_date"):
            known = rows[column].notna()
            assert (pd.to_datetime(rows.loc[known, column]) >= when[known]).all()
    if table != "visit_occurrence":
        visits = read(made, "visit_occurrence").set_index("visit_occurrence_id")
        linked = rows[rows["visit_occurrence_id"].notna()]
        assert len(linked) > 0.9 * len(rows)
        visit = visits.loc[linked["visit_occurrence_id"]]
        assert (visit["person_id"].to_numpy() == linked["person_id"].to_numpy()).all()
        assert (linked[date].to_numpy() >= visit["visit_start_date"].to_numpy()).all()
        assert (linked[date].to_numpy() <= visit["visit_end_date"].to_numpy()).all()


def test_births_precede_everything(made: Path) -> None:
    persons = read(made, "person").set_index("person_id")
    period = read(made, "observation_period").set_index("person_id")
    start = pd.to_datetime(period["observation_period_start_date"]).dt.year
    assert (persons["year_of_birth"] <= start.reindex(persons.index)).all()


def test_codes_of_one_sex_stay_there(made: Path) -> None:
    sex = read(made, "person").set_index("person_id")["gender_concept_id"]
    rows = read(made, "condition_occurrence")
    pregnant = rows[rows["condition_concept_id"] == 4299535]
    assert len(pregnant) > 5
    assert (sex.loc[pregnant["person_id"]] == FEMALE).all()


def test_rare_codes_are_rolled_up(made: Path, cohort: Cohort) -> None:
    codes = set(read(made, "condition_occurrence")["condition_concept_id"])
    assert 5000001 not in codes
    assert patient_table(cohort).goes["condition_occurrence"][5000001] in (0, 5000000)


def test_one_story_across_tables(made: Path) -> None:
    """Diabetes, its drug and its analyte meet in the same avatars."""
    persons = read(made, "person")["person_id"]
    conditions = read(made, "condition_occurrence")
    sick = persons.isin(conditions.loc[conditions["condition_concept_id"] == 201826, "person_id"])
    treated = persons.isin(read(made, "drug_exposure")["person_id"])
    assert np.corrcoef(sick, treated)[0, 1] > 0.7
    lab = read(made, "measurement")
    level = lab[lab["measurement_concept_id"] == 3004410].groupby("person_id")["value_as_number"].mean()
    level = level.reindex(persons).to_numpy()
    assert np.nanmean(level[sick]) - np.nanmean(level[~sick]) > 1.2


def test_as_many_events_as_patients_have(made: Path, cohort: Cohort) -> None:
    for table in EVENTS:
        real = len(pq.read_table(cohort.path(table))) / 160
        people = len(read(made, "person"))
        assert len(read(made, table)) / people == pytest.approx(real, rel=0.12), table


def test_no_second_sample_on_a_day_where_patients_have_one(made: Path, cohort: Cohort) -> None:
    for rows, most in ((pq.read_table(cohort.path("measurement")).to_pandas(), 0.05), (read(made, "measurement"), 0.1)):
        again = rows.duplicated(["person_id", "measurement_concept_id", "measurement_date"])
        assert again.mean() <= most


def test_biology_keeps_units_limits_and_precision(made: Path) -> None:
    lab = read(made, "measurement")
    assert set(lab["unit_concept_id"]) == {8554, 8751}
    crp = lab[lab["measurement_concept_id"] == 3020460]
    below = crp["operator_concept_id"] == 4171756
    assert 0.03 < below.mean() < 0.4
    assert (crp.loc[below, "value_as_number"] == 1.0).all()
    assert (crp["value_as_number"].round(1) == crp["value_as_number"]).all()
    sugar = lab[lab["measurement_concept_id"] == 3004410]
    assert (sugar["range_low"] == 4.0).all()


def test_nothing_of_a_patient_leaves(made: Path) -> None:
    for path in made.rglob("*.parquet"):
        table = pq.read_table(path)
        assert CANARY not in path.read_bytes()
        for column in table.column_names:
            assert not column.endswith(("_source_value", "_as_string"))
            assert CANARY.decode() not in str(table[column].unique().to_pylist())


def test_same_draw_same_bytes(cohort: Cohort, drawn, made: Path, tmp_path: Path) -> None:
    from anon_pipeline.avatars import patient_rows, timeline

    patient_rows._decode_patients.cache_clear()
    timeline._timeline.cache_clear()
    observational.synthesize(cohort, drawn, 1, tmp_path / "o")
    for path in (tmp_path / "o").iterdir():
        assert path.read_bytes() == (made / "o" / path.name).read_bytes(), path.name


def test_noise_leaves_the_decoded_level_and_spread() -> None:
    from anon_pipeline.avatars.series import Pool
    from anon_pipeline.modalities.biology.analyte import _noise

    rng = np.random.default_rng(0)
    avatar = np.repeat(np.arange(50), np.arange(50) % 5 + 1)
    noise = pd.Series(_noise(Pool(rng.standard_normal(500)), 0.4, avatar, rng))
    assert np.allclose(noise.groupby(avatar).median(), 0, atol=1e-9)
    size = noise.abs().groupby(avatar).mean()
    alone = np.bincount(avatar) == 1
    assert (size[alone] == 0).all()
    assert np.allclose(size[~alone], 1)


def test_observation_opens_with_a_visit_as_often_as_patients_does() -> None:
    from anon_pipeline.avatars.timeline import _open_with_a_visit

    rng = np.random.default_rng(0)
    avatar = np.repeat(np.arange(1000), 3)
    start = rng.integers(0, 500, 1000)
    day = start[avatar] + rng.integers(10, 300, 3000)
    visits = {"avatar": avatar, "start": day.copy(), "stop": day + 4}
    _open_with_a_visit(visits, start, 0.7, rng)
    first = pd.Series(visits["start"]).groupby(avatar).min().to_numpy()
    assert (first == start).mean() == pytest.approx(0.7, abs=0.05)
    assert (visits["stop"] - visits["start"] == 4).all()
    assert ((visits["start"] != day) <= (visits["start"] == start[avatar])).all()


def test_visits_of_all_kinds_come_one_after_the_other() -> None:
    """Drawn by kind, a first letter and a first stay are both of the first day; patients have one visit at a time."""
    from anon_pipeline.avatars.timeline import _one_after_the_other

    rng = np.random.default_rng(0)
    person = np.repeat(np.arange(300), 3)
    day = np.cumsum(np.tile([0, 40, 70], (300, 1)) + rng.integers(0, 9, (300, 3)), axis=1).ravel()
    rows = pd.DataFrame({"person_id": person, "d": day, "stay": 5})
    spans = pd.DataFrame({"a": 0, "b": 200}, index=range(300))
    start = rng.integers(0, 500, 400)
    end = np.where(np.arange(400) < 200, start + 2, 900)
    avatar = np.concatenate([np.repeat(np.arange(400), 2), np.arange(400)])
    first = start[avatar] + np.concatenate([np.tile([0, 9], 400), np.zeros(400, np.int64)])
    kind = np.concatenate([np.zeros(800, np.int64), np.ones(400, np.int64)])

    def placed(known: pd.DataFrame) -> pd.DataFrame:
        visits = {"avatar": avatar, "concept": kind, "start": first.copy(), "stop": first + 7}
        _one_after_the_other(visits, known, spans, start, end, np.random.default_rng(1))
        return pd.DataFrame(visits).sort_values(["avatar", "start", "stop"], ignore_index=True)

    made = placed(rows)
    again = made["avatar"] == made["avatar"].shift()
    assert (made["start"] > made["stop"].shift())[again].all()
    assert (made["stop"] - made["start"]).max() == 7
    assert ((made["start"] >= start[made["avatar"]]) & (made["stop"] <= end[made["avatar"]])).all()
    assert made.groupby("avatar")["concept"].sum().eq(1).all()
    assert made.groupby("avatar")["concept"].nth(2).eq(0).all()
    together = rows.assign(d=rows["d"].groupby(person).transform("min"))
    same = placed(together)
    assert (same["start"] == same["start"].shift())[same["avatar"] == same["avatar"].shift()].mean() > 0.5


def test_as_few_visits_on_one_day_as_patients_have(made: Path, cohort: Cohort) -> None:
    def shared(visits: pd.DataFrame) -> float:
        return float(visits.duplicated(["person_id", "visit_start_date"]).mean())

    real = pd.read_parquet(cohort.path("visit_occurrence"))
    assert shared(read(made, "visit_occurrence")) <= shared(real) + 0.005


def test_a_mean_that_differs_by_chance_moves_nothing() -> None:
    from anon_pipeline.modalities.biology.analyte import follow_curve

    person, visit = np.repeat(np.arange(200), 6), np.tile(np.arange(6), 200)
    raw, kept = [], []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        known = pd.DataFrame({"person_id": person, "d": 90 * visit, "v": 50 + rng.normal(0, 9, 1200)})
        flat = 50 + rng.normal(0, 9, 1200)
        apart = known["v"].groupby(visit).mean() - pd.Series(flat).groupby(visit).mean()
        raw.append(apart.abs().mean())
        kept.append(np.abs(follow_curve(known, person, 90 * visit, flat, ratio=False) - flat).mean())
    assert np.mean(kept) < 0.45 * np.mean(raw)


def test_values_follow_the_patients_mean_over_time() -> None:
    from anon_pipeline.modalities.biology.analyte import follow_curve

    rng = np.random.default_rng(0)
    person, visit = np.repeat(np.arange(100), 6), np.tile(np.arange(6), 100)
    day = 1000 * person % 377 + 90 * visit
    known = pd.DataFrame({"person_id": person, "d": day, "v": 50 + 4 * visit + rng.normal(0, 1, 600)})
    flat = rng.normal(40, 1, 600)
    for ratio in (False, True):
        moved = follow_curve(known, person, day, flat, ratio=ratio)
        wanted = known["v"].groupby(visit).mean()
        assert np.allclose(pd.Series(moved).groupby(visit).mean(), wanted, atol=0.8)
    few = known[known["person_id"] < 30]
    assert np.array_equal(follow_curve(few, person, day, flat, ratio=False), flat)
