"""When an avatar's notes are written: at which of its own visits, or at its death, and of which kind."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from anon_pipeline.cohort import Cohort
from anon_pipeline.modalities import Draw
from anon_pipeline.modalities.text.synthetic import odds as odds_of
from anon_pipeline.modalities.text.synthetic.grounding import CIRCUMSTANCE
from anon_pipeline.modalities.text.synthetic.odds import Odds

FactsAt = Callable[[pa.Table], pd.DataFrame]
START, END, DEATH = "visit_start", "visit_end", "death"
OF_DEATHS = 0.95
"""Share of a kind of note that is dated on the day of death, from which on it is a report of a death."""


@dataclass(frozen=True)
class Visit:
    start: dt.date
    end: dt.date
    concept: int


@dataclass(frozen=True)
class Life:
    """What notes are dated by, by person_id: visits in order of time, and the days of birth and death where known."""

    visits: Mapping[int, list[Visit]]
    births: Mapping[int, dt.date]
    deaths: Mapping[int, dt.date]


@dataclass(frozen=True)
class Habit:
    """When a kind of note is written: at the start or the end of which visits, or on the day of which deaths."""

    anchor: str
    odds: Odds


def life_of(cohort: Cohort) -> Life:
    """What the cohort's tables say of when its people were seen, were born and died."""
    visits: dict[int, list[Visit]] = defaultdict(list)
    if cohort.has("visit_occurrence"):
        columns = ["person_id", "visit_start_date", "visit_end_date", "visit_concept_id"]
        for row in cohort.read("visit_occurrence", columns).to_pylist():
            start = row["visit_start_date"]
            if start is not None:
                end = row["visit_end_date"] or start
                visits[row["person_id"]].append(Visit(start, end, row["visit_concept_id"] or 0))
    deaths = {}
    if cohort.has("death"):
        rows = cohort.read("death", ["person_id", "death_date"]).to_pylist()
        deaths = {row["person_id"]: row["death_date"] for row in rows if row["death_date"]}
    ordered = {person: sorted(own, key=lambda v: (v.start, v.end, v.concept)) for person, own in visits.items()}
    return Life(ordered, _births(cohort), deaths)


def _births(cohort: Cohort) -> dict[int, dt.date]:
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


def habits(
    notes: list[dict[str, Any]], life: Life, facts_at: FactsAt, people: Iterable[int], least: int
) -> dict[str, Habit]:
    """kind of note -> its habit, learnt from what was known of ``people`` at each of their visits.

    notes: rows with ``person_id``, ``kind``, ``date``; one that is dated outside of visits belongs to the visit before.
    least: visits a leaf of the tree.
    """
    opportunities = {anchor: _opportunities(anchor, life, people) for anchor in (START, DEATH)}
    known = {anchor: _known(rows, life, facts_at) for anchor, rows in opportunities.items()}
    by_kind: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for note in notes:
        by_kind[note["kind"]].append(note)
    found = {}
    for kind, own in sorted(by_kind.items()):
        anchor = _anchor(own, life)
        where = DEATH if anchor == DEATH else START
        rows = opportunities[where]
        if not rows:
            continue
        taken = {(note["person_id"], _visit_of(note["date"], life.visits.get(note["person_id"], []))) for note in own}
        labels = np.array([(person, 0 if where == DEATH else index) in taken for person, index, _ in rows], np.int64)
        if where == DEATH:
            dead = {note["person_id"] for note in own}
            labels = np.array([person in dead for person, _, _ in rows], np.int64)
        found[kind] = Habit(anchor, odds_of.fit(labels, known[where], least))
    return found


def _anchor(notes: list[dict[str, Any]], life: Life) -> str:
    at_death = sum(life.deaths.get(note["person_id"]) == note["date"] for note in notes)
    if at_death >= OF_DEATHS * len(notes):
        return DEATH
    seen: Counter[str] = Counter()
    for note in notes:
        for visit in life.visits.get(note["person_id"], []):
            if note["date"] in (visit.start, visit.end):
                seen[END if note["date"] == visit.end != visit.start else START] += 1
                break
    return seen.most_common(1)[0][0] if seen else START


def _visit_of(day: dt.date, visits: list[Visit]) -> int:
    """The index of the visit during which a day is, or of the last one before it."""
    during = next((index for index, visit in enumerate(visits) if visit.start <= day <= visit.end), None)
    if during is not None:
        return during
    return max((index for index, visit in enumerate(visits) if visit.start <= day), default=0)


def _opportunities(anchor: str, life: Life, people: Iterable[int]) -> list[tuple[int, int, dt.date]]:
    """(person, index of the visit, day) where a note may be written: every visit, or every death."""
    if anchor == DEATH:
        return [(p, len(life.visits.get(p, [])), life.deaths[p]) for p in people if p in life.deaths]
    return [(person, index, v.end) for person in people for index, v in enumerate(life.visits.get(person, []))]


def _known(rows: list[tuple[int, int, dt.date]], life: Life, facts_at: FactsAt) -> pd.DataFrame:
    """Facts at each opportunity, and which visit of how many it is."""
    if not rows:
        return pd.DataFrame()
    facts = facts_at(moments([(person, day) for person, _, day in rows]))
    own = [life.visits.get(person, []) for person, _, _ in rows]
    before = np.array([index for _, index, _ in rows], np.float64)
    added: dict[str, Any] = {
        "visit/before": before,
        "visit/after": np.array([len(visits) for visits in own]) - 1 - before,
    }
    here = [visits[index] if index < len(visits) else None for visits, (_, index, _) in zip(own, rows, strict=True)]
    added["visit/days"] = [float((v.end - v.start).days) if v else 0.0 for v in here]
    for concept in sorted({v.concept for v in here if v}):
        added[f"visit/{concept}"] = [float(v is not None and v.concept == concept) for v in here]
    return facts.assign(**added)


def moments(of: list[tuple[int, dt.date]]) -> pa.Table:
    """(person, day) as the table that facts are asked for with: ``row``, ``person_id``, ``date``."""
    return pa.table(
        {
            "row": pa.array(range(len(of)), pa.int64()),
            "person_id": pa.array([person for person, _ in of], pa.int64()),
            "date": pa.array([day for _, day in of], pa.date32()),
        }
    )


def who_have_notes(draw: Draw) -> tuple[set[int] | None, np.ndarray]:
    """The patients who have notes at all (None: everyone), and (m,) whether each avatar has any."""
    if "text" not in draw.has:
        return None, draw.having("text")
    return {int(person) for person in draw.person_ids[draw.has["text"]]}, draw.having("text")


def avatar_moments(
    known: dict[str, Habit], life: Life, facts_at: FactsAt, people: Iterable[int], rng: np.random.Generator
) -> tuple[pa.Table, list[str]]:
    """The moments of the notes of ``people``, avatars (row, person_id, date), and the kind of each."""
    rows: list[tuple[int, dt.date, str]] = []
    people = list(people)
    opportunities = {anchor: _opportunities(anchor, life, people) for anchor in (START, DEATH)}
    facts = {anchor: _known(own, life, facts_at) for anchor, own in opportunities.items()}
    for kind, habit in sorted(known.items()):
        where = DEATH if habit.anchor == DEATH else START
        if not opportunities[where] or 1 not in habit.odds.classes:
            continue
        odds = habit.odds.of(facts[where])
        written = rng.random(len(odds)) < odds[:, list(habit.odds.classes).index(1)]
        for (person, index, day), chosen in zip(opportunities[where], written, strict=True):
            if chosen:
                rows.append((person, life.visits[person][index].start if habit.anchor == START else day, kind))
    rows.sort()
    return moments([(person, day) for person, day, _ in rows]), [kind for _, _, kind in rows]


def dates_of(people: list[int], days: list[dt.date], life: Life) -> dict[str, dict[int, dt.date]]:
    """The dates that a note may speak of: name -> row -> date. people, days: whose notes and of when, by row."""
    found: dict[str, dict[int, dt.date]] = {
        name: {} for name in ("note_date", "visit_start", "visit_end", "birth_date", "death_date", "first_visit")
    }
    for row, (person, day) in enumerate(zip(people, days, strict=True)):
        visits = life.visits.get(person, [])
        during = next((visit for visit in visits if visit.start <= day <= visit.end), None)
        own = {
            "note_date": day,
            "visit_start": during.start if during else None,
            "visit_end": during.end if during else None,
            "birth_date": life.births.get(person),
            "death_date": life.deaths.get(person),
            "first_visit": visits[0].start if visits else None,
        }
        for name, date in own.items():
            if date is not None:
                found[name][row] = date
    return found


def circumstances(people: list[int], days: list[dt.date], kinds: list[str], life: Life) -> pd.DataFrame:
    """What a note's place among the others tells of what is said in it, by row: visits over before it, and earlier
    notes of its kind."""
    earlier: Counter[tuple[int, str]] = Counter()
    before, same = [], []
    for person, day, kind in zip(people, days, kinds, strict=True):
        before.append(float(sum(visit.end < day for visit in life.visits.get(person, []))))
        same.append(float(earlier[person, kind]))
        earlier[person, kind] += 1
    return pd.DataFrame(
        {
            f"{CIRCUMSTANCE}visits_before": before,
            f"{CIRCUMSTANCE}notes_before": same,
            f"{CIRCUMSTANCE}first_visit": [float(count == 0) for count in before],
            f"{CIRCUMSTANCE}first_of_its_kind": [float(count == 0) for count in same],
        }
    )
