"""Coded entries (PS3.3 section 8): which coding schemes and codes are public, and the meaning that belongs to a code.

A local code's value, scheme and meaning can all hold a name. Public codes keep value and scheme, and get back the
published meaning when they are in pydicom's tables; anything else is cleaned as text by ``headers``.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import cast

SCHEMES = frozenset(
    [
        "DCM",
        "SCT",
        "SRT",
        "SNM3",
        "99SDM",
        "LN",
        "UCUM",
        "RADLEX",
        "FMA",
        "UMLS",
        "MSH",
        "NCIt",
        "MDC",
        "IBSI",
        "I10",
        "I10P",
        "I9C",
        "ICD10",
        "C4",
        "C5",
        "NDC",
        "RXNORM",
        "BI",
        "UMD",
        "ISO3166_1",
        "ISO639_1",
        "ISO639_2",
        "RFC3066",
        "RFC5646",
        "POS",
        "MAYOASRG",
        "PATHLEX",
        "CID10",
        "CCAM",
        "ADICAP",
        "99ANON",
    ]
)
_FORM = {
    "DCM": re.compile(r"^\d{6}$|^[A-Z]{2,6}$"),
    "SRT": re.compile(r"^[A-Z]\d?-[0-9A-F]{5}$"),
    "SNM3": re.compile(r"^[A-Z]\d?-[0-9A-F]{5}$"),
    "99SDM": re.compile(r"^[A-Z]\d?-[0-9A-F]{5}$"),
    "LN": re.compile(r"^(LP)?\d{1,6}-\d$"),
    "RADLEX": re.compile(r"^RID\d{1,6}$"),
    "I10": re.compile(r"^[A-Z]\d\d(\.\d{1,2})?$"),
    "ICD10": re.compile(r"^[A-Z]\d\d(\.\d{1,2})?$"),
    "UMLS": re.compile(r"^C\d{7}$"),
    "CCAM": re.compile(r"^[A-Z]{4}\d{3}$"),
}
_D = ("0123456789", "1234067895", "2340178956", "3401289567", "4012395678", "5987604321", "6598710432", "7659821043",
      "8765932104", "9876543210")  # fmt: skip
_P = ("0123456789", "1576283094", "5803796142", "8916043527", "9453126870", "4286573901", "2793806415", "7046913258")


def verhoeff(digits: str) -> bool:
    """Whether the last digit checks (Verhoeff 1969), as in every SNOMED CT identifier."""
    check = 0
    for place, digit in enumerate(reversed(digits)):
        check = int(_D[check][int(_P[place % 8][int(digit)])])
    return check == 0


def luhn(digits: str) -> bool:
    """Whether the last digit checks (ISO/IEC 7812-1), as in every LOINC code."""
    doubled = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits))]
    return sum(value - 9 * (value > 9) for value in doubled) % 10 == 0


@lru_cache(maxsize=1)
def _published() -> dict[tuple[str, str], str]:
    from pydicom.sr._concepts_dict import concepts

    tables = cast("dict[str, dict[str, dict[str, tuple[str, list[int]]]]]", concepts)
    return {(scheme, code): meaning
            for scheme, named in tables.items() for codes in named.values()
            for code, (meaning, _) in codes.items()}  # fmt: skip


def published_meaning(scheme: str, code: str) -> str | None:
    """The meaning that the standard gives a code."""
    table = _published()
    meaning = table.get((scheme, code))
    if meaning is None and scheme in ("SRT", "SNM3", "99SDM"):
        from pydicom.sr._snomed_dict import mapping

        new = mapping["SRT"].get(code)
        meaning = table.get(("SCT", new)) if new else None
    return meaning


def is_public(scheme: str, code: str) -> bool:
    """Whether a code certainly belongs to its scheme, so that its value says nothing of a patient."""
    if scheme not in SCHEMES:
        return False
    if (scheme, code) in _published():
        return True
    if scheme == "SCT":
        return code.isdigit() and 6 <= len(code) <= 18 and len(code) not in (13, 15) and verhoeff(code)
    form = _FORM.get(scheme)
    if scheme == "LN" and not luhn(re.sub(r"\D", "", code)):
        return False
    return form is not None and form.match(code) is not None
