"""Digits as a scanner leaves them: 'O6', 'l2', '44OOO'. The rules for numbers and dates read the text through this."""

from __future__ import annotations

import re
from functools import lru_cache

TOKEN = re.compile(r"(?<![0-9a-z])(?=[oilszbgqdat|]*[0-9])[0-9oilszbgqdat|]{2,}(?![0-9a-z])")
LOOKALIKES = str.maketrans("oilszbgqdat|", "011258990471")


def _read(match: re.Match[str]) -> str:
    piece = match.group()
    return piece if piece.isdigit() else piece.translate(LOOKALIKES)


@lru_cache(maxsize=2)
def digits(folded: str) -> str:
    """``folded`` with letters that look like digits read as digits, in words that hold at least one digit.

    Same length. What the digit was does not matter: the value is replaced, not read.
    """
    return TOKEN.sub(_read, folded)
