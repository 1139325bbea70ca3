"""Patients' images as arrays: one stack a patient and kind (a DICOM Modality), with its lesion mask where there is one.

Only plain grey-level images are read: CT, MR, CR, DX and MG. Ultrasound and secondary captures have text in their
pixels, and never become avatars.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Container, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from anon_pipeline.cohort import Cohort

KINDS = ("CT", "MR", "CR", "DX", "MG")
SEGMENTATION = "1.2.840.10008.5.1.4.1.1.66.4"


@dataclass
class Stack:
    """One patient's images of one kind. volume: (slices, rows, columns) float32 in modality units (HU for CT).
    mask: the same shape, bool, or None. spacing: mm between pixels; step: mm between slices."""

    person_id: int
    kind: str
    volume: NDArray[np.float32]
    mask: NDArray[np.bool_] | None
    spacing: float
    step: float
    body_part: str


@dataclass
class _Slice:
    uid: str
    position: float
    pixels: NDArray[np.float32]
    spacing: float
    body_part: str


def pictured(cohort: Cohort) -> dict[int, list[Path]]:
    """person_id -> the files of that person, ascending; empty without images."""
    index = cohort.images / "index.parquet"
    by_person: dict[int, list[Path]] = defaultdict(list)
    if index.is_file():
        for row in pq.read_table(index, columns=["person_id", "path"]).to_pylist():
            by_person[row["person_id"]].append(cohort.images / row["path"])
    return {person: sorted(by_person[person]) for person in sorted(by_person)}


def each_stack(cohort: Cohort, persons: Container[int] | None = None) -> Iterator[Stack]:
    """The stacks of everyone, or of ``persons``, by ascending person_id, at most one a kind.

    A patient with several series of a kind is taken by the one with most slices. Files that cannot be decoded are
    passed over: the record-level track reports them.
    """
    for person, paths in pictured(cohort).items():
        if persons is None or person in persons:
            yield from _of_person(person, paths)


def commonest_shape(stacks: list[Stack]) -> tuple[int, ...]:
    """The shape that most of the stacks have, of equally common ones the first."""
    return Counter(stack.volume.shape for stack in stacks).most_common(1)[0][0]


def _of_person(person: int, paths: list[Path]) -> list[Stack]:
    import pydicom

    series: dict[tuple[str, str], list[_Slice]] = defaultdict(list)
    masks: dict[str, NDArray[np.bool_]] = {}
    for path in paths:
        try:
            data = pydicom.dcmread(path)
            if data.get("SOPClassUID") == SEGMENTATION:
                masks.update(_frames(data))
            elif data.get("Modality") in KINDS and int(data.get("SamplesPerPixel", 1)) == 1:
                series[str(data.Modality), str(data.SeriesInstanceUID)].append(_slice(data))
        except Exception:  # noqa: S112 - whatever a damaged file raises, it is not an image to learn from
            continue
    best: dict[str, list[_Slice]] = {}
    for (kind, _), slices in sorted(series.items()):
        if len({s.pixels.shape for s in slices}) == 1 and len(slices) > len(best.get(kind, [])):
            best[kind] = slices
    return [_stack(person, kind, slices, masks) for kind, slices in sorted(best.items())]


def _slice(data: object) -> _Slice:
    from pydicom.dataset import Dataset
    from pydicom.pixels import apply_rescale

    assert isinstance(data, Dataset)
    if int(data.get("NumberOfFrames", 1)) != 1:
        raise ValueError("multi-frame")
    pixels = np.asarray(apply_rescale(data.pixel_array, data), np.float32)
    spacing = data.get("PixelSpacing") or data.get("ImagerPixelSpacing") or [1.0, 1.0]
    where = data.get("ImagePositionPatient")
    position = float(where[2]) if where else float(data.get("InstanceNumber") or 0)
    return _Slice(str(data.SOPInstanceUID), position, pixels, float(spacing[0]), str(data.get("BodyPartExamined", "")))


def _frames(data: object) -> dict[str, NDArray[np.bool_]]:
    """SOP Instance UID of the segmented image -> union of its segments' masks."""
    from pydicom.dataset import Dataset

    assert isinstance(data, Dataset)
    pixels = np.asarray(data.pixel_array).reshape(-1, int(data.Rows), int(data.Columns)) > 0
    found: dict[str, NDArray[np.bool_]] = {}
    for frame, group in enumerate(data.PerFrameFunctionalGroupsSequence):
        for derivation in group.get("DerivationImageSequence", []):
            for source in derivation.get("SourceImageSequence", []):
                uid = str(source.ReferencedSOPInstanceUID)
                found[uid] = found.get(uid, np.zeros_like(pixels[frame])) | pixels[frame]
    return found


def _stack(person: int, kind: str, slices: list[_Slice], masks: dict[str, NDArray[np.bool_]]) -> Stack:
    slices = sorted(slices, key=lambda s: (s.position, s.uid))
    volume = np.stack([s.pixels for s in slices])
    mask = None
    if any(s.uid in masks for s in slices):
        empty = np.zeros(slices[0].pixels.shape, bool)
        mask = np.stack([masks.get(s.uid, empty) for s in slices])
    gaps = np.diff([s.position for s in slices])
    step = float(np.median(gaps)) if len(gaps) else 0.0
    return Stack(person, kind, volume, mask, slices[0].spacing, step, slices[0].body_part)
