"""The labels that detection gives, and which of them name a person directly. How they are found is elsewhere."""

from __future__ import annotations

DIRECT = (
    "LAST_NAME", "FIRST_NAME", "BIRTH_DATE", "DATE", "NIR", "IPP", "NDA", "RPPS", "FINESS", "ADELI", "PHONE", "EMAIL",
    "URL", "IBAN", "PLATE", "POSTAL_CODE", "CITY", "ADDRESS", "HOSPITAL", "WARD", "DEVICE_SERIAL", "AGE_OVER_89",
)  # fmt: skip
INDIRECT = (
    "INDIRECT_PROFESSION", "INDIRECT_EMPLOYER", "INDIRECT_SCHOOL", "INDIRECT_FAMILY", "INDIRECT_NATIONALITY",
    "INDIRECT_PLACE", "INDIRECT_EVENT", "INDIRECT_NICKNAME", "INDIRECT_ROLE",
)  # fmt: skip
LABELS = ("O", *DIRECT, *INDIRECT)
INDEX = {label: index for index, label in enumerate(LABELS)}
NAMES = frozenset(("LAST_NAME", "FIRST_NAME"))
NUMBERS = frozenset(("NIR", "IPP", "NDA", "RPPS", "FINESS", "ADELI", "PHONE", "IBAN", "PLATE", "DEVICE_SERIAL"))
