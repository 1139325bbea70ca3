"""Numbers as notes write them: '45', '4,5', '45 mm', '4,5 cm'.

A length with its unit is one slot of a phrase, and millimetres whatever is written, so that who writes millimetres and
who writes centimetres share their phrases.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

NUMERIC, LENGTH = "N", "LENGTH"
NUMBERS = frozenset({NUMERIC, LENGTH})
NUMBER = re.compile(r"(\d+(?:[.,]\d+)?)([ \u00a0]?(?:mm|cm)\b(?! ?[x×/²³\d]))?")
TIMES = re.compile(r"[x×] ?\Z")
"""Of '45 x 38 mm' the unit belongs to both numbers, and stays in the phrase."""
MILLIMETRES = {"": 1.0, "mm": 1.0, "cm": 10.0}


@dataclass(frozen=True)
class Style:
    """One way of writing a number. unit: what follows it; share: how often it is written so."""

    decimals: int = 0
    comma: bool = True
    unit: str = ""
    share: float = 1.0

    def written(self, value: float) -> str:
        text = f"{value / MILLIMETRES[self.unit.strip()]:.{self.decimals}f}"
        return (text.replace(".", ",") if self.comma else text) + self.unit


def found(text: str) -> Iterator[tuple[int, int, str]]:
    """Start, end and slot of each number of a text, a length with its unit."""
    for match in NUMBER.finditer(text):
        if match[2] and not TIMES.search(text, 0, match.start()):
            yield match.start(), match.end(), LENGTH
        else:
            yield match.start(), match.end(1), NUMERIC


def read(values: Sequence[str]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """What is written, lengths in millimetres, and half of the last digit that is commonly written in its unit."""
    parts = [_parts(value) for value in values]
    decimals = _decimals(parts)
    per = np.array([MILLIMETRES[unit.strip()] for _, unit in parts])
    number = np.array([float(digits.replace(",", ".")) for digits, _ in parts])
    return number * per, 0.5 * per * np.array([10.0 ** -decimals[unit] for _, unit in parts])


def styles(values: Sequence[str], k: int) -> tuple[Style, ...]:
    """How the values are written: with each unit that stands in at least ``k`` of them, or else with the commonest."""
    parts = [_parts(value) for value in values]
    decimals = _decimals(parts)
    having: dict[str, list[str]] = defaultdict(list)
    for digits, unit in parts:
        having[unit].append(digits)
    kept = [unit for unit, own in having.items() if len(own) >= k] or [max(having, key=lambda u: (len(having[u]), u))]
    total = sum(len(having[unit]) for unit in kept)
    made = []
    for unit in sorted(kept):
        comma = sum("," in own for own in having[unit]) >= sum("." in own for own in having[unit])
        made.append(Style(decimals[unit], comma, unit, len(having[unit]) / total))
    return tuple(made)


def _parts(value: str) -> tuple[str, str]:
    match = NUMBER.match(value)
    return (match[1], match[2] or "") if match else (value, "")


def _decimals(parts: Sequence[tuple[str, str]]) -> dict[str, int]:
    having: dict[str, list[int]] = defaultdict(list)
    for digits, unit in parts:
        having[unit].append(len(re.split("[.,]", digits)[1]) if re.search("[.,]", digits) else 0)
    return {unit: int(np.median(own)) for unit, own in having.items()}
