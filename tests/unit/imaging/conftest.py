"""Fixtures of the imaging tests: a key, a cleaner, small data sets written as files."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from anon_pipeline.keys import Key
from anon_pipeline.modalities.imaging.instance import Deidentifier
from anon_pipeline.modalities.imaging.profile import Profile

sys.path.insert(0, str(Path(__file__).parents[3] / "benchmarks" / "imaging"))

KEY = Key(bytes(range(7, 39)))
CT = "1.2.840.10008.5.1.4.1.1.2"


def make(**attributes: Any) -> Dataset:
    """A small chest CT; attributes given by keyword replace or add to it."""
    ds = Dataset()
    ds.SOPClassUID, ds.SOPInstanceUID = CT, "1.2.3.4.5.6"
    ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.FrameOfReferenceUID = "1.2.3.4", "1.2.3.4.5", "1.2.3.4.9"
    ds.Modality, ds.BodyPartExamined, ds.ImageType = "CT", "CHEST", ["ORIGINAL", "PRIMARY", "AXIAL"]
    ds.PatientID, ds.PatientName, ds.PatientSex = "IPP8812345", "KERBRATZ^Ludivine", "F"
    ds.PatientBirthDate, ds.PatientAge, ds.StudyDate, ds.SeriesDate = "19300102", "092Y", "20220301", "20220305"
    ds.StudyTime, ds.AccessionNumber, ds.StudyID = "101112", "", ""
    ds.ReferringPhysicianName = "TREGUNZ^Yannick"
    ds.Rows = ds.Columns = 16
    ds.PixelSpacing = ["20", "20"]
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 12, 11, 0
    ds.PixelData = np.arange(256, dtype="<u2").tobytes()
    for keyword, value in attributes.items():
        if value is None:
            delattr(ds, keyword)
        else:
            setattr(ds, keyword, value)
    return ds


def save(ds: Dataset, path: Path, syntax: str = ExplicitVRLittleEndian) -> Path:
    """Write a data set with file meta information."""
    ds.file_meta = FileMetaDataset()
    ds.file_meta.MediaStorageSOPClassUID, ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPClassUID, ds.SOPInstanceUID
    ds.file_meta.TransferSyntaxUID = syntax
    if "PixelData" in ds and ds["PixelData"].VR not in ("OB", "OW"):
        ds["PixelData"].VR = "OW"
    path.parent.mkdir(parents=True, exist_ok=True)
    ds.save_as(path, enforce_file_format=True)
    return path


@pytest.fixture
def deidentifier() -> Deidentifier:
    return Deidentifier(Profile(), KEY)


@pytest.fixture
def cleaned(tmp_path: Path) -> Callable[..., Dataset]:
    """A function that cleans a data set through files and reads it back; ``path`` and ``bytes`` are kept on it."""
    import pydicom

    number = iter(range(1000))

    def clean(ds: Dataset, syntax: str = ExplicitVRLittleEndian, profile: Profile | None = None) -> Dataset:
        index = next(number)
        source = save(ds, tmp_path / f"in{index}.dcm", syntax)
        target = tmp_path / f"out{index}.dcm"
        Deidentifier(profile or Profile(), KEY).file(source, target)
        out = pydicom.dcmread(target)
        out.__dict__["raw_bytes"] = target.read_bytes()
        return out

    return clean
