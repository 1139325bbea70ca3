# ruff: noqa: E501
"""Dates in every written form, birth dates by their context, and ages over 89. Shifting them is in ``replace``."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rapidfuzz.distance import DamerauLevenshtein

from anon_pipeline.modalities.text.rules.digits import digits
from anon_pipeline.modalities.text.rules.found import Found

MONTH = (
    r"(?:janvier|fevrier|mars|avril|mai|juin|juillet|aout|septembre|octobre|novembre|decembre|janv|fevr|fev|avr|juil|sept|oct|nov|dec|jan|"
    r"january|february|march|april|may|june|july|august|september|october|november|december|feb|mar|apr|jun|jul|aug|sep)"
)
FULL_MONTH = r"(?:janvier|fevrier|mars|avril|mai|juin|juillet|aout|septembre|octobre|novembre|decembre)"
D = "[0-9oilszb]"
NUMERIC = re.compile(
    r"(?<![0-9a-z/.,])(?:(?:0?[1-9]|[12][0-9]|3[01])(?: ?[/.\-] ?)(?:0?[1-9]|1[0-2])(?: ?[/.\-] ?)(?:(?:19|20)[0-9]{2}|[0-9]{2})|"
    r"(?:0?[1-9]|1[0-2])/(?:0?[1-9]|[12][0-9]|3[01])/(?:(?:19|20)[0-9]{2}|[0-9]{2})|"
    r"(?:19|20)[0-9]{2}[/.\-](?:0[1-9]|1[0-2])[/.\-](?:0[1-9]|[12][0-9]|3[01]))(?![0-9]|[/][0-9])")  # fmt: skip
NOISY = re.compile(rf"(?<![0-9a-z/.,]){D}{{1,2}} ?[/.\-] ?{D}{{1,2}} ?[/.\-] ?{D}{{2,4}}(?![0-9a-z])")
SPACED = re.compile(r"(?<![0-9])(?:0[1-9]|[12][0-9]|3[01]) (?:0[1-9]|1[0-2]) (?:19|20)[0-9]{2}(?![0-9 ][0-9])")
WRITTEN = re.compile(
    rf"(?<![0-9a-z])(?:(?:lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|monday|tuesday|wednesday|thursday|friday|saturday|sunday),? )?"
    rf"(?:1er|1 er|1ier|[0-3]?[0-9](?:st|nd|rd|th)?)[ .\-]{{0,2}}(?:of )?{MONTH}(?![a-z])\.?(?:[ \-,]{{0,2}}(?:19|20)[0-9]{{2}}|[ \-]?'?[0-9]{{2}}(?![0-9a-z:]))?(?![0-9])")  # fmt: skip
ENGLISH = re.compile(rf"(?<![0-9a-z]){MONTH}\.? (?:[0-3]?[0-9])(?:st|nd|rd|th)?(?:,? (?:19|20)[0-9]{{2}})?(?![0-9/])")
LINE = re.compile(r"(?:^|\n)[ \t]*(?:[-*•] ?)?((?:0?[1-9]|[12][0-9]|3[01]) ?/ ?(?:0?[1-9]|1[0-2]))(?= ?(?::|\||\t| (?:matin|soir|nuit|a|[0-9]{1,2} ?[h:])))")  # fmt: skip
MONTH_YEAR = re.compile(rf"(?<![a-z]){MONTH}\.?[ \-/]{{1,2}}(?:de )?(?:19|20)[0-9]{{2}}(?![0-9])|(?<![0-9/.\-])(?:0[1-9]|1[0-2])[/.\-](?:19|20)[0-9]{{2}}(?![0-9])")  # fmt: skip
SHORT = re.compile(r"(?<![a-z])(?:le|du|au|depuis|jusqu'au|des|avant|apres|vers|cs|rdv|on|a partir|ce jour) (?:le |du |au )?((?:0?[1-9]|[12][0-9]|3[01]) ?[/] ?(?:0?[1-9]|1[0-2]))(?![0-9/]|[ ]?[/])")  # fmt: skip
YEAR = re.compile(r"(?<![a-z0-9])(?:en|depuis|vers|annee|annees|fin|debut|mi|courant|ete|hiver|printemps|automne|since|in|des|jusqu'en|avant|apres|de|et|puis)[ \-]((?:19|20)[0-9]{2})(?![0-9]|[.,][0-9]| ?(?:mg|ml|g|ui|kcal|cc|mm|cm|m|l|/))")  # fmt: skip
YEAR_ALONE = re.compile(r"(?:(?<=\()|(?<=^)|(?<=\n)|(?<=\n- )|(?<=\n\* ))((?:19[3-9]|20[0-3])[0-9])(?=\)| ?:|,| -)")
MONTH_ALONE = re.compile(rf"(?<![a-z])(?:en|fin|debut|mi|courant|depuis|mois de|mois d'|des|jusqu'en|jusqu'a|d'ici)[ \-']((?:mi-|fin |debut )?{FULL_MONTH})(?![a-z])")  # fmt: skip
RANGE = re.compile(
    rf"(?<![0-9a-z])(1er|[0-3]?[0-9]) ?(?:au|a|et|-|et le|->) ?(?:1er|[0-3]?[0-9])(?= ?(?:{MONTH}(?![a-z])|/[01]?[0-9]))"
)
RANGE_SHORT = re.compile(
    r"(?<![0-9/])((?:0?[1-9]|[12][0-9]|3[01])[/.](?:0?[1-9]|1[0-2])) ?(?:au|a|-|et|->) ?(?=(?:0?[1-9]|[12][0-9]|3[01])[/.](?:0?[1-9]|1[0-2]))"
)
BIRTH = re.compile(
    r"(?:\bne|\bnee|\bnes|ne\(e\)|\bn\(e\)|naiss[a-z]*\.?|\bddn|\bdn|\bdob|\bborn|birth|nacimiento)[^0-9\n]{0,25}\Z"
)
MONTH_NAMES = FULL_MONTH[3:-1].split("|")
BROKEN_MONTH = re.compile(r"(?<![0-9a-z])(?:1er|[0-3]?[0-9oil])[ .,'-]{1,2}([a-z0-9.,'|~-]{3,11}) ?[ .,'-]?(?:19|20|2o|l9|i9)[0-9oilszb]{2}(?![0-9])")  # fmt: skip
BROKEN = re.compile(
    r"(?:\b(?:le|du|au|nee?|ne\(e\)|ddn|dn|date|depuis|sortie|entree)\b[^0-9\n]{0,12}|(?<![0-9a-z/.,-]))"
    r"([0-9]{1,3} ?[/.'|-] ?[0-9]{1,3} ?[/.'|l-] ?(?:[12][0-9' .]{1,5}[0-9]))(?![0-9]|[/.,][0-9])"
)
UNITS = "un|deux|trois|quatre|cinq|six|sept|huit|neuf"
TENS = "dix|onze|douze|treize|quatorze|quinze|seize|vingt|trente|quarante|cinquante|soixante"
SPELT_DAY = re.compile(
    rf"(?<![a-z-])(?:premier|(?:{TENS})(?:[ -]et[ -]un|-(?:{UNITS}))?|{UNITS})(?= {FULL_MONTH}(?![a-z]))"
)
SPELT_YEAR = re.compile(
    rf"{FULL_MONTH} ((?:mil|mille) neuf[ -]cents?(?:[ -](?:{TENS}|{UNITS}|vingts|et))*|deux[ -]mille(?:[ -](?:{TENS}|{UNITS}|et))*)(?![a-z])"
)
STAMP = re.compile(
    r"(?<![0-9a-z])(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])(?=t[0-2][0-9][0-5][0-9])"
)
AGE = re.compile(r"(?<![0-9,.])(9[0-9]|1[01][0-9])(?= ?(?:ans\b|a\b|years?\b|yo\b|y/o\b|-year|annees? d'age))")


def find(text: str, folded: str) -> Iterator[Found]:
    del text
    written, folded = folded, digits(folded)
    yield from _misread(written)
    for match in SPELT_DAY.finditer(written):
        yield Found(*match.span(), "DATE", 0.9, "date")
    for match in SPELT_YEAR.finditer(written):
        yield Found(*match.span(1), "DATE", 0.9, "date")
    if not any(map(str.isdigit, folded)):
        return
    yield from _whole(folded)
    if written != folded:  # the 'T' of '2024-02-03T08:15' is no digit
        yield from _whole(written)
        for match in STAMP.finditer(written):
            yield Found(*match.span(), "DATE", 0.9, "date")
    for match in LINE.finditer(folded):
        yield Found(*match.span(1), "DATE", 0.8, "date-short")
    for match in SHORT.finditer(folded):
        yield Found(*match.span(1), "DATE", 0.8, "date-short")
    for pattern in (YEAR, YEAR_ALONE):
        for match in pattern.finditer(folded):
            yield Found(*match.span(1), "DATE", 0.8, "year")
    for match in MONTH_ALONE.finditer(folded):
        yield Found(*match.span(1), "DATE", 0.8, "month")
    for match in RANGE.finditer(folded):
        yield Found(*match.span(1), "DATE", 0.8, "range")
        second = re.search(r"(?:1er|[0-3]?[0-9])\Z", match.group())
        if second:
            yield Found(match.start() + second.start(), match.end(), "DATE", 0.75, "range")
    for match in RANGE_SHORT.finditer(folded):
        yield Found(*match.span(1), "DATE", 0.8, "range")
    for match in AGE.finditer(folded):
        yield Found(*match.span(1), "AGE_OVER_89", 0.9, "age")


def _misread(folded: str) -> Iterator[Found]:
    """Dates that a scanner broke: a month's name within two edits, a slash too many spaces away, a digit lost or doubled."""
    for match in BROKEN_MONTH.finditer(folded):
        word = match.group(1).replace("rn", "m")
        if match.group(1) in MONTH_NAMES or not any(
            DamerauLevenshtein.distance(word, month, score_cutoff=2) <= (2 if len(month) > 5 else 1)
            for month in MONTH_NAMES
        ):
            continue
        label = "BIRTH_DATE" if is_birth(folded, match.start()) else "DATE"
        yield Found(*match.span(), label, 0.8, "date-noisy")
    for match in BROKEN.finditer(digits(folded)):
        told = match.start(1) > match.start() or re.search(r"(?:19|20)[0-9]{2}\Z", match.group(1))
        if not told and match.group(1).count("/") < 2:
            continue
        label = "BIRTH_DATE" if is_birth(folded, match.start(1)) else "DATE"
        yield Found(*match.span(1), label, 0.8, "date-noisy")


def is_birth(folded: str, start: int) -> bool:
    """Whether the words before a date say that it is a birth date."""
    return bool(BIRTH.search(folded[max(0, start - 45) : start]))


def _whole(folded: str) -> Iterator[Found]:
    for pattern, score in ((NUMERIC, 0.95), (WRITTEN, 0.9), (MONTH_YEAR, 0.9), (SPACED, 0.75), (ENGLISH, 0.85)):
        for match in pattern.finditer(folded):
            if pattern in (WRITTEN, ENGLISH) and not re.search(r"\d", match.group()):
                continue
            if (
                pattern is ENGLISH
                and re.match(r"(?:mar|mai|may|dec|sept|nov|jan) ", match.group())
                and "," not in match.group()
            ):
                continue
            if pattern is NUMERIC and "apgar" in folded[max(0, match.start() - 14) : match.start()]:
                continue
            label = "BIRTH_DATE" if is_birth(folded, match.start()) else "DATE"
            end = match.start() + len(match.group().rstrip(". "))
            yield Found(match.start(), end, label, score, "date")
    for match in NOISY.finditer(folded):
        piece = match.group()
        letters, digits = sum(map(str.isalpha, piece)), sum(map(str.isdigit, piece))
        if letters and digits >= 2 * letters and digits + letters >= 6 and re.search(r"[/]|[.\-].*[.\-]", piece):
            label = "BIRTH_DATE" if is_birth(folded, match.start()) else "DATE"
            yield Found(*match.span(), label, 0.8, "date-noisy")
