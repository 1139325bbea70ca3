# ruff: noqa: E501
"""Surrogate places: a commune with its own postal code, an address, a hospital. Persons are in ``identity``."""

from __future__ import annotations

import re
from functools import cache

from anon_pipeline.keys import Key
from anon_pipeline.surrogates.identity import keyed_for, pick
from anon_pipeline.surrogates.style import fold, like
from anon_pipeline.surrogates.words import communes, items

ENGLISH_TOWNS = ("Ashbourne", "Brampton", "Calverley", "Denholm", "Elmstead", "Fairford", "Glenfield", "Harwick",
                 "Kingsmere", "Larkhill", "Milford", "Northam", "Oakhurst", "Pinewood", "Ridgemont", "Stonebridge",
                 "Thornbury", "Upwell", "Westbrook", "Yarrow")  # fmt: skip
ENGLISH_STREETS = (
    "Maple",
    "Chestnut",
    "Willow",
    "Juniper",
    "Orchard",
    "Meadow",
    "Birch",
    "Laurel",
    "Hawthorn",
    "Cedar",
)


@cache
def _places() -> tuple[tuple[str, str], ...]:
    """Communes with one postal code each, so that code and commune always match."""
    seen: dict[str, str] = {}
    for name, code in communes():
        seen.setdefault(name, code)
    return tuple(seen.items())


def surrogate_place(key: Key, scope: str, original: str, nonce: str = "") -> tuple[str, str]:
    """(commune, postal code) for a commune or postal code found in ``scope``; neither equals the original."""
    keyed = keyed_for(key)
    places = _places()
    start = keyed.integer(len(places), "place", scope, fold(original), nonce)
    folded = fold(original)
    for step in range(len(places)):
        name, code = places[(start + step) % len(places)]
        if (
            fold(name) != folded
            and code != folded
            and not set(fold(name).split()) & {w for w in folded.split() if len(w) > 3}
        ):
            return name, code
    return places[start]


def surrogate_city(key: Key, scope: str, original: str, nonce: str = "", language: str = "fr") -> str:
    if language == "en":
        return like(pick(ENGLISH_TOWNS, keyed_for(key), ("town", scope, fold(original), nonce), (original,)), original)
    return like(surrogate_place(key, scope, original, nonce)[0], original)


def surrogate_address(key: Key, scope: str, original: str, nonce: str = "", language: str = "fr") -> str:
    """House number and street; the kind of street is kept where the original names one."""
    keyed = keyed_for(key)
    labels = (scope, fold(original), nonce)
    number = str(1 + keyed.integer(180, "house", *labels))
    if number in re.findall(r"\d+", original):
        number = str(int(number) + 1)
    has_number = bool(re.match(r"\s*\d", original))
    if language == "en":
        street = pick(ENGLISH_STREETS, keyed, ("street", *labels), (original,)) + " Street"
    else:
        kind = next((k for k in items("street_types") if re.search(rf"\b{k}\b", original.lower())), "rue")
        name = pick(items("street_names"), keyed, ("street", *labels), re.findall(r"[^\W\d_]{4,}", original))
        street = f"{kind if not original[:1].isupper() or has_number else kind.capitalize()} {name}"
    text = f"{number} {street}" if has_number else street
    return like(text, original)


def surrogate_hospital(key: Key, scope: str, original: str, nonce: str = "", language: str = "fr") -> str:
    """A fictional establishment of the same kind (CHU, clinique, hôpital ...)."""
    keyed = keyed_for(key)
    labels = (scope, fold(original), nonce)
    if language == "en":
        return like(f"{pick(ENGLISH_TOWNS, keyed, ('hospital', *labels), (original,))} Hospital", original)
    kind = re.match(
        r"\s*(C\.?H\.?R?\.?U?\b\.?|centre hospitalier(?: universitaire| régional| intercommunal| spécialisé)*|clinique|h[oô]pital|"
        r"polyclinique|EHPAD|HIA|GHU?|GHT|SSR|maison de retraite|institut|CHI[CV]?|CLCC|hospices?)",
        original, re.IGNORECASE)  # fmt: skip
    head = kind.group(1) if kind else "Hôpital"
    if re.fullmatch(r"C\.?H\.?R?\.?U?\.?|centre hospitalier.*|CHI[CV]?|GH[TU]?", head, re.IGNORECASE):
        name = surrogate_place(key, scope, original, nonce)[0]
        return like(f"{head} de {name}", original)
    name = pick(items("hospital_names"), keyed, ("hospital", *labels), re.findall(r"[^\W\d_]{4,}", original))
    return like(f"{head} {name}", original)
