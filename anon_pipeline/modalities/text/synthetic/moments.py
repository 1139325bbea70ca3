"""When an avatar's notes are written: how many of each kind, and at which of the avatar's own visits."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from anon_pipeline.cohort import Cohort
from anon_pipeline.modalities import Draw


@dataclass(frozen=True)
class Visit:
    start: dt.date
    end: dt.date
    concept: int


@dataclass(frozen=True)
class Habit:
    """How a kind of note is dated: at the start or end of which kind of visit, how far into the visits (0 to 1)."""

    at_end: bool
    concept: int
    place: float


def visits_of(cohort: Cohort) -> dict[int, list[Visit]]:
    """person_id -> visits in order of time."""
    found: dict[int, list[Visit]] = defaultdict(list)
    if cohort.has("visit_occurrence"):
        columns = ["person_id", "visit_start_date", "visit_end_date", "visit_concept_id"]
        for row in cohort.read("visit_occurrence", columns).to_pylist():
            start = row["visit_start_date"]
            if start is not None:
                end = row["visit_end_date"] or start
                found[row["person_id"]].append(Visit(start, end, row["visit_concept_id"] or 0))
    return {person: sorted(own, key=lambda v: (v.start, v.end, v.concept)) for person, own in found.items()}


def habits(notes: list[dict[str, Any]], visits: dict[int, list[Visit]]) -> dict[str, Habit]:
    """kind of note -> its habit. notes: rows with ``person_id``, ``kind``, ``date``."""
    seen: dict[str, list[tuple[bool, int, float]]] = defaultdict(list)
    for note in notes:
        own = visits.get(note["person_id"], [])
        for index, visit in enumerate(own):
            if note["date"] in (visit.start, visit.end):
                place = index / max(len(own) - 1, 1)
                seen[note["kind"]].append((note["date"] == visit.end != visit.start, visit.concept, place))
                break
    found = {}
    for kind in {note["kind"] for note in notes}:
        rows = seen.get(kind, [])
        if rows:
            (at_end, concept), _ = Counter((end, concept) for end, concept, _ in rows).most_common(1)[0]
            found[kind] = Habit(at_end, concept, float(np.median([place for _, _, place in rows])))
        else:
            found[kind] = Habit(False, 0, 1.0)
    return found


def how_many(
    notes: list[dict[str, Any]], cohort: Cohort, decoded: Cohort, draw: Draw, ids: np.ndarray, least: int,
    rng: np.random.Generator,
) -> dict[str, np.ndarray]:  # fmt: skip
    """kind of note -> how many of it each avatar has, in the order of ``ids``.

    Learnt from what patients went through (visits by kind, events by table, death) in trees whose leaves hold ``least``
    patients and more, and drawn for what the avatar went through: no report of a death without one. No avatar has more
    than ``least`` patients have.
    """
    from sklearn.tree import DecisionTreeClassifier

    real, made = lived(cohort), lived(decoded).reindex(ids, fill_value=0)
    having = np.ones(draw.size, bool)
    if "text" in draw.has:
        real = real[real.index.isin(draw.person_ids[draw.has["text"]])]
        share = (draw.weights * draw.has["text"][draw.neighbours]).sum(axis=1) / draw.weights.sum(axis=1)
        having = share > 0.5
    made = made.reindex(columns=real.columns, fill_value=0)
    written: dict[str, Counter[int]] = defaultdict(Counter)
    for note in notes:
        written[note["kind"]][note["person_id"]] += 1
    found = {}
    for kind in sorted(written):
        own = np.array([written[kind][int(person)] for person in real.index])
        own = np.minimum(own, np.sort(own)[-min(least, len(own))])
        tree = DecisionTreeClassifier(max_leaf_nodes=32, min_samples_leaf=max(least, len(real) // 100), random_state=0)
        odds = tree.fit(real.to_numpy(), own).predict_proba(made.to_numpy())
        drawn = (np.cumsum(odds, axis=1) < rng.random((len(made), 1))).sum(axis=1).clip(0, len(tree.classes_) - 1)
        found[kind] = np.where(having, tree.classes_[drawn], 0)
    return found


def lived(cohort: Cohort) -> pd.DataFrame:
    """What everyone went through, by person_id: visits of each concept, events of each table, death."""
    persons = pd.Index(np.sort(cohort.read("person", ["person_id"])["person_id"].to_numpy()), name="person_id")
    columns = {"person": pd.Series(1, index=persons)}
    for table in ("condition_occurrence", "drug_exposure", "procedure_occurrence", "death"):
        if cohort.has(table):
            columns[table] = cohort.read(table, ["person_id"]).to_pandas()["person_id"].value_counts()
    if cohort.has("visit_occurrence"):
        visits = cohort.read("visit_occurrence", ["person_id", "visit_concept_id"]).to_pandas()
        for concept, own in visits.groupby("visit_concept_id"):
            columns[f"visit {concept}"] = own["person_id"].value_counts()
    return pd.DataFrame({name: own.reindex(persons, fill_value=0) for name, own in columns.items()}, index=persons)


def avatar_moments(
    counts: dict[str, np.ndarray],
    ids: np.ndarray,
    known: dict[str, Habit],
    visits: dict[int, list[Visit]],
    rng: np.random.Generator,
) -> tuple[pa.Table, list[str], dict[str, dict[int, dt.date]]]:
    """The moments of the avatars' notes (row, person_id, date), the kind of each, and the dates that notes speak of.

    counts: see ``how_many``. When notes are written is up to the avatar's own visits.
    """
    rows: list[tuple[int, dt.date, str, Visit]] = []
    for avatar in range(len(ids)):
        own = visits.get(int(ids[avatar]), [])
        if not own:
            continue
        for kind in sorted(counts):
            for visit in _pick(own, known[kind], int(counts[kind][avatar]), rng):
                rows.append((int(ids[avatar]), visit.end if known[kind].at_end else visit.start, kind, visit))
    rows.sort(key=lambda r: (r[0], r[1], r[2]))
    table = pa.table(
        {
            "row": pa.array(range(len(rows)), pa.int64()),
            "person_id": pa.array([r[0] for r in rows], pa.int64()),
            "date": pa.array([r[1] for r in rows], pa.date32()),
        }
    )
    dates = {
        "note_date": {i: r[1] for i, r in enumerate(rows)},
        "visit_start": {i: r[3].start for i, r in enumerate(rows)},
        "visit_end": {i: r[3].end for i, r in enumerate(rows)},
    }
    return table, [r[2] for r in rows], dates


def _pick(own: list[Visit], habit: Habit, count: int, rng: np.random.Generator) -> list[Visit]:
    fitting = [v for v in own if v.concept == habit.concept] or own
    if count <= 0:
        return []
    if count == 1:
        return [fitting[round(habit.place * (len(fitting) - 1))]]
    chosen = rng.choice(len(fitting), size=min(count, len(fitting)), replace=False)
    return [fitting[i] for i in sorted(chosen)]


def dates_of(
    notes: list[dict[str, Any]], visits: dict[int, list[Visit]], births: dict[int, dt.date]
) -> dict[str, dict[int, dt.date]]:
    """The dates that a real note may speak of: name -> note row -> date."""
    found: dict[str, dict[int, dt.date]] = {"note_date": {}, "visit_start": {}, "visit_end": {}, "birth_date": {}}
    for note in notes:
        row = note["row"]
        found["note_date"][row] = note["date"]
        if note["person_id"] in births:
            found["birth_date"][row] = births[note["person_id"]]
        for visit in visits.get(note["person_id"], []):
            if visit.start <= note["date"] <= visit.end:
                found["visit_start"][row] = visit.start
                found["visit_end"][row] = visit.end
                break
    return found


def births_of(cohort: Cohort) -> dict[int, dt.date]:
    """person_id -> date of birth, where the day is known."""
    names = set(cohort.read("person").column_names)
    if not {"month_of_birth", "day_of_birth"} <= names:
        return {}
    rows = cohort.read("person", ["person_id", "year_of_birth", "month_of_birth", "day_of_birth"]).to_pylist()
    return {
        r["person_id"]: dt.date(r["year_of_birth"], r["month_of_birth"], r["day_of_birth"])
        for r in rows
        if r["year_of_birth"] and r["month_of_birth"] and r["day_of_birth"]
    }
