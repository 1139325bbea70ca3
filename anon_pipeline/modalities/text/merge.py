# ruff: noqa: PLW2901, SIM201
"""One list of spans without overlaps from the findings of every detector.

Every character that any detector names is covered: detectors disagree on the label, never on whether to redact.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right

from anon_pipeline.modalities.text.labels import NAMES
from anon_pipeline.modalities.text.lists import drug_words, ordinary_words
from anon_pipeline.modalities.text.rules.found import Found
from anon_pipeline.surrogates.style import fold

CERTAIN = {
    "nir-checksum": 9,
    "nir-format": 7.5,
    "date-compact": 4.5,
    "email": 9,
    "record": 8,
    "staff": 7,
    "date": 6,
    "iban": 8,
    "phone": 7,
    "url": 4,
    "rpps": 6,
    "postal-code": 6,
    "age": 6,
    "plate": 6,
    "date-noisy": 5,
    "phone-labelled": 5,
    "phone-other": 5,
    "nine-digits": 4.5,
    "long-number": 4.5,
    "date-short": 4.5,
}


def _rank(found: Found) -> tuple[float, float]:
    """How certain a finding's label and extent are, by its rule and then by its score."""
    base = CERTAIN.get(found.rule)
    if base is None:
        base = 5 if found.rule.startswith("labelled") else 4 if found.rule == "classifier" else 3
        if found.label.startswith("INDIRECT"):
            base -= 2
    return (base, found.score)


def _ordinary(piece: str) -> bool:
    word = fold(piece)
    return word in drug_words() or word in ordinary_words()


LINK = re.compile(r"[^\W\d_]{1,2}|[Tt][0-2]\d")


def _link(piece: str, label: str) -> bool:
    """The 'a' of '24 dec a 14h', the 'T08' of a time stamp: what is left of a date and is none."""
    return label == "DATE" and (LINK.fullmatch(piece) is not None)


def _start(found: Found) -> int:
    return found.start


def merge(text: str, findings: list[Found]) -> list[Found]:
    """Non-overlapping spans in order, covering the union of ``findings``.

    The strongest finding keeps its extent; what others cover beyond it becomes spans of their own, with lone
    punctuation and spaces left out.
    """
    claimed: list[Found] = []  # in order and without overlaps, so that neighbours are found by bisection
    for found in sorted(findings, key=lambda f: (*(-x for x in _rank(f)), f.start, -f.end)):
        first = bisect_right(claimed, found.start, key=_start)
        first -= first > 0 and claimed[first - 1].end > found.start
        last = bisect_left(claimed, found.end, lo=first, key=_start)
        free, start = [], found.start
        for other in claimed[first:last]:
            free.append((start, other.start))
            start = other.end
        free.append((start, found.end))
        for start, end in reversed(free):
            if first < last and start < end:
                start, end = _trim(text, start, end)
                if found.rule == "classifier" and (_ordinary(text[start:end]) or _link(text[start:end], found.label)):
                    continue  # 'jean@orange.fr. Doliprane' in one span: what is left over is a word of the note
            if start < end:
                claimed.insert(bisect_left(claimed, start, lo=first, key=_start), found._replace(start=start, end=end))
    joined = _join(text, _whole_names(text, [f for f in claimed if not _is_title(text, f)]))
    return [part for found in joined for part in _split_dates(text, found)]


HALF_BEFORE = re.compile(r"(?<![^\W_])([^\W\d_]{3,})[-‐‑]\Z")
HALF_AFTER = re.compile(r"[-‐‑]([^\W\d_]{3,})(?![^\W_])")
NO_HALF = frozenset(("dr", "docteur", "pr", "professeur", "mme", "madame", "monsieur", "non", "post", "pre", "anti"))


def _whole_names(text: str, spans: list[Found]) -> list[Found]:
    """Both halves of a double name where one was found: 'Kervella-' does not stay beside the surrogate of 'Roussot'."""
    out: list[Found] = []
    for index, found in enumerate(spans):
        if found.label in NAMES and text[found.start].isupper():
            before = HALF_BEFORE.search(text, max(0, found.start - 40), found.start)
            after = HALF_AFTER.match(text, found.end)
            least = out[-1].end if out else 0
            most = spans[index + 1].start if index + 1 < len(spans) else len(text)
            if before and before.start(1) >= least and _is_half(before.group(1)):
                found = found._replace(start=before.start(1))
            if after and after.end(1) <= most and _is_half(after.group(1)):
                found = found._replace(end=after.end(1))
        out.append(found)
    return out


def _is_half(word: str) -> bool:
    return word[0].isupper() and fold(word) not in NO_HALF


TITLE_BEFORE = re.compile(r"(?:\bdr|\bpr|docteur|professeur|prof|drs)\.?\s*\Z", re.IGNORECASE)
BETWEEN_DATES = re.compile(
    r"\s+(?:au|et|à|a|jusqu'au|to|->|→|-|–)\s+|(?<=\d{4})\s?[-–→]\s?(?=\d{1,2}[/. ])", re.IGNORECASE
)


def _is_title(text: str, found: Found) -> bool:
    """'M' of 'M. Dupont' is a title and no initial, except after 'Dr'."""
    if found.label not in NAMES or found.end - found.start != 1 or text[found.start] not in "Mm":
        return False
    if not text[found.end : found.end + 2].strip(". ") == "" or not text[found.end : found.end + 2]:
        return False
    before = text[max(0, found.start - 24) : found.start].rstrip(" ")
    if TITLE_BEFORE.search(before):
        return False
    signed = re.search(r"([^\W\d_]+)\s?:\Z", before)
    if signed and not signed.group(1).lower().startswith(("patient", "concerne", "objet", "re", "ident", "nom")):
        return False  # 'Pathologiste : M. Verdier' is signed with an initial as often as with a title: the safe reading
    word = re.search(r"[^\W\d_]{2,}\Z", before)
    return word is None or not word.group()[0].isupper() or text[:400].isupper()


def _split_dates(text: str, found: Found) -> list[Found]:
    """'12 au 15 mars' in one span becomes two dates."""
    if found.label != "DATE":
        return [found]
    out, start = [], found.start
    for match in BETWEEN_DATES.finditer(text, found.start, found.end):
        if any(map(str.isdigit, text[start : match.start()])) and any(map(str.isdigit, text[match.end() : found.end])):
            out.append(found._replace(start=start, end=match.start()))
            start = match.end()
    return [*out, found._replace(start=start)]


def _trim(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and not text[start].isalnum():
        start += 1
    while end > start and not text[end - 1].isalnum():
        end -= 1
    return start, end


GLUE = re.compile(r"[-'’ ]?\Z")


def _join(text: str, spans: list[Found]) -> list[Found]:
    """Touching pieces of one label, or of one name joined by a hyphen, become one span."""
    out: list[Found] = []
    for found in spans:
        if out:
            last = out[-1]
            between = text[last.end : found.start]
            same = last.label == found.label
            if (same and between in ("", "-", "'", "’", " -", "- ")) or (
                same and found.label not in NAMES and between == " " and found.label in ("ADDRESS", "CITY", "HOSPITAL")
            ):
                out[-1] = last._replace(end=found.end, score=max(last.score, found.score))
                continue
            if (
                between == ""
                and text[last.end - 1].isalpha()
                and text[found.start].isalpha()
                and last.label not in NAMES | {"DATE"}
            ):
                out[-1] = last._replace(end=found.end)
                continue
        out.append(found)
    return out
