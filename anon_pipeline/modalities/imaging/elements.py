"""Writing one element, item or sequence as bytes (PS3.5 section 7). What the value is, is decided elsewhere."""

from __future__ import annotations

import struct

from anon_pipeline.modalities.imaging import encodings as enc
from anon_pipeline.modalities.imaging.encodings import Layout

_PAD_NULL = frozenset((b"UI", b"OB", b"UN"))


def encode(tag: int, vr: bytes, value: bytes, layout: Layout) -> bytes:
    """Header and value, padded to even length. Values too long for a short VR become UN (PS3.5 section 6.2.2)."""
    if len(value) & 1:
        value += b"\0" if vr in _PAD_NULL else b" "
    order = layout.order
    if not layout.explicit:
        return struct.pack(order + "HHI", tag >> 16, tag & 0xFFFF, len(value)) + value
    if vr in enc.LONG_VRS or len(value) > 0xFFFE:
        name = vr if vr in enc.LONG_VRS else b"UN"
        return struct.pack(order + "HH2sHI", tag >> 16, tag & 0xFFFF, name, 0, len(value)) + value
    return struct.pack(order + "HH2sH", tag >> 16, tag & 0xFFFF, vr, len(value)) + value


def header(tag: int, vr: bytes, length: int, layout: Layout) -> bytes:
    """The header alone, for a value that is written apart (pixels)."""
    order = layout.order
    if not layout.explicit:
        return struct.pack(order + "HHI", tag >> 16, tag & 0xFFFF, length)
    return struct.pack(order + "HH2sHI", tag >> 16, tag & 0xFFFF, vr, 0, length)


def sequence(tag: int, datasets: list[bytes], layout: Layout) -> bytes:
    """A sequence of defined length with items of defined length."""
    order = layout.order
    value = b"".join(struct.pack(order + "HHI", 0xFFFE, 0xE000, len(data)) + data for data in datasets)
    if not layout.explicit:
        return struct.pack(order + "HHI", tag >> 16, tag & 0xFFFF, len(value)) + value
    return struct.pack(order + "HH2sHI", tag >> 16, tag & 0xFFFF, b"SQ", 0, len(value)) + value
