"""A cohort's images, de-identified record by record, from the hospital's folder to the signed release."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pydicom
import pytest
from typer.testing import CliRunner

from anon_pipeline.cli.main import app
from anon_pipeline.keys import key_from_file, new_key_file
from anon_pipeline.pseudonyms import Pseudonymiser
from anon_pipeline.release.signing import new_signing_key
from anon_pipeline.surrogates.style import fold

PATIENTS, WITH_IMAGES = 20, 8
POLICY = """
schema: anon-pipeline/policy/1
cohort: {sql: all.sql}
sources: {images: hospital/dicom}
modalities: {imaging: {track: deidentified, options: {quarantine: HELD}}}
release: {minimum_patients: 20}
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A released cohort: CT and segmentations (reading pictures has its own tests), one patient with a head CT."""
    from anon_pipeline.fictional.builder import build

    root = tmp_path_factory.mktemp("cohort")
    build(root / "hospital", PATIENTS, 3, progress=False)
    for folder in sorted((root / "hospital" / "dicom").iterdir())[WITH_IMAGES:]:
        shutil.rmtree(folder)
    kinds = {path: _modality(path) for path in sorted((root / "hospital" / "dicom").rglob("*.dcm"))}
    for path in (path for path, kind in kinds.items() if kind in ("US", "CR", "OT")):
        path.unlink()
    slice_of_someone = next(path for path, kind in kinds.items() if kind == "CT")
    head = pydicom.dcmread(slice_of_someone)
    head.BodyPartExamined, head.SeriesDescription, head.SeriesInstanceUID = "HEAD", "Crane", "1.2.3.4"
    head.StudyDescription, head.ProtocolName = "Crane", "Crane"
    head.SOPInstanceUID = head.file_meta.MediaStorageSOPInstanceUID = "1.2.3.4.5"
    head.save_as(slice_of_someone.with_name("head.dcm"))
    (root / "all.sql").write_text("SELECT person_id FROM person")
    (root / "policy.yaml").write_text(POLICY.replace("HELD", str(root / "held")))
    new_key_file(root / "key")
    new_signing_key(root / "signing.pem")
    arguments = ["run", "--cohort", "images", "--warehouse", root / "hospital" / "warehouse.duckdb", "--policy",
                 root / "policy.yaml", "--out", root / "out", "--key-file", root / "key", "--signing-key",
                 root / "signing.pem", "--device", "cpu", "--report", root / "report.json"]  # fmt: skip
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert done.exit_code == 0, done.output
    return root


def _modality(path: Path) -> str:
    return str(pydicom.dcmread(path, specific_tags=["Modality"]).Modality)


@pytest.fixture(scope="module")
def people(site: Path) -> dict[str, dict]:
    """Patients by the pseudonym of their person_id."""
    names = Pseudonymiser(key_from_file(site / "key"))
    lines = (site / "hospital" / "patients.jsonl").read_text().splitlines()
    return {names.patient_id(str(person["person_id"])): person for person in map(json.loads, lines)}


def test_every_image_of_every_member_leaves_or_is_held(site: Path, people: dict[str, dict]):
    images = site / "out" / "data" / "imaging"
    originals = len(list((site / "hospital" / "dicom").rglob("*.dcm")))
    released = {str(path.relative_to(images)) for path in images.rglob("*.dcm")}
    held = json.loads((images / "held.json").read_text())
    assert len(released) + len(held["files"]) == originals
    assert {reason: n["files"] for reason, n in held["reasons"].items()} == {"head_volume": 1}
    index = pq.read_table(images / "index.parquet").to_pydict()
    assert set(index["path"]) == released
    key = key_from_file(site / "key")
    assert set(index["person_id"]) < {key.integer(2**62, "person-id", p["person_id"]) for p in people.values()}
    assert len(set(index["person_id"])) == WITH_IMAGES
    listed = json.loads((site / "held" / "quarantine.json").read_text())
    assert [entry["file"] for entry in listed] == [entry["file"] for entry in held["files"]]
    assert (site / "held" / "head_volume" / f"{listed[0]['file']}.dcm").is_file()


def test_no_value_of_a_patient_is_in_any_byte(site: Path, people: dict[str, dict]):
    for path in (site / "out").rglob("*.dcm"):
        ds, data = pydicom.dcmread(path, stop_before_pixels=True), path.read_bytes().lower()
        person = people[ds.PatientID]
        names = {word for name in (person["last_name"], person["birth_name"], *person["first_names"])
                 for word in fold(name).split() if len(word) > 3}  # fmt: skip
        assert not names & set(fold(str(ds.PatientName).replace("^", " ")).split())
        values = [*names, person["ipp"], person["nir"], person["phone"], person["email"], person["address"],
                  person["birth_date"].replace("-", "")]  # fmt: skip
        assert not [value for value in values if value.lower().encode() in data], path.name
    told = (site / "report.json").read_text() + (site / "out" / "manifest.json").read_text()
    told += (site / "out" / "data" / "imaging" / "held.json").read_text()
    assert not [p["last_name"] for p in people.values() if f'"{p["last_name"]}"' in told or p["ipp"] in told]


def test_dates_move_by_the_shift_of_the_notes_and_uids_stay_together(site: Path, people: dict[str, dict]):
    import datetime as dt

    names = Pseudonymiser(key_from_file(site / "key"))
    after = {str(ds.SOPInstanceUID): ds for ds in map(_head, (site / "out").rglob("*.dcm"))}
    moved = 0
    for path in (site / "hospital" / "dicom").rglob("*.dcm"):
        before = _head(path)
        ds = after.get(names.uid(str(before.SOPInstanceUID)))
        if ds is None:
            assert path.name == "head.dcm"
            continue
        shift = dt.timedelta(days=names.date_shift(str(people[ds.PatientID]["person_id"])))
        day = dt.datetime.strptime(before.StudyDate, "%Y%m%d").replace(tzinfo=dt.UTC)
        assert ds.StudyDate == f"{day + shift:%Y%m%d}"
        assert ds.StudyInstanceUID == names.uid(str(before.StudyInstanceUID))
        references = [e.value for e in ds.iterall() if e.keyword == "ReferencedSOPInstanceUID"]
        assert set(references) <= set(after)
        moved += 1
    assert moved == len(after)


def _head(path: Path) -> pydicom.Dataset:
    return pydicom.dcmread(path, stop_before_pixels=True)
