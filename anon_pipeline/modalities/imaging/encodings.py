"""Transfer syntaxes and value representations as the byte stream knows them (PS3.5 sections 6, 7 and 10, annex A).

Only facts about how bytes are laid out; following them is in ``stream``, writing them in ``elements``.
"""

from __future__ import annotations

from dataclasses import dataclass
from struct import Struct

IMPLICIT_LITTLE = "1.2.840.10008.1.2"
EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"
DEFLATED = "1.2.840.10008.1.2.1.99"
EXPLICIT_BIG = "1.2.840.10008.1.2.2"
RLE = "1.2.840.10008.1.2.5"
JPEG_FAMILY = frozenset(
    [f"1.2.840.10008.1.2.4.{n}" for n in (50, 51, 57, 70, 80, 81, 90, 91, 92, 93, 110, 111, 112, 201, 202, 203)]
)
VIDEO = frozenset(f"1.2.840.10008.1.2.4.{name}" for name in (*range(100, 109), *(f"{n}.1" for n in range(100, 107))))
ENCAPSULATED = JPEG_FAMILY | {RLE}
NATIVE = frozenset((IMPLICIT_LITTLE, EXPLICIT_LITTLE, DEFLATED, EXPLICIT_BIG))

LONG_VRS = frozenset((b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"))
SHORT_VRS = frozenset(
    (b"AE", b"AS", b"AT", b"CS", b"DA", b"DS", b"DT", b"FD", b"FL", b"IS", b"LO", b"LT", b"PN", b"SH", b"SL", b"SS",
     b"ST", b"TM", b"UI", b"UL", b"US")
)  # fmt: skip
BULK_VRS = frozenset((b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"UN"))
NUMBER_SIZE = {
    b"US": 2, b"SS": 2, b"UL": 4, b"SL": 4, b"FL": 4, b"FD": 8, b"AT": 4, b"SV": 8, b"UV": 8,
    b"OW": 2, b"OF": 4, b"OD": 8, b"OL": 4, b"OV": 8, b"OB": 1,
}  # fmt: skip
UNDEFINED = 0xFFFFFFFF
ITEM, ITEM_END, SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
PIXEL_DATA, FLOAT_PIXELS, DOUBLE_PIXELS = 0x7FE00010, 0x7FE00008, 0x7FE00009


@dataclass(frozen=True)
class Layout:
    """How a data set's elements are laid out."""

    explicit: bool
    little: bool

    @property
    def order(self) -> str:
        return "<" if self.little else ">"

    @property
    def short(self) -> Struct:
        return Struct(self.order + "HH2sH")

    @property
    def long(self) -> Struct:
        return Struct(self.order + "I")

    @property
    def implicit(self) -> Struct:
        return Struct(self.order + "HHI")


EXPLICIT = Layout(True, True)
IMPLICIT = Layout(False, True)
EXPLICIT_BE = Layout(True, False)


def layout_of(transfer_syntax: str) -> Layout:
    """The layout of the data set that a transfer syntax announces."""
    if transfer_syntax == IMPLICIT_LITTLE:
        return IMPLICIT
    return EXPLICIT_BE if transfer_syntax == EXPLICIT_BIG else EXPLICIT
