# ruff: noqa: E501
"""Numbers that belong to a person or an establishment: NIR, RPPS, FINESS, ADELI, IPP, NDA, IBAN, plates, devices.

Check digits raise the score; a context word names the number. OCR letters that look like digits are allowed where
most of the number is digits.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from anon_pipeline.modalities.text.rules.digits import digits as as_digits
from anon_pipeline.modalities.text.rules.found import Found

D = "[0-9oilszb]"
NIR = re.compile(rf"(?<![0-9a-z])[12il](?:[ .\-/]?){D}{D}(?:[ .\-/]?){D}{D}(?:[ .\-/]?){D}[0-9oilszba](?:[ .\-/]?){D}{{3}}(?:[ .\-/]?){D}{{3}}(?:[ .\-/]{{0,3}}{D}{{2}})?(?![0-9])")  # fmt: skip
IBAN = re.compile(rf"(?<![0-9a-z])[a-z]{{2}}{D}{{2}}(?: ?[0-9a-z]{{4}}){{3,7}}(?: ?[0-9a-z]{{1,3}})?(?![0-9a-z])")
PLATE = re.compile(
    r"(?<![0-9a-z])(?:[a-hj-np-tv-z]{2}[- ]?[0-9]{3}[- ]?[a-hj-np-tv-z]{2}|[0-9]{2,4} ?[a-z]{2,3} ?(?:[0-9]{2}|2[ab]))(?![0-9a-z])"
)
RUN = re.compile(r"(?<![0-9a-z,.])(?:[a-z]{0,3}[0-9](?:[ .\-/]?[0-9]){5,24})(?![0-9]|[,.][0-9])")
LABELLED = re.compile(
    r"(?<![a-z])(?P<word>[il1|]p[p9]|nip|ipp local|n[°o]? ?patient|numero patient|id patient|patient id|identifiant patient|mrn|medical record (?:number|no)|"
    r"nda|iep|n[°o]? ?(?:de )?(?:sejour|dossier|venue|passage|examen|accession|d'accession)|numero de (?:sejour|dossier|venue|passage)|dossier|sejour|venue|account (?:#|number|no)|passage|episode|"
    r"rpps|finess|adeli|"
    r"nir|nss|n[°o]? ?(?:de )?(?:ss|secu|securite sociale)|securite sociale|secu|matricule(?: ins)?|ins|ssn|nhs number|nhs|assure|immatriculation|"
    r"n[°o]? ?(?:de )?serie|numero de serie|serial(?: number| no\.?)?|s/n|sn|lot|n[°o]? ?(?:de )?lot|udi|reference|ref|immatriculee?|plaque)(?![a-z])"
    r"(?: ?(?:n[°o]|num(?:ero)?|no|#))?\.? ?[:=#|;\t]{0,2}[ \t]*(?P<code>[a-z]{0,4}[ -]?[0-9oilszb][0-9a-z]*(?:[ ./\-][0-9][0-9a-z]*){0,7})")  # fmt: skip
WORDS = {
    "rpps": "RPPS", "finess": "FINESS", "adeli": "ADELI", "nir": "NIR", "nss": "NIR", "ins": "NIR", "ssn": "NIR", "nhs": "NIR", "assure": "NIR",
    "ipp": "IPP", "nip": "IPP", "mrn": "IPP", "nda": "NDA", "iep": "NDA", "dossier": "NDA", "sejour": "NDA", "venue": "NDA", "passage": "NDA",
    "account": "NDA", "episode": "NDA", "examen": "NDA", "accession": "NDA", "serie": "DEVICE_SERIAL", "serial": "DEVICE_SERIAL", "s/n": "DEVICE_SERIAL",
    "sn": "DEVICE_SERIAL", "lot": "DEVICE_SERIAL", "udi": "DEVICE_SERIAL", "reference": "DEVICE_SERIAL", "ref": "DEVICE_SERIAL", "immatricul": "PLATE", "plaque": "PLATE",
    "secu": "NIR", "matricule": "NIR", "patient": "IPP", "record": "IPP",
}  # fmt: skip
LETTER_DIGITS = str.maketrans("oilszb", "011528")
SHORT_ALLOWED = frozenset(("IPP", "NDA"))


STAMP = re.compile(r"(?:19|20)[0-9]{6}t[0-2][0-9]")
COMPACT_DATE = re.compile(
    r"(?:0[1-9]|[12]\d|3[01])(?:0[1-9]|1[0-2])(?:19|20)\d\d|(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
)


def nir_is_valid(plain: str) -> bool:
    """The control key of a 15-character NIR (INSEE: 97 minus the number modulo 97; 2A is 19, 2B is 18)."""
    if len(plain) != 15:
        return False
    body = plain[:13].replace("2a", "19").replace("2b", "18")
    return body.isdigit() and plain[13:].isdigit() and 97 - int(body) % 97 == int(plain[13:])


def luhn(digits: str) -> bool:
    total = 0
    for i, char in enumerate(reversed(digits)):
        value = int(char) * (1 + i % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def _mostly_digits(piece: str) -> bool:
    digits = sum(map(str.isdigit, piece))
    letters = sum(map(str.isalpha, piece))
    return digits >= 3 * letters


def find(text: str, folded: str) -> Iterator[Found]:
    """Every number of the text."""
    if not any(map(str.isdigit, folded)):
        return
    read = as_digits(folded)
    for match in NIR.finditer(folded) if read == folded else (*NIR.finditer(folded), *NIR.finditer(read)):
        piece = match.group()
        plain = re.sub(r"[ .\-/]", "", piece)
        if not _mostly_digits(piece) or STAMP.match(folded, match.start()):
            continue
        fixed = plain[:5].translate(LETTER_DIGITS) + plain[5:7] + plain[7:].translate(LETTER_DIGITS)
        month = fixed[3:5]
        if nir_is_valid(fixed):
            yield Found(*match.span(), "NIR", 1.0, "nir-checksum")
        elif month.isdigit() and (1 <= int(month) <= 12 or 20 <= int(month) <= 42):
            yield Found(*match.span(), "NIR", 0.85, "nir-format")
    for match in LABELLED.finditer(read):
        word = match.group("word")
        label = next((label for key, label in WORDS.items() if key in word), "IPP")
        if word.startswith("immatriculation"):
            label = "NIR"
        start, end = match.span("code")
        code = read[start:end].rstrip(" .-/")
        digits = sum(map(str.isdigit, code))
        minimum = 4 if label in ("IPP", "NDA", "DEVICE_SERIAL") else 6
        if digits < minimum or (label == "DEVICE_SERIAL" and word in ("ref", "reference") and digits < 5):
            continue
        yield Found(start, start + len(_without_date(code)), label, 0.9, f"labelled-{label.lower()}")
    if "fr" in folded or "iban" in folded:
        for match in IBAN.finditer(folded):
            if sum(map(str.isdigit, match.group())) >= 14:
                yield Found(*match.span(), "IBAN", 0.95, "iban")
    for match in PLATE.finditer(folded):
        new = match.group()[0].isalpha() and "-" in match.group()
        nearby = folded[max(0, match.start() - 60) : match.start()]
        if (new and text[match.start()].isupper()) or re.search(r"immatricul|plaque|vehicule|voiture", nearby):
            yield Found(*match.span(), "PLATE", 0.85, "plate")
    for match in RUN.finditer(read):
        yield from _run(match, read)


def _without_date(code: str) -> str:
    """A labelled code must not swallow a date that follows it after a space."""
    cut = re.search(r" (?=\d{1,2}[/.\-]\d{1,2}[/.\-]\d{2,4}$| \d{4}-\d\d-\d\d$)", code)
    return code[: cut.start()] if cut else code


def _run(match: re.Match[str], folded: str) -> Iterator[Found]:
    """A bare run: only what no measure or date looks like."""
    piece = match.group()
    plain = re.sub(r"\D", "", piece)
    spaced = len(plain) != len(piece.lstrip("abcdefghijklmnopqrstuvwxyz"))
    start, end = match.span()
    if spaced:
        return
    if len(plain) == 8 and COMPACT_DATE.fullmatch(plain):
        yield Found(start, end, "DATE", 0.8, "date-compact")
    elif len(plain) == 11 and plain[0] in "18" and plain[1] == "0":
        yield Found(start, end, "RPPS", 0.95 if luhn(plain) else 0.8, "rpps")
    elif len(plain) == 9:
        near = folded[max(0, start - 40) : start]
        label = "FINESS" if "finess" in near else "ADELI" if "adeli" in near else "IPP"
        yield Found(start, end, label, 0.9 if label != "IPP" else 0.75, "nine-digits")
    elif len(plain) >= 7:
        after = folded[end : end + 8].lstrip()
        if not after.startswith(("/mm", "/ml", "ui", "copies", "/l", "g/l", "cfu", "ufc", "euros")):
            yield Found(start, end, "IPP", 0.7, "long-number")
