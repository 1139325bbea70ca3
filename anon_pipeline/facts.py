"""What an OMOP-shaped folder says of a patient at a moment: the facts that reports are written from.

One wide row a moment (a patient and a date), the same for real patients and for avatars. Facts of images and genomes
are added by their modalities. Which facts matter is not decided here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa

from anon_pipeline.cohort import Cohort

if TYPE_CHECKING:
    import pandas as pd

_EVENTS = {
    "condition": ("condition_occurrence", "condition_concept_id", "condition_start_date"),
    "drug": ("drug_exposure", "drug_concept_id", "drug_exposure_start_date"),
    "procedure": ("procedure_occurrence", "procedure_concept_id", "procedure_date"),
}


def facts_at(cohort: Cohort, moments: pa.Table, least: int = 20) -> pd.DataFrame:
    """Facts at each moment.

    moments: columns ``row`` (int64), ``person_id`` (int64), ``date`` (date32). least: a concept's fact is given when at
    least so many patients have it. Returns a frame indexed by ``row``:
    ``age`` (completed years), ``female`` (0/1), ``dead`` (0/1, whenever), ``condition/ID``, ``drug/ID``,
    ``procedure/ID`` (0/1, by that date or later in the same visit's month), ``measurement/ID/near`` (the value nearest
    to the date, within 45 days) and ``measurement/ID/last`` (the last value up to the date).
    """
    import pandas as pd

    database = duckdb.connect(config={"threads": 1})  # sums in one order: same bytes each time
    database.register("moments", moments)
    frames = [_person(database, cohort)]
    for kind, (table, concept, date) in _EVENTS.items():
        if cohort.has(table):
            database.register("events", cohort.read(table, ["person_id", concept, date]))
            frames.append(_ever(database, kind, concept, date, least))
    if cohort.has("measurement"):
        columns = ["person_id", "measurement_concept_id", "measurement_date", "value_as_number"]
        database.register("values", cohort.read("measurement", columns))
        frames += [_near(database, least), _last(database, least)]
    return pd.concat(frames, axis=1)


def _person(database: duckdb.DuckDBPyConnection, cohort: Cohort) -> pd.DataFrame:
    database.register("person", cohort.read("person"))
    dead = "FALSE"
    if cohort.has("death"):
        database.register("death", cohort.read("death", ["person_id"]))
        dead = "m.person_id IN (SELECT person_id FROM death)"
    names = cohort.read("person").column_names
    month = "coalesce(p.month_of_birth, 7)" if "month_of_birth" in names else "7"
    day = "coalesce(p.day_of_birth, 1)" if "day_of_birth" in names else "1"
    return database.execute(
        f"""
        SELECT m.row, date_sub('year', make_date(p.year_of_birth, {month}, least({day}, 28)), m.date) AS age,
               (p.gender_concept_id = 8532)::INT AS female, ({dead})::INT AS dead
        FROM moments AS m JOIN person AS p USING (person_id) ORDER BY m.row
        """
    ).df().set_index("row")  # fmt: skip


def _ever(database: duckdb.DuckDBPyConnection, kind: str, concept: str, date: str, least: int) -> pd.DataFrame:
    long = database.execute(
        f"""
        WITH common AS (
            SELECT {concept} AS id FROM events WHERE {concept} <> 0
            GROUP BY 1 HAVING count(DISTINCT person_id) >= {least}
        )
        SELECT DISTINCT m.row, e.{concept} AS id
        FROM moments AS m JOIN events AS e USING (person_id) JOIN common AS c ON c.id = e.{concept}
        WHERE e.{date} <= m.date + INTERVAL 31 DAY
        """
    ).df()  # fmt: skip
    return _wide(database, long.assign(value=1.0), kind, "", 0.0)


def _near(database: duckdb.DuckDBPyConnection, least: int) -> pd.DataFrame:
    long = database.execute(
        f"""
        SELECT m.row, v.measurement_concept_id AS id,
               arg_min(v.value_as_number, abs(v.measurement_date - m.date) * 2 + (v.measurement_date > m.date)::INT)
                   AS value
        FROM moments AS m JOIN values AS v USING (person_id)
        WHERE v.value_as_number IS NOT NULL AND abs(v.measurement_date - m.date) <= 45
          AND v.measurement_concept_id IN ({_common(least)})
        GROUP BY ALL
        """
    ).df()  # fmt: skip
    return _wide(database, long, "measurement", "/near", None)


def _last(database: duckdb.DuckDBPyConnection, least: int) -> pd.DataFrame:
    long = database.execute(
        f"""
        SELECT m.row, v.measurement_concept_id AS id, arg_max(v.value_as_number, v.measurement_date) AS value
        FROM moments AS m JOIN values AS v USING (person_id)
        WHERE v.value_as_number IS NOT NULL AND v.measurement_date <= m.date
          AND v.measurement_concept_id IN ({_common(least)})
        GROUP BY ALL
        """
    ).df()  # fmt: skip
    return _wide(database, long, "measurement", "/last", None)


def _common(least: int) -> str:
    return (
        "SELECT measurement_concept_id FROM values WHERE value_as_number IS NOT NULL "
        f"GROUP BY 1 HAVING count(DISTINCT person_id) >= {least}"
    )


def _wide(
    database: duckdb.DuckDBPyConnection, long: pd.DataFrame, kind: str, suffix: str, absent: float | None
) -> pd.DataFrame:
    """One column a concept, one row a moment; ``absent`` where a moment has none."""
    rows = database.execute("SELECT row FROM moments ORDER BY row").df()["row"]
    wide = long.pivot_table(index="row", columns="id", values="value", aggfunc="first").reindex(rows)
    wide.columns = [f"{kind}/{int(concept)}{suffix}" for concept in wide.columns]
    return wide if absent is None else wide.fillna(absent)
