# ruff: noqa: E501, PLW2901
"""What scanners, typists and keyboards do to a document; the spans follow. Only (text, labels) pairs pass here,
one label a character."""

from __future__ import annotations

import random
import unicodedata

CONFUSIONS = {"o": "0", "O": "0Q", "0": "O", "l": "1I", "1": "lI", "I": "l1", "i": "íl1", "e": "cé", "c": "e", "a": "o", "n": "ri", "m": "rn", "S": "5", "5": "S", "B": "8", "8": "B", "g": "9q", "u": "v", "h": "b", "b": "h", "t": "f", "f": "t", "r": "n", "s": "5", "Z": "2", "2": "Z", "D": "O", "E": "F", "é": "e", "è": "e", "ê": "e", "ç": "c", "à": "a", "ô": "o", "î": "i", "6": "G", "d": "cl", "w": "vv", "A": "4", "G": "6", "q": "g", "y": "v", "R": "P", "H": "N", "@": "©®aQ", "7": "1T/", "3": "8B", "4": "A", "9": "gq", ".": ",", ",": ".", ":": ";.", "/": "l1|7", "-": "~_", "|": "lI", "v": "y", "x": "k", "p": "n", "M": "N", "N": "M", "U": "V", "V": "U", "C": "G", "F": "P", "P": "F", "Q": "O", "K": "X", "L": "I", "T": "I", "J": "I"}  # fmt: skip


def ocr(text: str, labels: list[int], rng: random.Random, rate: float) -> tuple[str, list[int]]:
    """Confuse, drop and double characters, lose spaces and accents, with probability ``rate`` a character."""
    out: list[str] = []
    kept: list[int] = []
    for char, label in zip(text, labels, strict=True):
        draw = rng.random()
        if draw > rate or char == "\n":
            new = char
        elif draw < rate * 0.62:
            choices = CONFUSIONS.get(char)
            new = char
            if choices:
                new = {"m": "rn", "n": "ri", "d": "cl", "w": "vv"}.get(char, rng.choice(choices))
                if rng.random() < 0.5 and len(new) > 1:
                    new = rng.choice(choices)
        elif draw < rate * 0.74:
            new = unicodedata.normalize("NFD", char)[0]
        elif draw < rate * 0.84:
            new = "" if char == " " or rng.random() < 0.5 else char
        elif draw < rate * 0.92:
            new = char + rng.choice((" ", ".", "'", ",", char))
        else:
            new = rng.choice("abcdeilmnorstu.,-'~|") if char.isalpha() else char
        out.append(new)
        kept.extend([label] * len(new))
    return "".join(out), kept


def recase(text: str, labels: list[int], upper: bool) -> tuple[str, list[int]]:
    """All capitals or all lower case; characters that change length (ß) keep their label."""
    out, kept = [], []
    for char, label in zip(text, labels, strict=True):
        new = char.upper() if upper else char.lower()
        out.append(new)
        kept.extend([label] * len(new))
    return "".join(out), kept


def strip_accents(text: str, labels: list[int]) -> tuple[str, list[int]]:
    return "".join(unicodedata.normalize("NFD", c)[0] for c in text), labels


def glue(text: str, labels: list[int], rng: random.Random, rate: float) -> tuple[str, list[int]]:
    """Lose spaces between words."""
    keep = [c != " " or rng.random() > rate for c in text]
    return "".join(c for c, k in zip(text, keep, strict=True) if k), [x for x, k in zip(labels, keep, strict=True) if k]


def wrap(text: str, rng: random.Random) -> str:
    """Break long lines at spaces: same length, so the labels stay."""
    width = rng.randrange(50, 110)
    out, column = [], 0
    for char in text:
        column = 0 if char == "\n" else column + 1
        if char == " " and column > width:
            char, column = "\n", 0
        out.append(char)
    return "".join(out)


def degrade(text: str, labels: list[int], rng: random.Random) -> tuple[str, list[int]]:
    """One of the forms in which documents arrive; about half stay as they were typed."""
    if rng.random() < 0.3:
        text = wrap(text, rng)
    if rng.random() < 0.12:
        text, labels = strip_accents(text, labels)
    draw = rng.random()
    if draw < 0.13:
        text, labels = recase(text, labels, upper=True)
    elif draw < 0.30:
        text, labels = recase(text, labels, upper=False)
    draw = rng.random()
    if draw < 0.28:
        text, labels = ocr(text, labels, rng, rng.choice((0.01, 0.02, 0.03, 0.05, 0.08)))
    elif draw < 0.34:
        text, labels = glue(text, labels, rng, rng.choice((0.02, 0.05, 0.15)))
    return text, labels
