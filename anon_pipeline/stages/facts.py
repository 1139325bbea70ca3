"""The facts that reports are written from: those of the tables, and those that images add, for patients and avatars."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from anon_pipeline.cohort import Cohort
from anon_pipeline.facts import facts_at
from anon_pipeline.stages.base import StageContext
from anon_pipeline.stages.modalities import verb

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


def known_facts(context: StageContext) -> dict[str, Any]:
    """What the text modality's ``synthesize`` asks for besides the draw."""
    training = context.extracted.training
    avatars = Cohort(context.cohort, context.work / "anonymised")
    least = context.policy.release.small_cell
    return {
        "facts_of_real": _facts(training, _of_images(training), least),
        "facts_of_avatars": _facts(avatars, _of_images(avatars), 1),
        "decoded": avatars,
    }


def person_facts(context: StageContext) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The facts of each training patient and of each avatar at the end of their observation, by person_id."""
    least = context.policy.release.small_cell
    return (
        facts_of(context.extracted.training, least),
        facts_of(Cohort(context.cohort, context.work / "anonymised"), least),
    )


def facts_of(cohort: Cohort, least: int) -> pd.DataFrame:
    """The facts of everyone of a cohort at the end of their observation, indexed by person_id."""
    moments = _last_moments(cohort)
    found = _facts(cohort, _of_images(cohort), least)(moments)
    persons = moments.to_pandas().set_index("row")["person_id"]
    return found.set_axis(persons.reindex(found.index).to_numpy(), axis=0)


def _last_moments(cohort: Cohort) -> pa.Table:
    import duckdb

    table = "observation_period" if cohort.has("observation_period") else "visit_occurrence"
    column = "observation_period_end_date" if table == "observation_period" else "visit_start_date"
    with duckdb.connect() as database:
        database.register("periods", cohort.read(table, ["person_id", column]))
        return database.sql(
            f"SELECT row_number() OVER (ORDER BY person_id) - 1 AS row, person_id, max({column})::DATE AS date "
            "FROM periods GROUP BY person_id ORDER BY person_id"
        ).to_arrow_table()


def _of_images(cohort: Cohort) -> pd.DataFrame | None:
    """One row a person, columns ``imaging/...``; None where there are no images."""
    measure = verb("imaging", "facts")
    return None if measure is None else measure(cohort)


def _facts(cohort: Cohort, of_images: pd.DataFrame | None, least: int) -> Callable[[pa.Table], pd.DataFrame]:
    def at(moments: pa.Table) -> pd.DataFrame:
        found = facts_at(cohort, moments, least)
        if of_images is None:
            return found
        persons = moments.to_pandas().set_index("row")["person_id"]
        return found.join(of_images.reindex(persons.to_numpy()).set_axis(persons.index))

    return at
