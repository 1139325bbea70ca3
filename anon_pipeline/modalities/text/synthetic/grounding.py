"""What the numbers and dates of a shared phrase are: the fact of the patient that they agree with, found by comparing.

A slot that agrees with no fact is not grounded, and its phrase is not written of any avatar.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from anon_pipeline.modalities.text.shift import FRENCH as MONTHS
from anon_pipeline.modalities.text.synthetic import numerals
from anon_pipeline.modalities.text.synthetic.frames import WORD
from anon_pipeline.modalities.text.synthetic.numerals import Style
from anon_pipeline.modalities.text.synthetic.templates import Phrase

AGREEMENT = 0.95
"""Share of the notes: of 20, one may be mistyped or measured otherwise."""
MEASURED, CORRELATION = 0.05, 0.98
"""A fact that is measured again from the image is as near as this, and varies with what was said."""
SLACK = 0.02
"""Of the last digit: numbers are compared in floating point."""
SCALES = (1.0, 0.1, 10.0, 0.001, 1000.0)
DATES = frozenset({"DATE", "BIRTH_DATE"})
NAMES = frozenset({"FIRST_NAME", "LAST_NAME", "HOSPITAL"})
"""What is made up for avatars."""
CIRCUMSTANCE = "note/"
"""Facts of the note and not of the patient: they tell what is said, and nothing in a note is one of them."""


@dataclass(frozen=True)
class Ground:
    """A slot's fact: ``fact`` (a column of the facts) times ``scale``, written in one of the ``styles``; or, for a
    date, a column of dates written in ``date_format``."""

    fact: str
    scale: float = 1.0
    styles: tuple[Style, ...] = (Style(),)
    date_format: str = ""

    def written(self, value: float | dt.date, draw: float = 0.0) -> str:
        """draw: 0 to 1, which of the styles, each by its share."""
        if isinstance(value, dt.date):
            return _write_date(value, self.date_format)
        upto = np.cumsum([style.share for style in self.styles])
        return self.styles[min(int((upto <= draw).sum()), len(upto) - 1)].written(value * self.scale)


def ground(
    phrase: Phrase, facts: pd.DataFrame, dates: Mapping[str, Mapping[int, dt.date]], k: int
) -> list[Ground | None] | None:
    """A ground for every numeric or date slot of the phrase (None for names and gaps); None when one has none, or when
    the phrase has something that avatars have not (a profession, the number of a hospital).

    facts: numeric facts, indexed by note row. dates: name of a date -> note row -> date.
    """
    grounds: list[Ground | None] = []
    rows = sorted(phrase.rows)
    for position, kind in enumerate(phrase.kinds):
        values = [phrase.rows[row][position] for row in rows]
        if kind in numerals.NUMBERS:
            found = _number(rows, values, facts, k)
        elif kind in DATES:
            found = _date(rows, values, dates)
        elif kind in NAMES or kind == WORD:
            grounds.append(None)
            continue
        else:
            return None
        if found is None:
            return None
        grounds.append(found)
    return grounds


def _number(rows: Sequence[int], values: Sequence[str], facts: pd.DataFrame, k: int) -> Ground | None:
    said, half = numerals.read(values)
    if len(np.unique(said)) < 3:
        return None
    half = half * (1 + SLACK)
    own = facts.reindex(rows)
    best: tuple[float, Ground] | None = None
    for name in own.columns:
        if str(name).startswith(CIRCUMSTANCE):
            continue
        known = own[name].to_numpy(float)
        have = np.isfinite(known)
        if have.sum() < min(k, len(rows)) or np.nanstd(known) == 0:
            continue
        for scale in SCALES:
            away = np.abs(known * scale - said)[have]
            exact = float((away <= half[have]).mean())
            measured = float((away <= np.maximum(half, MEASURED * np.abs(said))[have]).mean())
            if exact < AGREEMENT and not (measured >= AGREEMENT and _together(known[have], said[have])):
                continue
            agreement = exact * float(have.mean()) ** 0.1
            if best is None or agreement > best[0]:
                best = (agreement, Ground(str(name), scale, numerals.styles(values, k)))
    return best[1] if best else None


def _together(known: NDArray[np.float64], said: NDArray[np.float64]) -> bool:
    """Whether a number that was measured anew, as a diameter on the image, is the one that was said."""
    return known.std() > 0 and said.std() > 0 and float(np.corrcoef(known, said)[0, 1]) >= CORRELATION


_FORMATS: tuple[tuple[re.Pattern[str], str], ...] = (
    *(
        (re.compile(rf"^\d{{2}}{re.escape(mark)}\d{{2}}{re.escape(mark)}{digits}$"), f"%d{mark}%m{mark}{year}")
        for mark in "/.-"
        for digits, year in ((r"\d{4}", "%Y"), (r"\d{2}", "%y"))
    ),
    (re.compile(r"^\d{4}-\d{2}-\d{2}$"), "%Y-%m-%d"),
    (re.compile(r"^\d{1,2}(er)? [a-zéûA-ZÉÛ]+ \d{4}$"), "literal"),
)


def _write_date(value: dt.date, form: str) -> str:
    if form != "literal":
        return value.strftime(form)
    day = "1er" if value.day == 1 else str(value.day)
    return f"{day} {MONTHS[value.month - 1]} {value.year}"


def parse_date(text: str) -> tuple[dt.date, str] | None:
    """A date as it is commonly written in French notes, with its format; None when it is written otherwise."""
    text = text.strip()
    for pattern, form in _FORMATS:
        if not pattern.match(text):
            continue
        if form == "literal":
            day, month, year = text.split()
            if month.lower() not in MONTHS:
                return None
            return dt.date(int(year), MONTHS.index(month.lower()) + 1, int(day.removesuffix("er"))), form
        try:
            return dt.datetime.strptime(text, form).date(), form  # noqa: DTZ007
        except ValueError:
            return None
    return None


def _date(rows: Sequence[int], values: Sequence[str], dates: Mapping[str, Mapping[int, dt.date]]) -> Ground | None:
    parsed = [parse_date(v) for v in values]
    readable = [(row, p) for row, p in zip(rows, parsed, strict=True) if p is not None]
    if len(readable) < 0.9 * len(rows) or not readable:
        return None
    formats = [form for _, (_, form) in readable]
    form = max(set(formats), key=formats.count)
    for name, known in dates.items():
        right = sum(known.get(row) == day for row, (day, _) in readable)
        if right >= AGREEMENT * len(readable):
            return Ground(name, date_format=form)
    return None
