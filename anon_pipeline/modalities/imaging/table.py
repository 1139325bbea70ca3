"""PS3.15 Table E.1-1 as data, and what a profile makes of it: one mode an attribute.

The CSV beside this file holds the facts (edition column included). Applying a mode to a value is in ``headers``.
"""

from __future__ import annotations

import csv
from enum import IntEnum
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from anon_pipeline.modalities.imaging.profile import Profile

EDITION = "2026c"
_FILE = Path(__file__).with_name("data") / "confidentiality_profile.csv"


class Mode(IntEnum):
    """What happens to an attribute. OTHER is any attribute outside the table: cleaned by its VR, deny by default."""

    OTHER = 0
    REMOVE = 1
    EMPTY = 2
    DUMMY = 3
    UID = 4
    KEEP = 5
    CLEAN = 6


class Row(NamedTuple):
    """One line of the table: ``options`` maps an option column to its code (K keep, C clean)."""

    tag: int
    name: str
    basic: str
    options: dict[str, str]
    edition: str


class Action(NamedTuple):
    """``fallback`` applies when cleaning leaves nothing."""

    mode: Mode
    fallback: Mode


@lru_cache(maxsize=1)
def rows() -> dict[int, Row]:
    """The table by tag; repeating groups (50xx, 60xx) are not in it: they are removed as whole groups."""
    out: dict[int, Row] = {}
    with _FILE.open(encoding="utf-8", newline="") as stream:
        for line in csv.DictReader(stream):
            if "X" in line["tag"].upper():
                continue
            options = {k: v for k, v in line.items() if v in ("K", "C") and k.startswith(("retain_", "clean_"))}
            tag = int(line["tag"], 16)
            out[tag] = Row(tag, line["name"], line["basic"], options, line["edition"])
    return out


def _basic(code: str) -> Mode:
    """The safest of a compound action that is valid whatever type the IOD gives the attribute."""
    if "U" in code:
        return Mode.UID
    if "D" in code:
        return Mode.DUMMY
    return Mode.EMPTY if "Z" in code else Mode.REMOVE


def actions(profile: Profile) -> dict[int, Action]:
    """What a profile does to each attribute of the table."""
    on = profile.options()
    out: dict[int, Action] = {}
    for tag, row in rows().items():
        basic = _basic(row.basic)
        codes = {row.options[name] for name in on if name in row.options}
        if "K" in codes:
            out[tag] = Action(Mode.KEEP, basic)
        elif "C" in codes:
            out[tag] = Action(Mode.CLEAN, basic)
        else:
            out[tag] = Action(basic, basic)
    return out
