"""Avatars' stacks as valid DICOM: CT, MR, CR, DX and MG images, and a Segmentation where there is a lesion.

Identity, dates and device are made up and the same for all; UIDs are functions of the seed. PS3.3 A.3, A.4, A.2, A.51.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from anon_pipeline.keys import seeded_rng
from anon_pipeline.modalities.imaging.synthetic.stacks import Stack

CLASSES = {
    "CT": "1.2.840.10008.5.1.4.1.1.2",
    "MR": "1.2.840.10008.5.1.4.1.1.4",
    "CR": "1.2.840.10008.5.1.4.1.1.1",
    "DX": "1.2.840.10008.5.1.4.1.1.1",
    "MG": "1.2.840.10008.5.1.4.1.1.1",
}
DATE, TIME = "20000101", "120000"
INTERCEPT = -1024
MANUFACTURER = "anon-pipeline"


def _uid(seed: int, *labels: object) -> str:
    value = int(seeded_rng(seed, "uid", *(str(label) for label in labels)).integers(0, 2**63)) << 60
    value += int(seeded_rng(seed, "uid-2", *(str(label) for label in labels)).integers(0, 2**60))
    value = (value & ~(0xF << 76)) | (0x8 << 76)
    value = (value & ~(0x3 << 62)) | (0x2 << 62)
    return f"2.25.{value}"


def write_stack(stack: Stack, out: Path, seed: int) -> Iterator[tuple[str, str]]:
    """Write one avatar's images; yields (path relative to ``out``, sha256)."""
    folder = Path(f"avatar-{stack.person_id:06d}") / stack.kind.lower()
    (out / folder).mkdir(parents=True, exist_ok=True)
    slices = [_image(stack, number, seed) for number in range(len(stack.volume))]
    for number, dataset in enumerate(slices):
        yield _save(dataset, out, folder / f"{number + 1:03d}.dcm")
    if stack.mask is not None and stack.mask.any() and stack.kind in ("CT", "MR"):
        yield _save(_segmentation(stack, slices, seed), out, folder / "segmentation.dcm")


def _save(dataset, out: Path, path: Path) -> tuple[str, str]:
    stream = io.BytesIO()
    dataset.save_as(stream, enforce_file_format=True)
    content = stream.getvalue()
    (out / path).write_bytes(content)
    return path.as_posix(), hashlib.sha256(content).hexdigest()


def _image(stack: Stack, number: int, seed: int):
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import UID, ExplicitVRLittleEndian

    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.file_meta.MediaStorageSOPClassUID = UID(CLASSES[stack.kind])
    data.SpecificCharacterSet = "ISO_IR 192"
    data.SOPClassUID = CLASSES[stack.kind]
    data.SOPInstanceUID = _uid(seed, stack.person_id, stack.kind, "image", number)
    data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID
    data.StudyInstanceUID = _uid(seed, stack.person_id, "study")
    data.SeriesInstanceUID = _uid(seed, stack.person_id, stack.kind, "series")
    data.StudyDate = data.SeriesDate = data.ContentDate = data.AcquisitionDate = DATE
    data.StudyTime = data.SeriesTime = data.ContentTime = data.AcquisitionTime = TIME
    data.AccessionNumber = data.StudyID = ""
    data.ReferringPhysicianName = ""
    data.Modality = "CR" if CLASSES[stack.kind] == CLASSES["CR"] else stack.kind
    data.Manufacturer = MANUFACTURER
    data.StudyDescription = "Synthetic avatar"
    data.PatientName = f"AVATAR^{stack.person_id}"
    data.PatientID = f"AVATAR-{stack.person_id}"
    data.PatientBirthDate = data.PatientSex = ""
    data.PatientIdentityRemoved = "YES"
    data.DeidentificationMethod = "Synthetic image: no patient"
    data.BurnedInAnnotation = "NO"
    data.BodyPartExamined = stack.body_part
    data.SeriesNumber, data.InstanceNumber = 1, number + 1
    _geometry(data, stack, number, seed)
    _pixels(data, stack.volume[number], stack.kind)
    return data


def _geometry(data, stack: Stack, number: int, seed: int) -> None:
    if stack.kind not in ("CT", "MR"):
        data.ImageType = ["DERIVED", "PRIMARY"]
        data.ImagerPixelSpacing = [stack.spacing, stack.spacing]
        data.ViewPosition = "PA"
        data.PatientOrientation = ["L", "F"]
        data.KVP = None
        data.PlateType = ""
        return
    rows, columns = stack.volume.shape[1:]
    corner = [-(columns - 1) / 2 * stack.spacing, -(rows - 1) / 2 * stack.spacing]
    height = (number - len(stack.volume) // 2) * stack.step
    data.ImageType = ["DERIVED", "PRIMARY", "AXIAL"]
    data.FrameOfReferenceUID = _uid(seed, stack.person_id, "frame")
    data.PositionReferenceIndicator = ""
    data.PatientPosition = "HFS"
    data.ImagePositionPatient = [round(v, 4) for v in (*corner, height)]
    data.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    data.PixelSpacing = [stack.spacing, stack.spacing]
    data.SliceThickness = abs(stack.step) or 1
    data.AcquisitionNumber = 1
    if stack.kind == "CT":
        data.KVP = None
    else:
        data.ScanningSequence, data.SequenceVariant, data.ScanOptions = "SE", "NONE", ""
        data.MRAcquisitionType, data.EchoTime, data.EchoTrainLength, data.RepetitionTime = "2D", None, None, None


def _pixels(data, image: np.ndarray, kind: str) -> None:
    intercept = INTERCEPT if kind == "CT" else 0
    stored = np.clip(np.round(image - intercept), 0, 4095).astype(np.uint16)
    data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
    data.Rows, data.Columns = stored.shape
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 16, 12, 11, 0
    if kind == "CT":
        data.RescaleIntercept, data.RescaleSlope, data.RescaleType = intercept, 1, "HU"
        data.WindowCenter, data.WindowWidth = 60, 350
    data.PixelData = stored.tobytes()


def _segmentation(stack: Stack, slices: list, seed: int):
    import highdicom as hd
    from pydicom.sr.codedict import codes

    mask = stack.mask
    assert mask is not None
    used = [number for number in range(len(mask)) if mask[number].any()]
    description = hd.seg.SegmentDescription(
        segment_number=1,
        segment_label="Lesion",
        segmented_property_category=codes.SCT.MorphologicallyAbnormalStructure,
        segmented_property_type=codes.SCT.Lesion if hasattr(codes.SCT, "Lesion") else codes.SCT.Mass,
        algorithm_type=hd.seg.SegmentAlgorithmTypeValues.AUTOMATIC,
        algorithm_identification=hd.AlgorithmIdentificationSequence(
            name="avatar", family=codes.DCM.ArtificialIntelligence, version="1"
        ),
    )
    segmentation = hd.seg.Segmentation(
        source_images=[slices[number] for number in used],
        pixel_array=mask[used],
        segmentation_type=hd.seg.SegmentationTypeValues.BINARY,
        segment_descriptions=[description],
        series_instance_uid=_uid(seed, stack.person_id, stack.kind, "segmentation series"),
        series_number=2,
        sop_instance_uid=_uid(seed, stack.person_id, stack.kind, "segmentation"),
        instance_number=1,
        manufacturer=MANUFACTURER,
        manufacturer_model_name=MANUFACTURER,
        software_versions="1",
        device_serial_number="0",
        omit_empty_frames=True,
    )
    for name, moment in (("ContentDate", DATE), ("SeriesDate", DATE), ("ContentTime", TIME), ("SeriesTime", TIME)):
        setattr(segmentation, name, moment)
    for name in ("InstanceCreationDate", "InstanceCreationTime"):
        if name in segmentation:
            del segmentation[name]
    for sequence in segmentation.get("ContributingEquipmentSequence", []):
        sequence.pop("ContributionDateTime", None)
    segmentation.DimensionOrganizationSequence[0].DimensionOrganizationUID = _uid(seed, stack.person_id, "dimension")
    for item in segmentation.DimensionIndexSequence:
        item.DimensionOrganizationUID = segmentation.DimensionOrganizationSequence[0].DimensionOrganizationUID
    return segmentation
