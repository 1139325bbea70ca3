"""The members' DICOM files out of a folder: found by PatientID, linked or copied, indexed.

Files keep their bytes (a hard link where the disk allows one, else a copy) and get a name without meaning:
``images/PERSON_ID/SHA256.dcm``. Nothing may be written to them. What is not DICOM, has no PatientID, cannot be read or
is cut short is counted and left where it is. Removing identifiers from images does not belong here.
"""

from __future__ import annotations

import io
import os
import shutil
import warnings
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from anon_pipeline.errors import BadInput
from anon_pipeline.warehouse.progress import progress

if TYPE_CHECKING:
    from anon_pipeline.cohort import Cohort
    from anon_pipeline.keys import Key
    from anon_pipeline.warehouse.extraction import ExtractionReport
    from anon_pipeline.warehouse.identifiers import PersonFinder

SCHEMA = pa.schema([("person_id", pa.int64()), ("path", pa.string()), ("sha256", pa.string())])
DICOMDIR = "1.2.840.10008.1.3.10"
PIXELS = (0x7FE00008, 0x7FE00009, 0x7FE00010)
UNDEFINED = 0xFFFFFFFF


@dataclass
class ImageScan:
    """The whole files of members: (person, sha256) -> where it lies; what was left out, counted by reason."""

    files: dict[tuple[int, str], Path] = field(default_factory=dict)
    skipped: Counter[str] = field(default_factory=Counter)
    others: int = 0
    repeated: int = 0

    def digest(self, key: Key) -> str:
        """Keyed: which contents belong to which member, wherever the files lie."""
        lines = [f"{person}/{sha256}" for person, sha256 in sorted(self.files)]
        return key.derive("image-digests").digest("images", *lines).hex()


def scan_images(folder: Path, finder: PersonFinder, quiet: bool = True) -> ImageScan:
    """Find the members' files. Raises BadInput when the folder is not there."""
    if not folder.is_dir():
        raise BadInput(f"the source of images {folder} is not a folder")
    paths = sorted(Path(place) / name for place, _, names in os.walk(folder) for name in names if name[0] != ".")
    scan = ImageScan()
    for path in progress(paths, "images", "file", quiet):
        person = _person_of(path, finder, scan)
        if person is None:
            continue
        digest = _digest_of_whole(path, scan.skipped)
        if digest is None:
            continue
        scan.repeated += (person, digest) in scan.files
        scan.files.setdefault((person, digest), path)
    return scan


def extract_images(scan: ImageScan, finder: PersonFinder, parts: list[Cohort], report: ExtractionReport) -> None:
    """Fill ``images/`` of both parts, and the report."""
    report.counts["images/other_patients"] = scan.others
    report.counts["images/repeated"] = scan.repeated
    for reason, count in sorted(scan.skipped.items()):
        report.quarantined[f"images: {reason}"] = count
    if not scan.files:
        report.absent["imaging"] = "no image of a member"
    for number, part in enumerate(parts):
        own = [(person, digest) for person, digest in sorted(scan.files) if finder.parts[person] == number]
        report.counts[f"images/{part.root.name}"] = len(own)
        if not own:
            continue
        names = [f"{person}/{digest}.dcm" for person, digest in own]
        for each, name in zip(own, names, strict=True):
            _place(scan.files[each], part.images / name)
        columns = [[person for person, _ in own], names, [digest for _, digest in own]]
        table = pa.table(
            [pa.array(values, kind.type) for values, kind in zip(columns, SCHEMA, strict=True)], schema=SCHEMA
        )
        pq.write_table(table, part.images / "index.parquet", compression="zstd")


def _read(source: Any, **options: Any) -> Any:
    """Read without letting pydicom warn: its warnings quote values."""
    import pydicom
    from pydicom import config

    before = config.settings.reading_validation_mode
    config.settings.reading_validation_mode = config.IGNORE
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return pydicom.dcmread(source, **options)
    finally:
        config.settings.reading_validation_mode = before


def _person_of(path: Path, finder: PersonFinder, scan: ImageScan) -> int | None:
    from pydicom.errors import InvalidDicomError

    skipped = scan.skipped
    try:
        head = _read(path, stop_before_pixels=True, specific_tags=["PatientID", "SOPClassUID"])
        if str(head.file_meta.get("MediaStorageSOPClassUID", "")) == DICOMDIR:
            skipped["DICOMDIR"] += 1
            return None
        number = str(head.get("PatientID", "") or "").strip()
    except (InvalidDicomError, IsADirectoryError):
        skipped["not DICOM"] += 1
        return None
    except Exception:  # pydicom raises whatever a broken file makes it raise
        skipped["unreadable DICOM"] += 1
        return None
    if not number:
        skipped["no PatientID or cut before it"] += 1
        return None
    if number in finder.ambiguous:
        skipped["PatientID of two members"] += 1
        return None
    person = finder.find(number)
    if person is None:
        scan.others += 1
    return person


def _digest_of_whole(path: Path, skipped: Counter[str]) -> str | None:
    """The SHA-256 of a file that is whole; else None, and counted."""
    import hashlib

    content = path.read_bytes()
    try:
        if _is_whole(_read(io.BytesIO(content))):
            return hashlib.sha256(content).hexdigest()
        skipped["cut short"] += 1
    except Exception:  # pydicom raises whatever a broken file makes it raise
        skipped["unreadable DICOM"] += 1
    return None


def _is_whole(dataset: Any) -> bool:
    """Every element as long as it says, and pixels where the class promises an image: pydicom forgives both."""
    from pydicom.uid import UID

    for tag in list(dataset.keys()):
        item = dataset.get_item(tag)
        length = getattr(item, "length", UNDEFINED)
        if length != UNDEFINED and isinstance(item.value, bytes) and len(item.value) < length:
            return False
    kind = UID(str(dataset.get("SOPClassUID", "")))
    if not kind:
        return False
    return not kind.name.endswith("Image Storage") or any(tag in dataset for tag in PIXELS)


def _place(source: Path, target: Path) -> None:
    for folder in (target.parent.parent, target.parent):
        folder.mkdir(mode=0o700, exist_ok=True)
    try:
        os.link(source.resolve(), target)
    except OSError:
        shutil.copyfile(source, target)
