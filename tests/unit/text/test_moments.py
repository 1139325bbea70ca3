"""Notes are written where patients' are: at which visits, and on the day of a death."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pyarrow as pa

from anon_pipeline.modalities.text.synthetic import moments
from anon_pipeline.modalities.text.synthetic.moments import DEATH, END, START, Life, Visit

PEOPLE, FIRST = 120, dt.date(2020, 1, 6)


def lives(offset: int) -> Life:
    """Three visits of three days each; every third person dies ten days after the last one."""
    visits = {
        offset + i: [
            Visit(FIRST + dt.timedelta(30 * n + i), FIRST + dt.timedelta(30 * n + i + 2), 9201) for n in range(3)
        ]
        for i in range(PEOPLE)
    }
    deaths = {person: own[-1].end + dt.timedelta(10) for person, own in visits.items() if person % 3 == 0}
    return Life(visits, {}, deaths)


def nothing_known(table: pa.Table) -> pd.DataFrame:
    return pd.DataFrame({"age": np.full(table.num_rows, 60.0)})


def written(life: Life) -> list[dict[str, object]]:
    notes: list[dict[str, object]] = []
    for person, visits in life.visits.items():
        notes.append({"person_id": person, "kind": "scanner", "date": visits[0].start})
        notes += [{"person_id": person, "kind": "lettre", "date": visit.end} for visit in visits]
        if person in life.deaths:
            notes.append({"person_id": person, "kind": "décès", "date": life.deaths[person]})
    return notes


def test_each_kind_of_note_has_its_moment() -> None:
    life, others = lives(0), lives(1000)
    known = moments.habits(written(life), life, nothing_known, sorted(life.visits), 11)
    assert {kind: habit.anchor for kind, habit in known.items()} == {"scanner": START, "lettre": END, "décès": DEATH}
    table, kinds = moments.avatar_moments(known, others, nothing_known, others.visits, np.random.default_rng(0))
    found = set(zip(table["person_id"].to_pylist(), table["date"].to_pylist(), kinds, strict=True))
    assert {(p, d) for p, d, kind in found if kind == "décès"} == set(others.deaths.items())
    assert {(p, d) for p, d, kind in found if kind == "scanner"} == {(p, v[0].start) for p, v in others.visits.items()}
    assert sum(kind == "lettre" for *_, kind in found) == 3 * PEOPLE


def test_a_note_outside_of_visits_belongs_to_the_one_before() -> None:
    life = lives(0)
    late = [{"person_id": p, "kind": "avis", "date": v[1].end + dt.timedelta(5)} for p, v in life.visits.items()]
    known = moments.habits(late, life, nothing_known, sorted(life.visits), 11)
    table, _ = moments.avatar_moments(known, life, nothing_known, life.visits, np.random.default_rng(0))
    assert table["date"].to_pylist() == [life.visits[p][1].start for p in table["person_id"].to_pylist()]


def test_what_is_said_may_depend_on_the_notes_before() -> None:
    life = lives(0)
    days = [visit.end for visit in life.visits[5]]
    known = moments.circumstances([5] * 3, days, ["lettre", "lettre", "scanner"], life)
    assert known["note/visits_before"].tolist() == [0, 1, 2]
    assert known["note/notes_before"].tolist() == [0, 1, 0]


def test_dates_that_a_note_may_speak_of() -> None:
    life = lives(0)
    day = life.visits[3][1].end
    dates = moments.dates_of([3, 3], [day, life.deaths[3]], life)
    assert dates["visit_start"] == {0: life.visits[3][1].start}
    assert dates["death_date"] == {0: life.deaths[3], 1: life.deaths[3]}
    assert dates["first_visit"][1] == life.visits[3][0].start
