"""What a rule reports, before Presidio's result is made of it."""

from __future__ import annotations

from typing import NamedTuple


class Found(NamedTuple):
    """Offsets in the text, a label, a score in [0, 1], and the rule's name."""

    start: int
    end: int
    label: str
    score: float
    rule: str
