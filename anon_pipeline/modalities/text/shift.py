# ruff: noqa: E501
"""Shifting a written date by days, in the form in which it was written. Finding dates is in ``rules.dates``.

Complete dates move by exactly the patient's shift, so intervals stay exact. Dates without a day or a year are
completed from ``anchor`` (the document's date), shifted, and written back with the parts that they had.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

from anon_pipeline.modalities.text.folding import fold_text
from anon_pipeline.surrogates.style import like, without_accents

# "41" is the year of birth of a patient of today; appointments are not given beyond 2030.
LAST_TWO_DIGIT_YEAR = 30
FRENCH = (
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
)
FRENCH_SHORT = ("janv", "févr", "mars", "avr", "mai", "juin", "juil", "août", "sept", "oct", "nov", "déc")
ENGLISH = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
DAYS = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
ENGLISH_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = {fold_text(m): i + 1 for names in (FRENCH, FRENCH_SHORT, ENGLISH) for i, m in enumerate(names)}
MONTHS |= {m[:3].lower(): i + 1 for i, m in enumerate(ENGLISH)} | {
    "fev": 2,
    "sep": 9,
    "jul": 7,
    "dec": 12,
    "aou": 8,
    "jui": 6,
}
WORD = re.compile(r"[a-z]+")
FIX = str.maketrans("oilszb", "011528")
NUMBER = re.compile(r"\d+")


@dataclass(frozen=True)
class Parts:
    """Where the parts of a date are: (start, end) or None; ``month_word`` whether the month is written out."""

    year: tuple[int, int] | None
    month: tuple[int, int] | None
    day: tuple[int, int] | None
    weekday: tuple[int, int] | None
    month_word: bool = False


def read(written: str, day_first: bool = True) -> tuple[Parts, int | None, int | None, int | None] | None:
    """The parts and the values (year, month, day) of one written date; None where it cannot be read as one."""
    folded = fold_text(written)
    if not re.search(r"[a-z]{3}", folded):  # OCR letters among digits
        folded = folded.translate(FIX)
    weekday = month = None
    month_value = None
    for match in WORD.finditer(folded):
        word = match.group()
        if word in (*DAYS, *(d.lower() for d in ENGLISH_DAYS)):
            weekday = match.span()
        elif word in MONTHS and month is None:
            month, month_value = match.span(), MONTHS[word]
    numbers = [m.span() for m in NUMBER.finditer(folded)]
    values = [int(folded[a:b]) for a, b in numbers]
    lengths = [b - a for a, b in numbers]
    if len(numbers) == 1 and lengths[0] == 8:
        a = numbers[0][0]
        text = folded[a : a + 8]
        spans = ((a, a + 4), (a + 4, a + 6), (a + 6, a + 8)) if text[:2] in ("19", "20") and int(text[4:6]) <= 12 and 0 < int(text[6:]) <= 31 and int(text[2:4]) > 12 else ((a + 4, a + 8), (a + 2, a + 4), (a, a + 2))  # fmt: skip
        numbers_ymd = [int(folded[x:y]) for x, y in spans]
        return _checked(Parts(*spans, weekday), *numbers_ymd)
    if month is not None:
        day = year = None
        for span, value, length in zip(numbers, values, lengths, strict=True):
            if length == 4 or (day is not None and year is None):
                year = span
            elif (
                day is None
                and 1 <= value <= 31
                and not (span[0] > month[1] and length == 2 and folded[month[1] : span[0]].endswith("'"))
            ):
                day = span
            else:
                year = span
        found = Parts(year, month, day, weekday, True)
        return _checked(found, _year(folded, year), month_value, _int(folded, day))
    if len(numbers) == 3:
        if lengths[0] == 4:
            order = (numbers[0], numbers[1], numbers[2])
        else:
            first, second = (numbers[0], numbers[1]) if day_first else (numbers[1], numbers[0])
            if _int(folded, second) > 12 >= (_int(folded, first) or 0):  # type: ignore[operator]
                first, second = second, first
            order = (numbers[2], second, first)
        return _checked(Parts(*order, weekday), _year(folded, order[0]), _int(folded, order[1]), _int(folded, order[2]))
    if len(numbers) == 2:
        if lengths[1] == 4:
            return _checked(Parts(numbers[1], numbers[0], None, weekday), values[1], values[0], None)
        return _checked(Parts(None, numbers[1], numbers[0], weekday), None, values[1], values[0])
    if len(numbers) == 1:
        if lengths[0] == 4:
            return Parts(numbers[0], None, None, weekday), values[0], None, None
        if values[0] <= 31:
            return _checked(Parts(None, None, numbers[0], weekday), None, None, values[0])
    return None


def _int(text: str, span: tuple[int, int] | None) -> int | None:
    return int(text[span[0] : span[1]]) if span else None


def _year(text: str, span: tuple[int, int] | None) -> int | None:
    value = _int(text, span)
    if value is None or (span and span[1] - span[0] > 2):
        return value
    return value + (2000 if value <= LAST_TWO_DIGIT_YEAR else 1900)


def _checked(parts: Parts, year: int | None, month: int | None, day: int | None):
    good = (
        (year is None or 1800 < year < 2200) and (month is None or 1 <= month <= 12) and (day is None or 1 <= day <= 31)
    )
    return (parts, year, month, day) if good else None


def complete(year: int | None, month: int | None, day: int | None, anchor: dt.date) -> dt.date | None:
    """A full date: missing months are mid-year, missing days mid-month, a missing year the one nearest the anchor."""
    if year is None and month is not None:
        options = [complete(anchor.year + k, month, day, anchor) for k in (0, -1, 1)]
        kept = [o for o in options if o is not None]
        return min(kept, key=lambda o: abs((o - anchor).days)) if kept else None
    if year is None:
        year, month = anchor.year, anchor.month
    if month is None:
        month, day = 7, 1
    for attempt in (day or 15, 28):
        try:
            return dt.date(year, month, attempt)
        except ValueError:
            continue
    return None


def shift_written(written: str, days: int, anchor: dt.date, english: bool = False) -> str | None:
    """``written`` moved by ``days``, in its own form; None where it could not be read."""
    numeric_english = english and "/" in written
    found = read(written, day_first=not numeric_english)
    if found is None:
        return None
    parts, year, month, day = found
    full = complete(year, month, day, anchor)
    if full is None:
        return None
    try:
        moved = full + dt.timedelta(days=days)
    except OverflowError:
        return None
    out = list(written)
    changes: list[tuple[tuple[int, int], str]] = []
    if parts.year:
        width = parts.year[1] - parts.year[0]
        changes.append((parts.year, f"{moved.year:04d}" if width == 4 else f"{moved.year % 100:02d}"))
    if parts.month:
        a, b = parts.month
        if parts.month_word:
            changes.append((parts.month, _month_word(written[a:b], moved.month)))
        else:
            changes.append(
                (parts.month, f"{moved.month:02d}" if written[a:b].startswith("0") or b - a == 2 else str(moved.month))
            )
    if parts.day:
        a, b = parts.day
        padded = written[a:b].startswith("0") or (b - a == 2 and not parts.month_word and parts.month is not None)
        changes.append((parts.day, f"{moved.day:02d}" if padded else str(moved.day)))
        ordinal = re.match(r"(er|ier|ER|st|nd|rd|th)\b", written[b:])
        if ordinal:
            end = b + ordinal.end()
            suffix = (
                ("er" if moved.day == 1 else "")
                if ordinal.group() not in ("st", "nd", "rd", "th")
                else _english_ordinal(moved.day)
            )
            changes.append(((b, end), suffix))
    if parts.weekday and full.year:
        a, b = parts.weekday
        names = DAYS if fold_text(written[a:b]) in DAYS else ENGLISH_DAYS
        changes.append((parts.weekday, _cased(names[moved.weekday()], written[a:b])))
    for (a, b), text in sorted(changes, reverse=True):
        out[a:b] = text
    return "".join(out)


def _english_ordinal(day: int) -> str:
    return "th" if 10 <= day <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")


def _cased(word: str, original: str) -> str:
    made = like(word, original)
    return made[0].upper() + made[1:] if original[0].isupper() else made


def _month_word(original: str, month: int) -> str:
    folded = fold_text(original)
    names: tuple[str, ...]
    if folded in {m.lower() for m in ENGLISH} - {fold_text(m) for m in FRENCH}:
        names = ENGLISH
    elif folded in {m[:3].lower() for m in ENGLISH} - {fold_text(m) for m in FRENCH_SHORT}:
        names = tuple(m[:3] for m in ENGLISH)
    elif folded in {fold_text(m) for m in FRENCH}:
        names = FRENCH
    else:
        names = FRENCH_SHORT
    made = _cased(names[month - 1], original)
    return (
        made
        if original != without_accents(original) or original.islower() or original.istitle()
        else without_accents(made)
    )
