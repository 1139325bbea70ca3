"""One row a patient from OMOP tables: what an attacker who holds a patient's whole record would compare.

Counts, first and last dates, spans and gaps by table, the codes most patients have, and each common analyte's mean,
range, first and last value. SQL on the Parquet files of a folder; attacks belong to ``patient_level``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb
import pandas as pd

from anon_pipeline.errors import BadInput

EVENTS = {
    "visit_occurrence": ("visit_concept_id", "visit_start_date"),
    "condition_occurrence": ("condition_concept_id", "condition_start_date"),
    "drug_exposure": ("drug_concept_id", "drug_exposure_start_date"),
    "procedure_occurrence": ("procedure_concept_id", "procedure_date"),
    "observation": ("observation_concept_id", "observation_date"),
    "measurement": ("measurement_concept_id", "measurement_date"),
}
CODES = 12
ANALYTES = 12
SMALL_CELL = 11


@dataclass(frozen=True)
class Vocabulary:
    """The codes and analytes that features are made of: the commonest among the training patients."""

    codes: dict[str, list[int]]
    analytes: list[int]


def table_file(root: Path, table: str) -> Path | None:
    """Where a table lies below ``root``: ``TABLE.parquet`` at any depth, as a cohort or a release has it."""
    found = sorted(root.rglob(f"{table}.parquet"))
    return found[0] if found else None


def _relation(root: Path, table: str) -> str | None:
    path = table_file(root, table)
    return None if path is None else "read_parquet('" + str(path).replace("'", "''") + "')"


def vocabulary(root: Path) -> Vocabulary:
    """The commonest codes of each event table and the commonest analytes, of enough patients each that a figure's name
    tells of nobody. Raises BadInput without person."""
    if table_file(root, "person") is None:
        raise BadInput(f"{root}: no person.parquet")
    connection = duckdb.connect(config={"threads": 1})  # sums in one order: same bytes each time
    codes: dict[str, list[int]] = {}
    analytes: list[int] = []
    for table, (code, _) in EVENTS.items():
        relation = _relation(root, table)
        if relation is None:
            continue
        query = (
            f"SELECT {code} FROM {relation} WHERE {code} IS NOT NULL {{}} GROUP BY 1 "
            f"HAVING count(DISTINCT person_id) >= {SMALL_CELL} ORDER BY count(DISTINCT person_id) DESC, 1 LIMIT {{}}"
        )
        if table == "measurement":
            rows = connection.execute(query.format("AND value_as_number IS NOT NULL", ANALYTES)).fetchall()
            analytes = [int(r[0]) for r in rows]
        else:
            codes[table] = [int(r[0]) for r in connection.execute(query.format("", CODES)).fetchall()]
    return Vocabulary(codes, analytes)


def patient_features(root: Path, words: Vocabulary) -> pd.DataFrame:
    """One row a person, ordered by person_id, which is not among the columns."""
    person = _relation(root, "person")
    if person is None:
        raise BadInput(f"{root}: no person.parquet")
    connection = duckdb.connect(config={"threads": 1})  # sums in one order: same bytes each time
    out = connection.execute(
        f"SELECT person_id, gender_concept_id AS gender, year_of_birth FROM {person} ORDER BY person_id"
    ).df()
    out["gender"] = out["gender"].map(lambda v: None if pd.isna(v) else f"g{int(v)}")
    death = _relation(root, "death")
    if death is not None:
        dead = connection.execute(
            f"SELECT person_id, min(date_diff('day', DATE '1970-01-01', CAST(death_date AS DATE))) AS death_day "
            f"FROM {death} GROUP BY 1"
        ).df()
        out = out.merge(dead, on="person_id", how="left")
    for table, (code, date) in EVENTS.items():
        relation = _relation(root, table)
        if relation is None:
            continue
        day = f"date_diff('day', DATE '1970-01-01', CAST({date} AS DATE))"
        parts = [
            f"count(*) AS {table}_n",
            f"count(DISTINCT {code}) AS {table}_codes",
            f"min({day}) AS {table}_first",
            f"max({day}) - min({day}) AS {table}_span",
        ]
        parts += [f"count(*) FILTER ({code} = {value}) AS {table}_{value}" for value in words.codes.get(table, [])]
        if table == "measurement":
            for value in words.analytes:
                given = f"FILTER ({code} = {value} AND value_as_number IS NOT NULL)"
                parts += [
                    f"avg(value_as_number) {given} AS m{value}_mean",
                    f"max(value_as_number) {given} - min(value_as_number) {given} AS m{value}_range",
                    f"arg_min(value_as_number, {date}) {given} AS m{value}_first",
                    f"arg_max(value_as_number, {date}) {given} AS m{value}_last",
                    f"count(*) {given} AS m{value}_n",
                ]
        found = connection.execute(f"SELECT person_id, {', '.join(parts)} FROM {relation} GROUP BY 1").df()
        out = out.merge(found, on="person_id", how="left")
        counts = [c for c in found.columns if c.endswith(("_n", "_codes")) or c.split("_")[-1].isdigit()]
        out[counts] = out[counts].fillna(0)
    return out.sort_values("person_id").drop(columns="person_id").reset_index(drop=True)
