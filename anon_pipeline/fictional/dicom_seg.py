"""The nodule's mask as a DICOM Segmentation (PS3.3 A.51): binary, one frame a slice that holds a part of the nodule."""

from __future__ import annotations

import numpy as np
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from anon_pipeline.fictional.dicom import CT_STORAGE
from anon_pipeline.fictional.dicom_headers import Examination, object_attributes, person_name, short
from anon_pipeline.fictional.phantom import SIZE, SLICE_STEP_MM, SLICES, Abdomen

SEG_STORAGE = "1.2.840.10008.5.1.4.1.1.66.4"


def _code(value: str, scheme: str, meaning: str) -> Sequence:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return Sequence([item])


def _one(**attributes: object) -> Sequence:
    item = Dataset()
    for name, value in attributes.items():
        setattr(item, name, value)
    return Sequence([item])


def segmentation(exam: Examination, body: Abdomen, slices: list[Dataset]) -> Dataset:
    """One segment, "Neoplasm", on the geometry of the CT series that it refers to."""
    kept = [k for k in range(SLICES) if body.mask[k].any()] or [SLICES // 2]
    data = object_attributes(exam, "ct", "seg", SEG_STORAGE, "0", "SEG")
    data.ImageType = ["DERIVED", "PRIMARY"]
    data.SeriesNumber = 2
    data.SeriesDescription = "Segmentation"
    data.FrameOfReferenceUID = exam.uid("ct", "frame")
    data.PositionReferenceIndicator = ""
    data.ContentLabel = "NODULE"
    data.ContentDescription = short(f"Nodule hépatique, {exam.person.last_name.upper()}")
    data.ContentCreatorName = person_name(exam.physicians[1].last_name, exam.physicians[1].first_name)
    data.LossyImageCompression = "00"
    data.BurnedInAnnotation = "NO"
    data.SegmentationType = "BINARY"
    data.NumberOfFrames = len(kept)
    segment = Dataset()
    segment.SegmentNumber = 1
    segment.SegmentLabel = "Nodule"
    segment.SegmentAlgorithmType = "MANUAL"
    segment.SegmentedPropertyCategoryCodeSequence = _code("49755003", "SCT", "Morphologically Altered Structure")
    segment.SegmentedPropertyTypeCodeSequence = _code("108369006", "SCT", "Neoplasm")
    data.SegmentSequence = Sequence([segment])

    dimension = exam.uid("ct", "dimension")
    data.DimensionOrganizationSequence = _one(DimensionOrganizationUID=dimension)
    data.DimensionIndexSequence = Sequence([
        _one(DimensionOrganizationUID=dimension, DimensionIndexPointer=0x0062000B, FunctionalGroupPointer=0x0062000A,
             DimensionDescriptionLabel="ReferencedSegmentNumber")[0],
        _one(DimensionOrganizationUID=dimension, DimensionIndexPointer=0x00200032, FunctionalGroupPointer=0x00209113,
             DimensionDescriptionLabel="ImagePositionPatient")[0],
    ])  # fmt: skip
    shared = Dataset()
    shared.PlaneOrientationSequence = _one(ImageOrientationPatient=["1", "0", "0", "0", "1", "0"])
    shared.PixelMeasuresSequence = _one(
        SliceThickness=str(SLICE_STEP_MM),
        SpacingBetweenSlices=str(SLICE_STEP_MM),
        PixelSpacing=[str(body.spacing), str(body.spacing)],
    )
    shared.SegmentIdentificationSequence = _one(ReferencedSegmentNumber=1)
    data.SharedFunctionalGroupsSequence = Sequence([shared])
    frames = []
    for rank, k in enumerate(kept, start=1):
        frame = Dataset()
        frame.FrameContentSequence = _one(DimensionIndexValues=[1, rank])
        frame.PlanePositionSequence = _one(ImagePositionPatient=list(slices[k].ImagePositionPatient))
        source = Dataset()
        source.ReferencedSOPClassUID = CT_STORAGE
        source.ReferencedSOPInstanceUID = slices[k].SOPInstanceUID
        source.PurposeOfReferenceCodeSequence = _code("121322", "DCM", "Source image for image processing operation")
        derivation = Dataset()
        derivation.SourceImageSequence = Sequence([source])
        derivation.DerivationCodeSequence = _code("113076", "DCM", "Segmentation")
        frame.DerivationImageSequence = Sequence([derivation])
        frames.append(frame)
    data.PerFrameFunctionalGroupsSequence = Sequence(frames)

    series = Dataset()
    series.SeriesInstanceUID = exam.uid("ct", "axial")
    series.ReferencedInstanceSequence = Sequence([
        _one(ReferencedSOPClassUID=CT_STORAGE, ReferencedSOPInstanceUID=item.SOPInstanceUID)[0] for item in slices
    ])  # fmt: skip
    data.ReferencedSeriesSequence = Sequence([series])
    data.SamplesPerPixel = 1
    data.PhotometricInterpretation = "MONOCHROME2"
    data.Rows = data.Columns = SIZE
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 1, 1, 0, 0
    packed = np.packbits(body.mask[kept].ravel(), bitorder="little").tobytes()
    data.add_new("PixelData", "OB", packed + b"\0" * (len(packed) % 2))
    return data
