"""One file, from open to written: read, recognise what is held, clean the header, examine the pixels, check, write.

Finding files, processes and reports are in ``engine``; each step's rules are in its own file.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from anon_pipeline.keys import Key
from anon_pipeline.modalities.imaging import bulk as pixels_through
from anon_pipeline.modalities.imaging import encodings as enc
from anon_pipeline.modalities.imaging import holdback, pixels, stream, writer
from anon_pipeline.modalities.imaging.elements import encode, header, sequence
from anon_pipeline.modalities.imaging.headers import Cleaner
from anon_pipeline.modalities.imaging.person import IDENTITY_TAGS, Patient, Patients
from anon_pipeline.modalities.imaging.profile import Profile
from anon_pipeline.modalities.imaging.quarantine import HeldBack
from anon_pipeline.modalities.imaging.stream import Bulk, Instance
from anon_pipeline.modalities.imaging.table import rows
from anon_pipeline.modalities.imaging.text import defined_terms, words
from anon_pipeline.modalities.imaging.uids import Uids
from anon_pipeline.pseudonyms import Pseudonymiser

METHODS = {
    "basic": ("113100", "Basic Application Confidentiality Profile"),
    "clean_pixel_data": ("113101", "Clean Pixel Data Option"),
    "clean_graphics": ("113103", "Clean Graphics Option"),
    "clean_structured_content": ("113104", "Clean Structured Content Option"),
    "clean_descriptors": ("113105", "Clean Descriptors Option"),
    "retain_modified_dates": ("113107", "Retain Longitudinal Temporal Information Modified Dates Option"),
    "retain_patient_characteristics": ("113108", "Retain Patient Characteristics Option"),
    "retain_device_identity": ("113109", "Retain Device Identity Option"),
    "retain_uids": ("113110", "Retain UIDs Option"),
    "retain_safe_private": ("113111", "Retain Safe Private Option"),
    "retain_institution_identity": ("113112", "Retain Institution Identity Option"),
}
MEMO_LIMIT = 16 << 20
SERIES_UID = 0x0020000E


@dataclass(frozen=True)
class Released:
    """What is told of a released file; nothing of it is a patient's value."""

    series: bytes
    volume: bool
    modality: str
    frames: int
    examined: bool
    boxes: int
    recompressed: bool
    bytes_out: int

    def as_list(self) -> list[str | int]:
        """The fields as JSON values, and back with ``from_list``."""
        return [self.series.hex(), *(getattr(self, name) for name in self.__dataclass_fields__ if name != "series")]

    @classmethod
    def from_list(cls, values: list[Any]) -> Released:
        return cls(bytes.fromhex(values[0]), *values[1:])


class Deidentifier:
    """All that one process needs to clean files, one after another."""

    def __init__(self, profile: Profile, key: Key, clean_text: Callable[[str, str], str] | None = None) -> None:
        pseudonymiser = Pseudonymiser(key)
        self.profile = profile
        self.uids = Uids(pseudonymiser, profile.retain_uids)
        self.cleaner = Cleaner(profile, key, self.uids, clean_text)
        self.patients = Patients(key, pseudonymiser)
        self._series = key.derive("imaging-series")
        self._common: dict[tuple[bool, bytes], bytes] = {}
        self._own: dict[tuple[bool, enc.Layout], list[tuple[int, bytes]]] = {}

    def file(self, source: Path, target: Path, patient_id: str | None = None) -> Released:
        """Clean ``source`` into ``target``. Raises HeldBack when it may not be released."""
        try:
            fd = os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError as error:
            raise HeldBack("link" if error.errno == errno.ELOOP else "unopened") from None
        try:
            return self._clean(stream.read(source, fd), target, patient_id)
        except (RecursionError, MemoryError):
            raise HeldBack("too_deep") from None
        finally:
            os.close(fd)

    def _clean(self, instance: Instance, target: Path, patient_id: str | None) -> Released:
        values = {e.tag: e.raw[e.at :] for e in instance.elements}
        why = holdback.reason(values, self.profile, bool(instance.bulk), instance.layout.little)
        if why is not None:
            raise HeldBack(why, self._series_digest(values))
        picture = self._picture(instance)
        patient = self.patients.of({t: values[t] for t in IDENTITY_TAGS if t in values}, patient_id)
        finding = pixels.examine(instance, values, picture, self.profile, patient.deny) if picture else None
        parts, head = self._parts(instance, values, patient, picture, finding)
        self._check(head, patient)
        sop_class = values[0x00080016].decode("latin-1").strip("\0 ")
        sop_instance = self.uids(values[0x00080018].decode("latin-1").strip("\0 "))
        syntax = finding.transfer_syntax if finding and finding.redacted else instance.transfer_syntax
        meta = writer.file_meta(sop_class, sop_instance, syntax)
        modality = values.get(0x00080060, b"").decode("latin-1").strip("\0 ")
        writer.write(target, meta, parts, instance.fd, syntax == enc.DEFLATED)
        return Released(
            self._series_digest(values),
            bool(instance.bulk) and modality in ("CT", "MR", "PT"),
            modality if modality in self.cleaner.modalities else "other",
            pixels_through.frames(values) if picture else 0,
            bool(finding and finding.examined),
            len(finding.boxes) if finding else 0,
            syntax != instance.transfer_syntax,
            target.stat().st_size,
        )

    def _series_digest(self, values: dict[int, bytes]) -> bytes:
        return self._series.digest("series", values.get(SERIES_UID, b"").decode("latin-1").strip("\0 "))[:12]

    @staticmethod
    def _picture(instance: Instance) -> Bulk | None:
        found = [b for b in instance.bulk if b.tag in (enc.PIXEL_DATA, enc.FLOAT_PIXELS, enc.DOUBLE_PIXELS)]
        if len(found) > 1:
            raise HeldBack("malformed")
        return found[0] if found else None

    def _parts(
        self, instance: Instance, values: dict[int, bytes], patient: Patient, picture: Bulk | None,
        finding: pixels.Finding | None,
    ) -> tuple[list[writer.Part], bytes]:  # fmt: skip
        layout, charset = instance.layout, patient.charset
        memo = patient.memo_for(layout)
        redacted = finding is not None and finding.redacted
        outer = enc.EXPLICIT if redacted and instance.transfer_syntax in enc.ENCAPSULATED else layout
        marks = dict.fromkeys(finding.elements) if redacted and finding else {}
        own = self._own_elements((finding is not None and finding.cleaned) or not picture, outer)
        creators = self.cleaner._creators(instance.elements)
        pieces: list[tuple[int, bytes]] = list(own)
        if redacted and finding:
            pieces += [(tag, encode(tag, vr, value, outer)) for (tag, vr, value) in finding.elements]
        replaced = {tag for tag, _, _ in marks}
        if finding is not None and finding.cleaned:
            replaced.add(0x00280301)
            pieces.append((0x00280301, encode(0x00280301, b"CS", b"NO", outer)))
        clean = self.cleaner.element
        dropped, common = self.cleaner.dropped, self._common
        for element in instance.elements:
            tag, raw = element.tag, element.raw
            if tag in dropped or (tag >> 16 & 1 and not creators):
                continue
            made = memo.get(raw)
            if made is None:
                made = common.get((layout.explicit, raw)) if layout.little else None
            if made is None:
                made = clean(element, layout, patient, charset, 0, 0, creators) or b""
                if layout.little and self.cleaner.impersonal(element):
                    if len(common) > 50_000:
                        common.clear()
                    common[(layout.explicit, raw)] = made
                elif layout == patient.layout and (not creators or not tag >> 16 & 1):
                    if patient.memo_bytes > MEMO_LIMIT:
                        memo.clear()
                        patient.memo_bytes = 0
                    memo[raw] = made
                    patient.memo_bytes += len(raw) + len(made) + 100
            if made:
                pieces.append((tag, made))
        if replaced:
            names = {(tag, data) for tag, data in pieces if tag in replaced}
            keep = {}
            for tag, data in pieces:
                if tag in names or tag not in keep:
                    keep[tag] = data
            pieces = list(keep.items())
        pieces.sort(key=lambda piece: piece[0])
        head = b"".join(data for _, data in pieces)
        parts: list[writer.Part] = [head]
        if picture is not None:
            parts += finding.parts if redacted and finding else self._through(instance, values, picture)
        return parts, head

    def _through(self, instance: Instance, values: dict[int, bytes], picture: Bulk) -> list[writer.Part]:
        """The pixels as they are."""
        layout = instance.layout
        encapsulated = instance.transfer_syntax in enc.ENCAPSULATED
        if (picture.fragments is not None) != encapsulated:
            raise HeldBack("malformed")
        if picture.fragments is None:
            length = pixels_through.native_extent(values, picture, instance)
            vr = picture.vr if picture.vr in (b"OB", b"OW", b"OF", b"OD") else b"OW"
            parts: list[writer.Part] = [header(picture.tag, vr, length + (length & 1), layout)]
            taken = length + 1 if length & 1 and picture.length > length else length  # the pad byte may be inside
            if instance.memory is not None:
                parts.append(instance.memory[picture.offset : picture.offset + taken])
            else:
                parts.append((picture.offset, taken))
            if taken & 1:
                parts.append(b"\0")
            return parts
        return pixels_through_fragments(instance, values, picture)

    def _own_elements(self, pixels_cleaned: bool, layout: enc.Layout) -> list[tuple[int, bytes]]:
        found = self._own.get((pixels_cleaned, layout))
        if found is not None:
            return found
        profile = self.profile
        names = ["basic"]
        names += [
            n for n in METHODS if n != "basic" and getattr(profile, n) and (n != "clean_pixel_data" or pixels_cleaned)
        ]
        items = [
            b"".join(
                (
                    encode(0x00080100, b"SH", METHODS[n][0].encode(), layout),
                    encode(0x00080102, b"SH", b"DCM", layout),
                    encode(0x00080104, b"LO", METHODS[n][1].encode(), layout),
                )
            )
            for n in names
        ]
        dates = b"MODIFIED" if profile.retain_modified_dates else b"REMOVED"
        made = [
            (0x00120062, encode(0x00120062, b"CS", b"YES", layout)),
            (0x00120063, encode(0x00120063, b"LO", b"PS3.15 Annex E, deny by default", layout)),
            (0x00120064, sequence(0x00120064, items, layout)),
            (0x00280303, encode(0x00280303, b"CS", dates, layout)),
        ]
        self._own[(pixels_cleaned, layout)] = made
        return made

    @staticmethod
    def _check(head: bytes, patient: Patient) -> None:
        """The last look: no identifier of the patient is anywhere in the cleaned header."""
        for needle in patient.canaries:
            if needle in head and (len(needle) > 6 or _whole(needle, head)):
                raise HeldBack("self_check")
        if patient.numeric_canaries is not None and patient.numeric_canaries.search(head):
            raise HeldBack("self_check")


def _whole(needle: bytes, head: bytes) -> bool:
    """Whether a short name stands there as a word: as a part of a longer word of the vocabulary it is nobody's."""
    return re.search(rb"(?<![A-Za-z])" + re.escape(needle) + rb"(?![A-Za-z])", head) is not None


def prepare() -> None:
    """Load the tables that every process needs, so that forked ones share them."""
    words()
    defined_terms()
    rows()


def pixels_through_fragments(instance: Instance, values: dict[int, bytes], picture: Bulk) -> list[writer.Part]:
    """Compressed pixels as they are, without text beside the picture; large ones are streamed."""
    if not picture.fragments or len(picture.fragments) < 2:
        raise HeldBack("pixel_length")
    first, fragments = picture.fragments[0], picture.fragments[1:]
    count, little, syntax = pixels_through.frames(values), instance.layout.little, instance.transfer_syntax
    table = pixels_through.offset_table(instance.read(*first), fragments, count)
    lead = header(picture.tag, b"OB", enc.UNDEFINED, instance.layout) + _item(len(table)) + table
    starts = [instance.read(offset, 2) for offset, _ in fragments] if len(fragments) != count else []
    groups = pixels_through.grouped(syntax, fragments, count, starts)
    rows, columns, samples, bits = (
        pixels_through.number(values, tag, little, 1) for tag in (0x00280010, 0x00280011, 0x00280002, 0x00280100)
    )
    planes, size = samples * ((bits + 7) // 8), rows * columns

    def frame(numbers: list[int]) -> bytes:
        lengths = [fragments[number][1] for number in numbers]
        joined = b"".join(instance.read(*fragments[number]) for number in numbers)
        cleaned = pixels_through.clean_frame(syntax, joined, planes, size)
        out, place = [], 0
        for length in lengths:
            out += [_item(length + (length & 1)), cleaned[place : place + length], b"\0" * (length & 1)]
            place += length
        return b"".join(out)

    if instance.memory is not None:
        return [lead, *[frame(numbers) for numbers in groups], _END]

    def stream_out(target: int) -> None:
        writer.write_all(target, lead)
        for numbers in groups:
            writer.write_all(target, frame(numbers))
        writer.write_all(target, _END)

    return [stream_out]


_END = b"\xfe\xff\xdd\xe0\0\0\0\0"


def _item(length: int) -> bytes:
    return b"\xfe\xff\x00\xe0" + length.to_bytes(4, "little")
