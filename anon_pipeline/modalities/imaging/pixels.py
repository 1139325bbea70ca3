"""Deciding whether a picture holds burned-in text, and which boxes go: found, read, redacted, and read again.

No attribute is trusted to say that there is none (BurnedInAnnotation least of all). Kinds of picture that are drawn on
(ultrasound, secondary capture, angiography, projections, screen saves) are looked at frame by frame; volumes from a
scanner are screened for marks at the very maximum, and looked at like the others when there are any. All text goes
that the vocabulary does not clear. Finding is in ``detect``, reading in ``ocr``, bytes in ``frames``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from anon_pipeline.modalities.imaging import detect, ocr
from anon_pipeline.modalities.imaging import encodings as enc
from anon_pipeline.modalities.imaging.bulk import number
from anon_pipeline.modalities.imaging.detect import Box
from anon_pipeline.modalities.imaging.frames import Frames, fill_boxes
from anon_pipeline.modalities.imaging.profile import Profile
from anon_pipeline.modalities.imaging.quarantine import HeldBack
from anon_pipeline.modalities.imaging.stream import Bulk, Instance
from anon_pipeline.modalities.imaging.text import Vocabulary
from anon_pipeline.modalities.imaging.writer import Part

_ROOT = "1.2.840.10008.5.1.4.1.1."
NO_PICTURE = frozenset(_ROOT + t for t in ("66.4", "66.7", "481.2", "481.23", "30", "66.5", "66.8"))
SCANNER = frozenset(_ROOT + t for t in ("2", "2.1", "2.2", "4", "4.1", "4.4", "20", "128", "130", "128.1"))
_SCREEN = re.compile(rb"SCREEN|SAVE|CAPTURE|SUMMARY|DOSE|REPORT|GRAPH|CURVE|SECONDARY_FORM|PROTOCOL|PATIENT|DISPLAY")
SURE = 0.55
ROUNDS = 2


@dataclass
class Finding:
    """What was found in the pixels and what is written instead of them."""

    examined: bool
    cleaned: bool
    redacted: bool = False
    boxes: list[Box] = field(default_factory=list)
    transfer_syntax: str = ""
    elements: list[tuple[int, bytes, bytes]] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)


@lru_cache(maxsize=4)
def _vocabulary(extra: tuple[str, ...]) -> Vocabulary:
    return Vocabulary(list(extra))


def examine(
    instance: Instance, values: Mapping[int, bytes], picture: Bulk, profile: Profile, deny: frozenset[str]
) -> Finding | None:
    """What to do with the pixels; None when they were not looked at, or only screened."""
    sop_class = values.get(0x00080016, b"").decode("latin-1").strip("\0 ")
    overlay = _overlay_bits(values, instance.layout.little)
    if not profile.clean_pixel_data or picture.tag != enc.PIXEL_DATA or sop_class in NO_PICTURE:
        return None
    regions = _regions(values, profile, instance.layout.little)
    if not regions and not overlay and not _drawn_on(instance, values, picture, sop_class):
        return None
    frames = Frames(instance, values, picture)
    if overlay and frames.native:
        return _strip_overlay(frames, instance, overlay)
    look = _Look(frames, deny, _vocabulary(tuple(profile.extra_terms)))
    look.go(regions)
    if not look.redact:
        return Finding(True, True)
    finding = Finding(True, True, True, look.redact, instance.transfer_syntax)
    finding.parts = frames.without(look.redact, look.fill)
    if not frames.native:
        finding.transfer_syntax = enc.EXPLICIT_LITTLE
        if frames.samples == 3:
            finding.elements = [(0x00280004, b"CS", b"RGB"), (0x00280006, b"US", b"\0\0")]
    return finding


def _drawn_on(instance: Instance, values: Mapping[int, bytes], picture: Bulk, sop_class: str) -> bool:
    """Whether the picture must be looked at: its kind is drawn on, or the screening of a scanner's frame says so."""
    little = instance.layout.little
    stored = number(values, 0x00280101, little) or number(values, 0x00280100, little)
    if sop_class not in SCANNER or number(values, 0x00280002, little, 1) != 1 or stored <= 8:
        return True
    if _SCREEN.search(values.get(0x00080008, b"")) or 0x00080064 in values or 0x00181016 in values:
        return True
    frames = Frames(instance, values, picture)
    if frames.bits == 32:
        return False
    return any(detect.plateau_text(frame) for frame in frames.iterate())


def _regions(values: Mapping[int, bytes], profile: Profile, little: bool) -> list[Box]:
    """Boxes that the profile knows of this device."""
    if not profile.pixel_regions:
        return []

    def text(tag: int) -> str:
        return values.get(tag, b"").decode("latin-1").strip("\0 ")

    rows, columns = number(values, 0x00280010, little), number(values, 0x00280011, little)
    out: list[Box] = []
    for entry in profile.pixel_regions:
        if entry.matches(text(0x00080070), text(0x00081090), text(0x00080060), rows, columns):
            for x, y, w, h in entry.boxes:
                left, top = max(0, x), max(0, y)
                out.append((left, top, min(columns, x + w) - left, min(rows, y + h) - top))
    return [box for box in out if box[2] > 0 and box[3] > 0]


def _overlay_bits(values: Mapping[int, bytes], little: bool) -> int:
    """A mask of the unused high bits that old overlays (60xx,0102) are kept in; 0 when there are none."""
    mask = 0
    for group in range(0x6000, 0x6020, 2):
        position = number(values, group << 16 | 0x0102, little)
        if position:
            mask |= 1 << position
    stored, high = number(values, 0x00280101, little), number(values, 0x00280102, little)
    picture_bits = ((1 << stored) - 1) << max(0, high + 1 - stored) if stored else 0
    return mask & ~picture_bits & 0xFFFF


def _strip_overlay(frames: Frames, instance: Instance, mask: int) -> Finding:
    """The same pixels without the overlay planes in their unused bits."""

    def cleaned(index: int) -> bytes:
        flat = frames.native_frame(index)
        unsigned = flat.view(flat.dtype.str.replace("i", "u"))
        return (unsigned & unsigned.dtype.type(0xFFFF & ~mask)).astype(unsigned.dtype).tobytes()

    from anon_pipeline.modalities.imaging.elements import header

    if frames.bits != 16:
        raise HeldBack("pixel_unreadable")
    start = header(enc.PIXEL_DATA, b"OW", frames.size * frames.count, instance.layout)
    parts: list[Part] = [start, *[cleaned(index) for index in range(frames.count)]]
    return Finding(False, False, True, [], instance.transfer_syntax, [], parts)


class _Look:
    """Looking at one instance's frames. ``redact``: boxes to fill, ``clear``: boxes that were read and may stay or that
    are no text; ``fill``: the value to fill with."""

    def __init__(self, frames: Frames, deny: frozenset[str], vocabulary: Vocabulary) -> None:
        self.frames, self._deny, self._vocabulary = frames, deny, vocabulary
        self.redact: list[Box] = []
        self.clear: list[Box] = []
        self.fill: NDArray[np.generic] = np.zeros(1)

    def go(self, regions: list[Box]) -> None:
        """Look at every frame: fully at the first, middle and last and wherever something new is found."""
        count = self.frames.count
        full = {0, count // 2, count - 1}
        self.redact += regions
        for index, frame in enumerate(self.frames.iterate()):
            if index == 0:
                self.fill = self.frames.fill_value(frame)
            shown = self.frames.show(frame)
            marks = self._marks(shown)
            if index in full or any(not detect.covered(box, self.redact + self.clear) for box in marks[0] + marks[1]):
                self._full(shown, *marks)

    @staticmethod
    def _marks(shown: NDArray[np.uint8]) -> tuple[list[Box], list[Box]]:
        grey = shown.max(axis=2) if (shown[..., 0] != shown[..., 1]).any() else shown[..., 0]
        grey = np.ascontiguousarray(grey)
        return detect.flat_groups(grey), detect.stroke_lines(grey)

    def _full(self, shown: NDArray[np.uint8], flat: list[Box], strokes: list[Box]) -> None:
        if not flat and not strokes:
            return
        rows, columns = shown.shape[:2]
        found = ocr.find(shown)
        extra = [box for box in flat if not detect.covered(box, found, 0.5)]
        before = len(self.redact)
        self._judge(shown, found, flat)
        for entry in ocr.read(shown, [detect.grow(box, rows, columns) for box in extra]):
            text = entry.text.strip()
            legible = sum(c.isalnum() for c in text) >= 1 and entry.score > 0.4
            cleared = not legible or (entry.score >= 0.85 and self._allowed(text))
            (self.clear if cleared else self.redact).append(entry.box)
        self.clear += [box for box in strokes if not detect.covered(box, self.redact)]
        for _ in range(ROUNDS):
            if len(self.redact) == before:
                return
            before = len(self.redact)
            again = shown.copy()
            fill_boxes(again, self.redact, np.asarray(_shown_background(shown), np.uint8))
            left = [
                box
                for box in _find_near(again, self.redact)
                if not detect.covered(box, self.clear, 0.7) and not detect.covered(box, self.redact, 0.9)
            ]
            self._judge(again, left, flat)
        if len(self.redact) != before:
            raise HeldBack("text_remains")

    def _judge(self, shown: NDArray[np.uint8], boxes: list[Box], flat: list[Box]) -> None:
        """Read boxes; those that the vocabulary clears, and those in which nothing can be read, stay."""
        rows, columns = shown.shape[:2]
        for entry in ocr.read(shown, [detect.grow(box, rows, columns) for box in boxes]):
            text = entry.text.strip()
            letters = sum(c.isalnum() for c in text)
            legible = letters >= 2 and entry.score >= SURE
            marked = letters >= 1 and entry.score >= 0.3 and detect.covered(entry.box, flat, 0.2)
            huge = entry.box[3] > 100 and letters < 4
            if huge or not (legible or marked) or (entry.score >= 0.85 and self._allowed(text)):
                self.clear.append(entry.box)
            else:
                self.redact.append(entry.box)

    def _allowed(self, text: str) -> bool:
        if not text:
            return False
        cleaned = self._vocabulary.clean(text, self._deny)
        return re.sub(r"[\W_]", "", cleaned) == re.sub(r"[\W_]", "", text) != ""


def _find_near(shown: NDArray[np.uint8], boxes: list[Box]) -> list[Box]:
    """Text in the rows that hold the boxes and around them, put together as one smaller picture."""
    wanted = np.zeros(shown.shape[0], bool)
    for _, y, _, h in boxes:
        wanted[max(0, y - 16) : y + h + 16] = True
    rows = np.flatnonzero(wanted)
    found = ocr.find(np.ascontiguousarray(shown[rows]))
    return [
        (x, int(rows[y]), w, int(rows[min(y + h, len(rows)) - 1] - rows[y]) + 1)
        for x, y, w, h in found
        if y < len(rows)
    ]


def _shown_background(shown: NDArray[np.uint8]) -> int:
    return detect.background(np.ascontiguousarray(shown[..., 0]))
