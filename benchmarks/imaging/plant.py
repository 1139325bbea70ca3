"""A planted set: DICOM files of several kinds with known strings in known places, and the answer key.

    python benchmarks/imaging/plant.py OUT --files 2000 --seed 1

Every planted string is unique to its file and place, so that a leak is a byte search. The key (``key.json``) also
holds what a de-identifier must do, in the benchmark's action categories. Nothing here imports the engine.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    RLELossless,
)

ROOT = "1.2.840.10008.5.1.4.1.1."
CLASSES = {"CT": "2", "MR": "4", "PT": "128", "CR": "1", "US": "6.1", "USMF": "3.1", "SC": "7", "SR": "88.22",
           "PR": "11.1", "SEG": "66.4", "RTSTRUCT": "481.3"}  # fmt: skip
KINDS = ("CT",) * 22 + ("MR",) * 5 + ("SR",) * 4 + ("PT",) * 2 + ("PR", "SEG", "RTSTRUCT", "CT", "MR")
DRAWN = ("US", "CR", "SC", "USMF")
# places at the top level: keyword, how much text fits
TEXT_PLACES = (
    "InstitutionName", "InstitutionAddress", "InstitutionalDepartmentName", "StationName", "AccessionNumber",
    "ReferringPhysicianName", "PerformingPhysicianName", "OperatorsName", "PhysiciansOfRecord", "RequestingPhysician",
    "NameOfPhysiciansReadingStudy", "PatientName", "PatientID", "OtherPatientIDs", "OtherPatientNames",
    "PatientBirthName", "PatientMotherBirthName", "PatientAddress", "PatientTelephoneNumbers", "PatientComments",
    "AdditionalPatientHistory", "Occupation", "EthnicGroup", "MilitaryRank", "BranchOfService", "MedicalRecordLocator",
    "Allergies", "MedicalAlerts", "CountryOfResidence", "RegionOfResidence", "PatientInsurancePlanCodeSequence",
    "StudyDescription", "SeriesDescription", "ProtocolName", "ImageComments", "StudyComments", "StudyID",
    "RequestedProcedureDescription", "PerformedProcedureStepDescription", "PerformedProcedureStepID",
    "RequestedProcedureID", "ScheduledProcedureStepID", "AdmissionID", "CurrentPatientLocation",
    "PatientInstitutionResidence", "VisitComments", "AdmittingDiagnosesDescription", "DeviceSerialNumber",
    "DetectorID", "CassetteID", "PlateID", "GantryID", "ManufacturerModelName", "SoftwareVersions", "ScanOptions",
    "ConvolutionKernel", "FilterType", "ContrastBolusAgent", "DerivationDescription", "AcquisitionComments",
    "LossyImageCompressionMethod", "WindowCenterWidthExplanation", "ContributionDescription", "IssuerOfPatientID",
    "ResponsiblePerson", "ResponsibleOrganization", "ClinicalTrialSponsorName", "ClinicalTrialSubjectID",
    "InterpretationAuthor", "RequestingService", "BodyPartThickness", "DataSetName", "SequenceName", "CoilString",
    "ReceiveCoilName", "PatientState", "TimezoneOffsetFromUTC", "Manufacturer", "DigitalSignatureDateTimeText",
)  # fmt: skip
CHARSETS = ("ISO_IR 100", "ISO_IR 192", ["", "ISO 2022 IR 87"], "ISO_IR 100", "ISO_IR 144")
DATES = ("StudyDate", "SeriesDate", "AcquisitionDate", "ContentDate", "PatientBirthDate")


def word(*labels: object) -> str:
    """A string of letters that no vocabulary has."""
    digest = hashlib.sha256(repr(labels).encode()).digest()
    return "ZQ" + "".join("BCDFGHJKLMNPRSTVWXZ"[b % 19] + "AEIOU"[b // 19 % 5] for b in digest[:5])


def item_of(ds: Dataset) -> bytes:
    """A data set as the one item of a sequence in implicit little endian."""
    from pydicom.filebase import DicomBytesIO
    from pydicom.filewriter import write_dataset

    stream = DicomBytesIO()
    stream.is_little_endian, stream.is_implicit_VR = True, True
    write_dataset(stream, ds)
    content = stream.getvalue()
    return b"\xfe\xff\x00\xe0" + len(content).to_bytes(4, "little") + content


class Planter:
    """Makes the files of one set and collects their answer key."""

    def __init__(self, out: Path, files: int, seed: int, drawn_share: float) -> None:
        self.out, self.files, self.seed, self.drawn = out, files, seed, drawn_share
        self.rng = np.random.default_rng(seed)
        self.key: list[dict[str, Any]] = []

    def run(self) -> None:
        self.out.mkdir(parents=True, exist_ok=True)
        every = round(1 / self.drawn) if self.drawn else 0
        for number in range(self.files):
            drawn = every and number % every == every - 1
            kind = DRAWN[number // every % len(DRAWN)] if drawn else KINDS[number % len(KINDS)]
            self.file(number, kind)
        (self.out.parent / f"{self.out.name}.key.json").write_text(json.dumps(self.key), encoding="utf-8")

    def uid(self, *labels: object) -> str:
        number = int.from_bytes(hashlib.sha256(repr((self.seed, *labels)).encode()).digest()[:12], "big")
        return f"1.3.6.1.4.1.99999.{number}"

    def file(self, number: int, kind: str) -> None:
        patient, study = number // 24, number // 12
        entry: dict[str, Any] = {
            "file": f"p{patient:04d}/f{number:05d}.dcm",
            "kind": kind,
            "needles": [],
            "actions": [],
        }

        def plant(place: str) -> str:
            text = word(self.seed, number, place)
            entry["needles"].append([place, text])
            return text

        ds = Dataset()
        ds.SpecificCharacterSet = CHARSETS[number % len(CHARSETS)]
        ds.SOPClassUID = ROOT + CLASSES[kind]
        ds.SOPInstanceUID = self.uid("instance", number)
        ds.StudyInstanceUID, ds.SeriesInstanceUID = self.uid("study", study), self.uid("series", study, kind)
        ds.FrameOfReferenceUID = self.uid("frame", study)
        ds.Modality = {"USMF": "US", "SC": "OT"}.get(kind, kind)
        self._header(ds, kind, number, patient, study, plant, entry)
        pixels = self._pixels(ds, kind, number, plant, entry)
        self._nested(ds, kind, number, study, plant, entry)
        getattr(self, f"_{kind.lower()}", lambda *_: None)(ds, number, study, plant)
        self._write(ds, kind, number, pixels, plant, entry)
        self.key.append(entry)

    def _header(self, ds: Dataset, kind: str, number: int, patient: int, study: int, plant: Any, entry: Any) -> None:
        actions = entry["actions"]
        if kind in ("CT", "MR", "PT", "CR"):
            ds.BodyPartExamined = "CHEST" if kind != "MR" else "ABDOMEN"
            actions.append(["tag_retained", "BodyPartExamined", ds.BodyPartExamined])
        for keyword in TEXT_PLACES:
            if keyword in ("PatientID", "PatientInsurancePlanCodeSequence", "BodyPartThickness", "DataSetName",
                           "CoilString", "DigitalSignatureDateTimeText", "ContributionDescription"):  # fmt: skip
                continue
            if keyword == "SequenceName" and kind != "MR":
                continue
            text = plant(keyword)
            if keyword in ("StudyDescription", "SeriesDescription", "ProtocolName", "RequestedProcedureDescription"):
                setattr(ds, keyword, f"CT THORAX {text} 2.0 mm")
                actions += [["text_retained", keyword, "THORAX"], ["text_removed", keyword, text],
                            ["text_notnull", keyword, ""]]  # fmt: skip
            elif keyword == "ScanOptions":
                ds.ScanOptions = ["HELIX", text[:12]]
            elif keyword == "PatientName":
                ds.PatientName = f"{word(self.seed, patient, 'last')}^{text}"
                entry["needles"].append([keyword, word(self.seed, patient, "last")])
                actions.append(["text_removed", keyword, text])
            elif keyword == "ImageComments":
                ds.ImageComments = (
                    f"seen by Dr {text}, NIR 2 85 05 78 006 {number % 1000:03d} 91, uid {ds.SOPInstanceUID}"
                )
                entry["needles"].append(["NIR in text", f"2 85 05 78 006 {number % 1000:03d} 91"])
            elif keyword == "TimezoneOffsetFromUTC":
                ds.TimezoneOffsetFromUTC = "+0100"
                entry["needles"].pop()
            else:
                setattr(ds, keyword, text)
                actions.append(["text_removed", keyword, text])
        ds.PatientID = f"IPP{word(self.seed, patient, 'id')}"
        entry["needles"].append(["PatientID", ds.PatientID])
        actions += [["patid_consistent", "PatientID", ds.PatientID], ["text_removed", "PatientID", ds.PatientID]]
        day = 1 + number % 27
        for keyword in DATES:
            value = (
                f"19{40 + patient % 50}0{1 + patient % 9}1{patient % 9}"
                if keyword == "PatientBirthDate"
                else f"201{study % 9}03{day:02d}"
            )
            setattr(ds, keyword, value)
            if keyword != "PatientBirthDate":
                actions.append(["date_shifted", keyword, value])
        ds.AcquisitionDateTime = f"201{study % 9}03{day:02d}101112.5"
        actions.append(["date_shifted", "AcquisitionDateTime", ds.AcquisitionDateTime])
        ds.StudyTime = ds.SeriesTime = ds.ContentTime = "101112"
        ds.PatientSex, ds.PatientAge = "F", f"{30 + patient % 69:03d}Y"
        actions.append(["tag_retained", "PatientSex", "F"])
        for keyword in ("SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID"):
            value = str(getattr(ds, keyword))
            entry["needles"].append([keyword, value])
            actions += [["uid_changed", keyword, value], ["uid_consistent", keyword, value]]
        ds.InstanceNumber, ds.SeriesNumber = number, 3
        actions += [["tag_retained", "InstanceNumber", str(number)], ["tag_retained", "Modality", ds.Modality]]
        for offset, group in enumerate((0x0009, 0x0019, 0x0021, 0x0029, 0x0043)):
            ds.add_new((group, 0x10), "LO", plant(f"private creator {offset}"))
            ds.add_new((group, 0x1001), ("LO", "UN", "OB", "LT", "SH")[offset], plant(f"private {offset}").encode()
                       if offset in (1, 2) else plant(f"private text {offset}"))  # fmt: skip

    def _nested(self, ds: Dataset, kind: str, number: int, study: int, plant: Any, entry: Any) -> None:
        code = Dataset()
        code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = (
            plant("local CodeValue"), "99" + plant("local scheme")[:10], plant("local CodeMeaning"))  # fmt: skip
        known = Dataset()
        known.CodeValue, known.CodingSchemeDesignator, known.CodeMeaning = (
            "51185008",
            "SCT",
            "Chest " + plant("meaning"),
        )
        ds.ProcedureCodeSequence = Sequence([code])
        ds.AnatomicRegionSequence = Sequence([known])
        entry["actions"].append(["tag_retained", "AnatomicRegionSequence.0.CodeValue", "51185008"])
        request = Dataset()
        request.RequestedProcedureID, request.ScheduledProcedureStepID = plant("nested rp id"), plant("nested sps id")
        request.add_new((0x0029, 0x10), "LO", plant("nested creator"))
        request.add_new((0x0029, 0x1010), "LO", plant("private in a sequence"))
        ds.RequestAttributesSequence = Sequence([request])
        reference = Dataset()
        reference.ReferencedSOPClassUID = ROOT + "2"
        reference.ReferencedSOPInstanceUID = self.uid("instance", number // 40 * 40)
        reference.add_new((0x0011, 0x10), "LO", plant("creator in a kept sequence"))
        reference.add_new((0x0011, 0x1010), "UN", plant("private in a kept sequence").encode())
        entry["actions"].append(["uid_consistent", "ReferencedImageSequence.0.ReferencedSOPInstanceUID",
                                 reference.ReferencedSOPInstanceUID])  # fmt: skip
        entry["needles"].append(["ReferencedSOPInstanceUID", reference.ReferencedSOPInstanceUID])
        ds.ReferencedImageSequence = Sequence([reference])
        foreign = Dataset()  # a sequence under the VR UN is written in implicit form (PS3.5 section 6.2.2)
        foreign.PatientName, foreign.TextValue = plant("name in a UN sequence"), plant("text in a UN sequence")
        from pydicom import config

        known_vrs, config.replace_un_with_known_vr = config.replace_un_with_known_vr, False
        ds.add_new(0x0040A730 if kind != "SR" else 0x0008114A, "UN", item_of(foreign))
        config.replace_un_with_known_vr = known_vrs
        ds.add_new(0x00180015 if kind not in ("CT", "MR", "PT", "CR") else 0x00181000, "LO", plant("wrong VR"))
        signature = Dataset()
        signature.MACIDNumber, signature.DigitalSignatureUID = 1, self.uid("signature", number)
        signature.CertificateOfSigner, signature.CertificateType = plant("certificate").encode(), "X509_1993_SIG"
        ds.DigitalSignaturesSequence = Sequence([signature])
        icon = Dataset()
        icon.Rows = icon.Columns = 4
        icon.BitsAllocated = 8
        icon.PixelData = (plant("icon pixels") + "    ")[:16].encode()
        ds.IconImageSequence = Sequence([icon])
        person = Dataset()
        person.PersonIdentificationCodeSequence = Sequence([code])
        person.InstitutionName, person.PersonTelephoneNumbers = plant("nested institution"), plant("nested phone")
        ds.ReferringPhysicianIdentificationSequence = Sequence([person])
        ds.add_new(0x60003000, "OW", (plant("overlay data") + " " * 16)[:16].encode())
        ds.add_new(0x60004000, "LT", plant("overlay comments"))
        ds.add_new(0x50003000, "OW", (plant("curve data") + " " * 16)[:16].encode())
        ds.add_new(0xFFFCFFFC, "OB", (plant("trailing padding") + "  ").encode()[:14])

    def _evidence(self, number: int, study: int, kind: str) -> Dataset:
        """A reference to a series and an instance of the same study."""
        first = number // 12 * 12
        instance, series = Dataset(), Dataset()
        instance.ReferencedSOPClassUID, instance.ReferencedSOPInstanceUID = ROOT + "2", self.uid("instance", first)
        series.SeriesInstanceUID, series.ReferencedSOPSequence = self.uid("series", study, kind), Sequence([instance])
        return series

    def _pixels(self, ds: Dataset, kind: str, number: int, plant: Any, entry: Any) -> bytes | None:
        if kind in ("SR", "PR", "RTSTRUCT"):
            return None
        shape = {"CT": (192, 192), "MR": (96, 96), "PT": (96, 96), "CR": (512, 640), "SEG": (64, 64)}.get(
            kind, (360, 480)
        )
        ds.Rows, ds.Columns = shape
        ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
        ds.PixelSpacing = ["2", "2"] if kind in ("CT", "PT") else ["4", "4"]
        ds.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
        ds.BurnedInAnnotation = "NO"
        wide = kind in ("CT", "MR", "PT")
        ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = (16, 12, 11, 0) if wide else (8, 8, 7, 0)
        yy, xx = np.mgrid[: shape[0], : shape[1]]
        inside = ((yy - shape[0] / 2) / (shape[0] * 0.36)) ** 2 + ((xx - shape[1] / 2) / (shape[1] * 0.36)) ** 2 < 1
        noise = self.rng.normal(0, 1, shape)
        if wide:
            frame = np.clip(40 + inside * 900 + noise * 30, 0, 4095).astype("<u2")
            ds.PixelData = frame.tobytes()
            entry["actions"].append(["pixels_retained", "PixelData", hashlib.sha256(ds.PixelData).hexdigest()])
            return ds.PixelData
        if kind == "SEG":
            ds.PixelData = inside.astype("u1").tobytes()
            return ds.PixelData
        import cv2

        frame = np.clip(inside * (90 + noise * 28), 0, 255).astype("u1")
        frame = cv2.GaussianBlur(frame, (0, 0), 0.8)
        frame[~inside] = 0
        boxes, count = [], 3 if kind == "USMF" else 1
        for line, text in enumerate((plant("burned-in name"), f"{1 + number % 27:02d}/03/1957", "Thorax 2.0 mm")):
            place = (8 + 10 * (number % 5), 22 + 24 * line)
            (width, height), base = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, 0.55, 1)
            cv2.putText(frame, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.55, 255, 1, cv2.LINE_AA)
            if line < 2:
                boxes.append([place[0], place[1] - height, width, height + base // 2])
        ds.PixelData = np.repeat(frame[None], count, 0).tobytes()
        if count > 1:
            ds.NumberOfFrames = count
        entry["boxes"] = boxes
        entry["actions"] += [["pixels_hidden", "PixelData", box] for box in boxes]
        return ds.PixelData

    def _sr(self, ds: Dataset, number: int, study: int, plant: Any) -> None:
        ds.CompletionFlag, ds.VerificationFlag, ds.ValueType, ds.ContinuityOfContent = (
            "COMPLETE", "UNVERIFIED", "CONTAINER", "SEPARATE")  # fmt: skip
        title = Dataset()
        title.CodeValue, title.CodingSchemeDesignator, title.CodeMeaning = "126000", "DCM", "Imaging Measurement Report"
        ds.ConceptNameCodeSequence = Sequence([title])
        evidence = Dataset()
        evidence.StudyInstanceUID = ds.StudyInstanceUID
        evidence.ReferencedSeriesSequence = Sequence([self._evidence(number, study, "CT")])
        ds.CurrentRequestedProcedureEvidenceSequence = Sequence([evidence])
        ds.ContentSequence = Sequence()
        for value_type, keyword, place in (("TEXT", "TextValue", "SR text"), ("PNAME", "PersonName", "SR person")):
            item, name = Dataset(), Dataset()
            name.CodeValue, name.CodingSchemeDesignator, name.CodeMeaning = "121106", "DCM", "Comment"
            item.RelationshipType, item.ValueType, item.ConceptNameCodeSequence = (
                "CONTAINS",
                value_type,
                Sequence([name]),
            )
            setattr(item, keyword, f"Lesion stable, seen by {plant(place)}" if keyword == "TextValue" else plant(place))
            ds.ContentSequence.append(item)
        date = Dataset()
        date.RelationshipType, date.ValueType, date.Date = "CONTAINS", "DATE", "20150301"
        ds.ContentSequence.append(date)
        observer = Dataset()
        observer.VerifyingOrganization, observer.VerifyingObserverName = plant("verifying org"), plant("verifier")
        observer.VerificationDateTime = "20150301101010"
        ds.VerifyingObserverSequence = Sequence([observer])

    def _pr(self, ds: Dataset, number: int, study: int, plant: Any) -> None:
        layer, annotation, text = Dataset(), Dataset(), Dataset()
        layer.GraphicLayer, layer.GraphicLayerOrder = plant("graphic layer")[:12], 1
        layer.GraphicLayerDescription = plant("layer description")
        text.UnformattedTextValue, text.AnchorPoint = plant("annotation text"), [1.0, 1.0]
        annotation.GraphicLayer, annotation.TextObjectSequence = layer.GraphicLayer, Sequence([text])
        ds.GraphicLayerSequence, ds.GraphicAnnotationSequence = Sequence([layer]), Sequence([annotation])
        series = self._evidence(number, study, "CT")
        series.ReferencedImageSequence = series.ReferencedSOPSequence
        del series.ReferencedSOPSequence
        ds.ReferencedSeriesSequence = Sequence([series])
        ds.ContentLabel, ds.ContentDescription = "ANNOTATIONS", plant("content description")
        ds.ContentCreatorName = plant("content creator")

    def _rtstruct(self, ds: Dataset, number: int, study: int, plant: Any) -> None:
        ds.StructureSetLabel, ds.StructureSetName = plant("set label"), plant("set name")
        roi = Dataset()
        roi.ROINumber, roi.ROIName, roi.ROIDescription = 1, plant("roi name"), plant("roi description")
        roi.ReferencedFrameOfReferenceUID = ds.FrameOfReferenceUID
        ds.StructureSetROISequence = Sequence([roi])
        frame, contour = Dataset(), self._evidence(number, study, "CT").ReferencedSOPSequence[0]
        frame.FrameOfReferenceUID = ds.FrameOfReferenceUID
        ds.ReferencedFrameOfReferenceSequence = Sequence([frame])
        points, one = Dataset(), Dataset()
        points.ContourImageSequence, points.ContourGeometricType = Sequence([contour]), "POINT"
        points.NumberOfContourPoints, points.ContourData = 1, ["1.0", "2.0", "3.0"]
        one.ReferencedROINumber, one.ContourSequence = 1, Sequence([points])
        ds.ROIContourSequence = Sequence([one])

    def _seg(self, ds: Dataset, number: int, study: int, plant: Any) -> None:
        segment = Dataset()
        segment.SegmentNumber, segment.SegmentLabel = 1, plant("segment label")
        segment.SegmentDescription, segment.TrackingID = plant("segment description"), plant("tracking id")
        ds.SegmentSequence = Sequence([segment])
        series = self._evidence(number, study, "CT")
        series.ReferencedInstanceSequence = series.ReferencedSOPSequence
        del series.ReferencedSOPSequence
        ds.ReferencedSeriesSequence = Sequence([series])
        ds.ContentLabel, ds.ContentCreatorName = "SEGMENTATION", plant("segmentation creator")

    def _write(self, ds: Dataset, kind: str, number: int, pixels: bytes | None, plant: Any, entry: Any) -> None:
        syntax = ExplicitVRLittleEndian
        if kind in ("CT", "MR"):
            syntax = (ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRLittleEndian,
                      ExplicitVRLittleEndian, RLELossless, DeflatedExplicitVRLittleEndian)[number % 7]  # fmt: skip
        elif kind == "US" and number % 2:
            syntax = RLELossless
        if kind == "MR" and number % 11 == 3:
            syntax = ExplicitVRBigEndian
        meta = FileMetaDataset()
        meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = ds.SOPClassUID, ds.SOPInstanceUID
        meta.TransferSyntaxUID = ExplicitVRLittleEndian if syntax == RLELossless else syntax
        meta.ImplementationClassUID = "1.3.6.1.4.1.99999.1"
        meta.SourceApplicationEntityTitle = plant("source AE")
        meta.PrivateInformationCreatorUID, meta.PrivateInformation = (
            "1.3.6.1.4.1.99999.2",
            plant("private info").encode(),
        )
        ds.file_meta = meta
        ds.preamble = plant("preamble").encode().ljust(128, b"\0")
        if syntax == ExplicitVRBigEndian and pixels is not None and ds.BitsAllocated == 16:
            ds.PixelData = np.frombuffer(pixels, "<u2").astype(">u2").tobytes()
            for action in entry["actions"]:
                if action[0] == "pixels_retained":
                    action[2] = hashlib.sha256(ds.PixelData).hexdigest()
        if pixels is not None:
            ds["PixelData"].VR = "OW"
        if syntax == RLELossless and pixels is not None:
            ds.compress(RLELossless, generate_instance_uid=False)
            for action in entry["actions"]:
                if action[0] == "pixels_retained":
                    action[2] = hashlib.sha256(ds.PixelData).hexdigest()
        path = self.out / entry["file"]
        path.parent.mkdir(parents=True, exist_ok=True)
        ds.save_as(path, enforce_file_format=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--drawn-share", type=float, default=0.02, help="share of files with burned-in text")
    options = parser.parse_args()
    Planter(options.out, options.files, options.seed, options.drawn_share).run()


if __name__ == "__main__":
    main()
