"""Cleaning the elements of one data set: the table's action first, then the rule of the value representation.

Deny by default: what the standard does not define is dropped; text leaves only through the vocabulary; a code string
only when it is a defined term; a number only when it is one. Pixels are not touched here.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable

from anon_pipeline.keys import Key
from anon_pipeline.modalities.imaging import charsets, codes, dates, icc
from anon_pipeline.modalities.imaging import encodings as enc
from anon_pipeline.modalities.imaging.dictionary import CHOICE, SINGLE, VR
from anon_pipeline.modalities.imaging.elements import encode, sequence
from anon_pipeline.modalities.imaging.encodings import Layout
from anon_pipeline.modalities.imaging.person import CHARSET, PATIENT_ID, PATIENT_NAME, Patient
from anon_pipeline.modalities.imaging.private import SafePrivate
from anon_pipeline.modalities.imaging.profile import Profile
from anon_pipeline.modalities.imaging.stream import Element, elements, items
from anon_pipeline.modalities.imaging.table import Action, Mode, actions
from anon_pipeline.modalities.imaging.text import Vocabulary, fold
from anon_pipeline.modalities.imaging.uids import Uids

CleanText = Callable[[str, str], str]
_DS = re.compile(rb"^(?=.{0,17}$) *[+-]?(?!0\d{5})(\d{1,11}(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})? *$")
_IS = re.compile(rb"^(?=.{0,13}$) *[+-]?(?!0\d{8})\d{1,10} *$")
_ZONE = re.compile(rb"^[+-]\d{4} *$")
_PRINTABLE = re.compile(rb"^[\x20-\x7e\r\n\t\0\xc0-\xff]{6,}$")
_LETTERS = re.compile(rb"[A-Za-z0-9][\x20-\x7e]{4,}")
DUMMY = {
    b"AE": b"ANON", b"AS": b"000D", b"CS": b"OTHER", b"DA": b"19000101", b"DS": b"0", b"DT": b"19000101", b"IS": b"0",
    b"LO": b"ANONYMIZED", b"LT": b"ANONYMIZED", b"PN": b"ANONYMIZED", b"SH": b"ANON", b"ST": b"ANONYMIZED",
    b"TM": b"000000", b"UC": b"ANONYMIZED", b"UT": b"ANONYMIZED", b"UR": b"urn:anonymized",
}  # fmt: skip
BULK_ALLOWED = frozenset(
    (0x00281201, 0x00281202, 0x00281203, 0x00281204, 0x00281221, 0x00281222, 0x00281223, 0x00283006, 0x00281408,
     0x54001010, 0x54000110, 0x54000112, 0x5400100A, 0x00660023, 0x00660024, 0x00660025, 0x00660026, 0x00660027,
     0x00660028, 0x00660029, 0x00660016, 0x00660021, 0x00660018, 0x00660019, 0x0066001A, 0x56000020, 0x00640009)
)  # fmt: skip
NAMED_CS = frozenset((0x00700002, 0x00700080, 0x00700003, 0x00720500, 0x00080300, 0x00620005, 0x0070031A))
_IMPERSONAL = frozenset((b"DS", b"IS", b"CS", b"UI", b"TM", b"AS"))
FREE_TEXT = frozenset((b"LT", b"ST", b"UT", b"UC"))
CODE_VALUE, SCHEME, MEANING, LONG_CODE, URN_CODE = 0x00080100, 0x00080102, 0x00080104, 0x00080119, 0x00080120
REFERENCED_REQUEST = frozenset((0x0040A370,))
OWN_TAGS = frozenset((0x00120062, 0x00120063, 0x00120064, 0x00280303))


class Cleaner:
    """Cleans elements for one profile and key. ``clean_text(text, patient)`` is the optional text engine."""

    def __init__(self, profile: Profile, key: Key, uids: Uids, clean_text: CleanText | None = None) -> None:
        self.profile, self.uids = profile, uids
        self._key = key.derive("imaging-names")
        self._table = actions(profile)
        self.dropped = frozenset(
            tag
            for tag, action in self._table.items()
            if action.mode == Mode.REMOVE or (action.mode == Mode.CLEAN and tag not in VR)
        )
        self._vocabulary = Vocabulary(profile.extra_terms)
        self._private = SafePrivate() if profile.retain_safe_private else None
        self.modalities = frozenset(term for term in self._vocabulary.terms if 2 <= len(term) <= 10)
        self._engine = clean_text if profile.free_text == "engine" else None

    def impersonal(self, element: Element) -> bool:
        """Whether the cleaned bytes depend on nobody: numbers, code strings and UIDs are the same for every patient."""
        if element.tag in NAMED_CS or element.tag in (PATIENT_ID, PATIENT_NAME):
            return False
        vr = VR.get(element.tag)
        return len(element.raw) < 512 and (vr in enc.NUMBER_SIZE or vr in _IMPERSONAL or vr is None)

    def dataset(
        self, found: list[Element], layout: Layout, patient: Patient, charset: bytes, parent: int, depth: int
    ) -> bytes:
        """A nested data set, cleaned. ``parent`` is the tag of the sequence that holds it."""
        own = next((e.value.strip(b" \0") for e in found if e.tag == CHARSET), None)
        charset = charset if own is None else own
        coded = self._coded(found, patient, charset) if any(e.tag == SCHEME for e in found) else {}
        creators = self._creators(found)
        out = []
        for element in found:
            if element.tag in coded:
                out.append(encode(element.tag, VR[element.tag], coded[element.tag], layout))
                continue
            made = self.element(element, layout, patient, charset, parent, depth, creators)
            if made is not None:
                out.append(made)
        return b"".join(out)

    def _creators(self, found: list[Element]) -> dict[int, str]:
        if self._private is None:
            return {}
        return {
            e.tag >> 16 << 16 | (e.tag & 0xFF) << 8: e.value.decode("ascii", "replace").strip(" \0")
            for e in found
            if e.tag >> 16 & 1 and 0x10 <= e.tag & 0xFFFF <= 0xFF
        }

    def element(
        self, element: Element, layout: Layout, patient: Patient, charset: bytes, parent: int = 0, depth: int = 0,
        creators: dict[int, str] | None = None,
    ) -> bytes | None:  # fmt: skip
        """One element's cleaned bytes, header included; None when it is removed."""
        tag, file_vr = element.tag, element.vr
        group = tag >> 16
        if group & 1:
            if self._private is None:
                return None
            return self._private.element(element, layout, creators or {})
        vr = VR.get(tag)
        if vr is None or tag & 0xFFFF == 0 or group in (0, 2, 4, 0xFFFE, 0xFFFA, 0xFFFC) or tag in OWN_TAGS:
            return None
        value = element.value
        action = self._table.get(tag)
        if tag in CHOICE and file_vr in CHOICE[tag]:
            vr = file_vr
        foreign = False
        if file_vr != vr:
            numbers = enc.NUMBER_SIZE
            if file_vr == b"UN":
                foreign = layout.explicit
                if not layout.little and vr in numbers:
                    return None
            elif vr == b"SQ" or file_vr == b"SQ":
                return None
            elif vr in numbers and file_vr in numbers:
                vr = file_vr
            elif vr in numbers:
                return None
        if vr == b"SQ":
            return self._sequence(
                tag, value, enc.IMPLICIT if foreign else layout, layout, action, patient, charset, depth
            )
        new = self._value(tag, vr, value, action, patient, charset, parent, layout)
        return None if new is None else encode(tag, vr, new, layout)

    def _sequence(
        self, tag: int, value: bytes, inner: Layout, outer: Layout, action: Action | None, patient: Patient,
        charset: bytes, depth: int,
    ) -> bytes | None:  # fmt: skip
        if action is not None and action.mode == Mode.REMOVE:
            return None
        made = []
        for data in items(value, inner, depth):
            found = elements(data, inner, depth + 1)
            if inner is not outer:
                found = [Element(e.tag, e.vr, e.raw, e.at) for e in found]
            made.append(self._nested(found, inner, outer, patient, charset, tag, depth + 1))
        return sequence(tag, made, outer)

    def _nested(
        self, found: list[Element], inner: Layout, outer: Layout, patient: Patient, charset: bytes, tag: int, depth: int
    ) -> bytes:
        if inner == outer:
            return self.dataset(found, outer, patient, charset, tag, depth)
        # an explicit data set that holds an implicit sequence under the VR UN (PS3.5 section 6.2.2, note 2)
        out = [
            Element(e.tag, e.vr, encode(e.tag, e.vr, e.value, outer), 12 if e.vr in enc.LONG_VRS else 8)
            for e in found
            if e.vr not in (b"SQ", b"UN")
        ]
        out += [
            Element(e.tag, b"UN", encode(e.tag, b"UN", _defined(e, inner), outer), 12) for e in found if e.vr == b"SQ"
        ]
        return self.dataset(sorted(out), outer, patient, charset, tag, depth)

    def _value(
        self, tag: int, vr: bytes, value: bytes, action: Action | None, patient: Patient, charset: bytes, parent: int,
        layout: Layout,
    ) -> bytes | None:  # fmt: skip
        if tag == PATIENT_ID:
            return patient.pseudonym.encode()
        if tag == PATIENT_NAME:
            return patient.name.encode()
        if tag == CHARSET:
            return value if charsets.known(value.strip(b" \0")) else b""
        mode, fallback = action if action is not None else (Mode.OTHER, Mode.DUMMY)
        if vr == b"UI":
            return (
                self._uids(tag, value)
                if mode not in (Mode.REMOVE, Mode.EMPTY)
                else None
                if mode == Mode.REMOVE
                else b""
            )
        if mode in (Mode.REMOVE, Mode.EMPTY, Mode.DUMMY):
            if mode == Mode.REMOVE and parent in REFERENCED_REQUEST:
                mode = Mode.EMPTY
            return self._fallback(tag, vr, mode, bool(value.strip(b" \0")))
        if not value:
            return value
        new = self._by_vr(tag, vr, value, mode, patient, charset, layout)
        if new is None or (not new and value.strip(b" \0")):
            if mode == Mode.KEEP:
                fallback = Mode.REMOVE if fallback == Mode.REMOVE else fallback
            if fallback == Mode.REMOVE and parent in REFERENCED_REQUEST:
                fallback = Mode.EMPTY
            return self._fallback(tag, vr, fallback, True)
        return new

    @staticmethod
    def _fallback(tag: int, vr: bytes, mode: Mode, filled: bool) -> bytes | None:
        if mode == Mode.REMOVE:
            return None
        if mode == Mode.EMPTY or not filled:
            return b""
        if vr in enc.NUMBER_SIZE:
            return bytes(enc.NUMBER_SIZE[vr]) if vr not in (b"OB", b"OW") else b"\0\0"
        return DUMMY.get(vr, b"\0\0" if vr == b"UN" else b"")

    def _uids(self, tag: int, value: bytes) -> bytes:
        parts = value.rstrip(b"\0 ").decode("latin-1").split("\\")
        return "\\".join(self.uids(part.strip("\0 "), tag) for part in parts).encode()

    def _by_vr(
        self, tag: int, vr: bytes, value: bytes, mode: Mode, patient: Patient, charset: bytes, layout: Layout
    ) -> bytes | None:
        if vr in enc.NUMBER_SIZE:
            return _numbers(tag, vr, value)
        if vr == b"DS":
            return value if all(not p or _DS.match(p) for p in value.rstrip(b"\0").split(b"\\")) else None
        if vr == b"IS":
            return value if all(not p.strip() or _IS.match(p) for p in value.rstrip(b"\0").split(b"\\")) else None
        if vr == b"CS":
            return self._terms(tag, value, patient)
        if vr in (b"DA", b"DT", b"TM", b"AS"):
            return self._times(vr, value, patient, mode)
        if vr == b"PN":
            return None
        if vr == b"UN":
            return None
        if tag == 0x00080201:
            return value if _ZONE.match(value) else None
        return self._text(tag, vr, value, mode, patient, charset)

    def _times(self, vr: bytes, value: bytes, patient: Patient, mode: Mode) -> bytes | None:
        out = []
        keep = self.profile.retain_modified_dates
        for part in value.decode("latin-1").strip("\0 ").split("\\"):
            text = part.strip()
            if not text:
                out.append("")
                continue
            if vr == b"TM":
                new = text if keep and dates.valid_time(text) else None
            elif vr == b"AS":
                new = dates.cap_age(text)
            elif not keep:
                new = None
            else:
                shift = dates.shift_date if vr == b"DA" else dates.shift_datetime
                new = shift(text, patient.shift)
            if new is None:
                return None
            out.append(new)
        return "\\".join(out).encode()

    def _terms(self, tag: int, value: bytes, patient: Patient) -> bytes:
        out = []
        for part in value.strip(b"\0 ").split(b"\\"):
            term = part.strip(b" ").decode("latin-1")
            if not term or term in self._vocabulary.terms or (term.isdigit() and len(term) <= 2) or len(term) == 1:
                out.append(term)
            elif tag in NAMED_CS:
                out.append("N" + self._key.digest("term", patient.key, term).hex()[:10].upper())
            elif tag == 0x00080060:
                out.append("OT")
            else:
                out.append("OTHER")
        return "\\".join(out).encode()

    def _text(self, tag: int, vr: bytes, value: bytes, mode: Mode, patient: Patient, charset: bytes) -> bytes | None:
        text = charsets.decode(value, charset).strip("\0 ")
        if vr == b"UR":
            return None
        if mode == Mode.KEEP and tag >> 16 in (0x0008, 0x0018, 0x0040) and vr in (b"LO", b"SH", b"ST", b"AE"):
            folded = fold(text)
            if not any(word in folded for word in patient.deny if len(word) > 3):
                return value  # an identity that the profile retains on purpose: device or institution
        if vr in FREE_TEXT:
            if self._engine is not None:
                text = self._engine(text, patient.key)
                return charsets.encode(text, charset) or None
            lines = (self._vocabulary.clean(line, patient.deny, self.uids) for line in re.split(r"\r?\n|\f", text))
            return charsets.encode("\r\n".join(lines).strip(), charset) or None
        parts = [self._vocabulary.clean(part, patient.deny, self.uids) for part in text.split("\\")]
        if not any(parts):
            return None
        limit = 16 if vr in (b"SH", b"AE") else 64
        blank = DUMMY[vr].decode()
        return (
            "\\".join((part or blank)[:limit].rstrip() for part in parts).encode()
            if "\\".join(parts).isascii()
            else (charsets.encode("\\".join((part or blank)[:limit].rstrip() for part in parts), charset))
        )

    def _coded(self, found: list[Element], patient: Patient, charset: bytes) -> dict[int, bytes]:
        """The cleaned value, scheme and meaning of a coded entry."""
        values = {e.tag: charsets.decode(e.value, charset).strip(" \0") for e in found
                  if e.tag in (CODE_VALUE, SCHEME, MEANING, LONG_CODE)}  # fmt: skip
        scheme = values.get(SCHEME, "")
        code_tag = CODE_VALUE if CODE_VALUE in values else LONG_CODE
        code = values.get(code_tag, "")
        if not scheme and not code:
            return {tag: b"" for tag in values if not values[tag]}
        out: dict[int, bytes] = {}
        if codes.is_public(scheme, code):
            out[SCHEME], out[code_tag] = scheme.encode(), code.encode()
            meaning = codes.published_meaning(scheme, code)
        else:
            meaning = None
            out[SCHEME] = scheme.encode() if scheme in codes.SCHEMES else b"99ANON"
            if code_tag in values:
                cleaned = self._vocabulary.clean(code, patient.deny)
                same = cleaned == code and not code.isdigit()
                out[code_tag] = (
                    code.encode() if same else b"A" + self._key.digest("code", scheme, code).hex()[:10].encode()
                )
        if MEANING in values:
            text = values[MEANING]
            if meaning is not None and fold(meaning) == fold(text):
                cleaned = text
            else:
                cleaned = self._vocabulary.clean(text, patient.deny) or meaning or "ANONYMIZED"
            out[MEANING] = charsets.encode(cleaned[:64], charset)
        return out


def _defined(element: Element, layout: Layout) -> bytes:
    """A sequence's value without its delimiter when its length was undefined."""
    value = element.value
    (length,) = layout.long.unpack_from(element.raw, element.at - 4)
    return value[:-8] if length == enc.UNDEFINED and len(value) >= 8 else value


def _numbers(tag: int, vr: bytes, value: bytes) -> bytes | None:
    """Binary numbers, unless they cannot be numbers: a wrong length, several where one is defined, or plain text."""
    size = enc.NUMBER_SIZE[vr]
    if tag == 0x00282000:
        return icc.clean(value)
    if vr in (b"OB", b"OW", b"UN"):
        return value if tag in BULK_ALLOWED and not _PRINTABLE.match(value) and not _holds_words(value) else None
    if len(value) % size or (tag in SINGLE and len(value) != size and vr not in (b"OF", b"OD", b"OL", b"OV")):
        return None
    if len(value) >= 8 and _LETTERS.search(value) and (_PRINTABLE.match(value) or _holds_words(value)):
        return None
    return value


def _holds_words(value: bytes) -> bool:
    """Whether letters follow one another for longer than chance makes them in numbers of this length, UTF-16 included;
    rising and falling ones (the ramps of lookup tables) are no words."""
    least = max(6, math.ceil(math.log(len(value) * 1000 + 1, 5)))
    form = re.compile(rb"[A-Za-z\xc0-\xff ^=,.-]{%d,}" % least)
    for text in (value, value[::2], value[1::2]) if len(value) < 1 << 20 else (value,):
        for found in form.finditer(text):
            run = found[0]
            steps = {b > a for a, b in itertools.pairwise(run) if a != b}
            if len(steps) == 2 and len(set(run)) > 3:
                return True
    return False
