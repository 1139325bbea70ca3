"""Identities are valid and varied; documents name the patient and state that patient's facts."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from stdnum import luhn
from stdnum.fr import nir

from anon_pipeline.fictional.notes import ocr_noise
from anon_pipeline.fictional.variables import lesion_mm_in_text


@pytest.fixture(scope="module")
def patients(large_hospital: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (large_hospital / "patients.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def notes(large_hospital: Path) -> list[dict[str, Any]]:
    return pq.read_table(large_hospital / "omop/note.parquet").to_pylist()


def test_nir_keys_are_valid_and_agree_with_sex_and_birth(patients: list[dict[str, Any]]) -> None:
    for patient in patients:
        assert nir.is_valid(patient["nir"]), "a NIR has a wrong key"
        assert patient["nir"][0] == ("1" if patient["sex"] == "M" else "2")
        assert patient["nir"][1:3] == patient["birth_date"][2:4]


def test_identifiers_are_those_of_the_tables(large_hospital: Path, patients: list[dict[str, Any]]) -> None:
    person = pq.read_table(large_hospital / "omop/person.parquet").to_pylist()
    known = {row["person_id"]: row for row in person}
    home = {row["location_id"]: row for row in pq.read_table(large_hospital / "omop/location.parquet").to_pylist()}
    for patient in patients:
        row = known[patient["person_id"]]
        assert patient["patient_id"] == patient["ipp"] == row["person_source_value"]
        assert patient["birth_date"] == row["birth_datetime"].date().isoformat()
        assert patient["address"].startswith(home[row["location_id"]]["address_1"])
        assert patient["postal_code"] == home[row["location_id"]]["zip"]


def test_names_are_many_and_of_many_kinds(patients: list[dict[str, Any]]) -> None:
    last = {patient["last_name"] for patient in patients}
    assert len(last) > 1000
    assert any("-" in name for name in last)
    assert any("'" in name for name in last)
    assert any(name.startswith(("de ", "Le ", "El ")) for name in last)
    assert any(patient["birth_name"] != patient["last_name"] for patient in patients)


def test_telephones_and_mail_lead_nowhere(patients: list[dict[str, Any]]) -> None:
    reserved = ("01 99 00", "02 61 91", "03 53 01", "04 65 71", "05 36 49", "06 39 98")
    assert all(patient["phone"].startswith(reserved) for patient in patients)
    assert all(re.search(r"@(example\.(org|com|net)|\w+\.example)$", patient["email"]) for patient in patients)


def test_staff_have_luhn_numbers(large_hospital: Path) -> None:
    staff = [json.loads(line) for line in (large_hospital / "staff.jsonl").read_text(encoding="utf-8").splitlines()]
    assert len(staff) == 48
    assert all(luhn.is_valid(member["rpps"]) and len(member["rpps"]) == 11 for member in staff)


def test_documents_name_their_patient(patients: list[dict[str, Any]], notes: list[dict[str, Any]]) -> None:
    by_person = {patient["person_id"]: patient for patient in patients}
    named = [by_person[note["person_id"]]["last_name"].lower() in note["note_text"].lower() for note in notes]
    assert np.mean(named) > 0.95  # the rest carries recognition noise
    assert len({note["note_title"] for note in notes}) == 6
    assert len({note["note_text"] for note in notes}) == len(notes)


def test_laboratory_figures_in_letters_are_the_patients(large_hospital: Path, notes: list[dict[str, Any]]) -> None:
    measured = pq.read_table(
        large_hospital / "omop/measurement.parquet",
        columns=["visit_occurrence_id", "measurement_concept_id", "value_as_number"],
    ).to_pylist()
    alt = {row["visit_occurrence_id"]: row["value_as_number"] for row in measured
           if row["measurement_concept_id"] == 3006923}  # fmt: skip
    found = 0
    for note in notes:
        stated = re.search(r"ALAT[ :=à]+(\d+) UI/L", note["note_text"])
        if stated:
            found += 1
            assert float(stated.group(1)) == alt[note["visit_occurrence_id"]]
    assert found > 1000


def test_no_template_place_is_left_open(notes: list[dict[str, Any]]) -> None:
    assert not any(re.search(r"[{}]|\bNone\b|\bnan\b", note["note_text"]) for note in notes)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("Nodule hépatique volumineux du segment VI, mesurant 34 mm.", 34.0),
        ("On individualise une lésion arrondie du segment V de 2,8 cm de grand axe. Coupes de 5 mm.", 28.0),
        ("Pas de nodule. Épaisseur de coupe 5 mm.", None),
        ("", None),
    ],
)
def test_the_size_is_read_from_words(text: str, size: float | None) -> None:
    assert lesion_mm_in_text(text) == size


def test_recognition_noise_keeps_figures() -> None:
    text = "Nodule de 34 mm, le 12/03/2021, ALAT : 54 UI/L. " * 20 + "Patient : Monsieur Éloi Lelièvre. " * 20
    noisy = ocr_noise(text, np.random.default_rng(0), share=0.5)
    assert noisy != text
    assert re.findall(r"34 mm|12/03/2021|54 UI/L", noisy) == re.findall(r"34 mm|12/03/2021|54 UI/L", text)
