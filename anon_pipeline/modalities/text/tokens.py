"""Cutting text into tokens whose offsets are exact for any Unicode, and what the classifier sees of a token.

A token is a run of letters (cut again where a lower-case letter meets a capital: 'MadameDUPONT'), a run of digits,
one other printable character, or a run of line breaks. Learning and scoring are elsewhere.
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from functools import lru_cache

TOKEN = re.compile(r"[^\W\d_]+|\d+|[\r\n\f\v\u2028\u2029]+|[^\w\s]|_")
BUCKETS = 1 << 16
MAXIMUM_GRAMS = 28
CASES = ("lower", "upper", "title", "mixed", "digits", "punctuation", "break", "initial")
LENGTHS = 13
STYLES = 3
SHAPES = len(CASES) * LENGTHS * STYLES
GAPS = 4


def tokenize(text: str) -> list[tuple[int, int]]:
    """(start, end) of every token, in order."""
    out: list[tuple[int, int]] = []
    append = out.append
    for match in TOKEN.finditer(text):
        start, end = match.span()
        if end - start > 3:
            word = match.group()
            if not (word.islower() or word.isupper() or word.istitle() or word[0].isdigit()):
                cut = start
                for i in range(1, end - start):
                    if word[i].isupper() and word[i - 1].islower():
                        append((cut, start + i))
                        cut = start + i
                    elif (
                        i > 3
                        and word[i].islower()
                        and word[i - 1].isupper()
                        and word[i - 2].isupper()
                        and start + i - 1 > cut
                    ):
                        append((cut, start + i - 1))
                        cut = start + i - 1
                append((cut, end))
                continue
        append((start, end))
    return out


@lru_cache(maxsize=1 << 16)
def fold_token(token: str) -> str:
    plain = token.lower()
    if plain.isascii():
        return plain
    return "".join(c for c in unicodedata.normalize("NFKD", plain) if not unicodedata.combining(c)) or plain


def grams(token: str) -> list[int]:
    """Bucket of the whole folded token and of its character n-grams (CRC-32, so the same everywhere)."""
    plain = fold_token(token[:40])
    ids = [zlib.crc32(("=" + plain).encode("utf-8", "replace")) % BUCKETS]
    if not plain[:1].isalpha():
        if plain[:1].isdigit():
            ids.append(zlib.crc32(f"#{len(plain)}".encode()) % BUCKETS)
            ids.append(zlib.crc32(f"#{len(plain)}{plain[:2]}".encode()) % BUCKETS)
            ids.append(zlib.crc32(f"#{plain[:1]}".encode()) % BUCKETS)
        return ids
    marked = f"<{plain}>"
    for size in (3, 4, 5):
        for i in range(len(marked) - size + 1):
            ids.append(zlib.crc32(marked[i : i + size].encode("utf-8", "replace")) % BUCKETS)
            if len(ids) >= MAXIMUM_GRAMS:
                return ids
    ids.append(zlib.crc32(("^" + plain[:2]).encode("utf-8", "replace")) % BUCKETS)
    ids.append(zlib.crc32(("$" + plain[-2:]).encode("utf-8", "replace")) % BUCKETS)
    return ids


def shape(token: str) -> int:
    """Case and length, without the document's style (add ``style * len(CASES) * LENGTHS``)."""
    first = token[0]
    length = min(len(token), LENGTHS) - 1
    if first.isdigit():
        case = 4
    elif first.isalpha():
        if len(token) == 1:
            case = 7 if first.isupper() else 0
        elif token.islower():
            case = 0
        elif token.isupper():
            case = 1
        else:
            case = 2 if token.istitle() else 3
    else:
        case = 6 if first in "\r\n\f\v\u2028\u2029" else 5
    return case * LENGTHS + length


def style(text: str) -> int:
    """0 ordinary, 1 (nearly) all capitals, 2 (nearly) all lower case, from the first 5,000 characters."""
    head = text[:5000]
    upper = sum(map(str.isupper, head))
    lower = sum(map(str.islower, head))
    if upper > 9 * lower and upper:
        return 1
    return 2 if lower > 150 * upper else 0


def gap(text: str, previous_end: int, start: int) -> int:
    """0 glued to the token before, 1 one space, 2 several or a tab, 3 first token."""
    if previous_end < 0:
        return 3
    width = start - previous_end
    return 0 if width == 0 else 2 if width > 1 or text[previous_end] == "\t" else 1
