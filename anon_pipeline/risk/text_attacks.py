"""Attacks on released notes: names looked up, facts matched to the nearest note, and a second, list-based detector.

Works on plain strings: what was released and what the attacker knows. How notes are de-identified, and the canary
audit that needs the detector itself, do not belong here.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from math import log
from typing import Any

from anon_pipeline.keys import seeded_rng
from anon_pipeline.risk.intervals import rate
from anon_pipeline.surrogates.words import items

WORD = re.compile(r"[^\W\d_]{3,}")
TOKEN = re.compile(r"[^\W_]+")
# Who is spoken of, by what stands before a patient's name; titles of doctors are left out on purpose.
CALLED = re.compile(
    r"(?<!\w)(?:M\.|Mr\.?|Mrs\.?|Ms\.?|Mme\.?|Mlle|Monsieur|Madame|Mademoiselle|née?|épouse|veuve|(?:nom|prénom|patiente?)"
    r"(?: de naissance| d'usage)?\s*:)[ \u00a0]*(?=((?:[^\W\d_][\w'’-]+[ \u00a0]?){1,3}))",
    re.IGNORECASE,
)
LOWER = re.compile(r"(?<![\w@._-])[^\W\d_A-ZÀ-Þ]{3,}(?![\w@]|[._-]\w)")
OVER_CHANCE = "top1_over_chance"
PARTICLES = frozenset(("saint", "sainte"))
NUMBER = re.compile(r"(?<![\d,.])\d(?:[ .\-/]?\d){6,}")


def plain(text: str) -> str:
    """Lower case without accents."""
    return "".join(c for c in unicodedata.normalize("NFKD", text.lower()) if not unicodedata.combining(c))


def figure(successes: float, attempts: int) -> dict[str, Any]:
    """A rate with its 95 % interval, as reports write it."""
    made = rate(successes, attempts)
    return {"successes": successes, "attempts": attempts, "value": round(successes / attempts, 6) if attempts else None,
            "low": round(made.low, 6), "high": round(made.high, 6)}  # fmt: skip


@lru_cache(maxsize=1)
def listed_names() -> frozenset[str]:
    """Plain words of four letters or more in the lists of surnames and first names."""
    names = (*items("surnames"), *items("first_names"))
    return frozenset(w for name in names for w in WORD.findall(plain(name)) if len(w) >= 4)


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


def spoken_of(text: str) -> set[str]:
    """Plain words of the names that a note gives its patient: capitalised words after a civility, 'née' or 'Nom :'.

    In a note without lower case, only words of the name lists, since everything is capitalised there.
    """
    shouted = not any(map(str.islower, text))
    found: set[str] = set()
    for match in CALLED.finditer(text):
        for word in WORD.findall(match.group(1)):
            if not word[0].isupper():
                break
            if not shouted or plain(word) in listed_names():
                found.add(plain(word))
    return found - _TITLES


def vocabulary(texts: Sequence[str], persons: Sequence[Any]) -> set[str]:
    """Plain words that the notes of two persons or more hold in lower case: 'Patient : Coronarien' names nobody.

    Notes without capitals do not count, nor what is part of an address ('jean.dupont@').
    """
    seen: dict[str, Any] = {}
    shared: set[str] = set()
    for text, person in zip(texts, persons, strict=True):
        if any(map(str.isupper, text)):
            for word in set(LOWER.findall(text)):
                if seen.setdefault(plain(word), person) != person:
                    shared.add(plain(word))
    return shared


_TITLES = frozenset(("monsieur", "madame", "mademoiselle", "docteur", "professeur", "mme", "mlle", "nom", "date"))


def name_linkage(known: Sequence[set[str]], released: Sequence[str]) -> dict[str, Any]:
    """The attacker knows a person's names and takes the released person whose notes hold most of them, rare ones first.

    known[i]: plain names of the person of released[i], all of whose notes are in that text. Top 1 against chance (one
    in the number of persons); where nothing tells persons apart, the guess is shared between them.
    """
    words = [set(WORD.findall(plain(text))) for text in released]
    everyone = len(words)
    holders: dict[str, list[int]] = {name: [] for names in known for name in names}
    for place, own in enumerate(words):
        for name in own & holders.keys():
            holders[name].append(place)
    hits, attempts = 0.0, 0
    for place, names in enumerate(known):
        if not names or everyone < 2:
            continue
        attempts += 1
        scores: dict[int, float] = {}
        for name in sorted(names):
            for holder in holders[name]:
                scores[holder] = scores.get(holder, 0.0) + log(everyone / len(holders[name]))
        best = max(scores.values(), default=0.0)
        if best <= 1e-12:
            hits += 1 / everyone
        elif scores.get(place, 0.0) >= best - 1e-12:
            hits += 1 / sum(score >= best - 1e-12 for score in scores.values())
    return {**figure(hits, attempts), "chance": round(1 / everyone, 6) if everyone > 1 else None}


def replaced(original: str, released: str) -> list[tuple[int, int]]:
    """Spans of ``released`` that are not the words of ``original``: what stands there was put there.

    By the longest common subsequence of words, so that nobody's word is taken for what was replaced.
    """
    from rapidfuzz.distance import Indel

    words = list(TOKEN.finditer(released))
    steps = Indel.opcodes([m.group() for m in TOKEN.finditer(original)], [m.group() for m in words])
    return [(words[s.dest_start].start(), words[s.dest_end - 1].end()) for s in steps if s.tag == "insert"]


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


def second_detector(
    released: Sequence[str],
    surrogates: Sequence[Sequence[tuple[int, int]]],
    persons: Sequence[Any] | None = None,
    shared: int = 0,
) -> dict[str, Any]:
    """What a detector of another kind still finds outside the surrogates: capitalised words of the name lists,
    long numbers, e-mail signs. An upper estimate: eponyms and places of the text count too.

    persons, shared: whose note each is, and of how many persons a word is that singles nobody out (a disease's name).
    """
    found = [_findings(text, placed) for text, placed in zip(released, surrogates, strict=True)]
    if persons is not None:
        holders: dict[str, set[Any]] = {}
        for person, (names, _) in zip(persons, found, strict=True):
            for name in names:
                holders.setdefault(name, set()).add(person)
        found = [([n for n in names if len(holders[n]) < shared], others) for names, others in found]
    total: Counter[str] = Counter()
    for names, others in found:
        total.update({"name": len(names), **others})
    return {
        "findings": {k: v for k, v in sorted(total.items()) if v},
        "documents_with_findings": figure(sum(bool(n or any(o.values())) for n, o in found), len(released)),
    }


def rows(measured: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What was measured of de-identified notes as rows that limits are held against, named in docs/text.md.

    Where nothing could be tried, 0 with the interval that says so; linking needs two to choose from.
    """
    found = []
    if canaries := measured.get("canaries"):
        found.append(_row("canaries", "leak_rate", canaries))
        found += [_row(f"canaries:{kind}", "leak_rate", made) for kind, made in canaries["by_kind"].items()]
    if second := measured.get("second_detector"):
        found.append(_row("second_detector", "notes_with_findings", second["documents_with_findings"]))
    for name, linked in (("names", "name_linkage"), ("facts", "fact_linkage")):
        made = measured.get(linked)
        if made and made["chance"]:
            found.append({**_row(f"linked_by_{name}", OVER_CHANCE, made, 1 / made["chance"]), "floor": 1.0})
    return found


def _row(name: str, metric: str, made: Mapping[str, Any], scale: float = 1.0) -> dict[str, Any]:
    figures = {end: round((made[end] or 0.0) * scale, 6) for end in ("value", "low", "high")}
    row = {"criterion": "deidentified", "name": f"text/{name}", "metric": metric, **figures}
    return {**row, "attacked": made["attempts"], "floor": None, "ceiling": None}


def _findings(text: str, placed: Sequence[tuple[int, int]]) -> tuple[list[str], dict[str, int]]:
    """Plain names of a text outside ``placed``, and how many findings of each other kind."""
    masked = list(text)
    for start, end in placed:
        masked[start:end] = " " * (end - start)
    rest = "".join(masked)
    names = []
    for match in WORD.finditer(rest):
        first = match.start() == 0 or rest[: match.start()].rstrip(" ")[-1:] in ("", ".", "\n", ":", "-", "!", "?")
        word = plain(match.group())
        if match.group()[0].isupper() and not first and word in listed_names() and word not in PARTICLES:
            names.append(word)
    return names, {"number": len(NUMBER.findall(rest)), "email": rest.count("@")}
