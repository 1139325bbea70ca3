# ruff: noqa: E501
"""Fictional clinical documents with the span of every identifier: the training, development and test material.

``document(rng, pools)`` makes one; ``dev`` pools bring held-out names and the grammar's held-out alternatives.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from anon_pipeline.modalities.text.labels import INDEX, LABELS
from anon_pipeline.modalities.text.training import noise
from anon_pipeline.modalities.text.training.grammar import alternative, rules
from anon_pipeline.modalities.text.training.names import NamePools
from anon_pipeline.modalities.text.training.slots import Slots

VARIANTS = ("clean", "ocr", "upper", "lower")


@dataclass(frozen=True)
class Document:
    """``labels``: one index into LABELS for each character of ``text``."""

    text: str
    labels: list[int]
    patient: dict[str, object]

    def spans(self) -> list[tuple[int, int, str]]:
        """Maximal runs of one label: (start, end, label)."""
        out: list[tuple[int, int, str]] = []
        start = 0
        for i in range(1, len(self.labels) + 1):
            if i == len(self.labels) or self.labels[i] != self.labels[start]:
                if self.labels[start]:
                    out.append((start, i, LABELS[self.labels[start]]))
                start = i
        return out


def _expand(rule: str, slots: Slots, rng: random.Random, dev: bool, out: list[tuple[str, str]], depth: int = 0) -> None:
    for piece in alternative(rule, rng, dev):
        if piece.startswith("<") and piece.endswith(">") and piece[1:-1] in rules(dev):
            _expand(piece[1:-1], slots, rng, dev, out, depth + 1)
        elif piece.startswith("[") and piece.endswith("]"):
            out.extend(slots(piece[1:-1]))
        elif piece:
            out.append((piece, "O"))


def document(rng: random.Random, pools: NamePools, english: float = 0.08) -> Document:
    """One clean document."""
    in_english = rng.random() < english
    slots = Slots(rng, pools, in_english)
    pieces: list[tuple[str, str]] = []
    _expand("en_document" if in_english else "document", slots, rng, pools.dev, pieces)
    least = rng.choice((60, 200, 500, 1000, 1800))
    while not in_english and sum(len(t) for t, _ in pieces) < least:
        pieces.append(("\n", "O"))
        _expand(rng.choice(("para", "section", "mention", "dated", "sentence")), slots, rng, pools.dev, pieces)
    text = "".join(t for t, _ in pieces)
    labels = [INDEX[label] for t, label in pieces for _ in t]
    patient: dict[str, object] = {
        "last_name": slots.last, "birth_name": slots.birth, "first_names": [slots.first],
        "birth_date": "{:04d}-{:02d}-{:02d}".format(*slots.dob), **{k.lower(): v for k, v in slots.numbers.items() if k in ("NIR", "IPP")},
    }  # fmt: skip
    return Document(text, labels, patient)


def training_document(rng: random.Random, pools: NamePools) -> Document:
    made = document(rng, pools)
    text, labels = noise.degrade(made.text, list(made.labels), rng)
    return Document(text, labels, made.patient)


def variant(made: Document, kind: str, rng: random.Random) -> Document:
    """The document clean, OCR-noised (3 % of characters), in capitals or in lower case."""
    text, labels = made.text, list(made.labels)
    if kind == "ocr":
        text, labels = noise.ocr(text, labels, rng, 0.03)
    elif kind in ("upper", "lower"):
        text, labels = noise.recase(text, labels, kind == "upper")
    return Document(text, labels, made.patient)
