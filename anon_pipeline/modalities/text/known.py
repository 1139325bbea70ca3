# ruff: noqa: E501, RUF007
"""What the hospital knows already: the patient's record, the staff list, names of the patient's earlier documents.

Matching is on folded words: accents, case, hyphens and glue do not matter, and one or two edits are allowed by
length, so that what OCR or a typist did to the patient's own name does not let it leave.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import permutations
from typing import Any

from rapidfuzz.distance import DamerauLevenshtein
from rapidfuzz.process import cdist

from anon_pipeline.modalities.text.rules.found import Found
from anon_pipeline.surrogates.style import fold

WORD = re.compile(r"[^\W_]+")
DIGITS = re.compile(r"[0-9oilszb](?:[ .\-/()]{0,2}[0-9oilszb]){5,}")
FIX = str.maketrans("oilszb", "011528")
LAST_FIELDS = ("last_name", "birth_name")
SMALL = frozenset(
    [
        "de",
        "du",
        "des",
        "la",
        "le",
        "les",
        "et",
        "en",
        "sur",
        "sous",
        "rue",
        "avenue",
        "boulevard",
        "place",
        "chemin",
        "impasse",
        "allee",
        "route",
        "saint",
        "sainte",
        "bis",
        "ter",
        "cedex",
        "residence",
    ]
)
ORDINARY = frozenset(
    [
        "petit",
        "petite",
        "grand",
        "blanc",
        "noir",
        "brun",
        "roux",
        "gros",
        "long",
        "court",
        "rose",
        "fleur",
        "marin",
        "berger",
        "boucher",
        "bon",
        "beau",
        "vieux",
        "jeune",
        "neveu",
        "cousin",
        "parent",
        "germain",
        "droit",
        "droite",
        "bras",
        "main",
        "pied",
        "col",
        "corne",
        "tige",
        "marque",
        "masse",
        "pierre",
        "bois",
        "mont",
        "fort",
        "martin",
        "main",
        "dos",
        "sein",
        "rate",
        "foie",
        "rein",
        "peau",
        "tete",
        "nez",
        "gauche",
        "normal",
        "normale",
        "jour",
        "matin",
        "soir",
        "nuit",
        "mai",
        "mars",
        "avril",
        "juin",
        "aout",
        "noel",
        "mercier",
        "claire",
        "aime",
        "reine",
        "grace",
        "prudence",
        "constance",
        "victoire",
        "celeste",
        "douce",
        "pure",
        "ange",
    ]
)


@dataclass
class Record:
    """One patient's known values: ``names`` maps folded words to their label, ``numbers`` digit strings to theirs."""

    patient_id: str
    names: dict[str, str] = field(default_factory=dict)
    numbers: dict[str, str] = field(default_factory=dict)
    literals: list[tuple[str, str]] = field(default_factory=list)
    last_names: tuple[str, ...] = ()
    first_names: tuple[str, ...] = ()
    birth_date: str | None = None


def record(row: dict[str, Any]) -> Record:
    """A record of one line of the patients' file (fields as documented in ``docs/text.md``)."""
    made = Record(str(row["patient_id"]))
    lasts = [str(row[f]) for f in LAST_FIELDS if row.get(f)]
    firsts = [str(x) for x in row.get("first_names") or []]
    for name in lasts:
        _add_name(made, name, "LAST_NAME")
    for name in firsts:
        _add_name(made, name, "FIRST_NAME")
    for name, label in (*((n, "LAST_NAME") for n in lasts), *((n, "FIRST_NAME") for n in firsts)):
        if " " in fold(name):  # with its particles: 'de Almeida'
            made.literals.append((fold(name), label))
    for relative in row.get("relatives") or []:
        words = str(relative).split()
        for word in words:
            _add_name(made, word, "FIRST_NAME" if word == words[0] and len(words) > 1 else "LAST_NAME")
    for name, label in (("phone", "PHONE"), ("nir", "NIR"), ("ipp", "IPP")):
        if row.get(name):
            plain = re.sub(r"\W", "", str(row[name])).lower().translate(FIX)
            if len(plain) >= 5:
                made.numbers[plain] = label
    for name, label in (("email", "EMAIL"), ("address", "ADDRESS"), ("city", "CITY"), ("ipp", "IPP")):
        if row.get(name):
            made.literals.append((fold(str(row[name])), label))
    made.last_names, made.first_names = tuple(lasts), tuple(firsts)
    made.birth_date = str(row["birth_date"]) if row.get("birth_date") else None
    return made


def _add_name(made: Record, name: str, label: str) -> None:
    words = [w for w in fold(name).split() if len(w) >= 2 and w not in SMALL]
    for word in words:
        made.names.setdefault(word, label)
    if len(words) > 1:
        made.names.setdefault("".join(words), label)


def allowed_edits(length: int) -> int:
    """How many edits a word of a name may have suffered: none under 4 letters, one up to 7, two beyond."""
    return 0 if length < 4 else 1 if length < 8 else 2


def find_record(text: str, folded: str, known: Record) -> list[Found]:
    """Where the patient's own values are."""
    out = find_names(text, folded, known.names, "record")
    if known.numbers:
        for match in DIGITS.finditer(folded):
            plain = re.sub(r"[^0-9a-z]", "", match.group()).translate(FIX)
            for number, label in known.numbers.items():
                if number in plain or (len(plain) >= 6 and abs(len(plain) - len(number)) <= 2 and DamerauLevenshtein.distance(number, plain, score_cutoff=2) <= 2):  # fmt: skip
                    out.append(Found(*match.span(), label, 0.98, "record"))
    for literal, label in known.literals:
        if len(literal) >= 4:
            pattern = r"[\W_]{0,3}".join(map(re.escape, literal.split()))
            out += [
                Found(*m.span(), label, 0.98, "record") for m in re.finditer(rf"(?<![^\W_]){pattern}(?![^\W_])", folded)
            ]
    return out


def find_names(text: str, folded: str, names: dict[str, str], rule: str, fuzzy: bool = True) -> list[Found]:
    """Words of the text that are, or nearly are, one of ``names``; also names glued inside a longer word."""
    if not names:
        return []
    words = [(m.start(), m.end()) for m in WORD.finditer(folded)]
    if not words:
        return []
    unique: dict[str, list[tuple[int, int]]] = {}
    for start, end in words:
        unique.setdefault(folded[start:end], []).append((start, end))
    for (a, b), (c, d) in zip(words, words[1:], strict=False):  # a name cut by a space or a hyphen
        if 0 < c - b <= 1 and (b - a) + (d - c) >= 5:
            unique.setdefault(folded[a:b] + folded[c:d], []).append((a, d))
    keys = list(names)
    glued_names: list[Found] = []
    if fuzzy and len(keys) <= 12:  # first and last name without a space
        for one, other in permutations(keys, 2):
            places = unique.get(one + other, [])
            glued_names += [Found(start, end, names[one], 0.97, rule) for start, end in places]
    lower = not any(map(str.isupper, text))
    candidates = [w for w in unique if len(w) >= 3]
    out = glued_names
    if fuzzy and candidates:
        distances = cdist(keys, candidates, scorer=DamerauLevenshtein.distance, score_cutoff=2)
    for i, key in enumerate(keys):
        label = names[key]
        limit = allowed_edits(len(key)) if fuzzy and key not in ORDINARY else 0
        for start, end in unique.get(key, ()):
            if not lower and not text[start].isupper() and (key in ORDINARY or len(key) < 4):
                continue
            out.append(Found(start, end, label, 0.98, rule))
        if not fuzzy:
            continue
        for j, word in enumerate(candidates):
            near = distances[i][j] <= limit and word != key and len(word) > 2
            glued = len(key) >= 5 and len(word) > len(key) and key in word and key not in ORDINARY
            if not (near or glued):
                continue
            for start, end in unique[word]:
                piece = text[start:end]
                plausible = lower or any(map(str.isupper, piece)) or any(map(str.isdigit, piece)) or len(key) >= 7
                if near and not plausible:
                    continue
                if near and word[0] != key[0] and len(key) < 6 and not piece.isupper():
                    continue
                if " " in piece and "\n" in piece:
                    continue
                if glued and not near:
                    at = word.find(key) if " " not in piece else 0
                    if end - start == len(word) and not (at == 0 and word[len(key) :] in ("s", "e", "es")):
                        out.append(Found(start + at, start + at + len(key), label, 0.95, rule))
                    continue
                out.append(Found(start, end, label, 0.9, rule))
    return out


class Memory:
    """Names that earlier documents of the same patient held for certain; bounded, so that memory stays flat."""

    def __init__(self, patients: int = 5000, names: int = 60) -> None:
        self.patients, self.names = patients, names
        self.held: OrderedDict[str, dict[str, str]] = OrderedDict()

    def of(self, patient_id: str) -> dict[str, str]:
        return self.held.get(patient_id, {})

    def add(self, patient_id: str, names: Iterable[tuple[str, str]]) -> None:
        held = self.held.setdefault(patient_id, {})
        self.held.move_to_end(patient_id)
        for name, label in names:
            if len(held) < self.names:
                held.setdefault(name, label)
        while len(self.held) > self.patients:
            self.held.popitem(last=False)
