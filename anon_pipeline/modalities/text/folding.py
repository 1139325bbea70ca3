"""The folded text that every rule reads: same length as the original, lower case, no accents, plain punctuation.

Each character maps to exactly one character, so that an offset in the folded text is an offset in the original.
"""

from __future__ import annotations

import sys
import unicodedata

SPACES = "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
QUOTES = "\u2018\u2019\u201b\u02bc\u2032\u00b4`\uff07"
DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\uff0d"
LETTERS = {"œ": "o", "æ": "a", "ø": "o", "ł": "l", "đ": "d", "ı": "i", "ß": "s", "þ": "t", "ð": "d", "º": "o", "°": "°"}


def _table() -> dict[int, str]:
    table: dict[int, str] = {ord(c): " " for c in SPACES}
    table.update({ord(c): "'" for c in QUOTES})
    table.update({ord(c): "-" for c in DASHES})
    for code in (
        *range(0x41, 0x5B),
        *range(0xC0, 0x250),
        *range(0x370, 0x530),
        *range(0x1E00, 0x1F00),
        *range(0xFF01, 0xFF5F),
    ):
        char = chr(code)
        base = unicodedata.normalize("NFKD", char)[0]
        lower = LETTERS.get(char.lower()[:1], base.lower())
        lower = LETTERS.get(lower, lower)
        if len(lower) == 1 and lower != char and code not in table:
            table[code] = lower
    for code in range(sys.maxunicode + 1):  # digits of other scripts
        if code > 0x7F and unicodedata.category(chr(code)) == "Nd":
            table[code] = str(unicodedata.digit(chr(code)))
    return table


TABLE = _table()


def fold_text(text: str) -> str:
    """``text`` folded; ``len`` is unchanged."""
    return text.translate(TABLE)
