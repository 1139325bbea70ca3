"""Dates, date-times and ages: one shift a patient, intervals exact, format kept. Times of day are left as they are."""

from __future__ import annotations

import re
from datetime import date, timedelta

OLDEST = 90
_DATE = re.compile(r"^(\d{4})([.\-/]?)(\d{2})\2(\d{2})$")
_DATETIME = re.compile(r"^(\d{4})(\d{2})?(\d{2})?(\d{2}(?:\d{2}(?:\d{2}(?:\.\d{1,6})?)?)?)?([+-]\d{4})?$")
_TIME = re.compile(r"^([01]\d|2[0-3])(:?[0-5]\d(:?[0-6]\d(\.\d{1,6})?)?)?$")
_AGE = re.compile(r"^(\d{3})([DWMY])$")
_DAYS = {"D": 1, "W": 7, "M": 30.4375, "Y": 365.25}


def shift_date(value: str, days: int) -> str | None:
    """YYYYMMDD (or the old YYYY.MM.DD) shifted; None when it is no date."""
    match = _DATE.match(value)
    if not match:
        return None
    year, separator, month, day = match.groups()
    try:
        moved = date(int(year), int(month), int(day)) + timedelta(days=days)
    except (ValueError, OverflowError):
        return None
    return f"{moved.year:04d}{separator}{moved.month:02d}{separator}{moved.day:02d}"


def shift_datetime(value: str, days: int) -> str | None:
    """YYYY[MM[DD[HH[MM[SS[.F]]]]]][+ZZXX] shifted at the precision it has; None when it is none."""
    match = _DATETIME.match(value)
    if not match:
        return None
    year, month, day, time, zone = match.groups()
    try:
        moved = date(int(year), int(month or 7), int(day or (15 if month else 1))) + timedelta(days=days)
    except (ValueError, OverflowError):
        return None
    text = f"{moved.year:04d}" + (f"{moved.month:02d}" if month else "") + (f"{moved.day:02d}" if day else "")
    return text + (time or "") + (zone or "")


def valid_time(value: str) -> bool:
    """Whether a value is a time of day (PS3.5 section 6.2), the old form with colons included."""
    return _TIME.match(value) is not None


def cap_age(value: str) -> str | None:
    """An age string, 090Y when it is more than 89 years; None when it is no age."""
    match = _AGE.match(value)
    if not match:
        return None
    days = int(match[1]) * _DAYS[match[2]]
    return f"{OLDEST:03d}Y" if days >= OLDEST * 365.25 else value
