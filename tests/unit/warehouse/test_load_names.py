"""Tables and columns under the names that they have in the wild."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anon_pipeline.errors import BadInput
from anon_pipeline.warehouse import cdm, load_folder
from anon_pipeline.warehouse.discovery import stem_of
from anon_pipeline.warehouse.matching import match_header, match_table, table_of_header
from anon_pipeline.warehouse.statements import statement

PERSON = "person_id,gender_concept_id,year_of_birth\n1,8507,1950\n2,8532,1960\n"
DEVICE = "device_exposure_id,person_id,device_concept_id,device_exposure_start_date\n1,1,5,2020-01-01\n"


def test_the_schema_has_every_table_of_the_cdm() -> None:
    tables = cdm.tables()
    assert len(tables) == 39
    assert sum(len(table.fields) for table in tables.values()) == 432
    assert {field.type for table in tables.values() for field in table.fields} == {
        "BIGINT",
        "DOUBLE",
        "DATE",
        "TIMESTAMP",
        "VARCHAR",
    }
    ids = [f for table in tables.values() for f in table.fields if f.name.endswith(("person_id", "concept_id"))]
    assert len(ids) == 133
    assert {field.type for field in ids} == {"BIGINT"}


def test_nothing_identifying_is_extracted_but_the_text_of_notes() -> None:
    extracted = [f for table in cdm.tables().values() for f in table.fields if f.extracted]
    assert {(f.table, f.name) for f in extracted if f.identifying} == {("note", "note_title"), ("note", "note_text")}
    assert not [f for f in extracted if f.name.endswith("_source_value") or f.name in ("provider_id", "care_site_id")]


def test_statements_name_exactly_the_extracted_columns() -> None:
    for table in ("person", "measurement", "note", "observation", "death", "concept", "concept_ancestor"):
        select = statement(f"extraction/{table}").split("FROM")[0]
        columns = [word.strip(" ,").split(".")[1] for word in select.splitlines() if "." in word and "--" not in word]
        expected = [field.name for field in cdm.extracted_fields(table)]
        assert [column for column in columns if column != "part"] == expected


@pytest.mark.parametrize(
    ("name", "table", "how"),
    [
        ("person.csv", "person", "name"),
        ("PERSON.CSV.GZ", "person", "name"),
        ("Condition_Occurrence.parquet", "condition_occurrence", "name"),
        ("omop_person_20240131.csv", "person", "trimmed name"),
        ("cdm.drug_exposure.csv.gz", "drug_exposure", "trimmed name"),
        ("drug-exposure-part-0003.tsv", "drug_exposure", "trimmed name"),
        ("DEVICES_EXPOSURE.csv", "device_exposure", "misspelt name"),
        ("condition_occurence.csv", "condition_occurrence", "misspelt name"),
        ("measurements.csv", "measurement", "misspelt name"),
        ("DrugExposure.csv", "drug_exposure", "name"),
    ],
)
def test_file_names(name: str, table: str, how: str) -> None:
    match = match_table(stem_of(name))
    assert match is not None
    assert (match.table, match.how) == (table, how)


@pytest.mark.parametrize(
    "name", ["concept_hierarchy", "cohort_attribute", "achilles_results", "readme", "person_map_visit"]
)
def test_names_of_other_tables_are_not_taken(name: str) -> None:
    assert match_table(name) is None


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=60))
def test_any_name_is_either_a_table_or_none(name: str) -> None:
    match = match_table(stem_of(name))
    assert match is None or match.table in cdm.tables()


@settings(max_examples=30, deadline=None)
@given(st.lists(st.text(max_size=40), max_size=30))
def test_any_header_gives_each_column_once(header: list[str]) -> None:
    match = match_header("measurement", header)
    used = [*match.positions.values(), *match.skipped]
    assert sorted(used) == list(range(len(header)))
    assert set(match.positions) | set(match.missing) == set(cdm.tables()["measurement"].field_names)


def test_headers_of_the_wild() -> None:
    header = [
        "PERSON_ID",
        "\ufeffgender_concept_id",
        "date(birth_datetime,'unixepoch')",
        '"Year_Of_Birth"',
        "raceConceptId",
        "ethnicity_concpt_id",
        "ssn",
    ]
    match = match_header("person", header)
    assert match.positions == {
        "person_id": 0,
        "gender_concept_id": 1,
        "birth_datetime": 2,
        "year_of_birth": 3,
        "race_concept_id": 4,
        "ethnicity_concept_id": 5,
    }
    assert match.skipped == [6]
    former = match_header("visit_occurrence", ["admitting_source_concept_id", "discharge_to_concept_id"])
    assert set(former.positions) == {"admitted_from_concept_id", "discharged_to_concept_id"}


def test_a_number_apart_is_another_column() -> None:
    assert match_header("fact_relationship", ["fact_id_1", "fact_id_3"]).skipped == [1]


def test_a_file_that_is_told_by_its_header() -> None:
    assert table_of_header(["person_id", "gender_concept_id", "year_of_birth", "race_concept_id"]) == "person"
    cohort = ["cohort_definition_id", "subject_id", "cohort_start_date", "cohort_end_date"]
    assert table_of_header(cohort) == "cohort"
    assert table_of_header([*cohort, "attribute_definition_id", "value_as_number", "value_as_concept_id"]) is None


def test_names_cases_and_folders(load) -> None:
    loaded = load(
        {
            "PERSON.csv": PERSON.upper(),
            "sub/deep/DEVICES_EXPOSURE.csv.gz": DEVICE,
            "measurement/part-00000-0a1b2c3d-1111-2222-3333-0a1b2c3d4e5f.c000.csv": "measurement_id,person_id,"
            "measurement_concept_id,measurement_date\n1,1,3,2020-01-01\n",
            "measurement/part-00001.csv": "measurement_id,person_id,measurement_concept_id,measurement_date\n"
            "2,1,3,2020-01-02\n",
            "concept_hierarchy.csv": "concept_id,level\n1,a\n2,b\n",
            "README.md": "# nothing",
            "notes.docx": b"\x00\x01",
            ".hidden.csv": "person_id\n1\n",
            "patients.csv": "person_id,gender_concept_id,year_of_birth,race_concept_id\n9,8507,1970,0\n",
        }
    )
    assert loaded.report.tables["person"] == 3
    assert loaded.report.tables["device_exposure"] == 1
    assert loaded.report.tables["measurement"] == 2
    assert loaded.file("sub/deep/DEVICES_EXPOSURE.csv.gz").recognised_by == "misspelt name"
    assert loaded.file("patients.csv").recognised_by == "header"
    assert loaded.report.other_tables == {'other."concept_hierarchy"': 2}
    assert loaded.rows("SELECT level FROM other.concept_hierarchy ORDER BY 1") == [("a",), ("b",)]
    assert set(loaded.report.ignored_files) == {"README.md", "notes.docx", ".hidden.csv"}
    assert "death" in loaded.report.missing_tables


def test_two_files_of_one_table_are_both_loaded_and_repeated_keys_told(load) -> None:
    loaded = load({"person.csv": PERSON, "PERSON_2.csv.gz": PERSON, "b/person.csv": "PERSON_ID\n3\n"})
    assert loaded.report.tables["person"] == 5
    assert loaded.report.repeated_keys == {"person": 2}


def test_a_folder_without_omop_is_refused(tmp_path) -> None:
    (tmp_path / "stuff.csv").write_text("a,b\n1,2\n")
    with pytest.raises(BadInput, match="holds no table"):
        load_folder(tmp_path, tmp_path / "w.duckdb")
    with pytest.raises(BadInput, match="not a folder"):
        load_folder(tmp_path / "absent", tmp_path / "w.duckdb")
    assert not (tmp_path / "w.duckdb").exists()


def test_extra_missing_and_repeated_columns_are_listed(load) -> None:
    loaded = load({"person.csv": "person_id,shoe size,person_id,Jean Dupont né 1950!\n1,42,7,x\n"})
    report = loaded.file("person.csv")
    assert report.skipped_columns == ["shoe size", "person_id", "column 4"]
    assert "gender_concept_id" in report.missing_columns
    assert loaded.rows("SELECT person_id FROM person") == [(1,)]


def test_a_file_without_header_never_tells_its_first_row(load) -> None:
    row = "77,8507,1950,1,2,,0,0,,,,CANARY-IPP,,,,,,\n"
    loaded = load({"person.csv": row + row.replace("77", "78"), "death.csv": "CANARY-A,CANARY-B\nCANARY-C,CANARY-D\n"})
    assert loaded.rows("SELECT person_id, person_source_value FROM person ORDER BY 1") == [
        (77, "CANARY-IPP"),
        (78, "CANARY-IPP"),
    ]
    assert loaded.file("person.csv").notes == ["no header: columns taken in the order of CDM 5.4"]
    assert loaded.file("death.csv").rejects == {"header_not_recognised": 2}
    assert len(loaded.rows("SELECT content FROM rejects.rows WHERE content LIKE '%CANARY%'")) == 2
    assert "CANARY" not in str(loaded.report.to_dict())
