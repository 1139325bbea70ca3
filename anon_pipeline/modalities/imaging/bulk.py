"""Pixels that are handed through untouched: the right length, and no text beside the picture in a compressed frame.

Comment and application segments of JPEG and JPEG 2000 streams can hold names; they are blanked in place, so that no
length or offset changes and every decoded pixel stays. Text in the picture itself belongs to ``pixels``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from anon_pipeline.modalities.imaging import encodings as enc
from anon_pipeline.modalities.imaging import rle
from anon_pipeline.modalities.imaging.quarantine import HeldBack
from anon_pipeline.modalities.imaging.stream import Bulk, Instance

_ENCODER = re.compile(
    rb"(?:Created by (?:GDCM/)?OpenJPEG version [0-9.]{1,8}|Kakadu-v?[0-9.]{1,8}|LEAD Technologies Inc\. V[0-9.]{1,5}"
    rb"|CREATOR: gd-jpeg v1\.0 \(using IJG JPEG v\d{1,2}\), quality = \d{1,3}|Lavc[0-9.]{1,12})[\0\n ]?"
)
_SEGMENTS = {  # application segments that a decoder needs, and hold numbers only: marker to form
    0xE0: re.compile(rb"JFIF\0.{7}\0\0", re.DOTALL),
    0xE8: re.compile(rb"mrfx[\0-\5]|SPIFF\0.{24}|\x00\x00\x00\x01\xff\xd8", re.DOTALL),
    0xEE: re.compile(rb"Adobe.{5,7}", re.DOTALL),
}
_NEXT_MARKER = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")
_NEXT_MARKER_LS = re.compile(rb"\xff[\x80-\xcf\xd8-\xfe]")  # JPEG-LS: a byte under 0x80 after 0xff is data
_CODESTREAM = frozenset((0x50, 0x51, 0x52, 0x53, 0x55, 0x57, 0x58, 0x59, 0x5C, 0x5D, 0x5E, 0x5F, 0x60, 0x61, 0x63,
                         0x64, 0x74, 0x75, 0x77, 0x78, 0x90))  # fmt: skip
STARTS = (b"\xff\xd8", b"\xff\x4f")
_WORD = re.compile(rb"[A-Za-z0-9\xc0-\xff^ ,=-]{4,}")


def number(values: Mapping[int, bytes], tag: int, little: bool, default: int = 0) -> int:
    """An unsigned 16-bit attribute."""
    value = values.get(tag, b"")
    return int.from_bytes(value[:2], "little" if little else "big") if len(value) >= 2 else default


def frames(values: Mapping[int, bytes]) -> int:
    """Number of Frames (0028,0008), 1 when absent."""
    try:
        return max(1, int(values.get(0x00280008, b"1").strip(b"\0 ") or b"1"))
    except ValueError:
        raise HeldBack("pixel_length") from None


def native_length(values: Mapping[int, bytes], bulk: Bulk, little: bool) -> int:
    """Bytes that native pixels of these dimensions have, without padding."""
    rows, columns = number(values, 0x00280010, little), number(values, 0x00280011, little)
    samples = number(values, 0x00280002, little, 1)
    bits = number(values, 0x00280100, little)
    if bulk.tag == enc.FLOAT_PIXELS:
        bits = 32
    elif bulk.tag == enc.DOUBLE_PIXELS:
        bits = 64
    if not (rows and columns and samples and bits):
        raise HeldBack("pixel_length")
    if values.get(0x00280004, b"").strip(b"\0 ") in (b"YBR_FULL_422", b"YBR_PARTIAL_422") and samples == 3:
        samples = 2
    return (rows * columns * samples * frames(values) * bits + 7) // 8


def native_extent(values: Mapping[int, bytes], bulk: Bulk, instance: Instance) -> int:
    """How many bytes of a native pixel element are picture. Raises HeldBack when there are too few."""
    expected = native_length(values, bulk, instance.layout.little)
    if bulk.length < expected:
        if values.get(0x00280004, b"").startswith(b"YBR_FULL_422") and bulk.length * 2 >= expected * 3:
            return bulk.length
        raise HeldBack("pixel_length")
    if values.get(0x00280004, b"").startswith(b"YBR_FULL_422") and bulk.length // 2 * 2 >= expected * 3 // 2:
        return expected * 3 // 2  # not subsampled in spite of what it says
    return expected


def clean_frame(syntax: str, data: bytes, planes: int = 0, size: int = 0) -> bytes:
    """A compressed frame without text beside the picture, of the same length; the same object when there is none.

    ``planes`` of ``size`` bytes are what RLE segments hold.
    """
    if syntax == enc.RLE:
        return rle.tidy(data, planes, size)
    if data[:2] == b"\xff\x4f":
        return _jpeg2000(data)
    if data[:2] == b"\xff\xd8":
        return _jpeg(data)
    raise HeldBack("pixel_unreadable")


def _jpeg(data: bytes) -> bytes:
    """Every segment of every scan is followed, so that the true end is known."""
    out, position, limit, following = None, 2, len(data), _NEXT_MARKER
    while position + 2 <= limit:
        if data[position] != 0xFF:
            raise HeldBack("pixel_unreadable")
        marker = data[position + 1]
        if marker == 0xFF:
            position += 1
            continue
        if marker == 0xD9:
            return _ended(out or data, position + 2)
        length = int.from_bytes(data[position + 2 : position + 4], "big")
        start, end = position + 4, position + 2 + length
        if end > limit or length < 2 or marker in (0x01, 0xD8):
            raise HeldBack("pixel_unreadable")
        if marker == 0xF7:
            following = _NEXT_MARKER_LS
        content = data[start:end]
        if (marker == 0xFE and _holds_text(content)) or (0xE0 <= marker <= 0xEF and not _needed(marker, content)):
            out = out or bytearray(data)
            out[start:end] = bytes(end - start)
        position = end
        if marker == 0xDA:
            found = following.search(data, end)
            if found is None:  # no end: some encoders leave it out
                return bytes(out) if out else data
            position = found.start()
    raise HeldBack("pixel_unreadable")


def _needed(marker: int, content: bytes) -> bool:
    form = _SEGMENTS.get(marker)
    return form is not None and form.fullmatch(content) is not None


def _holds_text(content: bytes) -> bool:
    """Whether a comment has words that no encoder writes (UTF-16 included)."""
    if _ENCODER.fullmatch(content):
        return False
    return bool(_WORD.search(content) or _WORD.search(content.replace(b"\0", b"")))


def _jpeg2000(data: bytes) -> bytes:
    out, position, limit = None, 2, len(data)
    tile_start = 0
    while position + 4 <= limit or data[position : position + 2] == b"\xff\xd9":
        marker = int.from_bytes(data[position : position + 2], "big")
        if marker == 0xFFD9:
            return _ended(out or data, position + 2)
        if marker == 0xFF93:  # start of data: skip to the next tile-part
            psot = int.from_bytes(data[tile_start + 6 : tile_start + 10], "big")
            if not psot:  # the last tile-part reaches to the end of the codestream
                last = data.rfind(b"\xff\xd9")
                return _ended(out or data, last + 2) if last > position else bytes(out or data)
            if psot < 14 or tile_start + psot <= position:
                raise HeldBack("pixel_unreadable")
            position = tile_start + psot
            continue
        length = int.from_bytes(data[position + 2 : position + 4], "big")
        start, end = position + 4, position + 2 + length
        if marker >> 8 != 0xFF or marker & 0xFF not in _CODESTREAM or length < 2 or end > limit:
            raise HeldBack("pixel_unreadable")
        if marker == 0xFF90:
            tile_start = position
        elif marker == 0xFF64 and _holds_text(data[start + 2 : end]):
            out = out or bytearray(data)
            out[start + 2 : end] = b" " * (end - start - 2)
        position = end
    if position < limit:
        raise HeldBack("pixel_unreadable")
    return bytes(out) if out else data


def _ended(data: bytes | bytearray, end: int) -> bytes:
    """Nothing may follow the end of the picture but padding."""
    if any(data[end:].strip(b"\0\xff")):
        data = data[:end] + bytes(len(data) - end)
    return bytes(data)


def offset_table(data: bytes, fragments: list[tuple[int, int]], count: int) -> bytes:
    """A basic offset table, or an empty one when it is not a growing list of places where fragments begin.

    ``fragments``: (offset, length) of each item in the file, that of the table itself left out.
    """
    if len(data) % 4 or len(data) // 4 > max(count, 1):
        return b""
    places = {offset - fragments[0][0] for offset, _ in fragments}
    offsets = [int.from_bytes(data[i : i + 4], "little") for i in range(0, len(data), 4)]
    return data if offsets == sorted(offsets) and places.issuperset(offsets) else b""


def grouped(syntax: str, fragments: list[tuple[int, int]], count: int, starts: list[bytes]) -> list[list[int]]:
    """Which fragments make each frame, by number. ``starts``: the first two bytes of each fragment."""
    if len(fragments) == count or syntax == enc.RLE:
        return [[number] for number in range(len(fragments))]
    out: list[list[int]] = []
    for number, start in enumerate(starts):
        if start in STARTS or not out:
            out.append([])
        out[-1].append(number)
    if count == 1:
        return [list(range(len(fragments)))]
    return out
