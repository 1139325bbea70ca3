"""Observational avatars as OMOP tables: rows from the shared patient-level draw, new ids in random order.

Free text, source values, providers, care sites and locations never leave. Time of day is midnight. Timing and
attributes are ``events``; persons and visits come from ``anon_pipeline.avatars.timeline``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from numpy.typing import NDArray

from anon_pipeline.avatars.omop import MISSING_DAY, TYPE_EHR, Columns, write_omop
from anon_pipeline.cohort import Cohort
from anon_pipeline.keys import seeded_rng
from anon_pipeline.modalities import Draw, Synthesis
from anon_pipeline.modalities.observational.layout import ATTRIBUTES, SCHEMAS


def synthesize(cohort: Cohort, draw: Draw, seed: int, out: Path) -> Synthesis:
    """Write person, observation_period, visit_occurrence, the event tables and death below ``out``.

    A table is written when the cohort has it. Rows are ordered by id, and ids are random. Same cohort, draw and seed:
    the same bytes.
    """
    from anon_pipeline.avatars.patients import EVENTS, patient_table
    from anon_pipeline.avatars.timeline import real_spans, timeline
    from anon_pipeline.modalities.observational.events import expand

    out.mkdir(parents=True, exist_ok=True)
    table = patient_table(cohort)
    time = timeline(cohort, draw, seed)
    frame, ids = time.patients.frame, time.ids
    files, counts = [], {}

    def write(name: str, columns: Columns, key: str) -> None:
        files.append(write_omop(out, name, columns, SCHEMAS[name], key))
        counts[name] = len(columns[key])

    write("person", _persons(cohort, frame, ids, time.birth), "person_id")
    rng = seeded_rng(seed, "observational", draw.size)
    period = rng.permutation(len(ids)) + 1
    write(
        "observation_period",
        {
            "observation_period_id": period,
            "person_id": ids,
            "observation_period_start_date": time.start,
            "observation_period_end_date": time.end,
            "period_type_concept_id": np.full(len(ids), TYPE_EHR),
        },
        "observation_period_id",
    )
    if cohort.has("visit_occurrence"):
        visits = time.visits
        write(
            "visit_occurrence",
            {
                "visit_occurrence_id": visits.id,
                "person_id": ids[visits.avatar],
                "visit_concept_id": visits.concept,
                "visit_start_date": visits.start,
                "visit_start_datetime": visits.start,
                "visit_end_date": visits.stop,
                "visit_end_datetime": visits.stop,
                "visit_type_concept_id": np.full(len(visits.id), TYPE_EHR),
            },
            "visit_occurrence_id",
        )
    spans = real_spans(table.frame)
    for name, (concept, date) in EVENTS.items():
        if not cohort.has(name):
            continue
        rows = _patients_events(cohort, name, concept, date)
        rows["code"] = rows["concept"].map(table.goes[name]).fillna(0).astype("int64")
        events = expand(rows[rows["code"] > 0], name, time, spans, seeded_rng(seed, "events", name, draw.size))
        write(name, _columns(name, events, time, rng), f"{name}_id")
    if cohort.has("death"):
        gone = np.flatnonzero(time.death >= 0)
        write(
            "death",
            {
                "person_id": ids[gone],
                "death_date": time.death[gone],
                "death_datetime": time.death[gone],
                "death_type_concept_id": np.full(len(gone), TYPE_EHR),
            },
            "person_id",
        )
    notes = [
        f"{name}: {count if count >= 11 else 'fewer than 11'} rows had a code too rare to leave"
        for name, count in table.suppressed.items()
        if count and name != "measurement"
    ]
    return Synthesis(files, counts, notes)


def _persons(cohort: Cohort, frame: pd.DataFrame, ids: NDArray[np.int64], birth: NDArray[np.int64]) -> Columns:
    from anon_pipeline.avatars.reading import query

    days = birth.astype("datetime64[D]")
    months = days.astype("datetime64[M]")
    whole = query(
        "select coalesce(avg((day_of_birth is not null)::int), 0) as d, coalesce(avg((birth_datetime is not null)"
        "::int), 0) as b, coalesce(avg((month_of_birth is not null)::int), 0) as m from {t}",
        t=cohort.path("person"),
    ).iloc[0]
    nothing = np.full(len(ids), -1)
    return {
        "person_id": ids,
        "gender_concept_id": frame["sex"].to_numpy(dtype=np.int64),
        "year_of_birth": days.astype("datetime64[Y]").astype(np.int64) + 1970,
        "month_of_birth": months.astype(np.int64) % 12 + 1 if whole["m"] > 0.5 else nothing,
        "day_of_birth": (days - months).astype(np.int64) + 1 if whole["d"] > 0.5 else nothing,
        "birth_datetime": birth if whole["b"] > 0.5 else np.full(len(ids), MISSING_DAY),
        "race_concept_id": frame["race"].to_numpy(dtype=np.int64),
        "ethnicity_concept_id": frame["ethnicity"].to_numpy(dtype=np.int64),
    }


def _patients_events(cohort: Cohort, name: str, concept: str, date: str) -> pd.DataFrame:
    """The patients' events with the concept of their visit and the attributes that this table's layout names."""
    from anon_pipeline.avatars.reading import query

    path = cohort.path(name)
    has = set(pq.read_schema(path).names)
    picks = [f"e.{concept} as concept", f"date_diff('day', date '1970-01-01', cast(e.{date} as date)) as d"]
    for column, (kind, expression) in ATTRIBUTES[name].items():
        if column in has:
            picks.append(f'cast({expression} as double) as "{kind}:{column}"')
    if cohort.has("visit_occurrence") and "visit_occurrence_id" in has:
        join = "left join {v} v on v.visit_occurrence_id = e.visit_occurrence_id and v.person_id = e.person_id"
        picks.append("coalesce(v.visit_concept_id, 0) as visit_concept")
        files = {"t": path, "v": cohort.path("visit_occurrence")}
    else:
        join, files = "", {"t": path}
        picks.append("0 as visit_concept")
    order = "order by e.person_id, d, concept, visit_concept"
    return query(
        f"select e.person_id, {', '.join(picks)} from {{t}} e {join} where e.{date} is not null {order}", **files
    )


def _columns(name: str, events: Any, time: Any, rng: np.random.Generator) -> Columns:
    """The OMOP columns of a table of events; an end never lies after the observed period."""
    from anon_pipeline.avatars.patients import EVENTS

    concept, date = EVENTS[name]
    rows = len(events.avatar)
    columns: Columns = {
        f"{name}_id": rng.permutation(rows) + 1,
        "person_id": time.ids[events.avatar],
        concept: events.code,
        date: events.day,
        date + "time": events.day,
        "visit_occurrence_id": np.where(events.visit > 0, events.visit, -1),
    }
    kind = {
        "condition_occurrence": "condition",
        "drug_exposure": "drug",
        "procedure_occurrence": "procedure",
        "observation": "observation",
    }[name]
    columns[f"{kind}_type_concept_id"] = np.full(rows, TYPE_EHR)
    ends = {"condition_occurrence": "condition_end_date", "drug_exposure": "drug_exposure_end_date"}
    for full, values in events.attributes.items():
        column = full[2:]
        if column == ends.get(name):
            stop = events.day + np.maximum(np.nan_to_num(values, nan=0), 0).astype(np.int64)
            stop = np.minimum(stop, np.maximum(time.end[events.avatar], events.day))
            columns[column] = np.where(np.isnan(values), MISSING_DAY, stop)
            columns[column + "time"] = columns[column]
        else:
            columns[column] = values
    return columns
