"""Private attributes that are known to be safe (PS3.15 section E.3.10), matched by their creator and element.

Only numbers are released through this door: a text in a private attribute never is.
"""

from __future__ import annotations

import csv
import re
from pathlib import Path

from anon_pipeline.modalities.imaging import encodings as enc
from anon_pipeline.modalities.imaging.elements import encode
from anon_pipeline.modalities.imaging.encodings import Layout
from anon_pipeline.modalities.imaging.stream import Element

_FILE = Path(__file__).with_name("data") / "safe_private.csv"
_NUMBER = re.compile(rb"^[ 0-9.+\-eE\\]{1,160}$")


class SafePrivate:
    """The table of safe private attributes: (group, creator, low byte) to VR."""

    def __init__(self) -> None:
        with _FILE.open(encoding="utf-8", newline="") as stream:
            self._table = {
                (int(line["group"], 16), line["creator"], int(line["element"], 16)): line["vr"].encode()
                for line in csv.DictReader(stream)
            }
        self._creators = {(group, creator) for group, creator, _ in self._table}

    def element(self, element: Element, layout: Layout, creators: dict[int, str]) -> bytes | None:
        """A safe private element's bytes, its creator's included; None for every other one."""
        tag = element.tag
        group, number = tag >> 16, tag & 0xFFFF
        if 0x10 <= number <= 0xFF:
            creator = element.value.decode("ascii", "replace").strip(" \0")
            return encode(tag, b"LO", creator.encode(), layout) if (group, creator) in self._creators else None
        reserved = creators.get(group << 16 | number & 0xFF00)
        vr = self._table.get((group, reserved or "", number & 0xFF))
        if vr is None:
            return None
        value = element.value
        if vr in (b"DS", b"IS"):
            if not _NUMBER.match(value) or re.search(rb"\d{12}", value):
                return None
        elif (
            element.vr not in (vr, b"UN")
            or len(value) % enc.NUMBER_SIZE.get(vr, 1)
            or len(value) > 512
            or (element.vr == b"UN" and not layout.little)
        ):
            return None
        return encode(tag, vr, value, layout)
