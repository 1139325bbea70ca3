"""ICC profiles (ISO 15076-1): colour data stay, every text in them is blanked, lengths unchanged."""

from __future__ import annotations

_TEXT = frozenset((b"text", b"desc", b"mluc", b"dict", b"utf8", b"ut16", b"sig ", b"psid", b"zxml"))
_NUMERIC = frozenset(
    (
        b"XYZ ",
        b"curv",
        b"para",
        b"sf32",
        b"mft1",
        b"mft2",
        b"mAB ",
        b"mBA ",
        b"view",
        b"meas",
        b"chrm",
        b"clrt",
        b"dtim",
    )
)


def clean(value: bytes) -> bytes | None:
    """The profile without its texts, dates and identifiers; None when it is not a profile."""
    if len(value) < 132 or value[36:40] != b"acsp":
        return None
    count = int.from_bytes(value[128:132], "big")
    if count > 200 or 132 + 12 * count > len(value):
        return None
    out = bytearray(len(value))
    out[:132] = value[:132]
    for start, end in ((4, 8), (24, 36), (40, 64), (80, 128)):
        out[start:end] = bytes(end - start)
    for number in range(count):
        entry = 132 + 12 * number
        start = int.from_bytes(value[entry + 4 : entry + 8], "big")
        length = int.from_bytes(value[entry + 8 : entry + 12], "big")
        if start + length > len(value) or length < 8:
            return None
        out[entry : entry + 12] = value[entry : entry + 12]
        kind = value[start : start + 4]
        if kind in _NUMERIC and kind != b"dtim":
            out[start : start + length] = value[start : start + length]
        else:  # a text of no characters
            out[start : start + 8] = (b"text" if kind in _TEXT or kind == b"dtim" else b"data") + bytes(4)
    return bytes(out)
