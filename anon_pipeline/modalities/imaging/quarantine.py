"""Why a file is held back, and where held files are put. Recognising what must be held is in ``holdback``.

A reason is a code from ``REASONS``: it never quotes the file. The quarantine folder stays inside the hospital;
it has mode 0700, its files 0600, and its ``quarantine.json`` is the only place that names the original paths.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

REASONS: dict[str, str] = {
    "not_dicom": "the file is not DICOM",
    "link": "a link, which is not followed",
    "unopened": "the file cannot be opened",
    "malformed": "the element stream cannot be followed",
    "truncated": "the file ends before its last element does",
    "trailing_bytes": "bytes that are no element follow the last one",
    "unknown_vr": "an element has a value representation that does not exist",
    "unknown_transfer_syntax": "the transfer syntax is private or unknown",
    "video": "video streams hold text that cannot be examined",
    "no_sop_class": "no SOP Class or SOP Instance UID",
    "unknown_sop_class": "the SOP class is private, unknown or not one that can be released",
    "directory": "a DICOMDIR describes the original files",
    "raw_data": "raw data cannot be examined",
    "encapsulated_document": "encapsulated documents have no engine yet",
    "whole_slide": "whole-slide images have no engine yet",
    "head_volume": "a face can be rendered from a head CT, MR or PET volume",
    "photograph": "a photograph may show a face",
    "unexpected_pixels": "the SOP class has no pixels, and the file has some",
    "pixel_length": "pixel data do not match the image's dimensions",
    "pixel_unreadable": "pixels must be examined for text and cannot be decoded",
    "text_remains": "text is still read in the pixels after redaction",
    "self_check": "an identifier of the patient was still in the cleaned file",
    "too_large": "an element other than the pixels is too large to examine",
    "too_deep": "sequences are nested too deeply",
    "internal": "the file made the engine fail",
    "duplicate_instance": "two input files would have the same name in the output",
}


class HeldBack(Exception):
    """A file that may not be released; ``reason`` is a key of REASONS, ``series`` a digest of its series when known."""

    def __init__(self, reason: str, series: bytes = b"") -> None:
        if reason not in REASONS:
            raise ValueError("unknown reason")
        self.reason, self.series = reason, series
        super().__init__(reason)


@dataclass(frozen=True)
class Held:
    """One held file: its opaque identifier and the reason."""

    file: str
    reason: str


class Quarantine:
    """A folder for held originals. Nothing is copied until ``put`` is called."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.entries: list[dict[str, str]] = []

    def put(self, original: Path, relative: str, held: Held) -> None:
        """Copy an original below the folder as REASON/OPAQUE.dcm and note where it came from."""
        self.entries.append({"file": held.file, "original": relative, "reason": held.reason})
        if held.reason in ("link", "unopened"):
            return
        target = self.folder / held.reason / f"{held.file}.dcm"
        for folder in (self.folder, target.parent):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder.chmod(0o700)
        temporary = target.with_name(f".{target.name}.partial")
        with original.open("rb") as source, temporary.open("wb") as sink:
            shutil.copyfileobj(source, sink, 1 << 20)
        temporary.chmod(0o600)
        temporary.replace(target)

    def close(self) -> None:
        """Write the list of what is held, with the original relative paths (never leaves the hospital)."""
        if not self.entries:
            return
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self.folder / "quarantine.json"
        known = {(entry["file"], entry["original"]): entry for entry in self._earlier(path) + self.entries}
        entries = sorted(known.values(), key=lambda entry: entry["original"])
        text = json.dumps(entries, indent=2, ensure_ascii=False) + "\n"
        temporary = path.with_name(f".{path.name}.partial")
        temporary.write_bytes(text.encode("utf-8", "backslashreplace"))
        temporary.chmod(0o600)
        temporary.replace(path)

    @staticmethod
    def _earlier(path: Path) -> list[dict[str, str]]:
        """What earlier runs put into the same folder."""
        try:
            return json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return []
