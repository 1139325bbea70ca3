"""Biology avatars as OMOP ``measurement``, tied to the avatars' own visits. One analyte's series is ``analyte``."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from anon_pipeline.cohort import Cohort
from anon_pipeline.keys import seeded_rng
from anon_pipeline.modalities import Draw, Synthesis

SCHEMA = pa.schema(
    [
        ("measurement_id", pa.int64()),
        ("person_id", pa.int64()),
        ("measurement_concept_id", pa.int64()),
        ("measurement_date", pa.date32()),
        ("measurement_datetime", pa.timestamp("us")),
        ("measurement_type_concept_id", pa.int64()),
        ("operator_concept_id", pa.int64()),
        ("value_as_number", pa.float64()),
        ("value_as_concept_id", pa.int64()),
        ("unit_concept_id", pa.int64()),
        ("range_low", pa.float64()),
        ("range_high", pa.float64()),
        ("visit_occurrence_id", pa.int64()),
    ]
)
EQUALS = 4172703


def synthesize(cohort: Cohort, draw: Draw, seed: int, out: Path) -> Synthesis:
    """Write measurement.parquet below ``out``; person and visit ids are those of the observational avatars."""
    from anon_pipeline.avatars.omop import TYPE_EHR, write_omop
    from anon_pipeline.avatars.patients import patient_table
    from anon_pipeline.avatars.timeline import real_spans, timeline
    from anon_pipeline.modalities.biology.analyte import expand
    from anon_pipeline.modalities.biology.groups import predictors

    out.mkdir(parents=True, exist_ok=True)
    table = patient_table(cohort)
    time = timeline(cohort, draw, seed)
    rows = _patients_rows(cohort, table.frame["sex"])
    samples = dict(iter(rows.groupby(["concept", "unit"])))
    groups = predictors(table.frame), predictors(time.patients.frame)
    spans = real_spans(table.frame)
    visits = time.visits.of(draw.size)
    parts = []
    for analyte in table.analytes:
        rng = seeded_rng(seed, "biology", analyte.name, draw.size)
        made = expand(analyte, samples[(analyte.concept, analyte.unit)], time, spans, visits, groups, rng)
        size = len(made["avatar"])
        made["code"] = np.full(size, analyte.concept)
        made["unit"] = np.full(size, analyte.unit if analyte.unit else -1)
        parts.append(made)
    names = ("avatar", "day", "visit", "concept", "operator", "value", "low", "high", "code", "unit")
    all_of = {name: np.concatenate([part[name] for part in parts]) if parts else np.empty(0) for name in names}
    avatar = all_of["avatar"].astype(np.int64)
    size = len(avatar)
    operators = bool(len(rows)) and bool((rows["operator"] == EQUALS).mean() > 0.5)
    operator = np.where((all_of["operator"] < 0) & operators, EQUALS, all_of["operator"])
    columns = {
        "measurement_id": seeded_rng(seed, "measurement-ids", size).permutation(size) + 1,
        "person_id": time.ids[avatar],
        "measurement_concept_id": all_of["code"],
        "measurement_date": all_of["day"].astype(np.int64),
        "measurement_datetime": all_of["day"].astype(np.int64),
        "measurement_type_concept_id": np.full(size, TYPE_EHR),
        "operator_concept_id": operator,
        "value_as_number": all_of["value"],
        "value_as_concept_id": all_of["concept"],
        "unit_concept_id": all_of["unit"],
        "range_low": all_of["low"],
        "range_high": all_of["high"],
        "visit_occurrence_id": np.where(all_of["visit"] > 0, all_of["visit"], -1),
    }
    path = write_omop(out, "measurement", columns, SCHEMA, "measurement_id")
    lost = table.suppressed.get("measurement", 0)
    notes = (
        [f"measurement: {lost if lost >= 11 else 'fewer than 11'} rows of analytes too rare to leave"] if lost else []
    )
    return Synthesis([path], {"measurement": size, "analytes": len(table.analytes)}, notes)


def _patients_rows(cohort: Cohort, sex: pd.Series) -> pd.DataFrame:
    """The patients' measurements with what an analyte's series needs to know."""
    from anon_pipeline.avatars.analytes import measurements
    from anon_pipeline.avatars.reading import cohort_columns, query

    has = cohort_columns(cohort, "measurement")

    def pick(column: str, name: str, kind: str) -> str:
        return f', cast({column if column in has else "null"} as {kind}) as "{name}"'

    rows = measurements(
        cohort,
        pick("range_low", "low", "double")
        + pick("range_high", "high", "double")
        + pick("value_as_concept_id", "c:value", "double")
        + pick("operator_concept_id", "operator", "bigint")
        + pick("visit_occurrence_id", "visit", "bigint"),
    )
    rows = rows[rows["person_id"].isin(sex.index)].copy()
    rows["sex"] = sex.reindex(rows["person_id"]).to_numpy()
    rows["operator"] = rows["operator"].fillna(-1).astype("int64")
    rows["visit_concept"] = 0
    if cohort.has("visit_occurrence"):
        visits = query(
            "select visit_occurrence_id as visit, person_id as owner, visit_concept_id as vc from {t}",
            t=cohort.path("visit_occurrence"),
        ).drop_duplicates("visit")
        joined = rows[["visit", "person_id"]].merge(visits, on="visit", how="left")
        own = (joined["owner"] == joined["person_id"]).to_numpy()
        rows["visit_concept"] = np.where(own, joined["vc"].fillna(0).to_numpy(), 0).astype(np.int64)
    return rows
