"""Surrogate persons: the same for one patient in text and in images, drawn with the key, never the original.

Every choice is a keyed hash of the patient (and of the folded original for persons other than the patient), so
that no table of correspondences has to exist. Addresses and numbers are in ``places`` and ``numbers``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from anon_pipeline.keys import Key
from anon_pipeline.surrogates.style import fold, initials_like, is_initial, like, without_accents
from anon_pipeline.surrogates.words import grouped, items

FEMALE = {"f", "female", "femme", "w", "2"}
MALE = {"m", "male", "homme", "h", "1"}


@dataclass(frozen=True)
class Person:
    """A fictional person: ``last_name`` and one or more ``first_names``, in mixed case with accents."""

    last_name: str
    first_names: tuple[str, ...]
    sex: str = "F"
    birth_name: str = ""


@cache
def keyed_for(key: Key) -> Key:
    """The sub-key of every surrogate."""
    return key.derive("surrogates")


@cache
def _plain(name: str, group: str | None = None) -> tuple[str, ...]:
    found = items(name) if group is None else grouped(name)[group]
    return tuple(item for item in found if item[0].isupper() and len(item) > 2)


@cache
def _sexes() -> dict[str, str]:
    known: dict[str, str] = {}
    for suffix in ("", "_en"):
        for sex, group in (("F", "female"), ("M", "male")):
            for name in grouped(f"first_names{suffix}")[group]:
                known.setdefault(fold(name), sex)
    return known


def guess_sex(first_name: str) -> str | None:
    """The usual sex of a first name in the lists, by its ending otherwise; None where neither tells."""
    folded = fold(first_name)
    if not folded:
        return None
    known = _sexes()
    for candidate in (folded, folded.split()[0]):
        if candidate in known:
            return known[candidate]
    return "F" if folded.endswith(("a", "ie", "ine", "elle", "ette", "ée", "ee", "ienne")) else None


def normal_sex(sex: str | None) -> str | None:
    """'F', 'M' or None from whatever a DICOM header or a table writes."""
    plain = (sex or "").strip().lower()
    return "F" if plain in FEMALE else "M" if plain in MALE else None


def pick(pool: tuple[str, ...], key: Key, labels: tuple[str, ...], avoid: Iterable[str]) -> str:
    """A keyed choice from ``pool`` that shares no word with ``avoid``."""
    words = {word for name in avoid for word in fold(name).split()}
    start = key.integer(len(pool), *labels)
    for step in range(len(pool)):
        candidate = pool[(start + step * 7919) % len(pool)]
        if not words & set(fold(candidate).split()):
            return candidate
    return pool[start]


def surrogate_person(
    key: Key,
    patient_id: str,
    sex: str | None = None,
    avoid: Iterable[str] = (),
    first_names: int = 3,
    language: str = "fr",
) -> Person:
    """The fictional person that stands for a patient in every modality.

    ``avoid``: the patient's real names; give them wherever they are known, so that the surrogate is never one of
    them. ``sex`` None: guessed from the first of ``avoid`` whose sex is known, else drawn. Family and first names
    are drawn separately: a guess that differs between two callers changes the first name only.
    """
    avoid = tuple(avoid)
    keyed = keyed_for(key)
    patient_id = patient_id.strip()
    found = normal_sex(sex) or next((s for s in map(guess_sex, reversed(avoid)) if s), None)
    found = found or ("F", "M")[keyed.integer(2, "sex", patient_id)]
    suffix = "_en" if language == "en" else ""
    group = "female" if found == "F" else "male"
    surnames = _plain(f"surnames{suffix}") if suffix else _plain("surnames", "french")
    last = pick(surnames, keyed, ("last-name", patient_id), avoid)
    birth = pick(surnames, keyed, ("birth-name", patient_id), (*avoid, last))
    firsts: list[str] = []
    pool = _plain(f"first_names{suffix}", group)
    for index in range(first_names):
        firsts.append(pick(pool, keyed, ("first-name", patient_id, str(index)), (*avoid, last, birth, *firsts)))
    return Person(last, tuple(firsts), found, birth)


def surrogate_last_name(key: Key, scope: str, original: str, nonce: str = "", language: str = "fr") -> str:
    """A family name for someone other than the patient, the same for every spelling of ``original`` in ``scope``."""
    keyed = keyed_for(key)
    if is_initial(original):
        return _initial(keyed, scope, original, nonce)
    pool = _plain("surnames_en") if language == "en" else _plain("surnames", "french")
    return like(pick(pool, keyed, ("other-last", scope, fold(original), nonce), (original,)), original)


def surrogate_first_name(key: Key, scope: str, original: str, nonce: str = "", language: str = "fr") -> str:
    """A first name of the same sex as far as the original tells, compound where the original is."""
    keyed = keyed_for(key)
    if is_initial(original):
        return _initial(keyed, scope, original, nonce)
    sex = guess_sex(original) or ("F", "M")[keyed.integer(2, "other-sex", scope, fold(original))]
    pool = _plain("first_names_en" if language == "en" else "first_names", "female" if sex == "F" else "male")
    if "-" in original.strip("-"):
        compound = tuple(name for name in pool if "-" in name)
        pool = compound if len(compound) >= 10 else tuple(f"{a}-{b}" for a in pool[:20] for b in pool[30:50])
    return like(pick(pool, keyed, ("other-first", scope, fold(original), nonce), (original,)), original)


def _initial(keyed: Key, scope: str, original: str, nonce: str) -> str:
    """Drawn by the letters alone, so that ``J.`` and ``j`` become the same."""
    bare = "".join(c for c in without_accents(original).upper() if c.isalpha())
    letters = tuple(c for c in "ABCDEFGHIJLMNPRSTV" if c not in bare)
    words = [letters[keyed.integer(len(letters), "initial", scope, bare, nonce, i)] for i in range(3)]
    return initials_like(" ".join(words), original)
