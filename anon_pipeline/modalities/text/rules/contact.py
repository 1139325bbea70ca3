# ruff: noqa: E501
"""Telephone numbers, e-mail addresses and URLs. Nothing here asks the network: no public-suffix list is fetched."""

from __future__ import annotations

import re
from collections.abc import Iterator

from anon_pipeline.modalities.text.rules.digits import digits
from anon_pipeline.modalities.text.rules.found import Found

D = "[0-9oilszb]"
# A scanner reads '@' as many signs and puts spaces around dots: the mark is found first, then both sides are read.
PROVIDER = r"(?:gmail|orange|wanadoo|free|hotmail|yahoo|laposte|aphp|sfr|outlook|live|icloud|bbox|neuf|numericable|mssante|club-internet|chu-[a-z]+|ch-[a-z]+)"
AT = re.compile(
    rf"[@©®]|\(at\)|\[at\]|\(a\)|\bat (?=chu|ch-|{PROVIDER})|(?<=[a-z0-9])[^\w\s.]?(?={PROVIDER} ?[.,]? ?(?:fr|com|net)\b)"
)
LEFT = re.compile(r"[\w+%'~|-]+(?: ?[.,] ?[\w+%'~|-]+)* ?\Z")
TLD = re.compile(
    r"(?<=[., ])(?:fr|com|net|org|eu|info|be|ch|uk|re|de|es|it|pt|ca|gov|edu|sante|health|invalid)\b|(?<=[a-z]{3})(?:fr|com|net)\b"
)
RIGHT = re.compile(r"[\w.,'~| -]*")
RUN = re.compile(r" ?[^\s<>;()]+")
REACH = 70
URL = re.compile(
    r"(?:https?|ftp) ?: ?//[^\s<>\"]+|www\.[^\s<>\",;]+|(?<![\w@.-])(?:[a-z0-9-]+\.)+(?:fr|com|org|net|eu|info|be|ch|uk|sante)\b(?:/[^\s<>\",;]*)?"
)
S = r"[ .\-/]{0,2}"
PHONE = re.compile(
    rf"(?<![0-9a-z])(?:(?:\(? ?\+ ?33 ?\)?|0033)[ .\-]?(?:\(0\))?[ .\-]?{D}|[0oq] ?{D}){S}{D}{D}{S}{D}{D}{S}{D}{D}{S}{D}{D}(?![0-9])"
)
OTHER = re.compile(r"(?<![0-9a-z])(?:0[1-9] ?[0-9]{3} ?[0-9]{3} ?[0-9]{2}|\+[0-9]{1,3}(?:[ .\-]?\(?[0-9]{1,4}\)?){2,6}|\(?[2-9][0-9]{2}\)?[ .\-][0-9]{3}[ .\-][0-9]{4}|0[0-9]{2,4} [0-9]{3,4} [0-9]{3,4})(?![0-9])")  # fmt: skip
LABELLED = re.compile(r"(?<![a-z])(?:tel|telephone|tph|fax|telecopie|portable|port|mobile|gsm|phone|poste|bip|standard|dect)(?:\.|s)?(?: ?(?:fixe|portable|domicile|bureau|n[°o]))?[ :.]{0,4}(\+?[0-9](?:[ .\-/()]{0,2}[0-9]){3,13})")  # fmt: skip


def _email(folded: str, start: int, end: int) -> Found | None:
    """The address around a mark, or None where what stands around it cannot be one."""
    sign = folded[start:end]
    window = folded[max(0, start - REACH) : start]
    left = LEFT.search(window)
    if left is None:
        return None
    begin = start - len(window) + left.start() + _sentence_before(left.group())
    reach = RIGHT.match(folded, end, end + REACH)
    after = reach.group() if reach else ""
    last = next((m.end() for m in TLD.finditer(after) if after[: m.start()].strip(" .,").count(" ") <= 3), 0)
    run = RUN.match(folded, end, end + REACH)
    if not last and (sign != "@" or run is None or sum(map(str.isalpha, run.group())) < 3):
        return None
    stop = end + last if last else end + len(run.group().rstrip(".,'-")) if run else end
    return Found(begin, stop, "EMAIL", 0.99 if last else 0.9, "email")


def _sentence_before(piece: str) -> int:
    """How much of what stands before the mark is the end of a sentence ('Voir Dr X. jean@...')."""
    cut = 0
    for m in re.finditer(r" ?[.,] ", piece):
        word = piece[cut : m.start()]
        if len(word) < 2 or word in ("mail", "courriel", "email") or "." in word:
            cut = m.end()
    return cut


def find(text: str, folded: str) -> Iterator[Found]:
    del text
    numbers = digits(folded)
    for match in AT.finditer(folded):
        found = _email(folded, match.start(), match.end())
        if found is not None:
            yield found
    for match in URL.finditer(folded):
        yield Found(match.start(), match.start() + len(match.group().rstrip(".,;:)'")), "URL", 0.9, "url")
    for match in PHONE.finditer(numbers):
        piece = match.group()
        if sum(map(str.isdigit, piece)) >= 3 * sum(map(str.isalpha, piece)) and sum(map(str.isdigit, piece)) >= 7:
            yield Found(*match.span(), "PHONE", 0.95, "phone")
    for match in OTHER.finditer(numbers):
        if sum(map(str.isdigit, match.group())) >= 8:
            yield Found(*match.span(), "PHONE", 0.8, "phone-other")
    for match in LABELLED.finditer(numbers):
        if sum(map(str.isdigit, match.group(1))) >= 4:
            yield Found(*match.span(1), "PHONE", 0.9, "phone-labelled")
