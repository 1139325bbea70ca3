"""DICOM files of a fictional patient: a CT of the abdomen with its segmentation, ultrasound, chest film, screen save.

Valid objects with identifiers in every usual place: patient, visit, staff, institution and device attributes, UIDs that
refer to each other, private groups, burned-in text. The pixels come from ``phantom``; the segmentation is in
``dicom_seg``.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filewriter import dcmwrite
from pydicom.sequence import Sequence
from pydicom.uid import UID, ExplicitVRLittleEndian

from anon_pipeline.fictional import phantom, places
from anon_pipeline.fictional.identity import Identity, Staff, plain
from anon_pipeline.keys import seeded_rng

CT_STORAGE = "1.2.840.10008.5.1.4.1.1.2"
CR_STORAGE = "1.2.840.10008.5.1.4.1.1.1"
US_STORAGE = "1.2.840.10008.5.1.4.1.1.6.1"
SC_STORAGE = "1.2.840.10008.5.1.4.1.1.7"
IMPLEMENTATION = "2.25.257190381217468512908133421567712309"


@dataclass(frozen=True)
class Examination:
    """What the headers say of one patient's visit to radiology."""

    seed: int
    number: int
    person: Identity
    day: dt.date
    age: float
    lesion_mm: float
    hcm: bool
    nda: str
    accession: str
    physicians: tuple[Staff, Staff, Staff]

    def uid(self, *labels: object) -> str:
        """A UID of the 2.25 root that depends on the hospital, the patient and the labels."""
        text = "|".join(map(str, (self.seed, self.number, *labels)))
        return "2.25." + str(int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "big"))


def person_name(last: str, first: str) -> str:
    return short(f"{last.upper()}^{first}")


def short(text: str, limit: int = 64) -> str:
    """At most ``limit`` bytes of UTF-8, as validators count what VRs LO and PN may hold."""
    return text.encode()[:limit].decode(errors="ignore")


def common(exam: Examination, study: str, series: str, sop_class: str, instance: str, modality: str) -> Dataset:
    """Patient, study, series and equipment attributes of every object."""
    person = exam.person
    referrer, radiologist, requester = exam.physicians
    data = Dataset()
    data.SpecificCharacterSet = "ISO_IR 192"
    data.SOPClassUID = sop_class
    data.SOPInstanceUID = exam.uid(study, series, instance)
    data.StudyInstanceUID = exam.uid(study)
    data.SeriesInstanceUID = exam.uid(study, series)
    day = exam.day.strftime("%Y%m%d")
    data.StudyDate = data.SeriesDate = data.ContentDate = day
    data.StudyTime, data.SeriesTime, data.ContentTime = "091500", "091730", "091842"
    data.AccessionNumber = exam.accession
    data.Modality = modality
    data.Manufacturer = "Imagerie Valdor"
    data.ManufacturerModelName = "Spiralys 64" if modality in ("CT", "SEG") else "Valdor Uno"
    data.DeviceSerialNumber = f"VD{exam.seed % 97:02d}{10_457 + exam.number % 5}"
    data.SoftwareVersions = "4.2.1"
    data.StationName = f"RADIO{1 + exam.number % 5}"
    data.InstitutionName = f"{places.HOSPITAL} - {places.SITES[exam.number % len(places.SITES)]}"
    data.InstitutionAddress = f"{places.street(3, 5, 7)}, {places.SITE_TOWN.postal_code} {places.SITE_TOWN.name}"
    data.InstitutionalDepartmentName = "Radiologie centrale"
    data.ReferringPhysicianName = person_name(referrer.last_name, referrer.first_name)
    data.PerformingPhysicianName = person_name(radiologist.last_name, radiologist.first_name)
    data.OperatorsName = person_name(requester.last_name, requester.first_name)
    data.RequestingPhysician = person_name(requester.last_name, requester.first_name)
    data.PatientName = person_name(person.last_name, person.first_names[0])
    data.PatientID = person.ipp
    data.IssuerOfPatientID = "VALBRUME"
    data.PatientBirthDate = person.birth.strftime("%Y%m%d")
    data.PatientSex = "M" if person.male else "F"
    data.PatientAge = f"{int(exam.age):03d}Y"
    if person.birth_name != person.last_name:
        data.PatientBirthName = person_name(person.birth_name, person.first_names[0])
    data.PatientAddress = short(f"{person.address}, {person.town.postal_code} {person.town.name}")
    data.PatientTelephoneNumbers = person.phone
    other = Dataset()
    other.PatientID, other.TypeOfPatientID, other.IssuerOfPatientID = person.nir, "TEXT", "INS"
    data.OtherPatientIDsSequence = Sequence([other])
    data.PatientComments = f"NIR {person.nir}, joindre au {person.phone}"
    data.AdmissionID = exam.nda
    data.StudyID = exam.nda[-6:]
    data.SeriesNumber = 1
    data.InstanceNumber = 1
    data.StudyDescription = short(f"Abdomen {person.last_name.upper()}") if exam.number % 4 == 0 else "TDM abdomen"
    request = Dataset()
    request.RequestedProcedureID = exam.accession
    request.ScheduledProcedureStepID = "1"
    request.RequestedProcedureDescription = short(f"Bilan de nodule, demande du {referrer}")
    data.RequestAttributesSequence = Sequence([request])
    block = data.private_block(0x0009, "VALBRUME PACS 1.0", create=True)
    block.add_new(0x01, "LO", short(plain(f"{person.last_name} {person.first_names[0]}")))
    block.add_new(0x02, "SH", person.ipp)
    block.add_new(0x03, "DA", day)
    return data


def _pixels(data: Dataset, pixels: NDArray[np.generic], bits: int, signed: bool = False) -> None:
    data.SamplesPerPixel = 1
    data.PhotometricInterpretation = "MONOCHROME2"
    data.Rows, data.Columns = pixels.shape[-2:]
    data.BitsAllocated = 8 if bits <= 8 else 16
    data.BitsStored, data.HighBit = bits, bits - 1
    data.PixelRepresentation = int(signed)
    data.add_new("PixelData", "OB" if bits <= 8 else "OW", pixels.tobytes())


def write(data: Dataset, path: Path) -> None:
    """Write a Part 10 file, explicit VR little endian, with our own implementation identity."""
    meta = FileMetaDataset()
    meta.FileMetaInformationVersion = b"\0\1"
    meta.MediaStorageSOPClassUID = data.SOPClassUID
    meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = UID(IMPLEMENTATION)
    meta.ImplementationVersionName = "VALDOR_4_2"
    meta.SourceApplicationEntityTitle = "VALBRUME_CT1"
    data.file_meta = meta
    path.parent.mkdir(parents=True, exist_ok=True)
    dcmwrite(path, data, enforce_file_format=True)


def ct_slices(exam: Examination, body: phantom.Abdomen) -> list[Dataset]:
    """The CT series; instances refer to the previous slice, as scanners' localisers do."""
    out = []
    for k in range(phantom.SLICES):
        data = common(exam, "ct", "axial", CT_STORAGE, str(k), "CT")
        data.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
        data.AcquisitionDate, data.AcquisitionTime, data.AcquisitionNumber = data.StudyDate, "091801", 1
        data.SeriesDescription = "Portal 5 mm"
        data.BodyPartExamined = "ABDOMEN"
        data.ProtocolName = "ABDOMEN IV"
        data.InstanceNumber = k + 1
        data.PatientPosition = "HFS"
        data.KVP, data.XRayTubeCurrent, data.ExposureTime, data.Exposure = "120", "210", "500", "105"
        data.ConvolutionKernel = "B30f"
        data.FrameOfReferenceUID = exam.uid("ct", "frame")
        data.PositionReferenceIndicator = ""
        data.SliceThickness = str(phantom.SLICE_STEP_MM)
        data.PixelSpacing = [str(body.spacing), str(body.spacing)]
        data.ImageOrientationPatient = ["1", "0", "0", "0", "1", "0"]
        corner = -(phantom.SIZE - 1) / 2 * body.spacing
        height = (k - phantom.SLICES // 2) * phantom.SLICE_STEP_MM
        data.ImagePositionPatient = [f"{corner:.4f}", f"{corner:.4f}", f"{height:.1f}"]
        data.SliceLocation = f"{height:.1f}"
        data.RescaleIntercept, data.RescaleSlope, data.RescaleType = "-1024", "1", "HU"
        data.WindowCenter, data.WindowWidth = "60", "350"
        data.ContrastBolusAgent = "Iomeprol 350"
        data.BurnedInAnnotation = "NO"
        if k:
            reference = Dataset()
            reference.ReferencedSOPClassUID = CT_STORAGE
            reference.ReferencedSOPInstanceUID = exam.uid("ct", "axial", str(k - 1))
            data.ReferencedImageSequence = Sequence([reference])
        _pixels(data, np.clip(body.volume[k].astype(np.int32) + 1024, 0, 4095).astype("<u2"), 12)
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
    data = common(exam, "us", "1", US_STORAGE, "0", "US")
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
    data = common(exam, "cr", "1", CR_STORAGE, "0", "CR")
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
    data = common(exam, "ct", "dose", SC_STORAGE, "0", "OT")
    data.ImageType = ["DERIVED", "SECONDARY", "SCREEN SAVE"]
    data.ConversionType = "WSD"
    data.SeriesNumber = 99
    data.SeriesDescription = "Dose report"
    data.PatientOrientation = data.Laterality = ""
    data.DateOfSecondaryCapture, data.TimeOfSecondaryCapture = data.StudyDate, "092010"
    lines = [*_text_lines(exam), "", "CTDIvol 8.4 mGy", "DLP 412 mGy.cm", plain(f"Medecin {exam.physicians[0]}")]
    _pixels(data, phantom.screen(lines), 8)
    return data


def write_patient(exam: Examination, folder: Path) -> int:
    """Write FOLDER/IPP/STUDY/N.dcm for one patient; returns the number of files."""
    from anon_pipeline.fictional.dicom_seg import segmentation

    rng = seeded_rng(exam.seed, "images", exam.number)
    body = phantom.abdomen(exam.lesion_mm, rng)
    slices = ct_slices(exam, body)
    studies = {"ct": [*slices, segmentation(exam, body, slices)]}
    if exam.number % 3 == 0:
        studies["ct"].append(screen_save(exam))
    studies["us"] = [ultrasound(exam, rng)]
    studies["cr"] = [chest(exam, rng)]
    for objects in studies.values():
        for number, data in enumerate(objects, start=1):
            write(data, folder / exam.person.ipp / data.StudyInstanceUID[5:17] / f"{number}.dcm")
    return sum(map(len, studies.values()))
