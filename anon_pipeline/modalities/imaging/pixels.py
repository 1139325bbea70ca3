"""Deciding whether a picture may hold burned-in text. Pictures of kinds that do are held until they are examined."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from anon_pipeline.modalities.imaging.profile import Profile
from anon_pipeline.modalities.imaging.quarantine import HeldBack
from anon_pipeline.modalities.imaging.stream import Bulk, Instance

_ROOT = "1.2.840.10008.5.1.4.1.1."
SCANNER_CLASSES = frozenset(_ROOT + t for t in ("2", "2.1", "4", "4.1", "20", "128", "130", "66.4", "481.2", "30"))


@dataclass
class Finding:
    """What was found in the pixels and what is written instead of them."""

    examined: bool
    cleaned: bool
    redacted: bool = False
    boxes: list[tuple[int, int, int, int]] = field(default_factory=list)
    transfer_syntax: str = ""
    elements: list[tuple[int, bytes, bytes]] = field(default_factory=list)
    parts: list[Any] = field(default_factory=list)


def examine(
    instance: Instance, values: Mapping[int, bytes], picture: Bulk, profile: Profile, deny: frozenset[str]
) -> Finding | None:
    """What to do with the pixels; None when nothing needs to be done."""
    sop_class = values.get(0x00080016, b"").decode("latin-1").strip("\0 ")
    if not profile.clean_pixel_data or sop_class in SCANNER_CLASSES:
        return None
    raise HeldBack("pixel_unreadable")
