# ruff: noqa: E501
"""Telephone numbers, e-mail addresses and URLs. Nothing here asks the network: no public-suffix list is fetched."""

from __future__ import annotations

import re
from collections.abc import Iterator

from anon_pipeline.modalities.text.rules.found import Found

D = "[0-9oilszb]"
EMAIL = re.compile(r"(?<![\w.+-])[\w.+%'-]{1,64} ?(?:@|\(at\)|\[at\]) ?[\w-]+(?: ?[.,] ?[\w-]+){0,4}")
URL = re.compile(
    r"(?:https?|ftp) ?: ?//[^\s<>\"]+|www\.[^\s<>\",;]+|(?<![\w@.-])(?:[a-z0-9-]+\.)+(?:fr|com|org|net|eu|info|be|ch|uk|sante)\b(?:/[^\s<>\",;]*)?"
)
S = r"[ .\-/]{0,2}"
PHONE = re.compile(
    rf"(?<![0-9a-z])(?:(?:\(? ?\+ ?33 ?\)?|0033)[ .\-]?(?:\(0\))?[ .\-]?{D}|[0oq] ?{D}){S}{D}{D}{S}{D}{D}{S}{D}{D}{S}{D}{D}(?![0-9])"
)
OTHER = re.compile(r"(?<![0-9a-z])(?:0[1-9] ?[0-9]{3} ?[0-9]{3} ?[0-9]{2}|\+[0-9]{1,3}(?:[ .\-]?\(?[0-9]{1,4}\)?){2,6}|\(?[2-9][0-9]{2}\)?[ .\-][0-9]{3}[ .\-][0-9]{4}|0[0-9]{2,4} [0-9]{3,4} [0-9]{3,4})(?![0-9])")  # fmt: skip
LABELLED = re.compile(r"(?<![a-z])(?:tel|telephone|tph|fax|telecopie|portable|port|mobile|gsm|phone|poste|bip|standard|dect)(?:\.|s)?(?: ?(?:fixe|portable|domicile|bureau|n[°o]))?[ :.]{0,4}(\+?[0-9](?:[ .\-/()]{0,2}[0-9]){3,13})")  # fmt: skip


def find(text: str, folded: str) -> Iterator[Found]:
    del text
    if "@" in folded or "(at)" in folded or "[at]" in folded:
        for match in EMAIL.finditer(folded):
            piece = match.group()
            if "." not in piece.split("@")[-1] and "," not in piece.split("@")[-1]:
                continue
            cut = re.search(r"(?<=[a-z])[.,] (?=[a-z]+\Z)", piece)
            tail = cut.start() if cut and "." in piece[: cut.start()].split("@")[-1] else len(piece)
            yield Found(match.start(), match.start() + len(piece[:tail].rstrip(".,-'")), "EMAIL", 0.99, "email")
    for match in URL.finditer(folded):
        yield Found(match.start(), match.start() + len(match.group().rstrip(".,;:)'")), "URL", 0.9, "url")
    for match in PHONE.finditer(folded):
        piece = match.group()
        if sum(map(str.isdigit, piece)) >= 3 * sum(map(str.isalpha, piece)) and sum(map(str.isdigit, piece)) >= 7:
            yield Found(*match.span(), "PHONE", 0.95, "phone")
    for match in OTHER.finditer(folded):
        if sum(map(str.isdigit, match.group())) >= 8:
            yield Found(*match.span(), "PHONE", 0.8, "phone-other")
    for match in LABELLED.finditer(folded):
        if sum(map(str.isdigit, match.group(1))) >= 4:
            yield Found(*match.span(1), "PHONE", 0.9, "phone-labelled")
