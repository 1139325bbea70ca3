"""The OMOP CDM 5.4 tables that the fictional hospital fills, as Arrow schemas, and a writer that appends row groups.

Field names and order follow the CDM 5.4 specification; every integer is BIGINT. What goes into the fields
belongs to the modules that make the rows.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

_TYPES = {
    "i": pa.int64(),
    "f": pa.float64(),
    "s": pa.string(),
    "d": pa.date32(),
    "t": pa.timestamp("us"),
}

_FIELDS = {
    "person": """person_id:i gender_concept_id:i year_of_birth:i month_of_birth:i day_of_birth:i birth_datetime:t
        race_concept_id:i ethnicity_concept_id:i location_id:i provider_id:i care_site_id:i person_source_value:s
        gender_source_value:s gender_source_concept_id:i race_source_value:s race_source_concept_id:i
        ethnicity_source_value:s ethnicity_source_concept_id:i""",
    "observation_period": """observation_period_id:i person_id:i observation_period_start_date:d
        observation_period_end_date:d period_type_concept_id:i""",
    "visit_occurrence": """visit_occurrence_id:i person_id:i visit_concept_id:i visit_start_date:d
        visit_start_datetime:t visit_end_date:d visit_end_datetime:t visit_type_concept_id:i provider_id:i
        care_site_id:i visit_source_value:s visit_source_concept_id:i admitted_from_concept_id:i
        admitted_from_source_value:s discharged_to_concept_id:i discharged_to_source_value:s
        preceding_visit_occurrence_id:i""",
    "condition_occurrence": """condition_occurrence_id:i person_id:i condition_concept_id:i condition_start_date:d
        condition_start_datetime:t condition_end_date:d condition_end_datetime:t condition_type_concept_id:i
        condition_status_concept_id:i stop_reason:s provider_id:i visit_occurrence_id:i visit_detail_id:i
        condition_source_value:s condition_source_concept_id:i condition_status_source_value:s""",
    "drug_exposure": """drug_exposure_id:i person_id:i drug_concept_id:i drug_exposure_start_date:d
        drug_exposure_start_datetime:t drug_exposure_end_date:d drug_exposure_end_datetime:t verbatim_end_date:d
        drug_type_concept_id:i stop_reason:s refills:i quantity:f days_supply:i sig:s route_concept_id:i lot_number:s
        provider_id:i visit_occurrence_id:i visit_detail_id:i drug_source_value:s drug_source_concept_id:i
        route_source_value:s dose_unit_source_value:s""",
    "procedure_occurrence": """procedure_occurrence_id:i person_id:i procedure_concept_id:i procedure_date:d
        procedure_datetime:t procedure_end_date:d procedure_end_datetime:t procedure_type_concept_id:i
        modifier_concept_id:i quantity:i provider_id:i visit_occurrence_id:i visit_detail_id:i
        procedure_source_value:s procedure_source_concept_id:i modifier_source_value:s""",
    "measurement": """measurement_id:i person_id:i measurement_concept_id:i measurement_date:d measurement_datetime:t
        measurement_time:s measurement_type_concept_id:i operator_concept_id:i value_as_number:f
        value_as_concept_id:i unit_concept_id:i range_low:f range_high:f provider_id:i visit_occurrence_id:i
        visit_detail_id:i measurement_source_value:s measurement_source_concept_id:i unit_source_value:s
        unit_source_concept_id:i value_source_value:s measurement_event_id:i meas_event_field_concept_id:i""",
    "observation": """observation_id:i person_id:i observation_concept_id:i observation_date:d observation_datetime:t
        observation_type_concept_id:i value_as_number:f value_as_string:s value_as_concept_id:i
        qualifier_concept_id:i unit_concept_id:i provider_id:i visit_occurrence_id:i visit_detail_id:i
        observation_source_value:s observation_source_concept_id:i unit_source_value:s qualifier_source_value:s
        value_source_value:s observation_event_id:i obs_event_field_concept_id:i""",
    "death": """person_id:i death_date:d death_datetime:t death_type_concept_id:i cause_concept_id:i
        cause_source_value:s cause_source_concept_id:i""",
    "note": """note_id:i person_id:i note_date:d note_datetime:t note_type_concept_id:i note_class_concept_id:i
        note_title:s note_text:s encoding_concept_id:i language_concept_id:i provider_id:i visit_occurrence_id:i
        visit_detail_id:i note_source_value:s note_event_id:i note_event_field_concept_id:i""",
    "location": """location_id:i address_1:s address_2:s city:s state:s zip:s county:s location_source_value:s
        country_concept_id:i country_source_value:s latitude:f longitude:f""",
    "care_site": """care_site_id:i care_site_name:s place_of_service_concept_id:i location_id:i
        care_site_source_value:s place_of_service_source_value:s""",
    "provider": """provider_id:i provider_name:s npi:s dea:s specialty_concept_id:i care_site_id:i year_of_birth:i
        gender_concept_id:i provider_source_value:s specialty_source_value:s specialty_source_concept_id:i
        gender_source_value:s gender_source_concept_id:i""",
    "concept": """concept_id:i concept_name:s domain_id:s vocabulary_id:s concept_class_id:s standard_concept:s
        concept_code:s valid_start_date:d valid_end_date:d invalid_reason:s""",
    "concept_ancestor": """ancestor_concept_id:i descendant_concept_id:i min_levels_of_separation:i
        max_levels_of_separation:i""",
    "cohort": "cohort_definition_id:i subject_id:i cohort_start_date:d cohort_end_date:d",
    "cohort_definition": """cohort_definition_id:i cohort_definition_name:s cohort_definition_description:s
        definition_type_concept_id:i cohort_definition_syntax:s subject_concept_id:i cohort_initiation_date:d""",
    "cdm_source": """cdm_source_name:s cdm_source_abbreviation:s cdm_holder:s source_description:s
        source_documentation_reference:s cdm_etl_reference:s source_release_date:d cdm_release_date:d cdm_version:s
        cdm_version_concept_id:i vocabulary_version:s""",
    "vocabulary": """vocabulary_id:s vocabulary_name:s vocabulary_reference:s vocabulary_version:s
        vocabulary_concept_id:i""",
}

SCHEMAS: dict[str, pa.Schema] = {
    table: pa.schema([(name, _TYPES[kind]) for name, kind in (field.split(":") for field in fields.split())])
    for table, fields in _FIELDS.items()
}

Columns = Mapping[str, Any]


def arrow_table(table: str, columns: Columns) -> pa.Table:
    """An Arrow table of ``table``'s schema. A column is an array, a list or one scalar for every row; a column that is
    not given is NULL. The first given column that is not a scalar sets the number of rows."""
    schema = SCHEMAS[table]
    unknown = set(columns) - set(schema.names)
    if unknown:
        raise ValueError(f"{table} has no columns {sorted(unknown)}")
    rows = next(len(value) for value in columns.values() if not _scalar(value))
    return pa.Table.from_arrays([_array(columns.get(field.name), field.type, rows) for field in schema], schema=schema)


def _scalar(value: Any) -> bool:
    return isinstance(value, str | int | float | dt.date)


def _array(value: Any, kind: pa.DataType, rows: int) -> pa.Array:
    if value is None:
        return pa.nulls(rows, kind)
    if _scalar(value):
        return pa.repeat(pa.scalar(value, kind), rows)
    if isinstance(value, pa.Array | pa.ChunkedArray):
        return (value.combine_chunks() if isinstance(value, pa.ChunkedArray) else value).cast(kind)
    if isinstance(value, np.ma.MaskedArray):
        return pa.array(value.data, kind, mask=np.ma.getmaskarray(value))
    return pa.array(value, kind)


class TableWriter:
    """Appends row groups to one Parquet file a table; memory stays that of one row group."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.rows: dict[str, int] = {}
        self._writers: dict[str, pq.ParquetWriter] = {}
        folder.mkdir(parents=True, exist_ok=True)

    def write(self, table: str, columns: Columns | pa.Table) -> None:
        content: pa.Table = columns if isinstance(columns, pa.Table) else arrow_table(table, columns)
        if table not in self._writers:
            self._writers[table] = pq.ParquetWriter(
                self.folder / f"{table}.parquet", SCHEMAS[table], compression="zstd", compression_level=1
            )
        self._writers[table].write_table(content, row_group_size=max(1, content.num_rows))
        self.rows[table] = self.rows.get(table, 0) + content.num_rows

    def __enter__(self) -> TableWriter:
        return self

    def __exit__(self, *_: object) -> None:
        for writer in self._writers.values():
            writer.close()
