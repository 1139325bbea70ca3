"""Attacks on released notes: a name looked up, facts matched to the nearest note, and a second, list-based detector.

Works on plain strings: what was released and what the attacker knows. How notes are de-identified, and the canary
audit that needs the detector itself, do not belong here.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from anon_pipeline.keys import seeded_rng
from anon_pipeline.risk.intervals import rate
from anon_pipeline.surrogates.words import items

WORD = re.compile(r"[^\W\d_]{3,}")
NUMBER = re.compile(r"(?<![\d,.])\d(?:[ .\-/]?\d){6,}")


def plain(text: str) -> str:
    """Lower case without accents."""
    return "".join(c for c in unicodedata.normalize("NFKD", text.lower()) if not unicodedata.combining(c))


def figure(successes: int, attempts: int) -> dict[str, Any]:
    """A rate with its 95 % interval, as reports write it."""
    made = rate(successes, attempts)
    return {"successes": successes, "attempts": attempts, "value": round(successes / attempts, 6) if attempts else None,
            "low": round(made.low, 6), "high": round(made.high, 6)}  # fmt: skip


def name_lookup(names: Sequence[Iterable[str]], released: Sequence[str]) -> dict[str, Any]:
    """The attacker knows a patient's names and searches them in the notes: how many patients' own note answers.

    names[i]: what is known of the patient of released[i]. A hit is any name of four letters or more as a whole word.
    """
    hits = attempts = 0
    for known, text in zip(names, released, strict=True):
        words = {w for name in known for w in WORD.findall(plain(name)) if len(w) >= 4}
        if not words:
            continue
        attempts += 1
        hits += bool(words & set(WORD.findall(plain(text))))
    return figure(hits, attempts)


def fact_linkage(originals: Sequence[str], released: Sequence[str], facts: int = 10, seed: int = 0) -> dict[str, Any]:
    """The attacker knows ``facts`` rare words of a patient's note and takes the nearest released note (TF-IDF, cosine).

    Top-1 success against chance (one in the number of notes). Clinical content that a note keeps makes this succeed:
    it measures what a person with knowledge of the case can do, which no removal of identifiers prevents.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer

    kept = [i for i, text in enumerate(originals) if len(set(WORD.findall(plain(text)))) >= facts]
    if len(released) < 2 or not kept:
        return {**figure(0, 0), "chance": None}
    vectorizer = TfidfVectorizer(preprocessor=plain, token_pattern=WORD.pattern, sublinear_tf=True)
    matrix = vectorizer.fit_transform(released)
    frequency = Counter(w for text in originals for w in set(WORD.findall(plain(text))))
    queries = []
    for i in kept:
        words = sorted(set(WORD.findall(plain(originals[i]))), key=lambda w: (frequency[w], w))[: 3 * facts]
        chosen = seeded_rng(seed, "facts", i).permutation(len(words))[:facts]
        queries.append(" ".join(words[j] for j in chosen))
    scores = vectorizer.transform(queries) @ matrix.T
    best = scores.toarray().argmax(axis=1)
    hits = sum(int(b) == i for b, i in zip(best, kept, strict=True))
    return {**figure(hits, len(kept)), "chance": round(1 / len(released), 6)}


def second_detector(released: Sequence[str], surrogates: Sequence[Sequence[tuple[int, int]]]) -> dict[str, Any]:
    """What a detector of another kind still finds outside the surrogates: capitalised words of the name lists,
    long numbers, e-mail signs. An upper estimate: eponyms and places of the text count too."""
    names = {
        w for name in (*items("surnames"), *items("first_names")) for w in WORD.findall(plain(name)) if len(w) >= 4
    }
    found: Counter[str] = Counter()
    documents = 0
    for text, placed in zip(released, surrogates, strict=True):
        masked = list(text)
        for start, end in placed:
            masked[start:end] = " " * (end - start)
        rest = "".join(masked)
        before = sum(found.values())
        for match in WORD.finditer(rest):
            first = match.start() == 0 or rest[: match.start()].rstrip(" ")[-1:] in ("", ".", "\n", ":", "-", "!", "?")
            if match.group()[0].isupper() and not first and plain(match.group()) in names:
                found["name"] += 1
        found["number"] += len(NUMBER.findall(rest))
        found["email"] += rest.count("@")
        documents += sum(found.values()) > before
    return {
        "findings": {k: v for k, v in sorted(found.items()) if v},
        "documents_with_findings": figure(documents, len(released)),
    }
