"""Check digits of identifiers: whether a text is a valid number of its kind. Pure functions, no column belongs here."""

from __future__ import annotations

import re


def _digits(text: str) -> str:
    return re.sub(r"[\s.\-]", "", text)


def luhn(text: str) -> bool:
    """Luhn's check digit (ISO/IEC 7812-1): bank cards, RPPS (11 digits), SIRET."""
    digits = _digits(text)
    if not digits.isdigit() or len(digits) < 2:
        return False
    total = sum(int(d) if i % 2 == 0 else sum(divmod(2 * int(d), 10)) for i, d in enumerate(reversed(digits)))
    return total % 10 == 0


def nir(text: str) -> bool:
    """French social security number: 13 places and the key 97 - number mod 97 (Corsica 2A and 2B as 19 and 18)."""
    value = _digits(text).upper()
    if not re.fullmatch(r"[1-478]\d{2}(0[1-9]|[1-9]\d)(\d{2}|2[AB])\d{6}\d{2}", value):
        return False
    number = value[:13].replace("2A", "19", 1) if value[5:7] == "2A" else value[:13]
    number = number.replace("2B", "18", 1) if value[5:7] == "2B" else number
    return number.isdigit() and 97 - int(number) % 97 == int(value[13:])


def iban(text: str) -> bool:
    """ISO 13616: country, check digits, account; the number modulo 97 is 1."""
    value = re.sub(r"\s", "", text).upper()
    if not re.fullmatch(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}", value):
        return False
    return int("".join(str(int(c, 36)) for c in value[4:] + value[:4])) % 97 == 1


def nhs(text: str) -> bool:
    """NHS number: ten digits, weighted sum modulo 11."""
    value = _digits(text)
    if not re.fullmatch(r"\d{10}", value):
        return False
    check = 11 - sum(int(d) * (10 - i) for i, d in enumerate(value[:9])) % 11
    return (0 if check == 11 else check) == int(value[9]) and check != 10
