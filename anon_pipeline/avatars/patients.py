"""The patient-level table of a cohort: what all longitudinal modalities share.

One row a patient: demographics, the observed period, death, how often each visit type and each clinical code occurs,
and functional features of each analyte. Decoding such rows for a draw belongs to ``patient_rows``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from anon_pipeline.avatars.analytes import Analyte, analyte_features
from anon_pipeline.avatars.columns import RARE, Column, Kind
from anon_pipeline.avatars.embedding import Famd, famd
from anon_pipeline.avatars.marginals import Encoded, Marginal, learn
from anon_pipeline.avatars.reading import query
from anon_pipeline.avatars.rollup import roll_up
from anon_pipeline.cohort import Cohort
from anon_pipeline.errors import BadInput
from anon_pipeline.keys import seeded_rng

EVENTS = {
    "condition_occurrence": ("condition_concept_id", "condition_start_date"),
    "drug_exposure": ("drug_concept_id", "drug_exposure_start_date"),
    "procedure_occurrence": ("procedure_concept_id", "procedure_date"),
    "observation": ("observation_concept_id", "observation_date"),
}
CODES_PER_TABLE = 150
DAY = 86400.0


@dataclass
class PatientTable:
    """frame: one row a patient, by ascending person_id, columns named ``kind:...``. person_ids: (n,) int64.
    goes: event table -> concept -> the code that it becomes (0: suppressed). one_sex: column -> the only
    gender_concept_id that has it. suppressed: table -> rows whose code does not leave. analytes: what the ``lab:``
    columns describe."""

    frame: pd.DataFrame
    person_ids: NDArray[np.int64]
    goes: dict[str, dict[int, int]] = field(default_factory=dict)
    one_sex: dict[str, int] = field(default_factory=dict)
    suppressed: dict[str, int] = field(default_factory=dict)
    analytes: list[Analyte] = field(default_factory=list)


def patient_table(cohort: Cohort) -> PatientTable:
    """Read the patient-level table of one part of an extraction. Raises BadInput without person.parquet."""
    stamp = tuple((str(p), p.stat().st_mtime_ns) for p in sorted(cohort.root.rglob("*.parquet")))
    return _patient_table(cohort.name, str(cohort.root), stamp)


@lru_cache(maxsize=2)
def _patient_table(name: str, root: str, stamp: tuple[Any, ...]) -> PatientTable:
    _ = stamp
    cohort = Cohort(name, Path(root))
    if not cohort.has("person"):
        raise BadInput(f"cohort {cohort.name}: no person table")
    base = _demographics(cohort)
    persons = base.index.to_numpy(dtype=np.int64)
    table = PatientTable(base, persons)
    parts = [base]
    if cohort.has("visit_occurrence"):
        visits = query("select person_id, visit_concept_id as concept from {t}", t=cohort.path("visit_occurrence"))
        parts.append(_counts(visits, "visit", persons, table, "visit_occurrence", cohort, limit=20))
    for event, (concept, date) in EVENTS.items():
        if cohort.has(event):
            rows = query(
                f"select person_id, {concept} as concept from {{t}} where {date} is not null", t=cohort.path(event)
            )
            parts.append(_counts(rows, event, persons, table, event, cohort, limit=CODES_PER_TABLE))
    if cohort.has("measurement"):
        features, table.analytes, table.suppressed["measurement"] = analyte_features(cohort, persons)
        parts.append(features)
    table.frame = pd.concat(parts, axis=1)
    sex = table.frame["sex"].to_numpy()
    for column in table.frame.columns:
        if ":" in column and not column.startswith(("lab:", "visit:")):
            having = np.unique(sex[table.frame[column].to_numpy() > 0])
            if len(having) == 1 and len(np.unique(sex)) > 1 and (sex == having[0]).mean() < 0.9:
                table.one_sex[column] = int(having[0])
    return table


def _demographics(cohort: Cohort) -> pd.DataFrame:
    person = query(
        """select distinct on (person_id) person_id, coalesce(gender_concept_id, 0) as sex,
        coalesce(race_concept_id, 0) as race, coalesce(ethnicity_concept_id, 0) as ethnicity,
        coalesce(cast(birth_datetime as date), make_date(cast(year_of_birth as integer),
        cast(coalesce(month_of_birth, 7) as integer), cast(coalesce(day_of_birth, 1) as integer))) as birth
        from {t} where year_of_birth is not null order by person_id""",
        t=cohort.path("person"),
    ).set_index("person_id")
    spans = []
    if cohort.has("observation_period"):
        spans.append(
            query(
                """select person_id, observation_period_start_date as a, observation_period_end_date as b
                from {t}""",
                t=cohort.path("observation_period"),
            )
        )
    else:
        for event, (_, date) in {**EVENTS, "visit_occurrence": ("", "visit_start_date")}.items():
            if cohort.has(event):
                spans.append(query(f"select person_id, {date} as a, {date} as b from {{t}}", t=cohort.path(event)))
    if spans:
        span = pd.concat(spans)
        span["a"], span["b"] = pd.to_datetime(span["a"]), pd.to_datetime(span["b"])
        span = span.groupby("person_id").agg(a=("a", "min"), b=("b", "max"))
        person = person.join(span)
    else:
        person["a"] = person["b"] = pd.NaT
    birth = pd.to_datetime(person["birth"])
    start = pd.to_datetime(person["a"]).fillna(birth)
    end = pd.to_datetime(person["b"]).fillna(start)
    out = pd.DataFrame(index=person.index)
    for column in ("sex", "race", "ethnicity"):
        out[column] = person[column].astype("int64")
    out["age"] = (start - birth).dt.days.clip(lower=0).astype("int64")
    out["length"] = (end - start).dt.days.clip(lower=0).astype("int64")
    out["start"] = start.astype("datetime64[us]")
    out["dead"] = 0
    if cohort.has("death"):
        death = query(
            "select person_id, max(death_date) as d from {t} where death_date is not null group by 1",
            t=cohort.path("death"),
        ).set_index("person_id")["d"]
        when = pd.to_datetime(death).reindex(out.index)
        out["dead"] = when.notna().astype("int64")
        out["until_death"] = (when - end).dt.days.clip(lower=0).astype(float)
    return out.sort_index()


def _counts(
    rows: pd.DataFrame,
    prefix: str,
    persons: NDArray[np.int64],
    table: PatientTable,
    name: str,
    cohort: Cohort,
    limit: int,
) -> pd.DataFrame:
    """How often each patient has each code that enough patients share, the ``limit`` commonest codes."""
    rows = rows[rows["person_id"].isin(persons)].copy()
    rows["concept"] = rows["concept"].fillna(0).astype("int64")
    least = RARE if len(persons) >= 4 * RARE else max(5, len(persons) // 4)
    ancestors = None
    if cohort.has("concept_ancestor") and prefix != "visit":
        ancestors = query(
            "select ancestor_concept_id, descendant_concept_id, min_levels_of_separation from {t}",
            t=cohort.path("concept_ancestor"),
        )
    goes = roll_up(rows, ancestors, least)
    rows["code"] = rows["concept"].map(goes).fillna(0).astype("int64")
    people = rows[rows["code"] > 0].groupby("code")["person_id"].nunique()
    people = people[people >= least].sort_index().sort_values(ascending=False, kind="stable")
    kept = [int(code) for code in people.index[:limit]]
    table.goes[name] = {concept: (code if code in set(kept) else 0) for concept, code in goes.items()}
    table.suppressed[name] = int((~rows["code"].isin(kept)).sum())
    counts = rows[rows["code"].isin(kept)].groupby(["person_id", "code"]).size().unstack(fill_value=0)
    counts = counts.reindex(index=persons, columns=kept, fill_value=0).astype("int64")
    counts.columns = [f"{prefix}:{code}" for code in kept]
    counts.index.name = "person_id"
    return counts


def columns_of(frame: pd.DataFrame) -> list[Column]:
    """What each patient-level column is: codes' counts are numbers, demographics categories."""
    out = []
    for name in frame.columns:
        values = pd.Series(frame[name])
        present = values.dropna()
        if present.nunique() <= 1:
            constant = present.iloc[0] if len(present) else None
            out.append(Column(str(name), "constant" if len(present) else "missing", values.dtype, constant=constant))
        elif name in ("sex", "race", "ethnicity", "dead"):
            out.append(Column(str(name), "category", values.dtype, ordered=False))
        elif name == "start":
            out.append(Column(str(name), "number", values.dtype, unit=DAY, temporal=True, ordered=True))
        elif pd.api.types.is_integer_dtype(values.dtype) or name == "until_death":
            counts = present.value_counts()
            few = len(counts) <= 10 and counts.min() >= RARE
            kind: Kind = "category" if few and name != "until_death" else "number"
            out.append(Column(str(name), kind, values.dtype, unit=1.0, ordered=True))
        else:
            out.append(Column(str(name), "number", values.dtype, unit=1e-6, ordered=True, derived=True))
    return out


def encode_patients(
    frame: pd.DataFrame, rng: np.random.Generator
) -> tuple[list[Marginal], list[Encoded], list[Column]]:
    """Classes and scores of every column that varies; the third list holds all columns."""
    columns = columns_of(frame)
    pairs = [learn(c, pd.Series(frame[c.name]), rng) for c in columns if c.kind in ("number", "category")]
    return [m for m, _ in pairs], [e for _, e in pairs], columns


def embed_patients(frame: pd.DataFrame, limit: int = 200) -> Famd:
    """The mixed-type embedding of some columns of the patient-level table, at most ``limit`` dimensions."""
    marginals, encoded, _ = encode_patients(frame, seeded_rng(0, "embed"))
    if not marginals:
        return Famd(np.zeros((len(frame), 1), np.float32), np.ones(1, np.float32))
    whole = famd(marginals, encoded)
    return Famd(whole.vectors[:, :limit], whole.explained[:limit])
