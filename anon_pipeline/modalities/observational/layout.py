"""The OMOP CDM 5.4 columns that observational avatars leave with, and the attributes that events carry."""

from __future__ import annotations

import pyarrow as pa

_INT, _DATE, _TIME, _REAL = pa.int64(), pa.date32(), pa.timestamp("us"), pa.float64()


def _schema(**columns: pa.DataType) -> pa.Schema:
    return pa.schema(list(columns.items()))


SCHEMAS = {
    "person": _schema(
        person_id=_INT,
        gender_concept_id=_INT,
        year_of_birth=_INT,
        month_of_birth=_INT,
        day_of_birth=_INT,
        birth_datetime=_TIME,
        race_concept_id=_INT,
        ethnicity_concept_id=_INT,
    ),
    "observation_period": _schema(
        observation_period_id=_INT,
        person_id=_INT,
        observation_period_start_date=_DATE,
        observation_period_end_date=_DATE,
        period_type_concept_id=_INT,
    ),
    "visit_occurrence": _schema(
        visit_occurrence_id=_INT,
        person_id=_INT,
        visit_concept_id=_INT,
        visit_start_date=_DATE,
        visit_start_datetime=_TIME,
        visit_end_date=_DATE,
        visit_end_datetime=_TIME,
        visit_type_concept_id=_INT,
    ),
    "condition_occurrence": _schema(
        condition_occurrence_id=_INT,
        person_id=_INT,
        condition_concept_id=_INT,
        condition_start_date=_DATE,
        condition_start_datetime=_TIME,
        condition_end_date=_DATE,
        condition_end_datetime=_TIME,
        condition_type_concept_id=_INT,
        condition_status_concept_id=_INT,
        visit_occurrence_id=_INT,
    ),
    "drug_exposure": _schema(
        drug_exposure_id=_INT,
        person_id=_INT,
        drug_concept_id=_INT,
        drug_exposure_start_date=_DATE,
        drug_exposure_start_datetime=_TIME,
        drug_exposure_end_date=_DATE,
        drug_exposure_end_datetime=_TIME,
        drug_type_concept_id=_INT,
        refills=_INT,
        quantity=_REAL,
        days_supply=_INT,
        route_concept_id=_INT,
        visit_occurrence_id=_INT,
    ),
    "procedure_occurrence": _schema(
        procedure_occurrence_id=_INT,
        person_id=_INT,
        procedure_concept_id=_INT,
        procedure_date=_DATE,
        procedure_datetime=_TIME,
        procedure_type_concept_id=_INT,
        modifier_concept_id=_INT,
        quantity=_INT,
        visit_occurrence_id=_INT,
    ),
    "observation": _schema(
        observation_id=_INT,
        person_id=_INT,
        observation_concept_id=_INT,
        observation_date=_DATE,
        observation_datetime=_TIME,
        observation_type_concept_id=_INT,
        value_as_number=_REAL,
        value_as_concept_id=_INT,
        qualifier_concept_id=_INT,
        unit_concept_id=_INT,
        visit_occurrence_id=_INT,
    ),
    "death": _schema(
        person_id=_INT, death_date=_DATE, death_datetime=_TIME, death_type_concept_id=_INT, cause_concept_id=_INT
    ),
}

ATTRIBUTES: dict[str, dict[str, tuple[str, str]]] = {
    "condition_occurrence": {
        "condition_end_date": (
            "n",
            "date_diff('day', cast(e.condition_start_date as date), cast(e.condition_end_date as date))",
        ),
        "condition_status_concept_id": ("c", "e.condition_status_concept_id"),
    },
    "drug_exposure": {
        "drug_exposure_end_date": (
            "n",
            "date_diff('day', cast(e.drug_exposure_start_date as date), cast(e.drug_exposure_end_date as date))",
        ),
        "refills": ("n", "e.refills"),
        "quantity": ("n", "e.quantity"),
        "days_supply": ("n", "e.days_supply"),
        "route_concept_id": ("c", "e.route_concept_id"),
    },
    "procedure_occurrence": {
        "modifier_concept_id": ("c", "e.modifier_concept_id"),
        "quantity": ("n", "e.quantity"),
    },
    "observation": {
        "value_as_number": ("n", "e.value_as_number"),
        "value_as_concept_id": ("c", "e.value_as_concept_id"),
        "qualifier_concept_id": ("c", "e.qualifier_concept_id"),
        "unit_concept_id": ("c", "e.unit_concept_id"),
    },
}
"""table -> column -> (n for numbers, c for codes; the expression on the patients' row e). End dates are durations."""
