"""Bytes of DICOM Part 10 files, explicit VR little endian (PS3.5 A.2, PS3.10 7.1).

An element that many files share is encoded once: a file is the merge of encoded parts, in the order of the tags.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from pathlib import Path

from pydicom.charset import convert_encodings
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_data_element
from pydicom.uid import ExplicitVRLittleEndian

CHARACTER_SET = "ISO_IR 192"
IMPLEMENTATION = "2.25.257190381217468512908133421567712309"
_ENCODINGS = convert_encodings(CHARACTER_SET)
Encoded = Mapping[int, bytes]


def encode(data: Dataset) -> dict[int, bytes]:
    """Each element of a data set in bytes, by tag. VRs must be settled: nothing is guessed from other elements."""
    out = {}
    for element in data:
        stream = DicomBytesIO()
        stream.is_little_endian, stream.is_implicit_VR = True, False
        write_data_element(stream, element, _ENCODINGS)
        out[int(element.tag)] = stream.getvalue()
    return out


def _short_element(group: int, number: int, vr: bytes, value: bytes) -> bytes:
    value += (b"\0" if vr == b"UI" else b" ") * (len(value) % 2)
    return struct.pack("<HH2sH", group, number, vr, len(value)) + value


def _meta(sop_class: str, instance: str) -> bytes:
    body = struct.pack("<HH2sHI", 2, 1, b"OB", 0, 2) + b"\0\1"
    for number, vr, value in (
        (0x02, b"UI", sop_class),
        (0x03, b"UI", instance),
        (0x10, b"UI", ExplicitVRLittleEndian),
        (0x12, b"UI", IMPLEMENTATION),
        (0x13, b"SH", "VALDOR_4_2"),
        (0x16, b"AE", "VALBRUME_CT1"),
    ):
        body += _short_element(2, number, vr, value.encode())
    return struct.pack("<HH2sHI", 2, 0, b"UL", 4, len(body)) + body


def write(path: Path, data: Dataset, *shared: Encoded) -> None:
    """Write ``data`` (which has the SOP class and instance) over the parts that it shares with other files."""
    elements: dict[int, bytes] = {}
    for part in (*shared, encode(data)):
        elements.update(part)
    path.parent.mkdir(parents=True, exist_ok=True)
    content = b"".join(elements[tag] for tag in sorted(elements))
    path.write_bytes(b"\0" * 128 + b"DICM" + _meta(data.SOPClassUID, data.SOPInstanceUID) + content)
