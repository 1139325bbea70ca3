"""DICOM files of a fictional patient: a CT of the abdomen with its segmentation, ultrasound, chest film, screen save.

Valid objects whose UIDs refer to each other, with text burned into some. Their headers come from ``dicom_headers``, the
pixels from ``phantom``, the bytes from ``dicom_files``; the segmentation is in ``dicom_seg``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from anon_pipeline.fictional import phantom
from anon_pipeline.fictional.dicom_files import Encoded, encode, write
from anon_pipeline.fictional.dicom_headers import Examination, common_attributes, object_attributes
from anon_pipeline.fictional.identity import plain
from anon_pipeline.keys import seeded_rng

CT_STORAGE = "1.2.840.10008.5.1.4.1.1.2"
CR_STORAGE = "1.2.840.10008.5.1.4.1.1.1"
US_STORAGE = "1.2.840.10008.5.1.4.1.1.6.1"
SC_STORAGE = "1.2.840.10008.5.1.4.1.1.7"


def _pixel_module(data: Dataset, rows: int, columns: int, bits: int) -> None:
    data.SamplesPerPixel = 1
    data.PhotometricInterpretation = "MONOCHROME2"
    data.Rows, data.Columns = rows, columns
    data.BitsAllocated = 8 if bits <= 8 else 16
    data.BitsStored, data.HighBit = bits, bits - 1
    data.PixelRepresentation = 0


def _pixels(data: Dataset, pixels: NDArray[np.unsignedinteger[Any]], bits: int) -> None:
    _pixel_module(data, pixels.shape[0], pixels.shape[1], bits)
    data.add_new("PixelData", "OB" if bits <= 8 else "OW", pixels.tobytes())


def ct_series(exam: Examination, body: phantom.Abdomen) -> Dataset:
    """What all slices of the CT series share."""
    data = object_attributes(exam, "ct", "axial", CT_STORAGE, "0", "CT")
    data.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    data.AcquisitionDate, data.AcquisitionTime, data.AcquisitionNumber = exam.day.strftime("%Y%m%d"), "091801", 1
    data.SeriesDescription = "Portal 5 mm"
    data.BodyPartExamined = "ABDOMEN"
    data.ProtocolName = "ABDOMEN IV"
    data.PatientPosition = "HFS"
    data.KVP, data.XRayTubeCurrent, data.ExposureTime, data.Exposure = "120", "210", "500", "105"
    data.ConvolutionKernel = "B30f"
    data.FrameOfReferenceUID = exam.uid("ct", "frame")
    data.PositionReferenceIndicator = ""
    data.SliceThickness = str(phantom.SLICE_STEP_MM)
    data.PixelSpacing = [str(body.spacing), str(body.spacing)]
    data.ImageOrientationPatient = ["1", "0", "0", "0", "1", "0"]
    data.RescaleIntercept, data.RescaleSlope, data.RescaleType = "-1024", "1", "HU"
    data.WindowCenter, data.WindowWidth = "60", "350"
    data.ContrastBolusAgent = "Iomeprol 350"
    data.BurnedInAnnotation = "NO"
    _pixel_module(data, phantom.SIZE, phantom.SIZE, 12)
    return data


def ct_slices(exam: Examination, body: phantom.Abdomen) -> list[Dataset]:
    """What each slice has of its own; it refers to the slice before, as scanners' series do to their localisers."""
    out = []
    corner = -(phantom.SIZE - 1) / 2 * body.spacing
    for k in range(phantom.SLICES):
        data = Dataset()
        data.SOPClassUID = CT_STORAGE
        data.SOPInstanceUID = exam.uid("ct", "axial", str(k))
        data.InstanceNumber = k + 1
        height = (k - phantom.SLICES // 2) * phantom.SLICE_STEP_MM
        data.ImagePositionPatient = [f"{corner:.4f}", f"{corner:.4f}", f"{height:.1f}"]
        data.SliceLocation = f"{height:.1f}"
        if k:
            reference = Dataset()
            reference.ReferencedSOPClassUID = CT_STORAGE
            reference.ReferencedSOPInstanceUID = exam.uid("ct", "axial", str(k - 1))
            data.ReferencedImageSequence = Sequence([reference])
        stored = np.clip(body.volume[k].astype(np.int32) + 1024, 0, 4095).astype("<u2")
        data.add_new("PixelData", "OW", stored.tobytes())
        out.append(data)
    return out


def _text_lines(exam: Examination) -> list[str]:
    person = exam.person
    return [
        plain(f"{person.last_name.upper()} {person.first_names[0]}"),
        f"IPP {person.ipp}   Ne le {person.birth:%d/%m/%Y}",
        f"{exam.day:%d/%m/%Y} 09:18  VALBRUME",
    ]


def ultrasound(exam: Examination, rng: np.random.Generator) -> Dataset:
    data = object_attributes(exam, "us", "1", US_STORAGE, "0", "US")
    data.ImageType = ["ORIGINAL", "PRIMARY", "ABDOMINAL", "0001"]
    data.StudyDescription = "Échographie abdominale"
    data.SeriesDescription = "Foie"
    data.PatientOrientation = data.Laterality = ""
    data.LossyImageCompression = "00"
    data.BurnedInAnnotation = "YES" if exam.number % 3 else "NO"
    lines = [*_text_lines(exam), "", "", "", "", "", "", "", f"D1 {exam.lesion_mm:.0f} mm  MI 1.2  FR 32"]
    _pixels(data, phantom.ultrasound(exam.lesion_mm, rng, lines), 8)
    return data


def chest(exam: Examination, rng: np.random.Generator) -> Dataset:
    data = object_attributes(exam, "cr", "1", CR_STORAGE, "0", "CR")
    data.ImageType = ["ORIGINAL", "PRIMARY"]
    data.StudyDescription = "Radiographie thoracique"
    data.BodyPartExamined = "CHEST"
    data.ViewPosition = "PA"
    data.PatientOrientation = ["L", "F"]
    data.PlateID = f"PL{exam.number % 900:04d}"
    data.ImagerPixelSpacing = ["2.5", "2.5"]
    data.WindowCenter, data.WindowWidth = "2048", "4096"
    data.ImageComments = f"Cliché de {exam.person.first_names[0]} {exam.person.last_name}"
    _pixels(data, phantom.chest(rng, exam.hcm).astype("<u2"), 12)
    return data


def screen_save(exam: Examination) -> Dataset:
    data = object_attributes(exam, "ct", "dose", SC_STORAGE, "0", "OT")
    data.ImageType = ["DERIVED", "SECONDARY", "SCREEN SAVE"]
    data.ConversionType = "WSD"
    data.SeriesNumber = 99
    data.SeriesDescription = "Dose report"
    data.PatientOrientation = data.Laterality = ""
    data.DateOfSecondaryCapture, data.TimeOfSecondaryCapture = exam.day.strftime("%Y%m%d"), "092010"
    lines = [*_text_lines(exam), "", "CTDIvol 8.4 mGy", "DLP 412 mGy.cm", plain(f"Medecin {exam.physicians[0]}")]
    _pixels(data, phantom.screen(lines), 8)
    return data


def write_patient(exam: Examination, folder: Path) -> int:
    """Write FOLDER/IPP/STUDY/N.dcm for one patient; returns the number of files."""
    from anon_pipeline.fictional.dicom_seg import segmentation

    rng = seeded_rng(exam.seed, "images", exam.number)
    body = phantom.abdomen(exam.lesion_mm, rng)
    shared, series = encode(common_attributes(exam)), encode(ct_series(exam, body))
    slices = ct_slices(exam, body)
    scanner: list[tuple[Dataset, tuple[Encoded, ...]]] = [(data, (shared, series)) for data in slices]
    scanner.append((segmentation(exam, body, slices), (shared,)))
    if exam.number % 3 == 0:
        scanner.append((screen_save(exam), (shared,)))
    studies: dict[str, list[tuple[Dataset, tuple[Encoded, ...]]]] = {
        "ct": scanner,
        "us": [(ultrasound(exam, rng), (shared,))],
        "cr": [(chest(exam, rng), (shared,))],
    }
    for study, objects in studies.items():
        place = folder / exam.person.ipp / exam.uid(study)[5:17]
        for number, (data, parts) in enumerate(objects, start=1):
            write(place / f"{number}.dcm", data, *parts)
    return sum(map(len, studies.values()))
