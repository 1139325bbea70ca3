# ruff: noqa: E501
"""Replacing spans: surrogates that stay the same for a patient, masks, or a fresh surrogate a mention (markov).

Only labels, offsets and keyed values pass here; which spans there are is decided in ``merge``. The trade-off of the
three modes is in ``docs/text.md``.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field

from anon_pipeline.keys import Key
from anon_pipeline.modalities.text.known import Record, allowed_edits
from anon_pipeline.modalities.text.rules.found import Found
from anon_pipeline.modalities.text.shift import complete, read, shift_written
from anon_pipeline.pseudonyms import Pseudonymiser
from anon_pipeline.surrogates import identity, numbers, places
from anon_pipeline.surrogates.style import fold, is_initial, like

MODES = ("surrogate", "mask", "markov")
# What stands between a postal code and its commune: "44000 Nantes", "Code postal : 44000   Ville : Nantes".
BESIDE = re.compile(r"\W{0,4}|[^\w\n]{0,12}\n?[^\w\n]{0,4}(?:ville|commune|localité)[^\w\n]{0,6}", re.IGNORECASE)
GENERAL = {
    "fr": {
        "INDIRECT_PROFESSION": "[profession]", "INDIRECT_EMPLOYER": "[employeur]", "INDIRECT_SCHOOL": "[établissement scolaire]",
        "INDIRECT_FAMILY": "[situation familiale]", "INDIRECT_NATIONALITY": "[origine]", "INDIRECT_PLACE": "[lieu]",
        "INDIRECT_EVENT": "[événement]", "INDIRECT_NICKNAME": "[surnom]", "INDIRECT_ROLE": "[fonction]",
        "AGE_OVER_89": "plus de 89", "WARD": "[unité]", "DATE": "[date]", "BIRTH_DATE": "[date]",
    },
    "en": {
        "INDIRECT_PROFESSION": "[occupation]", "INDIRECT_EMPLOYER": "[employer]", "INDIRECT_SCHOOL": "[school]",
        "INDIRECT_FAMILY": "[family situation]", "INDIRECT_NATIONALITY": "[origin]", "INDIRECT_PLACE": "[place]",
        "INDIRECT_EVENT": "[event]", "INDIRECT_NICKNAME": "[nickname]", "INDIRECT_ROLE": "[public role]",
        "AGE_OVER_89": "over 89", "WARD": "[unit]", "DATE": "[date]", "BIRTH_DATE": "[date]",
    },
}  # fmt: skip


@dataclass
class Scene:
    """What the replacement of one document needs: its scope (the patient, or the document itself), language, date."""

    key: Key
    scope: str
    language: str = "fr"
    mode: str = "surrogate"
    anchor: dt.date = dt.date(2020, 1, 1)
    record: Record | None = None
    person: identity.Person | None = None
    shift: int = 0
    mention: int = 0
    document: str = ""
    place: tuple[str, str] | None = None
    kept_labels: frozenset[str] = field(default_factory=frozenset)

    @classmethod
    def open(
        cls, key: Key, scope: str, document: str, *, language: str, mode: str, date: str | None, record: Record | None
    ) -> Scene:
        person = None
        if record is not None:
            real = (*record.last_names, *record.first_names)
            person = identity.surrogate_person(key, record.patient_id, None, avoid=real)
        shift = Pseudonymiser(key).date_shift(scope)
        anchor = dt.date(2020, 1, 1)
        if date:
            anchor = dt.date.fromisoformat(date)
        return cls(key, scope, language, mode, anchor, record, person, shift, 0, document)


def replace(text: str, spans: list[Found], scene: Scene) -> tuple[str, list[tuple[int, int]]]:
    """The new text, and where its surrogates are; ``spans`` are ordered and do not overlap."""
    out: list[str] = []
    placed: list[tuple[int, int]] = []
    position = length = 0
    for index, found in enumerate(spans):
        before = text[position : found.start]
        scene.mention = index
        value = surrogate(text[found.start : found.end], found, scene, text, spans, index)
        out += [before, value]
        length += len(before)
        placed.append((length, length + len(value)))
        length += len(value)
        position = found.end
    out.append(text[position:])
    return "".join(out), placed


def surrogate(original: str, found: Found, scene: Scene, text: str, spans: list[Found], index: int) -> str:
    """What stands in for one span."""
    label = found.label
    if scene.mode == "mask":
        return f"[{label}]"
    nonce = f"{scene.document}/{index}" if scene.mode == "markov" else ""
    key, scope, language = scene.key, scene.scope, scene.language
    if label in ("DATE", "BIRTH_DATE"):
        return _date(original, scene, text, spans, index)
    if label in GENERAL["fr"]:
        return like(GENERAL[language][label], original) if label == "AGE_OVER_89" else GENERAL[language][label]
    if label in ("LAST_NAME", "FIRST_NAME"):
        made = _name(original, label, scene, nonce)
    elif label == "PHONE":
        made = numbers.surrogate_phone(key, scope, original, nonce)
    elif label == "NIR":
        made = numbers.surrogate_nir(key, scope, original, nonce)
    elif label == "EMAIL":
        made = like(numbers.surrogate_email(key, scope, original, nonce), original)
    elif label == "URL":
        made = like(numbers.surrogate_url(key, scope, original, nonce), original)
    elif label in ("CITY", "POSTAL_CODE"):
        made = _place(original, label, scene, text, spans, index, nonce)
    elif label == "ADDRESS":
        made = places.surrogate_address(key, scope, original, nonce, language)
    elif label == "HOSPITAL":
        made = places.surrogate_hospital(key, scope, original, nonce, language)
    else:
        keep = 2 if label == "RPPS" and original.startswith("10") else 0
        made = numbers.surrogate_code(key, scope, original, nonce, keep)
    return made if made != original else f"[{label}]"


def _name(original: str, label: str, scene: Scene, nonce: str) -> str:
    """The patient's own names become the patient's surrogate, however they are spelt; others their own."""
    person, record = scene.person, scene.record
    if person is not None and record is not None and not nonce:
        folded = fold(original)
        if not is_initial(original):
            for last_index, name in enumerate(record.last_names):
                if _same(folded, fold(name)):
                    return like(
                        person.last_name
                        if last_index == 0 or fold(name) == fold(record.last_names[0])
                        else person.birth_name,
                        original,
                    )
            for index, name in enumerate(record.first_names):
                if _same(folded, fold(name)):
                    return like(person.first_names[min(index, len(person.first_names) - 1)], original)
    maker = identity.surrogate_last_name if label == "LAST_NAME" else identity.surrogate_first_name
    avoid = original
    return maker(scene.key, scene.scope, avoid, nonce, scene.language)


def _same(a: str, b: str) -> bool:
    from rapidfuzz.distance import DamerauLevenshtein

    a, b = a.replace(" ", ""), b.replace(" ", "")
    return a == b or DamerauLevenshtein.distance(a, b) <= allowed_edits(min(len(a), len(b)))


def _place(original: str, label: str, scene: Scene, text: str, spans: list[Found], index: int, nonce: str) -> str:
    """A postal code and the commune beside it are drawn together, so that they match."""
    city = original
    other = None
    if label == "POSTAL_CODE":
        if index + 1 < len(spans) and BESIDE.fullmatch(text[spans[index].end : spans[index + 1].start]):
            other = spans[index + 1]
        elif index and BESIDE.fullmatch(text[spans[index - 1].end : spans[index].start]):
            other = spans[index - 1]
        if other is not None and other.label == "CITY":
            city = text[other.start : other.end]
    if scene.language == "en":
        return (
            places.surrogate_city(scene.key, scene.scope, original, nonce, "en")
            if label == "CITY"
            else numbers.surrogate_code(scene.key, scene.scope, original, nonce)
        )
    bare = fold(city).split(" cedex")[0]
    name, code = places.surrogate_place(scene.key, scene.scope, bare, "" if not nonce else nonce.rsplit("/", 1)[0])
    if label == "CITY":
        return like(name, original)
    return numbers.refill(original, code) if sum(map(str.isdigit, original)) == 5 else code


def _date(original: str, scene: Scene, text: str, spans: list[Found], index: int) -> str:
    anchor = scene.anchor
    bare = original.strip().rstrip(".")
    english = scene.language == "en"
    if (
        bare.replace("er", "").isdigit() and len(bare) <= 3
    ):  # "du 12 au 15 mars": the day takes its month from the next date
        following = next(
            (s for s in spans[index + 1 : index + 2] if s.label == "DATE" and s.start - spans[index].end <= 8), None
        )
        if following is not None:
            found = read(text[following.start : following.end])
            full = complete(*found[1:], anchor) if found else None
            if full is not None:
                anchor = full
    elif "/" in bare and bare.count("/") == 1:
        following = next(
            (s for s in spans[index + 1 : index + 2] if s.label == "DATE" and s.start - spans[index].end <= 6), None
        )
        if following is not None:
            found = read(text[following.start : following.end])
            full = complete(*found[1:], anchor) if found else None
            if full is not None:
                anchor = full
    for further in (0, 1, 31, 366):  # an incomplete date may read the same after the shift: it moves on, to the past
        made = shift_written(original, scene.shift - further, anchor, english)
        if made is None:
            break
        if made != original:
            return made
    return GENERAL[scene.language]["DATE"]
