"""Writing a surrogate the way the original was written: case, accents, initials. Which surrogate is chosen
does not belong here."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache


@lru_cache(maxsize=1 << 15)
def fold(text: str) -> str:
    """Lower case without accents, hyphens or apostrophes: the form under which two spellings are the same."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    kept = (c if c.isalnum() else " " for c in plain if not unicodedata.combining(c))
    return " ".join("".join(kept).split())


def without_accents(text: str) -> str:
    decomposed = unicodedata.normalize("NFD", text)
    return unicodedata.normalize("NFC", "".join(c for c in decomposed if not unicodedata.combining(c)))


def like(surrogate: str, original: str) -> str:
    """``surrogate`` in the case of ``original``; in capitals accents are kept only where the original has some."""
    letters = [c for c in original if c.isalpha()]
    if len(letters) >= 2 and all(c.isupper() for c in letters):
        upper = surrogate.upper()
        return upper if without_accents(original) != original else without_accents(upper)
    if letters and all(c.islower() for c in letters):
        return surrogate.lower()
    return surrogate


def is_initial(text: str) -> bool:
    """Whether ``text`` is initials: 'J.', 'J', 'J.-P.', 'j.p'"""
    plain = text.strip()
    parts = [part for part in re.split(r"[.\- ]+", plain) if part]
    return bool(parts) and len(parts) <= 3 and all(len(part) == 1 and part.isalpha() for part in parts)


def initials_like(surrogate: str, original: str) -> str:
    """Initials of ``surrogate`` with the punctuation of ``original``: each letter becomes a letter of the surrogate."""
    parts = [part for part in surrogate.replace("-", " ").split() if part] or ["X"]
    out, index = [], 0
    for char in original:
        if char.isalpha():
            letter = without_accents(parts[min(index, len(parts) - 1)][0]).upper()
            out.append(letter.lower() if char.islower() else letter)
            index += 1
        else:
            out.append(char)
    return "".join(out)
