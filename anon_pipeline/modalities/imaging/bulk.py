"""Pixels that are handed through untouched: the right length, and no text beside the picture in a compressed frame.

Comment and application segments of JPEG and JPEG 2000 streams can hold names; they are blanked in place, so that no
length or offset changes and every decoded pixel stays. Text in the picture itself belongs to ``pixels``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from anon_pipeline.modalities.imaging import encodings as enc
from anon_pipeline.modalities.imaging.quarantine import HeldBack
from anon_pipeline.modalities.imaging.stream import Bulk, Instance

_MAGIC = re.compile(rb"^(?:JFIF\0|Adobe|mrfx|SPIFF\0)")
_ENCODER = re.compile(
    rb"(?:Created by (?:GDCM/)?OpenJPEG version [0-9.]{1,8}|Kakadu-v?[0-9.]{1,8}|LEAD Technologies Inc\. V[0-9.]{1,5}"
    rb"|CREATOR: gd-jpeg v1\.0 \(using IJG JPEG v\d{1,2}\), quality = \d{1,3}|Lavc[0-9.]{1,12})[\0\n ]?"
)
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


def clean_fragment(syntax: str, data: bytes) -> bytes:
    """A compressed fragment without text beside the picture; the same object when there is none."""
    if syntax == enc.RLE:
        return data
    if data[:2] == b"\xff\x4f":
        return _jpeg2000(data)
    if data[:2] == b"\xff\xd8":
        return _jpeg(data)
    if data[4:8] == b"jP  ":
        raise HeldBack("pixel_unreadable")
    return _after_end(data, 0)


def _jpeg(data: bytes) -> bytes:
    out, position, limit = None, 2, len(data)
    while position + 4 <= limit:
        if data[position] != 0xFF:
            raise HeldBack("pixel_unreadable")
        marker = data[position + 1]
        if marker == 0xFF:
            position += 1
            continue
        length = int.from_bytes(data[position + 2 : position + 4], "big")
        start, end = position + 4, position + 2 + length
        if end > limit or length < 2:
            raise HeldBack("pixel_unreadable")
        content = data[start:end]
        if (marker == 0xFE or 0xE0 <= marker <= 0xEF) and _holds_text(content):
            out = out or bytearray(data)
            out[start:end] = bytes(end - start)
        position = end
        if marker == 0xDA:
            break
    return _after_end(bytes(out) if out else data, position)


def _holds_text(content: bytes) -> bool:
    """Whether a comment or application segment has words that no encoder writes (UTF-16 included)."""
    if _ENCODER.fullmatch(content):
        return False
    rest = _MAGIC.sub(b"", content)
    return bool(_WORD.search(rest) or _WORD.search(rest.replace(b"\0", b"")))


def _jpeg2000(data: bytes) -> bytes:
    out, position, limit = None, 2, len(data)
    tile_start = 0
    while position + 4 <= limit:
        marker = int.from_bytes(data[position : position + 2], "big")
        if marker == 0xFFD9:
            break
        if marker == 0xFF93:  # start of data: skip to the next tile-part
            psot = int.from_bytes(data[tile_start + 6 : tile_start + 10], "big")
            if not psot:
                position = max(data.rfind(b"\xff\xd9"), position)
                break
            position = tile_start + psot
            continue
        length = int.from_bytes(data[position + 2 : position + 4], "big")
        start, end = position + 4, position + 2 + length
        if marker < 0xFF00 or length < 2 or end > limit:
            raise HeldBack("pixel_unreadable")
        if marker == 0xFF90:
            tile_start = position
        elif marker == 0xFF64 and _holds_text(data[start + 2 : end]):
            out = out or bytearray(data)
            out[start + 2 : end] = b" " * (end - start - 2)
        position = end
    return _after_end(bytes(out) if out else data, position)


def _after_end(data: bytes, start: int) -> bytes:
    """Nothing may follow the end of the picture but padding."""
    place = data.find(b"\xff\xd9", start)
    if place < 0 or place + 2 >= len(data):
        return data
    rest = data[place + 2 :]
    if not rest.strip(b"\0\xff"):
        return data
    if b"\xff\xd9" in rest or b"\xff\xda" in rest:  # a later scan or a stray marker in the data
        last = data.rfind(b"\xff\xd9")
        return data[: last + 2] + bytes(len(data) - last - 2)
    return data[: place + 2] + bytes(len(rest))


def offset_table(data: bytes, count: int) -> bytes:
    """A basic offset table, or an empty one when it is not a list of growing offsets."""
    if len(data) % 4 or len(data) // 4 > max(count, 1):
        return b""
    offsets = [int.from_bytes(data[i : i + 4], "little") for i in range(0, len(data), 4)]
    return data if offsets == sorted(offsets) and (not offsets or offsets[0] == 0) else b""
