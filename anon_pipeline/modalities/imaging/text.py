"""Free text by allow-list: a word leaves only when the vocabulary knows it. Deny by default.

The vocabulary (``data/words.txt``, ``data/defined_terms.txt``) holds the words of the standard's attribute names, code
meanings and defined terms, anatomy and protocol words in English and French, and vendors' product names; no
person's name. Which attributes are text, and what stands in for an emptied one, is decided in ``headers``.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

_DATA = Path(__file__).with_name("data")
_UID = re.compile(r"\b[0-2](?:\.\d+){3,}\b")
_ADDRESS = re.compile(r"\S+@\S+|\b(?:https?|ftp|file)://\S+|\bwww\.\S+|\\\\\S+", re.IGNORECASE)
_DIGITS = re.compile(r"\d(?:[ .,/:_\-]{0,2}\d){5,}")
_SHORT_DATE = re.compile(r"(?<!\d)\d{1,4}([/.\-])\d{1,2}\1\d{1,4}(?!\d)")
_OLD = re.compile(r"(?<!\d)0?(?:9\d|1[0-4]\d) ?-?(?:ans?|a|y|yo|y/o|yrs?|years?)\b", re.IGNORECASE)
_SPELT = re.compile(r"(?<![^\W_])(?:[^\W\d_][\W_]{1,3}){3,}[^\W\d_](?![^\W_])")
_ANY_DIGIT, _MAY_BE_ADDRESS = re.compile(r"\d"), re.compile(r"[@/\\]|www", re.IGNORECASE)
_SPLIT = re.compile(r"([^\w.,]+|_+|[.,](?!\d)|(?<!\d)[.,])")
_NUMBER = re.compile(r"^\d{1,3}(?:[.,]\d{1,4})?$")
_MIXED = re.compile(r"^(?:[a-z]{1,2}\d{1,2}[a-z]{0,2}|\d{1,3}(?:[.,]\d{1,3})?([a-z]{1,3})|\d{1,4}x\d{1,4})$")
_CAMEL = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_UNITS = frozenset(
    [
        "mm",
        "cm",
        "m",
        "um",
        "nm",
        "s",
        "ms",
        "us",
        "sec",
        "min",
        "h",
        "hz",
        "khz",
        "mhz",
        "kv",
        "kvp",
        "ma",
        "mas",
        "mgy",
        "gy",
        "t",
        "d",
        "w",
        "mw",
        "ml",
        "cc",
        "l",
        "mg",
        "g",
        "kg",
        "deg",
        "x",
        "f",
        "st",
        "nd",
        "rd",
        "th",
    ]
)


def fold(text: str) -> str:
    """Lower case without diacritics."""
    text = text.lower()
    if text.isascii():
        return text
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))


@lru_cache(maxsize=1)
def words() -> frozenset[str]:
    """Every word that may leave, folded."""
    return frozenset((_DATA / "words.txt").read_text(encoding="utf-8").split())


@lru_cache(maxsize=1)
def defined_terms() -> frozenset[str]:
    """Every code string that may leave: the defined terms and enumerated values of PS3.3, and vendors' image types."""
    return frozenset((_DATA / "defined_terms.txt").read_text(encoding="utf-8").split("\n")) - {""}


class Vocabulary:
    """Cleans text, word by word. ``extra`` are a site's own terms."""

    def __init__(self, extra: list[str] | None = None) -> None:
        self.words = words() | {fold(word) for term in extra or [] for word in re.findall(r"\w+", term)}
        self.terms = defined_terms() | {term.strip().upper() for term in extra or []}

    def allows(self, token: str, deny: frozenset[str]) -> bool:
        """Whether one word may leave; ``deny`` holds the folded words of the patient's own identifiers."""
        word = fold(token)
        if word in deny:
            return False
        if word in self.words:
            return True
        if len(word) == 1:
            return word.isascii()
        if _NUMBER.match(word):
            return True
        if word.isdigit():
            return len(word) == 4 and int(word) % 50 == 0 and not 1900 <= int(word) < 2100
        mixed = _MIXED.match(word)
        if mixed:
            unit = mixed.group(1)
            return unit is None or unit in _UNITS
        parts = _CAMEL.findall(token)
        if len(parts) > 1 and "".join(parts) == token:
            return all(len(p) > 2 and fold(p) in self.words and fold(p) not in deny for p in parts)
        return False

    def clean(self, text: str, deny: frozenset[str], uid: Callable[[str], str] | None = None) -> str:
        """The text with everything unknown taken out; '' when nothing is left."""
        kept_uids: list[str] = []
        if uid is not None and "." in text:

            def swap(match: re.Match[str]) -> str:
                if len(match[0]) < 14:
                    return match[0]
                kept_uids.append(uid(match[0]))
                return " "

            text = _UID.sub(swap, text)
        if _MAY_BE_ADDRESS.search(text):
            text = _ADDRESS.sub(" ", text)
        if _ANY_DIGIT.search(text):
            text = _OLD.sub(" ", _SHORT_DATE.sub(" ", _DIGITS.sub(" ", text)))
        text = _SPELT.sub(" ", text)
        out: list[str] = []
        separator = ""
        for number, part in enumerate(_SPLIT.split(text)):
            if number & 1:
                separator += part
            elif part and self.allows(part, deny):
                out.append(_join(separator, bool(out)))
                out.append(part)
                separator = ""
        cleaned = "".join(out)
        for number, new in enumerate(kept_uids):
            cleaned += f" {new}" if number or cleaned else new
        return cleaned


def _join(separator: str, inside: bool) -> str:
    """What is left between two kept words: one separator, a line break before others."""
    if not inside:
        return ""
    for mark in "\n", ":", "/", "_", "-", ";", ",", ".", "^", "=":
        if mark in separator:
            return {":": ": ", ";": "; ", ",": ", ", ".": ". "}.get(mark, mark)
    return " "
