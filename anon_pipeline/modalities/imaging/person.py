"""Whose file it is: the patient's key, pseudonym and shift, and the words of the patient's own identifiers.

Reads a few attributes of an instance; writes nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from anon_pipeline.keys import Key
from anon_pipeline.modalities.imaging.charsets import decode, encodings
from anon_pipeline.modalities.imaging.encodings import Layout
from anon_pipeline.modalities.imaging.text import fold, words
from anon_pipeline.pseudonyms import Pseudonymiser

NAME_TAGS = (
    0x00100010, 0x00101001, 0x00101005, 0x00101060, 0x00100012, 0x00080090, 0x0008009C, 0x00081048, 0x00081050,
    0x00081060, 0x00081070, 0x00321032, 0x00102297, 0x00402008, 0x0040A075, 0x0040A123, 0x00400006,
)  # fmt: skip
OWN_NAMES = (0x00100010, 0x00101001, 0x00101005, 0x00101060, 0x00102297)
ID_TAGS = (0x00100020, 0x00101000, 0x00080050, 0x00200010, 0x00401001, 0x00102160, 0x00100021, 0x00101090, 0x00380010)
CHARSET, PATIENT_ID, PATIENT_NAME, BIRTH_DATE = 0x00080005, 0x00100020, 0x00100010, 0x00100030
STUDY_UID, SEX = 0x0020000D, 0x00100040
IDENTITY_TAGS = frozenset((*NAME_TAGS, *ID_TAGS, CHARSET, BIRTH_DATE, STUDY_UID, SEX))
_TOKEN = re.compile(r"[^\W_]+")


@dataclass
class Patient:
    """A patient in one run. ``deny`` are folded words that never leave in text; ``canaries`` are byte strings that
    may not be in the output at all; ``memo`` maps an element's original bytes to its cleaned ones."""

    key: str
    pseudonym: str
    name: str
    shift: int
    charset: bytes
    deny: frozenset[str]
    canaries: tuple[bytes, ...]
    numeric_canaries: re.Pattern[bytes] | None
    memo: dict[bytes, bytes] = field(default_factory=dict)
    memo_bytes: int = 0
    layout: Layout | None = None

    def memo_for(self, layout: Layout) -> dict[bytes, bytes]:
        """The memo of one layout: the same bytes mean other things in another one."""
        if self.layout != layout:
            self.memo, self.memo_bytes, self.layout = {}, 0, layout
        return self.memo


class Patients:
    """Patients by their identifying attributes; a bounded memory of the recent ones."""

    def __init__(self, key: Key, pseudonymiser: Pseudonymiser, extra_words: frozenset[str] = frozenset()) -> None:
        self._key, self._pseudonymiser = key, pseudonymiser
        self._known: dict[tuple[object, ...], Patient] = {}
        self._public = words() | extra_words

    def of(self, values: dict[int, bytes], override: str | None) -> Patient:
        """The patient of an instance, from the raw values of IDENTITY_TAGS; ``override`` is an identifier from
        outside (the cohort's person_id) that replaces PatientID as the patient's key."""
        place = (override, *sorted((tag, value) for tag, value in values.items() if tag != STUDY_UID))
        found = self._known.get(place)
        if found is None or (not override and not values.get(PATIENT_ID, b"").strip(b" \0")):
            if len(self._known) >= 256:
                self._known.clear()
            found = self._known[place] = self._make(values, override)
        return found

    def _make(self, values: dict[int, bytes], override: str | None) -> Patient:
        charset = values.get(CHARSET, b"").strip(b" \0")
        text = {tag: decode(value, charset).strip(" \0") for tag, value in values.items()}
        key = override or text.get(PATIENT_ID, "")
        if not key:
            name, birth = text.get(PATIENT_NAME, ""), text.get(BIRTH_DATE, "")
            key = f"name:{fold(name)}:{birth}" if name.strip("^ ") else f"study:{text.get(STUDY_UID, '')}"
        deny: set[str] = set()
        needles: set[str] = set()
        for tag in NAME_TAGS:
            if tag not in text:
                continue
            for token in _TOKEN.findall(text[tag]):
                if len(token) >= 2:
                    deny.add(fold(token))
                if len(token) >= 5 and fold(token) not in self._public and not token.isdigit():
                    needles.add(token)
        for tag in ID_TAGS:
            value = text.get(tag, "")
            if len(value) >= 3:
                deny.add(fold(value))
                deny.update(fold(token) for token in _TOKEN.findall(value) if len(token) >= 4)
            if len(value) >= 5 and fold(value) not in self._public:
                needles.add(value)
        pseudonym = self._pseudonymiser.patient_id(key)
        own = [token for tag in OWN_NAMES for token in _TOKEN.findall(text.get(tag, ""))]
        name = self._surrogate(key, text.get(SEX, ""), own)
        ours = {"anonymous", "anonymized", *fold(name).split("^")}  # a physician may bear the surrogate's name
        bare = {n for n in needles if not n.replace(".", "").isdigit() and fold(n) not in ours}
        numbers = sorted(n for n in needles if n.isdigit() and len(n) >= 7)
        pattern = re.compile(b"(?<![\\d.])(?:" + "|".join(numbers).encode() + b")(?![\\d.])") if numbers else None
        return Patient(
            key, pseudonym, name, self._pseudonymiser.date_shift(key), charset, frozenset(deny),
            tuple(sorted({form for n in bare for form in _forms(n, charset)})), pattern,
        )  # fmt: skip

    def _surrogate(self, key: str, sex: str, own: list[str]) -> str:
        """PatientName: the fictional person that stands for the patient in every modality, in capitals and ASCII;
        one that shares no word with the patient's ``own`` names, also those of birth, of the mother and aliases."""
        from anon_pipeline.surrogates.identity import surrogate_person

        person = surrogate_person(self._key, key, sex or None, avoid=own, first_names=1)
        return fold(f"{person.last_name}^{person.first_names[0]}").upper()[:64]


def _forms(needle: str, charset: bytes) -> set[bytes]:
    """The bytes that a name would be in the output, in every encoding that can write all of it."""
    forms = {needle, needle.upper(), needle.lower(), needle.title()}
    if needle.isascii():
        return {form.encode() for form in forms}
    out = set()
    for codec in ("utf-8", "latin-1", *encodings(charset)):
        for form in forms:
            try:
                out.add(form.encode(codec))
            except (UnicodeError, LookupError):
                continue
    return out
