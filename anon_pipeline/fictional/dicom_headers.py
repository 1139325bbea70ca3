"""The headers of a fictional patient's DICOM objects: identifiers in every place where real files have them.

Objects are put together in ``dicom`` and ``dicom_seg``, bytes in ``dicom_files``.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from anon_pipeline.fictional import places
from anon_pipeline.fictional.dicom_files import CHARACTER_SET
from anon_pipeline.fictional.identity import Identity, Staff, plain


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


def object_attributes(
    exam: Examination, study: str, series: str, sop_class: str, instance: str, modality: str
) -> Dataset:
    """What one object has of its own: UIDs, modality, device."""
    data = Dataset()
    data.SOPClassUID = sop_class
    data.SOPInstanceUID = exam.uid(study, series, instance)
    data.StudyInstanceUID = exam.uid(study)
    data.SeriesInstanceUID = exam.uid(study, series)
    data.Modality = modality
    data.ManufacturerModelName = "Spiralys 64" if modality in ("CT", "SEG") else "Valdor Uno"
    return data


def common_attributes(exam: Examination) -> Dataset:
    """What every object of the examination has: patient, visit, staff, institution, private group."""
    person = exam.person
    referrer, radiologist, requester = exam.physicians
    data = Dataset()
    data.SpecificCharacterSet = CHARACTER_SET
    day = exam.day.strftime("%Y%m%d")
    data.StudyDate = data.SeriesDate = data.ContentDate = day
    data.StudyTime, data.SeriesTime, data.ContentTime = "091500", "091730", "091842"
    data.AccessionNumber = exam.accession
    data.Manufacturer = "Imagerie Valdor"
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
