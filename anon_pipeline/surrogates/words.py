"""The lists that surrogates are composed from: surnames, first names by sex, communes with postal codes, streets.

Names and communes are facts gathered by hand; nothing is read from a patient. How one of them is chosen for a
patient belongs to ``identity``.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

DATA = Path(__file__).parent / "data"


@cache
def grouped(name: str) -> dict[str, tuple[str, ...]]:
    """The items of ``data/NAME.txt`` by the group that a ``# group`` line opens; duplicates dropped, order kept."""
    groups: dict[str, dict[str, None]] = {}
    group = ""
    for line in (DATA / f"{name}.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            group = line[1:].strip()
            continue
        items = groups.setdefault(group, {})
        items.update(dict.fromkeys(item.strip() for item in line.split(",") if item.strip()))
    return {group: tuple(items) for group, items in groups.items()}


@cache
def items(name: str) -> tuple[str, ...]:
    """Every item of a list, whatever its group."""
    merged: dict[str, None] = {}
    for group in grouped(name).values():
        merged.update(dict.fromkeys(group))
    return tuple(merged)


@cache
def communes() -> tuple[tuple[str, str], ...]:
    """(commune, 5-digit postal code), all real."""
    return tuple((item[:-6], item[-5:]) for item in items("communes"))
