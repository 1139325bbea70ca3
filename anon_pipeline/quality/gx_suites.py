"""What released OMOP tables must look like, as data: columns, types, keys, order of dates, plausible ranges.

Column names and types are those of the OMOP CDM 5.4. Ranges are wide on purpose: they catch a broken decoder (a month
13, a year 0, a negative supply), not an unusual hospital; hospitals also shift their dates by more than a century.
Running the suites belongs to ``gx``.
"""

from __future__ import annotations

from dataclasses import dataclass, field

EARLIEST, LATEST = "1850-01-01", "2300-12-31"
IDENTIFYING = r"(?:_source_value|^provider_id|^location_id|^care_site_id)$"
"""Columns that never leave with a value in them."""

Range = tuple[float | None, float | None]


@dataclass(frozen=True)
class TableSuite:
    """One table's expectations.

    identifier: unique and never null. required: columns that must be there, never null. types: Arrow types allowed,
    by the column's ending. keys: column -> (table, its column). ordered: (earlier, later) pairs of dates.
    """

    identifier: str | None
    required: tuple[str, ...]
    keys: dict[str, tuple[str, str]] = field(default_factory=dict)
    ordered: tuple[tuple[str, str], ...] = ()
    ranges: dict[str, Range] = field(default_factory=dict)
    start: str | None = None
    may_be_empty: bool = True


_PERSON = {"person_id": ("person", "person_id")}
_VISIT = {"visit_occurrence_id": ("visit_occurrence", "visit_occurrence_id")}
_EVENT = _PERSON | _VISIT

SUITES: dict[str, TableSuite] = {
    "person": TableSuite(
        "person_id",
        ("person_id", "gender_concept_id", "year_of_birth"),
        ranges={
            "gender_concept_id": (0, None),
            "year_of_birth": (1850, 2300),
            "month_of_birth": (1, 12),
            "day_of_birth": (1, 31),
        },
        may_be_empty=False,
    ),
    "observation_period": TableSuite(
        "observation_period_id",
        ("observation_period_id", "person_id", "observation_period_start_date", "observation_period_end_date"),
        keys=_PERSON,
        ordered=(("observation_period_start_date", "observation_period_end_date"),),
        start="observation_period_start_date",
    ),
    "visit_occurrence": TableSuite(
        "visit_occurrence_id",
        ("visit_occurrence_id", "person_id", "visit_concept_id", "visit_start_date"),
        keys=_PERSON,
        ordered=(("visit_start_date", "visit_end_date"), ("visit_start_datetime", "visit_end_datetime")),
        ranges={"visit_concept_id": (0, None)},
        start="visit_start_date",
    ),
    "condition_occurrence": TableSuite(
        "condition_occurrence_id",
        ("condition_occurrence_id", "person_id", "condition_concept_id", "condition_start_date"),
        keys=_EVENT,
        ordered=(("condition_start_date", "condition_end_date"),),
        ranges={"condition_concept_id": (0, None)},
        start="condition_start_date",
    ),
    "drug_exposure": TableSuite(
        "drug_exposure_id",
        ("drug_exposure_id", "person_id", "drug_concept_id", "drug_exposure_start_date"),
        keys=_EVENT,
        ordered=(("drug_exposure_start_date", "drug_exposure_end_date"),),
        ranges={"drug_concept_id": (0, None), "days_supply": (0, 36500), "refills": (0, 1000), "quantity": (0, 1e9)},
        start="drug_exposure_start_date",
    ),
    "procedure_occurrence": TableSuite(
        "procedure_occurrence_id",
        ("procedure_occurrence_id", "person_id", "procedure_concept_id", "procedure_date"),
        keys=_EVENT,
        ordered=(("procedure_date", "procedure_end_date"),),
        ranges={"procedure_concept_id": (0, None), "quantity": (0, 1e9)},
        start="procedure_date",
    ),
    "observation": TableSuite(
        "observation_id",
        ("observation_id", "person_id", "observation_concept_id", "observation_date"),
        keys=_EVENT,
        ranges={"observation_concept_id": (0, None)},
        start="observation_date",
    ),
    "measurement": TableSuite(
        "measurement_id",
        ("measurement_id", "person_id", "measurement_concept_id", "measurement_date"),
        keys=_EVENT,
        ranges={"measurement_concept_id": (0, None), "value_as_number": (-1e15, 1e15)},
        start="measurement_date",
    ),
    "note": TableSuite(
        "note_id",
        ("note_id", "person_id", "note_date", "note_text"),
        keys=_EVENT,
        start="note_date",
    ),
    "death": TableSuite(
        "person_id",
        ("person_id", "death_date"),
        keys=_PERSON,
        start="death_date",
    ),
}

TYPES = (
    (r"_text$|_title$|_as_string$|^sig$|^lot_number$|^stop_reason$", ("string", "large_string")),
    (r"_concept_id$|_id$|^(year|month|day)_of_birth$|^days_supply$|^refills$", ("int64", "int32")),
    (r"_date$", ("date32[day]",)),
    (r"_datetime$", ("timestamp[s]", "timestamp[ms]", "timestamp[us]", "timestamp[ns]")),
    (r"^quantity$|_as_number$|^range_(low|high)$", ("double", "float", "int64", "int32")),
)
"""First pattern that fits a column's name, and the Arrow types that it may have. Other columns are not judged."""
