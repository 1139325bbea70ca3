# ruff: noqa: E501, N802, N815
"""Slots of dates and times in every form that letters have, French and English."""

from __future__ import annotations

from anon_pipeline.modalities.text.shift import ENGLISH as EN_MONTHS
from anon_pipeline.modalities.text.shift import FRENCH as MONTHS
from anon_pipeline.modalities.text.training.slots.cast import Cast, Pieces
from anon_pipeline.surrogates.style import without_accents

SHORT = ("janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc.")
DAYS = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")


class Dates(Cast):
    """Dates, ranges, birth dates and hours."""

    def _date(self, year: int, month: int, day: int) -> str:
        rng = self.rng
        if self.english:
            return rng.choice((f"{month:02d}/{day:02d}/{year}", f"{month}/{day}/{year % 100:02d}", f"{EN_MONTHS[month - 1]} {day}, {year}", f"{year}-{month:02d}-{day:02d}", f"{day} {EN_MONTHS[month - 1]} {year}", f"{EN_MONTHS[month - 1][:3]} {day}, {year}", f"{day}-{EN_MONTHS[month - 1][:3]}-{year}"))  # fmt: skip
        draw = self.style if rng.random() < 0.6 else rng.random()
        d2, m2 = f"{day:02d}", f"{month:02d}"
        if draw < 0.4:
            return f"{d2}/{m2}/{year}"
        if draw < 0.5:
            return f"{d2}/{m2}/{year % 100:02d}"
        if draw < 0.55:
            return f"{day}/{month}/{rng.choice((year, f'{year % 100:02d}'))}"
        if draw < 0.6:
            return f"{d2}.{m2}.{rng.choice((year, f'{year % 100:02d}'))}"
        if draw < 0.65:
            return f"{d2}-{m2}-{rng.choice((year, f'{year % 100:02d}'))}"
        if draw < 0.69:
            return f"{year}-{m2}-{d2}"
        if draw < 0.71:
            return f"{d2}{m2}{year}"
        if draw < 0.73:
            return f"{d2} {m2} {year}"
        if draw < 0.75:
            return f"{d2} / {m2} / {year}"
        first = "1er" if day == 1 else rng.choice((str(day), d2))
        name = rng.choice((MONTHS, MONTHS, MONTHS, SHORT))[month - 1]
        if rng.random() < 0.12:
            name = rng.choice((name.capitalize(), name.upper(), without_accents(name)))
        lead = f"{rng.choice(DAYS)} " if rng.random() < 0.12 else ""
        return f"{lead}{first} {name} {year}"

    def slot_D(self) -> Pieces:
        year = self.year - self.rng.choice((0, 0, 0, 1, 2, 5, 10))
        return [(self._date(year, self.rng.randrange(1, 13), self.rng.randrange(1, 29)), "DATE")]

    def slot_DOB(self) -> Pieces:
        return [(self._date(*self.dob), "BIRTH_DATE")]

    def slot_DS(self) -> Pieces:
        rng = self.rng
        day, month = rng.randrange(1, 29), rng.randrange(1, 13)
        shapes = (f"{day}/{month}", f"{day:02d}/{month:02d}", f"{day} {MONTHS[month - 1]}", f"{day}/{month:02d}", f"{day} {SHORT[month - 1]}", f"{day:02d}.{month:02d}", f"{day:02d}/{month:02d}/{self.year % 100:02d}")  # fmt: skip
        return [(rng.choice(shapes), "DATE")]

    def slot_DR2(self) -> Pieces:
        rng = self.rng
        a, b = sorted(rng.sample(range(1, 29), 2))
        month = rng.randrange(1, 13)
        name = MONTHS[month - 1]
        draw = rng.random()
        if draw < 0.3:
            return [(str(a), "DATE"), (" au ", "O"), (f"{b} {name} {self.year}", "DATE")]
        if draw < 0.5:
            return [(f"{a} {name}", "DATE"), (" au ", "O"), (f"{b} {MONTHS[month % 12]} {self.year}", "DATE")]
        if draw < 0.7:
            return [(f"{a:02d}/{month:02d}", "DATE"), (" au ", "O"), (f"{b:02d}/{month:02d}/{self.year}", "DATE")]
        if draw < 0.8:
            return [(f"{a}-{b} {name} {self.year}", "DATE")]
        if draw < 0.9:
            return [
                (f"{a:02d}/{month:02d}/{self.year}", "DATE"),
                (rng.choice(("-", " - ", " → ")), "O"),
                (f"{b:02d}/{month:02d}/{self.year}", "DATE"),
            ]
        return [(str(a), "DATE"), (" au ", "O"), (f"{b:02d}/{month:02d}/{self.year}", "DATE")]

    def slot_DR3(self) -> Pieces:
        day, month = self.rng.randrange(1, 28), self.rng.randrange(1, 13)
        return [(str(day), "DATE"), (" au ", "O"), (f"{day + 1} {MONTHS[month - 1]}", "DATE")]

    def slot_DY(self) -> Pieces:
        return [(str(self.rng.randrange(1950, 2027)), "DATE")]

    slot_DYY = slot_DY

    def slot_DM(self) -> Pieces:
        rng = self.rng
        month, year = rng.randrange(12), self.year - rng.choice((0, 0, 1, 2, 8))
        if self.english:
            return [(f"{EN_MONTHS[month]} {year}", "DATE")]
        return [
            (
                rng.choice(
                    (
                        f"{MONTHS[month]} {year}",
                        f"{MONTHS[month]} {year}",
                        MONTHS[month],
                        f"{month + 1:02d}/{year}",
                        f"{SHORT[month]} {year}",
                    )
                ),
                "DATE",
            )
        ]

    def slot_DMONTH(self) -> Pieces:
        return [(MONTHS[self.rng.randrange(12)], "DATE")]

    def slot_T(self) -> str:
        hour, minute = self.rng.randrange(24), self.rng.randrange(60)
        return self.rng.choice(
            (
                f"{hour}h{minute:02d}",
                f"{hour:02d}:{minute:02d}",
                f"{hour}h",
                f"{hour} h {minute:02d}",
                f"{hour}H{minute:02d}",
            )
        )
