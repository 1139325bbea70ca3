"""Writes the OMOP folder block by block, and the DuckDB warehouse from it.

Rows are made in ``events`` and ``biology``.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa

from anon_pipeline.fictional import biology, events, identity, places
from anon_pipeline.fictional.concepts import VOCABULARIES, ancestors, concepts
from anon_pipeline.fictional.population import BLOCK, Population
from anon_pipeline.fictional.schema import TableWriter, arrow_table
from anon_pipeline.fictional.visits import Visits

CARE_SITES = tuple((site, unit) for site in places.SITES for unit in places.UNITS)
FIRST_HOME = 1000
_TODAY = dt.date(2026, 1, 15)


def write_reference(writer: TableWriter, seed: int) -> None:
    """The tables that do not depend on the patients: sites, staff, vocabulary, cohort definitions, source."""
    count = len(places.SITES)
    writer.write("location", {
        "location_id": np.arange(1, count + 1),
        "address_1": [places.street(i * 3, i * 7 + 1, i * 11) for i in range(count)],
        "city": places.SITE_TOWN.name, "zip": places.SITE_TOWN.postal_code,
        "location_source_value": list(places.SITES), "country_concept_id": 0, "country_source_value": "FR",
    })  # fmt: skip
    writer.write("care_site", {
        "care_site_id": np.arange(1, len(CARE_SITES) + 1),
        "care_site_name": [f"{places.HOSPITAL} - {site} - {unit}" for site, unit in CARE_SITES],
        "place_of_service_concept_id": 0,
        "location_id": [1 + i // len(places.UNITS) for i in range(len(CARE_SITES))],
        "care_site_source_value": [f"UF{1000 + 7 * i}" for i in range(len(CARE_SITES))],
    })  # fmt: skip
    staff = identity.staff(seed)
    writer.write("provider", {
        "provider_id": [member.provider_id for member in staff],
        "provider_name": [str(member) for member in staff],
        "specialty_concept_id": 0,
        "care_site_id": [1 + i % len(CARE_SITES) for i in range(len(staff))],
        "year_of_birth": [member.birth_year for member in staff],
        "gender_concept_id": [8507 if member.male else 8532 for member in staff],
        "provider_source_value": [member.rpps for member in staff],
        "specialty_source_value": [member.specialty for member in staff],
        "specialty_source_concept_id": 0,
    })  # fmt: skip
    rows = concepts()
    writer.write("concept", {
        "concept_id": [int(row["concept_id"]) for row in rows],
        **{key: [row[key] for row in rows]
           for key in ("concept_name", "domain_id", "vocabulary_id", "concept_class_id", "concept_code")},
        "standard_concept": [row["standard_concept"] or None for row in rows],
        "valid_start_date": dt.date(1970, 1, 1),
        "valid_end_date": dt.date(2099, 12, 31),
    })  # fmt: skip
    pairs = np.array(ancestors())
    writer.write("concept_ancestor", {
        "ancestor_concept_id": pairs[:, 0], "descendant_concept_id": pairs[:, 1],
        "min_levels_of_separation": pairs[:, 2], "max_levels_of_separation": pairs[:, 2],
    })  # fmt: skip
    writer.write("vocabulary", {
        "vocabulary_id": list(VOCABULARIES), "vocabulary_name": list(VOCABULARIES.values()),
        "vocabulary_reference": "OMOP", "vocabulary_concept_id": 0,
    })  # fmt: skip
    writer.write("cohort_definition", {
        "cohort_definition_id": list(events.COHORTS),
        "cohort_definition_name": list(events.COHORTS.values()),
        "cohort_definition_description": [f"Patients suivis pour : {name.lower()}" for name in events.COHORTS.values()],
        "definition_type_concept_id": 32817, "subject_concept_id": 0,
        "cohort_initiation_date": np.array([_TODAY] * len(events.COHORTS)),
    })  # fmt: skip
    writer.write("cdm_source", {
        "cdm_source_name": [f"{places.HOSPITAL}, entrepôt de données de santé (fictif)"],
        "cdm_source_abbreviation": "VALBRUME", "cdm_holder": places.HOSPITAL,
        "source_description": "Fictional hospital; no real person", "source_release_date": np.array([_TODAY]),
        "cdm_release_date": np.array([_TODAY]), "cdm_version": "v5.4", "cdm_version_concept_id": 756265,
        "vocabulary_version": "subset of certain facts",
    })  # fmt: skip


def person_rows(people: Population) -> Mapping[str, object]:
    birth = people.birth.astype("datetime64[D]")
    year = birth.astype("datetime64[Y]").astype(int) + 1970
    month = birth.astype("datetime64[M]").astype(int) % 12 + 1
    day = (birth - birth.astype("datetime64[M]")).astype(int) + 1
    return {
        "person_id": people.person_id,
        "gender_concept_id": np.where(people.male, 8507, 8532),
        "year_of_birth": year,
        "month_of_birth": month,
        "day_of_birth": day,
        "birth_datetime": birth.astype("datetime64[us]"),
        "race_concept_id": 0,
        "ethnicity_concept_id": 0,
        "location_id": FIRST_HOME + people.number,
        "provider_id": 1 + people.number % identity.STAFF,
        "care_site_id": 1 + people.number % len(CARE_SITES),
        "person_source_value": people.ipp,
        "gender_source_value": np.where(people.male, "M", "F"),
        "gender_source_concept_id": 0,
        "race_source_concept_id": 0,
        "ethnicity_source_concept_id": 0,
    }


def location_rows(people: Population) -> Mapping[str, object]:
    homes = identity.homes(people)
    return {
        "location_id": FIRST_HOME + people.number,
        "address_1": [line for line, _, _ in homes],
        "address_2": [second or None for _, second, _ in homes],
        "city": [town.name for _, _, town in homes],
        "zip": [town.postal_code for _, _, town in homes],
        "county": [town.department for _, _, town in homes],
        "location_source_value": np.char.add("DOM", people.ipp),
        "country_concept_id": 0,
        "country_source_value": "FR",
    }


def block_tables(people: Population, seen: Visits) -> dict[str, list[Mapping[str, object]]]:
    """Every patient-level table of a block but ``note``."""
    matrix = biology.values(people, seen)
    return {
        "person": [person_rows(people)],
        "location": [location_rows(people)],
        "observation_period": [events.periods(people)],
        "visit_occurrence": [events.visit_rows(people, seen)],
        "condition_occurrence": [events.condition_rows(people, seen)],
        "drug_exposure": [events.drug_rows(people, seen)],
        "procedure_occurrence": [events.procedure_rows(people, seen)],
        "measurement": [biology.measurement_columns(people, seen, matrix), biology.bedside_columns(people, seen)],
        "observation": [events.observation_rows(people, seen)],
        "death": [events.death_rows(people)],
        "cohort": [events.cohort_rows(people)],
    }


def write_block(writer: TableWriter, people: Population, seen: Visits, patients: int) -> None:
    """Write the rows of a block's patients whose number is under ``patients``."""
    last = people.number[-1] < patients
    kept = people.person_id[people.number < patients]
    homes = FIRST_HOME + people.number[people.number < patients]
    for table, parts in block_tables(people, seen).items():
        content = pa.concat_tables([arrow_table(table, part) for part in parts])
        if not last:
            key = {"location": "location_id", "cohort": "subject_id"}.get(table, "person_id")
            content = content.filter(pa.array(np.isin(content[key].to_numpy(), homes if table == "location" else kept)))
        writer.write(table, content)


def blocks(patients: int) -> range:
    return range((patients + BLOCK - 1) // BLOCK)


def write_warehouse(folder: Path, target: Path, memory_mb: int = 256) -> None:
    """``target`` as a DuckDB file with one table a Parquet file of ``folder``."""
    import duckdb

    with duckdb.connect(str(target)) as connection:
        connection.execute("SET threads = 1")
        connection.execute(f"SET memory_limit = '{memory_mb}MB'")
        for path in sorted(folder.glob("*.parquet")):
            name = str(path).replace("'", "''")
            connection.execute(f"CREATE TABLE {path.stem} AS SELECT * FROM read_parquet('{name}')")
        connection.execute("CHECKPOINT")
