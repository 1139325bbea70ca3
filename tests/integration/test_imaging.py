"""The verb on whole folders: planted files, pydicom's own files, dciodvfy, quarantine, workers."""

from __future__ import annotations

import json
import logging
import os
import re
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import pydicom
import pytest
from pydicom.data import get_testdata_files
from typer.testing import CliRunner

from anon_pipeline.cli.main import app

REPOSITORY = Path(__file__).parents[2]
sys.path.insert(0, str(REPOSITORY / "benchmarks" / "imaging"))
SHARED = Path(os.environ.get("ANON_PIPELINE_SHARED_DATA", REPOSITORY.parent / "shared" / "data"))


@pytest.fixture(scope="module")
def key_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("key") / "key"
    path.write_text("0123456789abcdef" * 4)
    path.chmod(0o600)
    return path


def verb(*arguments: str | Path, code: int = 0) -> str:
    result = CliRunner().invoke(app, ["dicom", *map(str, arguments)])
    assert result.exit_code == code, result.output
    return result.output


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from plant import Planter

    folder = tmp_path_factory.mktemp("imaging") / "planted"
    Planter(folder, 79, 3, 1 / 40).run()
    return folder


@pytest.fixture(scope="module")
def released(planted: Path, key_file: Path) -> Path:
    out = planted.parent / "out"
    report = planted.parent / "report.json"
    verb(planted, out, "--key-file", key_file, "--keep-names", "--workers", "2", "--report", report)
    return out


def test_nothing_planted_leaves_and_every_action_is_right(planted: Path, released: Path):
    from score import score

    result = score(planted, released)
    assert result["held"] == result["unreadable"] == 0
    assert result["leaks"] == 0, result["leaking_places"]
    assert len(json.loads((planted.parent / "planted.key.json").read_text())[0]["needles"]) >= 69
    assert result["actions_right"] >= 0.999, result["examples"]


def test_references_resolve(released: Path):
    instances, references = set(), set()
    for path in released.rglob("*.dcm"):
        ds = pydicom.dcmread(path)
        instances.add(ds.SOPInstanceUID)
        references |= {e.value for e in ds.iterall() if e.keyword == "ReferencedSOPInstanceUID"}
    assert references
    assert references <= instances


def test_the_report_names_no_one(planted: Path, released: Path):
    text = (planted.parent / "report.json").read_text()
    for entry in json.loads((planted.parent / "planted.key.json").read_text()):
        assert entry["file"] not in text
        assert not [needle for _, needle in entry["needles"] if needle in text]


def test_workers_and_runs_make_the_same_bytes(planted: Path, released: Path, key_file: Path):
    again = planted.parent / "again"
    few = planted.parent / "few"
    shutil.copytree(planted / "p0000", few / "p0000")
    verb(few, again, "--key-file", key_file, "--keep-names", "--quiet")
    for path in again.rglob("*.dcm"):
        assert path.read_bytes() == (released / path.relative_to(again)).read_bytes()


@pytest.mark.debian
@pytest.mark.skipif(shutil.which("dciodvfy") is None, reason="Debian's dicom3tools is not installed")
def test_no_new_dciodvfy_error(planted: Path, released: Path):
    def errors(path: Path) -> set[str]:
        done = subprocess.run(["dciodvfy", path], capture_output=True, text=True, errors="replace", check=False)
        lines = [line for line in (done.stdout + done.stderr).split("\n") if line.startswith("Error")]
        return {re.sub(r"= <[^>]*>|\[[^\]]*\]|\b\d+(\.\d+){3,}\b", "", line).strip() for line in lines}

    kinds = {e["kind"]: e["file"] for e in json.loads((planted.parent / "planted.key.json").read_text())}
    for file in kinds.values():
        assert errors(released / file) <= errors(planted / file), file


def test_pydicoms_files_are_clean_or_held(tmp_path: Path, key_file: Path):
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    source, profile = tmp_path / "in", tmp_path / "profile.yaml"
    profile.write_text("schema: anon-pipeline/imaging-profile/1\nclean_pixel_data: false\n")
    source.mkdir()
    for number, name in enumerate(get_testdata_files()):
        if Path(name).is_file():
            shutil.copy(name, source / f"{number:03d}_{Path(name).name}")
    verb(source, tmp_path / "out", "--key-file", key_file, "--keep-names", "--profile", profile, "--report",
         tmp_path / "report.json", "--quarantine", tmp_path / "held")  # fmt: skip
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["files"]["seen"] == len(list(source.iterdir()))
    assert "internal" not in report["held"]["reasons"]
    assert report["files"]["released"] > 100
    held = json.loads((tmp_path / "held" / "quarantine.json").read_text())
    assert len(held) == report["files"]["held"]
    assert (tmp_path / "held").stat().st_mode & 0o777 == 0o700
    for path in (tmp_path / "out").iterdir():
        ds, before = pydicom.dcmread(path), pydicom.dcmread(source / path.name, force=True)
        data = path.read_bytes()
        for keyword in ("PatientID", "AccessionNumber", "StudyInstanceUID", "SeriesInstanceUID"):
            value = str(before.get(keyword) or "")
            assert len(value) < 6 or value.encode() not in data, (path.name, keyword)
        for element in ds.iterall():
            assert not element.tag.is_private, path.name
        if "PixelData" in ds and "PixelData" in before and path.name[4:] != "MR_small_padded.dcm":
            assert ds.PixelData == before.PixelData, path.name


def test_opaque_names_mirror_the_tree(tmp_path: Path, planted: Path, key_file: Path):
    few = tmp_path / "in" / "DUPONT Jean" / "2020"
    few.mkdir(parents=True)
    for path in sorted((planted / "p0000").iterdir())[:2]:
        shutil.copy(path, few / path.name)
    verb(tmp_path / "in", tmp_path / "out", "--key-file", key_file)
    names = [path.relative_to(tmp_path / "out") for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert len(names) == 2
    assert all(re.fullmatch(r"[0-9a-f]{16}/[0-9a-f]{16}/[0-9a-f]{16}\.dcm", str(name)) for name in names)
    assert len({name.parent for name in names}) == 1


def test_wrong_arguments(tmp_path: Path, key_file: Path, planted: Path):
    assert "not a folder" in verb(tmp_path / "nothing", tmp_path / "out", "--key-file", key_file, code=2)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    assert "not empty" in verb(planted, tmp_path / "full", "--key-file", key_file, code=2)
    assert "contain one another" in verb(planted, planted / "out", "--key-file", key_file, code=2)
    verb(planted, tmp_path / "out", "--key-file", tmp_path / "no-key", code=2)
    verb(planted, tmp_path / "out", "--key-file", key_file, "--quarantine", tmp_path / "full" / "file", code=2)
    (tmp_path / "empty").mkdir()
    assert "nothing to release" in verb(tmp_path / "empty", tmp_path / "out", "--key-file", key_file)
    assert not list((tmp_path / "out").iterdir())


def test_one_head_slice_holds_its_series(tmp_path: Path, planted: Path, key_file: Path):
    source = tmp_path / "in"
    source.mkdir()
    for number in range(3):
        ds = pydicom.dcmread(planted / "p0000" / "f00001.dcm")
        ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = f"1.2.3.{number}"
        ds.BodyPartExamined = "HEAD" if number == 1 else "CHEST"
        ds.save_as(source / f"{number}.dcm")
    output = verb(source, tmp_path / "out", "--key-file", key_file, "--json")
    assert json.loads(output)["held"]["reasons"]["head_volume"]["files"] == 3


@pytest.mark.shared_data
@pytest.mark.skipif(not (SHARED / "wsi").is_dir(), reason="../shared/data/wsi is absent")
def test_a_scanners_own_slide_file_is_held(tmp_path: Path, key_file: Path):
    output = verb(SHARED / "wsi", tmp_path / "out", "--key-file", key_file, "--json")
    assert {code: n["files"] for code, n in json.loads(output)["held"]["reasons"].items()} == {"whole_slide": 1}
