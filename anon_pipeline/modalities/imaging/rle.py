"""One frame of RLE Lossless (PS3.5 annex G): byte planes of PackBits runs, to stored values. One sample a pixel."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from anon_pipeline.modalities.imaging.quarantine import HeldBack


def decode(data: bytes, rows: int, columns: int, width: int, signed: bool) -> NDArray[np.integer[Any]]:
    """Rows x columns of ``width`` bytes each, little endian. Raises HeldBack when the segments do not say so."""
    size = rows * columns
    planes = np.empty((size, width), np.uint8)
    for number, (start, end) in enumerate(_segments(data, width)):
        planes[:, width - 1 - number] = np.frombuffer(_plane(data, start, end, size)[0], np.uint8, size)  # high first
    return planes.reshape(-1).view(f"<{'i' if signed else 'u'}{width}").reshape(rows, columns)


def tidy(data: bytes, planes: int, size: int) -> bytes:
    """The frame with every byte that no decoder reads set to 0; the same object when there is none.

    ``planes`` segments of ``size`` bytes each, when unpacked. Raises HeldBack like ``decode``.
    """
    used = [(4 * planes + 4, 64)]
    segments = _segments(data, planes)
    before = 64
    for start, end in segments:
        used.append((before, start))
        last = _plane(data, start, end, size)[1]
        used.append((last, end))
        before = end
    used.append((before, len(data)))
    out = None
    for start, end in used:
        if any(data[start:end]):
            out = out or bytearray(data)
            out[start:end] = bytes(end - start)
    return bytes(out) if out else data


def _segments(data: bytes, planes: int) -> list[tuple[int, int]]:
    starts = [int.from_bytes(data[4 + 4 * n : 8 + 4 * n], "little") for n in range(min(planes, 15))]
    if int.from_bytes(data[:4], "little") != planes or len(data) < 64 or not starts:
        raise HeldBack("pixel_unreadable")
    if starts != sorted(starts) or starts[0] < 64 or starts[-1] > len(data):
        raise HeldBack("pixel_unreadable")
    return list(zip(starts, [*starts[1:], len(data)], strict=True))


def _plane(data: bytes, position: int, end: int, size: int) -> tuple[bytearray, int]:
    out = bytearray()
    while position < end and len(out) < size:
        head = data[position]
        if head < 128:
            out += data[position + 1 : position + 2 + head]
            position += head + 2
        elif head > 128:
            out += data[position + 1 : position + 2] * (257 - head)
            position += 2
        else:
            position += 1
    if len(out) < size or position > end:
        raise HeldBack("pixel_unreadable")
    return out, position
