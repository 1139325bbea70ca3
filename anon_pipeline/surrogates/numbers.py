"""Surrogate numbers and addresses of machines: same length and punctuation, and none that can exist.

Telephone numbers come from the ranges that the French regulator keeps for works of fiction; NIRs have a
département that was never attributed; identifiers with a check digit fail it.
"""

from __future__ import annotations

import re

from anon_pipeline.keys import Key
from anon_pipeline.surrogates.identity import keyed_for
from anon_pipeline.surrogates.style import fold, without_accents

# ARCEP decision 2018-0881, annex: numbers for audiovisual works, by first two digits
FICTION = {
    "01": "019900",
    "02": "026191",
    "03": "035301",
    "04": "046571",
    "05": "053649",
    "06": "063998",
    "07": "063998",
}
DOMAIN = "exemple.invalid"  # RFC 2606, section 2: never resolves


def _numbers(keyed: Key, count: int, *labels: str | int) -> list[int]:
    """``count`` integers in [0, 2^16), from as many digests as they need."""
    out: list[int] = []
    block = 0
    while len(out) < count:
        digest = keyed.digest("numbers", *labels, block)
        out += [int.from_bytes(digest[i : i + 2], "big") for i in range(0, 32, 2)]
        block += 1
    return out[:count]


def _digits(keyed: Key, count: int, *labels: str) -> str:
    return "".join(str(value % 10) for value in _numbers(keyed, count, *labels))


def refill(original: str, digits: str) -> str:
    """``original`` with its digits replaced from ``digits``, everything else kept."""
    source = iter(digits)
    return "".join(next(source, "0") if c.isdigit() else c for c in original)


def surrogate_code(key: Key, scope: str, original: str, nonce: str = "", keep: int = 0) -> str:
    """Digits become digits and letters letters of the same case; the first digit is kept from being 0.

    For IPP, NDA, RPPS, ADELI, FINESS, plates, serial numbers: anything without a meaning of its own.
    The first ``keep`` characters stay ('10' of an RPPS number, which all of them share).
    """
    keyed = keyed_for(key)
    plain = re.sub(r"\W", "", original).upper()
    for attempt in range(50):
        drawn = _numbers(keyed, len(original), "code", scope, plain, nonce, attempt)
        out = []
        for i, char in enumerate(original):
            if i < keep:
                out.append(char)
            elif char.isdigit():
                low = 1 if not any(c.isdigit() for c in original[:i]) and char != "0" else 0
                out.append(str(low + drawn[i] % (10 - low)))
            elif char.isalpha():
                letter = "ABCDEFGHJKLMNPQRSTUVWXYZ"[drawn[i] % 24]
                out.append(letter if char.isupper() else letter.lower())
            else:
                out.append(char)
        result = "".join(out)
        if result != original and not _luhn("".join(c for c in result if c.isdigit())):
            return result
    return "".join("9" if c.isdigit() else c for c in original)


def _luhn(digits: str) -> bool:
    if len(digits) < 2:
        return False
    total = 0
    for i, char in enumerate(reversed(digits)):
        value = int(char) * (1 + i % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def surrogate_phone(key: Key, scope: str, original: str, nonce: str = "") -> str:
    """A number of the fiction ranges in the punctuation found; other countries' numbers keep their prefix."""
    keyed = keyed_for(key)
    digits = "".join(c for c in original if c.isdigit())
    prefix, national = "", digits
    for lead in ("0033", "33"):
        if digits.startswith(lead) and len(digits) >= len(lead) + 9:
            prefix, national = digits[: -9 if len(digits) < len(lead) + 10 else -10], digits[-9:]
            break
    canonical = "0" + national[-9:] if len(national) >= 9 else national
    if len(canonical) == 10 and canonical[:2] in (*FICTION, "08", "09"):
        start = FICTION.get(canonical[:2], "019900")
        tail = _digits(keyed, 4, "phone", scope, canonical, nonce)
        if start + tail == canonical:
            tail = f"{(int(tail) + 1) % 10000:04d}"
        made = start + tail
        keep_zero = len(digits) - len(prefix) == 10
        return refill(original, prefix + (made if keep_zero else made[1:]))
    tail = _digits(keyed, len(digits), "phone", scope, digits, nonce)
    if original.lstrip().startswith(("+", "00")):
        tail = digits[:3] + tail[3:]
    if tail == digits:
        tail = tail[:-1] + str((int(tail[-1]) + 1) % 10) if tail else tail
    return refill(original, tail)


def surrogate_nir(key: Key, scope: str, original: str, nonce: str = "", sex: str | None = None) -> str:
    """A NIR with a right check key and département 00, which is never attributed; spaces as found."""
    keyed = keyed_for(key)
    plain = re.sub(r"\W", "", original).upper()
    first = {"M": "1", "F": "2"}.get(sex or "", plain[:1] if plain[:1] in "12" else "1")
    year = f"{keyed.integer(100, 'nir-year', scope, plain, nonce):02d}"
    month = f"{1 + keyed.integer(12, 'nir-month', scope, plain, nonce):02d}"
    body = first + year + month + "00" + _digits(keyed, 6, "nir", scope, plain, nonce)
    full = body + f"{97 - int(body) % 97:02d}"
    source = iter(full)
    return "".join(next(source, "0") if c.isalnum() else c for c in original)


def surrogate_email(key: Key, scope: str, original: str, nonce: str = "", person: tuple[str, str] | None = None) -> str:
    """first.last@exemple.invalid for the fictional person, or letters for anyone else."""
    keyed = keyed_for(key)
    if person is not None:
        local = ".".join(without_accents(part).lower().replace(" ", "").replace("'", "") for part in person)
    else:
        letters = (chr(97 + keyed.integer(26, "email", scope, fold(original), nonce, i)) for i in range(8))
        local = "".join(letters)
    return f"{local}@{DOMAIN}"


def surrogate_url(key: Key, scope: str, original: str, nonce: str = "") -> str:
    keyed = keyed_for(key)
    host = "".join(chr(97 + keyed.integer(26, "url", scope, fold(original), nonce, i)) for i in range(8))
    scheme = re.match(r"[a-z]+://", original, re.IGNORECASE)
    return f"{scheme.group(0) if scheme else ''}www.{host}.invalid"
