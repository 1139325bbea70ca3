"""What PS3.6 says of a tag: value representation, multiplicity, whether it exists. Facts come from pydicom's tables."""

from __future__ import annotations

from pydicom._dicom_dict import DicomDictionary, RepeatersDictionary
from pydicom._uid_dict import UID_dictionary

_CHOICES = {
    "OB or OW": b"OW", "US or SS": b"US", "US or OW": b"OW", "US or SS or OW": b"OW", "NONE": b"UN",
}  # fmt: skip
VR: dict[int, bytes] = {
    tag: _CHOICES.get(entry[0], entry[0].encode() if len(entry[0]) == 2 else b"UN")
    for tag, entry in DicomDictionary.items()
}
CHOICE: dict[int, frozenset[bytes]] = {
    tag: frozenset(part.encode() for part in entry[0].split(" or "))
    for tag, entry in DicomDictionary.items()
    if " or " in entry[0]
}
SINGLE: frozenset[int] = frozenset(tag for tag, entry in DicomDictionary.items() if entry[1] == "1")
WELL_KNOWN_UIDS: frozenset[str] = frozenset(UID_dictionary)


def known(tag: int) -> bool:
    """Whether the standard defines the tag, repeating groups included."""
    return tag in VR or (
        tag >> 24 in (0x50, 0x60) and f"{tag:08X}"[:2] + "xx" + f"{tag:08X}"[4:] in RepeatersDictionary
    )


def vr_of(tag: int) -> bytes:
    """The VR of a tag in an implicit data set; UN when unknown, LO for private creators."""
    vr = VR.get(tag)
    if vr is not None:
        return vr
    if tag & 0xFFFF == 0:
        return b"UL"
    if tag >> 16 & 1:
        return b"LO" if 0x10 <= tag & 0xFFFF <= 0xFF else b"UN"
    if tag >> 24 in (0x50, 0x60):
        entry = RepeatersDictionary.get(f"{tag:08X}"[:2] + "xx" + f"{tag:08X}"[4:])
        if entry is not None:
            return _CHOICES.get(entry[0], entry[0].encode() if len(entry[0]) == 2 else b"UN")
    return b"UN"
