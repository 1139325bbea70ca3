"""Word lists of detection: names beyond those that surrogates are drawn from, and ordinary words of notes."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from anon_pipeline.surrogates.style import fold
from anon_pipeline.surrogates.words import communes, grouped, items

NAMES = Path(__file__).parent / "names.txt"


@cache
def more_names() -> dict[str, list[str]]:
    """Sorted names by list; ``forename_word`` are first names that are ordinary words as well."""
    out: dict[str, list[str]] = {}
    name = ""
    for line in NAMES.read_text(encoding="utf-8").splitlines():
        if line.startswith("@"):
            name = line[1:]
        else:
            out.setdefault(name, []).extend(x.strip() for x in line.split("|") if x.strip())
    return {k: sorted(set(v)) for k, v in out.items()}


ORDINARY_RULES = (
    "sentence", "negative", "disease", "symptom", "exam", "adj", "noun", "organ", "specialty", "header", "header2",
    "doctype", "drug", "nline", "verb3", "mention", "dated", "closing", "closing2", "recipient", "pole",
)  # fmt: skip


@cache
def ordinary_words() -> frozenset[str]:
    """Folded words of five letters or more that notes are made of and that no list of names or communes holds.

    From the generator's sentences, conditions, drugs and examinations. A word of this list that the classifier took
    for a name, without a title or a field that says so, is none.
    """
    from anon_pipeline.modalities.text.training.grammar import rules

    words: set[str] = set()
    for dev in (False, True):
        for rule in ORDINARY_RULES:
            for pieces in rules(dev).get(rule, ()):
                for piece in pieces:
                    if not piece.startswith(("<", "[")):
                        kept = (w for w in re.findall(r"[^\W\d_]{5,}", piece) if rule == "drug" or w.islower())
                        words.update(fold(w) for w in kept)
        words.difference_update(fold("".join(p)) for p in rules(dev)["common_name_word"])
    return frozenset(words - name_words())


@cache
def drug_words() -> frozenset[str]:
    """Folded words of five letters or more of the generator's drugs that no list of names or communes holds."""
    from anon_pipeline.modalities.text.training.grammar import rules

    words = {w for dev in (False, True) for pieces in rules(dev)["drug"] for w in fold("".join(pieces)).split()}
    return frozenset(w for w in words if len(w) >= 5) - name_words()


@cache
def name_words() -> frozenset[str]:
    """Folded words of every listed surname, first name and commune."""
    names = [*items("surnames"), *items("surnames_en"), *(c[0] for c in communes())]
    groups = (grouped("first_names"), grouped("first_names_en"), more_names())
    names += [n for group in groups for listed in group.values() for n in listed]
    return frozenset(w for n in names for w in fold(n).split())
