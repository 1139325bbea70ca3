"""DICOM files: valid, consistent, with identifiers, references that resolve, and a nodule of the patient's size."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pydicom
import pytest

from anon_pipeline.fictional import phantom
from anon_pipeline.fictional.variables import image_diameters, nodule_mm, patient_variables


@pytest.fixture(scope="module")
def files(hospital: Path) -> list[Path]:
    return sorted((hospital / "dicom").rglob("*.dcm"))


@pytest.mark.debian
@pytest.mark.skipif(shutil.which("dciodvfy") is None, reason="needs dciodvfy (Debian package dicom3tools)")
def test_dciodvfy_finds_no_error(files: list[Path]) -> None:
    for path in files:
        result = subprocess.run(["dciodvfy", str(path)], capture_output=True, text=True, check=False, errors="replace")
        assert [line for line in result.stderr.splitlines() if line.startswith("Error")] == []


def test_headers_carry_the_patient(hospital: Path, files: list[Path]) -> None:
    lines = (hospital / "patients.jsonl").read_text(encoding="utf-8").splitlines()
    patients = {row["patient_id"]: row for row in map(json.loads, lines)}
    for path in files:
        data = pydicom.dcmread(path, stop_before_pixels=True)
        patient = patients[path.relative_to(hospital / "dicom").parts[0]]
        assert data.PatientID == patient["ipp"]
        assert str(data.PatientName).split("^")[0] == patient["last_name"].upper()
        assert data.PatientBirthDate == patient["birth_date"].replace("-", "")
        assert data[0x0009, 0x1002].value == patient["ipp"]
    modalities = {pydicom.dcmread(path, stop_before_pixels=True).Modality for path in files}
    assert modalities == {"CT", "SEG", "US", "CR", "OT"}


def test_uids_are_unique_and_references_resolve(files: list[Path]) -> None:
    data = [pydicom.dcmread(path, stop_before_pixels=True) for path in files]
    instances = {str(item.SOPInstanceUID) for item in data}
    assert len(instances) == len(files)
    assert all(len(uid) <= 64 for uid in instances)
    references = 0
    for item in data:
        for element in item.iterall():
            if element.keyword == "ReferencedSOPInstanceUID":
                references += 1
                assert str(element.value) in instances
    assert references > len(files)


def test_the_nodule_measures_what_the_report_says(hospital: Path) -> None:
    frame = patient_variables(hospital)
    assert frame["image_mm"].notna().all()
    assert np.abs(frame["image_mm"] - frame["report_mm"]).max() < 2.5
    assert np.abs(frame["mask_mm"] - frame["report_mm"]).max() < 2.5


@pytest.mark.parametrize("size", [7.0, 15.0, 30.0, 64.0])
def test_pixels_and_mask_give_the_diameter(size: float) -> None:
    errors = []
    for seed in range(12):
        body = phantom.abdomen(size, np.random.default_rng(seed))
        errors.append(max(nodule_mm(units, body.spacing) for units in body.volume) - size)
        mask = 2 * np.sqrt(body.mask.sum(axis=(1, 2)).max() * body.spacing**2 / np.pi)
        assert abs(mask - size) < 2.5
    assert abs(np.mean(errors)) < 0.6
    assert np.std(errors) < 1.5


def test_text_is_burned_in(hospital: Path, files: list[Path]) -> None:
    ultrasound = [
        pydicom.dcmread(path) for path in files if pydicom.dcmread(path, stop_before_pixels=True).Modality == "US"
    ]
    for data in ultrasound:
        top = data.pixel_array[:60]
        assert (top == 250).sum() > 300
    assert {str(data.BurnedInAnnotation) for data in ultrasound} == {"YES", "NO"}  # NO is not to be trusted


def test_image_diameters_follow_an_index(hospital: Path, tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    source = next(path for path in (hospital / "dicom").rglob("1.dcm") if pydicom.dcmread(path).Modality == "CT")
    middle = source.with_name("3.dcm")
    shutil.copy(middle, tmp_path / "a.dcm")
    pq.write_table(pa.table({"person_id": [-7], "path": ["a.dcm"]}), tmp_path / "index.parquet")
    pixels, masks = image_diameters(tmp_path)
    assert set(pixels) == {"-7"}
    assert masks == {}
