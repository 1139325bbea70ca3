"""French words up to gender and number: 'volumineux' and 'volumineuse' are one word, which agrees with its noun."""

from __future__ import annotations

import re

ENDINGS = tuple(
    (re.compile(f"(?<=[^\\W\\d_]{{3}}){feminine}\\Z"), masculine)
    for feminine, masculine in (
        ("euse", "eux"),
        ("ive", "if"),
        ("elle", "el"),
        ("enne", "en"),
        ("onne", "on"),
        ("ère", "er"),
        ("aux", "al"),
        ("e", ""),
    )
)
PLURAL = re.compile(r"(?<=[^\W\d_]{3})[sx]\Z")


def lemma(words: str) -> str:
    """What the forms of one or several words have in common; for comparing, never to be written. Case stays: 'Petit' is
    a name and no form of 'petite'."""
    return " ".join(_lemma(word) for word in words.split())


def _lemma(word: str) -> str:
    word = word.removesuffix("s") if word.endswith("es") else word
    for ending, masculine in ENDINGS:
        if ending.search(word):
            word = ending.sub(masculine, word)
            break
    return PLURAL.sub("", word)
