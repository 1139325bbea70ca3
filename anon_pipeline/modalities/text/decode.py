"""From probabilities of tokens to spans: thresholds, bridging, trimming. The classifier itself is in ``tagger``."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from anon_pipeline.modalities.text.labels import DIRECT, INDEX, LABELS, NAMES
from anon_pipeline.modalities.text.rules.found import Found
from anon_pipeline.modalities.text.tagger import Tags

FIRST_INDIRECT = len(DIRECT) + 1
THRESHOLDS = Path(__file__).parent / "weights" / "thresholds.json"
INNER = frozenset("-'’./:()&°@+_ ")
SEPARATE = frozenset(("LAST_NAME", "FIRST_NAME", "CITY", "DATE", "BIRTH_DATE", "INDIRECT_FAMILY"))


@dataclass(frozen=True)
class Thresholds:
    """The smallest summed probability of a direct and of an indirect label at which a token is one."""

    direct: float = 0.35
    indirect: float = 0.4


@cache
def shipped_thresholds() -> Thresholds:
    """What the development set chose (``training.thresholds``), or the defaults before any training."""
    if not THRESHOLDS.is_file():
        return Thresholds()
    content = json.loads(THRESHOLDS.read_text(encoding="utf-8"))
    return Thresholds(float(content["direct"]), float(content["indirect"]))


def spans(text: str, tags: Tags, thresholds: Thresholds) -> list[Found]:
    """Maximal runs of tokens with one label."""
    scores = tags.scores
    if not len(scores):
        return []
    direct = scores[:, 1:FIRST_INDIRECT].sum(axis=1)
    indirect = scores[:, FIRST_INDIRECT:].sum(axis=1)
    is_direct = direct >= thresholds.direct
    is_indirect = ~is_direct & (indirect >= thresholds.indirect)
    if not (is_direct.any() or is_indirect.any()):
        return []
    best = np.zeros(len(scores), np.int64)
    best[is_direct] = 1 + scores[is_direct, 1:FIRST_INDIRECT].argmax(axis=1)
    best[is_indirect] = FIRST_INDIRECT + scores[is_indirect, FIRST_INDIRECT:].argmax(axis=1)
    offsets = tags.spans
    _bridge(text, offsets, best)
    out: list[Found] = []
    edges = np.flatnonzero(np.diff(best)) + 1
    for a, b in zip([0, *edges.tolist()], [*edges.tolist(), len(best)], strict=True):
        if not best[a]:
            continue
        label = LABELS[best[a]]
        first, last = a, b - 1
        while first <= last and not text[offsets[first, 0]].isalnum() and text[offsets[first, 0]] != "+":
            first += 1
        while last >= first and not text[offsets[last, 1] - 1].isalnum():
            last -= 1
        if first > last:
            continue
        peak = float(max(direct[first : last + 1].max(), indirect[first : last + 1].max()))
        out.extend(_without_breaks(text, int(offsets[first, 0]), int(offsets[last, 1]), label, peak))
    return out


def _bridge(text: str, offsets: np.ndarray, best: np.ndarray) -> None:
    """A lone punctuation mark between two tokens of one label joins them, as does an odd token inside a number."""
    for i in np.flatnonzero((best[1:-1] != best[:-2]) & (best[:-2] == best[2:]) & (best[2:] > 0)) + 1:
        piece = text[offsets[i, 0] : offsets[i, 1]]
        if (piece in INNER and not (piece in ":/()&@" and LABELS[best[i - 1]] in NAMES)) or (
            LABELS[best[i - 1]] not in SEPARATE and "\n" not in piece
        ):
            best[i] = best[i - 1]


def _without_breaks(text: str, start: int, end: int, label: str, score: float) -> list[Found]:
    """A span stops at a line break, except in an address of two lines where each line is a span of its own."""
    out = []
    for piece in text[start:end].splitlines(keepends=True) or [""]:
        stripped = piece.strip()
        if stripped:
            lead = len(piece) - len(piece.lstrip())
            out.append(Found(start + lead, start + lead + len(stripped), label, score, "classifier"))
        start += len(piece)
    return out


def label_probability(tags: Tags, label: str) -> np.ndarray:
    return tags.scores[:, INDEX[label]]
