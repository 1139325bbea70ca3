# ruff: noqa: E501, N802, N815
"""What each slot of the grammar becomes: the persons, places and numbers of one fictional document.

A slot's value is a list of (text, label) pieces. The words of the clinic are in the grammar, not here.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from anon_pipeline.modalities.text.training.grammar import word
from anon_pipeline.modalities.text.training.names import NamePools
from anon_pipeline.surrogates.style import without_accents

Pieces = list[tuple[str, str]]
MONTHS = (
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
SHORT = ("janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc.")
EN_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December")  # fmt: skip
DAYS = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
STREETS = ("rue", "rue", "rue", "rue", "avenue", "av.", "boulevard", "bd", "bld", "place", "pl.", "chemin", "ch.", "impasse", "imp.", "allée", "all.", "route", "rte", "quai", "cours", "square", "passage", "résidence", "lotissement", "lot.", "hameau", "lieu-dit", "sentier", "villa", "clos", "montée", "venelle", "faubourg", "rond-point", "esplanade", "Rue", "Avenue", "Boulevard", "R.", "ruelle", "mail", "voie", "cité")  # fmt: skip
HEADS = ("CHU de", "CHU", "C.H.U. de", "CHR de", "CHRU de", "CH de", "CH", "Centre Hospitalier de", "Centre hospitalier", "Centre Hospitalier Universitaire de", "Centre hospitalier régional de", "Centre Hospitalier Intercommunal de", "CHI de", "hôpital de", "Hôpital de", "GHT de", "Groupe Hospitalier de", "GH", "hôpital local de", "Hospices civils de", "EPSM de", "CHS de", "CLCC de")  # fmt: skip
HEADS2 = ("Hôpital", "hôpital", "Hôpital", "hôpital", "Clinique", "clinique", "Polyclinique", "polyclinique", "Institut", "EHPAD", "Ehpad", "Maison de retraite", "Centre", "HIA", "Maison de santé", "Centre de rééducation", "SSR", "Fondation", "Hop.", "Hop", "Cl.", "Hôpital privé", "hôpital d'enfants", "Clinique mutualiste", "Résidence", "Centre de soins", "CMP", "foyer", "Maternité", "centre médical", "Hôpital universitaire", "Laboratoire", "Pharmacie", "MAS", "FAM", "CRF")  # fmt: skip


class Slots:
    """The cast of one document and the values of its slots."""

    def __init__(self, rng: random.Random, pools: NamePools, english: bool = False) -> None:
        self.rng, self.pools, self.english = rng, pools, english
        self.sex = rng.choice("MF")
        self.caps = rng.random() < 0.45
        self.last = self._case(pools.last_name(rng))
        self.birth = self._case(pools.last_name(rng))
        self.first = pools.first_name(rng, self.sex)
        if rng.random() < 0.15:
            self.first = self.first.upper()
        year = rng.randrange(1922, 2025)
        self.dob = (year, rng.randrange(1, 13), rng.randrange(1, 29))
        self.year = rng.randrange(2005, 2027)
        self.doctors = [
            (pools.last_name(rng), pools.first_name(rng, rng.choice("MF"))) for _ in range(rng.randrange(2, 7))
        ]
        self.hospital = self._hospital()
        self.cities = [pools.city(rng) for _ in range(3)]
        self.style = rng.random()
        self.numbers: dict[str, str] = {}
        if rng.random() < 0.07:  # ordinary words are names too
            self.last = self._case(word("common_name_word", rng, pools.dev).capitalize())
        if rng.random() < 0.06:
            self.first = pools.word_name(rng)

    def _case(self, name: str) -> str:
        return name.upper() if self.rng.random() < (0.85 if self.caps else 0.1) else name

    def __call__(self, name: str) -> Pieces:
        method: Callable[[], Pieces | str] | None = getattr(self, f"slot_{name}", None)
        if method is None:
            raise KeyError(name)
        value = method()
        return [(value, "O")] if isinstance(value, str) else value

    # persons
    def _first_last(self, first: str, last: str, initials: float = 0.12) -> Pieces:
        rng = self.rng
        if rng.random() < initials:
            letters = [p[0].upper() for p in first.replace("-", " ").split() if p]
            first = rng.choice((".-", "-", ". ", ".")).join(letters)
            first += "." if rng.random() < 0.8 else ""
        pair = [(first, "FIRST_NAME"), (rng.choice((" ", " ", " ", "  ", "\u00a0")), "O"), (last, "LAST_NAME")]
        draw = rng.random()
        if draw < 0.22:
            pair = [pair[2], (" ", "O"), pair[0]]
        elif draw < 0.25:
            pair = [pair[2], (", ", "O"), pair[0]]
        elif draw < 0.26 and " " not in first + last:
            pair = [pair[2], ("", "O"), pair[0]]
        elif draw < 0.275 and " " not in first + last:
            pair = [pair[0], ("", "O"), (last.capitalize(), "LAST_NAME")]
        elif draw < 0.285:
            pair = [pair[2], (rng.choice(("^", "/", "_", " - ", " / ", "|")), "O"), pair[0]]
        elif draw < 0.33:
            pair[0] = (first.upper(), "FIRST_NAME")
        elif draw < 0.35:
            pair[0] = (first.lower(), "FIRST_NAME")
        return pair

    def _title(self, sex: str | None = None) -> str:
        if self.english:
            return (
                self.rng.choice(("Mr. ", "Mr ", "Mister "))
                if (sex or self.sex) == "M"
                else self.rng.choice(("Mrs. ", "Ms. ", "Ms ", "Mrs "))
            )
        male = ("M. ", "M. ", "Monsieur ", "Mr ", "Mr. ", "M ", "monsieur ", "mr ", "Monsieur\u00a0", "MONSIEUR ")
        female = (
            "Mme ",
            "Mme ",
            "Madame ",
            "Mme. ",
            "Mlle ",
            "Mademoiselle ",
            "madame ",
            "mme ",
            "Mme\u00a0",
            "MADAME ",
        )
        return self.rng.choice(male if (sex or self.sex) == "M" else female)

    def slot_P(self) -> Pieces:
        rng = self.rng
        draw = rng.random()
        title = [(self._title(), "O")] if draw < 0.85 else []
        if draw < 0.3:
            who: Pieces = [(self.last, "LAST_NAME")]
        else:
            who = self._first_last(self.first, self.last, 0.05)
        if self.sex == "F" and not self.english and rng.random() < 0.2:
            link = rng.choice((" née ", " née ", " ép. ", " épouse ", ", née ", " (née ", " vve ", " veuve "))
            who = [*who, (link, "O"), (self.birth, "LAST_NAME"), (")" if "(" in link else "", "O")]
        return [*title, *who]

    def slot_PT(self) -> Pieces:
        rng = self.rng
        draw = rng.random()
        if draw < 0.5:
            return [(self._title(), "O"), (self.last, "LAST_NAME")]
        if draw < 0.62:
            return [(self._title(), "O"), *self._first_last(self.first, self.last, 0.1)]
        if draw < 0.7:
            return [(self.first, "FIRST_NAME")]
        if draw < 0.75:
            return [(self._title(), "O"), (self.last[0].upper() + ".", "LAST_NAME")]
        if draw < 0.8:
            return [
                (
                    "the patient "
                    if self.english
                    else rng.choice(("le patient ", "la patiente ", "Le patient ", "pt ")),
                    "O",
                ),
                (self.last, "LAST_NAME"),
            ]
        if self.english:
            return [("The patient", "O")]
        return [(rng.choice(("Le patient", "La patiente", "L'enfant", "ce patient", "Monsieur", "Madame")), "O")]

    def slot_PL(self) -> Pieces:
        return [(self.last, "LAST_NAME")]

    def slot_PF(self) -> Pieces:
        return [(self.first.upper() if self.rng.random() < 0.1 else self.first, "FIRST_NAME")]

    def slot_PB(self) -> Pieces:
        return [(self.birth, "LAST_NAME")]

    def slot_PFS(self) -> Pieces:
        names = [self.first, *(self.pools.first_name(self.rng, self.sex) for _ in range(self.rng.randrange(0, 3)))]
        separator = self.rng.choice((", ", " ", ","))
        out: Pieces = []
        for i, name in enumerate(names):
            out += [(separator, "O")] * (i > 0) + [(name, "FIRST_NAME")]
        return out

    def _doctor(self) -> tuple[str, str]:
        last, first = self.rng.choice(self.doctors) if self.rng.random() < 0.7 else (self.pools.last_name(self.rng), self.pools.first_name(self.rng, self.rng.choice("MF")))  # fmt: skip
        return (last.upper() if self.rng.random() < 0.45 else last), first

    def _doctor_title(self) -> str:
        if self.english:
            return self.rng.choice(("Dr. ", "Dr ", "Doctor ", "Prof. ", "DR. "))
        return self.rng.choice(("Dr ", "Dr ", "Dr. ", "Docteur ", "Pr ", "Pr. ", "Professeur ", "DR ", "dr ", "Dr\u00a0", "docteur ", "DOCTEUR ", "Pr\u00a0", "Drs ", "Prof. ", "PR "))  # fmt: skip

    def slot_DR(self) -> Pieces:
        last, first = self._doctor()
        title = self._doctor_title()
        if self.rng.random() < 0.07:
            title = title.strip()  # 'DrMARTIN', 'Docteurmartin'
        who = [(last, "LAST_NAME")] if self.rng.random() < 0.42 else self._first_last(first, last, 0.35)
        if self.english and self.rng.random() < 0.3:
            return [*self._first_last(first, last), (", MD", "O")]
        return [(title, "O"), *who]

    def slot_DRN(self) -> Pieces:
        last, first = self._doctor()
        return [(last, "LAST_NAME")] if self.rng.random() < 0.15 else self._first_last(first, last, 0.3)

    def slot_DRL(self) -> Pieces:
        return self.slot_DR() if self.rng.random() < 0.75 else self.slot_DRN()

    def slot_DRL2(self) -> Pieces:
        return [(self._doctor()[0], "LAST_NAME")]

    slot_DRLAST = slot_DRL2

    def slot_DRF(self) -> Pieces:
        return [(self._doctor()[1], "FIRST_NAME")]

    def slot_DRSIG(self) -> Pieces:
        last, first = self._doctor()
        draw = self.rng.random()
        title = [(self._doctor_title(), "O")] if draw < 0.75 else []
        return [*title, *self._first_last(first, last.upper() if draw < 0.4 else last, 0.3)]

    def slot_NURSE(self) -> Pieces:
        rng = self.rng
        last, first = self.pools.last_name(rng), self.pools.first_name(rng, rng.choice("MFFF"))
        draw = rng.random()
        if draw < 0.4:
            return [(first, "FIRST_NAME")]
        if draw < 0.6:
            return [(first, "FIRST_NAME"), (" ", "O"), (last[0] + ".", "LAST_NAME")]
        if draw < 0.75:
            return [(self._title("F"), "O"), (last, "LAST_NAME")]
        return self._first_last(first, self._case(last))

    def slot_REL(self) -> Pieces:
        rng = self.rng
        last = self.last if rng.random() < 0.4 else self._case(self.pools.last_name(rng))
        who = self._first_last(self.pools.first_name(rng, rng.choice("MF")), last, 0.04)
        return [(self._title(rng.choice("MF")), "O"), *who] if rng.random() < 0.3 else who

    def slot_REL2(self) -> Pieces:
        rng = self.rng
        last = self._case(self.pools.last_name(rng))
        if rng.random() < 0.3:
            return [(last, "LAST_NAME")]
        return self._first_last(self.pools.first_name(rng, rng.choice("MF")), last, 0.1)

    def slot_RELF(self) -> Pieces:
        return [(self.pools.first_name(self.rng, self.rng.choice("MF")), "FIRST_NAME")]

    def slot_INIT(self) -> Pieces | str:
        return "".join(self.rng.choice("ABCDEFGHJLMNPRSTV") for _ in range(self.rng.choice((2, 2, 3))))

    # dates
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

    # numbers
    def _digits(self, count: int) -> str:
        return "".join(self.rng.choice("0123456789") for _ in range(count))

    def _one(self, name: str, make: Callable[[], str], again: float = 0.8) -> Pieces:
        if name not in self.numbers or self.rng.random() > again:
            self.numbers[name] = make()
        return [(self.numbers[name], name)]

    def slot_PHONE(self) -> Pieces:
        if self.english:
            return [(self.rng.choice(("({}) {}-{}", "{}-{}-{}", "{}.{}.{}", "0{} {} {}")).format(self._digits(3), self._digits(3), self._digits(4)), "PHONE")]  # fmt: skip
        pairs = [self._digits(2) for _ in range(4)]
        lead = self.rng.choice("1234566679")
        draw = self.rng.random()
        sep = self.rng.choice((" ", " ", ".", "-", "", "\u00a0", "/"))
        if draw < 0.82:
            return [(sep.join([f"0{lead}", *pairs]), "PHONE")]
        if draw < 0.94:
            return [
                (
                    self.rng.choice(("+33 ", "+33", "0033 ", "+33 (0)", "(+33) ", "+33(0)"))
                    + lead
                    + (sep or " ")
                    + (sep or " ").join(pairs),
                    "PHONE",
                )
            ]
        return [(f"0{lead} {self._digits(3)} {self._digits(3)} {self._digits(2)}", "PHONE")]

    def slot_NIR(self) -> Pieces:
        def make() -> str:
            rng = self.rng
            body = (
                ("1" if self.sex == "M" else "2")
                + f"{self.dob[0] % 100:02d}{self.dob[1]:02d}"
                + rng.choice((f"{rng.randrange(1, 96):02d}", "99", "2A", "2B", "97"))
                + self._digits(6)
            )
            number = int(body.replace("2A", "19").replace("2B", "18"))
            key = f"{97 - number % 97:02d}"
            full = body + key
            draw = rng.random()
            if draw < 0.45:
                return f"{full[0]} {full[1:3]} {full[3:5]} {full[5:7]} {full[7:10]} {full[10:13]} {full[13:]}"
            if draw < 0.7:
                return full
            return rng.choice(
                (
                    body + " " + key,
                    body,
                    f"{full[0]}.{full[1:3]}.{full[3:5]}.{full[5:7]}.{full[7:10]}.{full[10:13]}.{key}",
                    f"{body} / {key}",
                    f"{full[0]} {full[1:3]} {full[3:5]} {full[5:7]} {full[7:10]} {full[10:13]}",
                )
            )

        return self._one("NIR", make)

    def slot_IPP(self) -> Pieces:
        return self._one("IPP", lambda: self.rng.choice((self._digits(8), self._digits(10), self._digits(7), self._digits(9), self._digits(6), "8" + self._digits(9), "A" + self._digits(7), "P" + self._digits(8), f"{self._digits(4)} {self._digits(3)} {self._digits(3)}", f"{self._digits(3)}-{self._digits(5)}", "IPP" + self._digits(7), "00" + self._digits(7))))  # fmt: skip

    def slot_NDA(self) -> Pieces:
        return self._one("NDA", lambda: self.rng.choice((self._digits(9), self._digits(10), self._digits(8), f"{self.year % 100:02d}{self._digits(7)}", f"{self.year}-{self._digits(6)}", "S" + self._digits(8), f"{self.year % 100:02d}H{self._digits(5)}", f"{self.year % 100:02d}/{self._digits(5)}", f"{self.year % 100}P{self._digits(6)}")))  # fmt: skip

    def slot_RPPS(self) -> Pieces:
        return [
            (
                "10" + self._digits(9)
                if self.rng.random() < 0.85
                else f"10{self._digits(3)} {self._digits(3)} {self._digits(3)}",
                "RPPS",
            )
        ]

    def slot_FINESS(self) -> Pieces:
        return self._one("FINESS", lambda: self.rng.choice((self._digits(9), self._digits(9), f"{self._digits(2)} {self._digits(3)} {self._digits(3)} {self._digits(1)}", f"{self._digits(2)} {self._digits(7)}", f"{self._digits(3)} {self._digits(3)} {self._digits(3)}")))  # fmt: skip

    def slot_ADELI(self) -> Pieces:
        return [
            (
                self.rng.choice(
                    (self._digits(9), f"{self._digits(2)} {self._digits(1)} {self._digits(5)} {self._digits(1)}")
                ),
                "ADELI",
            )
        ]

    def slot_IBAN(self) -> Pieces:
        text = "FR" + self._digits(25)
        if self.rng.random() < 0.7:
            text = " ".join(text[i : i + 4] for i in range(0, len(text), 4))
        return [(text, "IBAN")]

    def slot_PLATE(self) -> Pieces:
        pick = lambda n: "".join(self.rng.choice("ABCDEFGHJKLMNPQRSTVWXYZ") for _ in range(n))  # noqa: E731
        sep = self.rng.choice(("-", "-", " ", ""))
        return [
            (
                sep.join((pick(2), self._digits(3), pick(2)))
                if self.rng.random() < 0.85
                else f"{self._digits(4)} {pick(2)} {self._digits(2)}",
                "PLATE",
            )
        ]

    def slot_SERIAL(self) -> Pieces:
        rng = self.rng
        letters = "".join(rng.choice("ABCDEFGHJKLMNPRSTUVWXZ") for _ in range(rng.randrange(1, 4)))
        return [(rng.choice((f"{letters}{self._digits(6)}", f"{letters}-{self._digits(5)}", self._digits(7), f"{letters}{self._digits(3)}{rng.choice('ABCH')}{self._digits(2)}", f"{self._digits(4)}-{self._digits(4)}", f"{letters}{self._digits(8)}S")), "DEVICE_SERIAL")]  # fmt: skip

    def slot_SSN(self) -> Pieces:
        return [(f"{self._digits(3)}-{self._digits(2)}-{self._digits(4)}", "NIR")]

    def slot_NHS(self) -> Pieces:
        return [(f"{self._digits(3)} {self._digits(3)} {self._digits(4)}", "NIR")]

    def slot_EMAIL(self) -> Pieces:
        rng = self.rng
        last, first = self._doctor()
        clean = lambda s: without_accents(s).lower().replace(" ", "").replace("'", "")  # noqa: E731
        local = rng.choice(
            (
                f"{clean(first)}.{clean(last)}",
                f"{clean(first)[0]}{clean(last)}",
                f"secretariat.{word('drug', rng, False).split()[0].lower()}",
                f"{clean(last)}{self._digits(2)}",
                f"{clean(first)[0]}.{clean(last)}",
                f"{clean(first)}_{clean(last)}",
                f"sec-{clean(self.pools.stem(rng))}",
            )
        )
        domain = rng.choice(("gmail.com", "orange.fr", "wanadoo.fr", "free.fr", "hotmail.fr", "yahoo.fr", "laposte.net", "aphp.fr", f"chu-{clean(self.pools.stem(rng))}.fr", f"ch-{clean(self.pools.stem(rng))}.fr", f"clinique-{clean(self.pools.stem(rng))}.com", "sfr.fr", "medical.mssante.fr", "outlook.com"))  # fmt: skip
        return [(without_accents(f"{local}@{domain}"), "EMAIL")]

    def slot_URL(self) -> Pieces:
        host = without_accents(self.pools.stem(self.rng)).lower()
        return [(self.rng.choice(("www.{}.fr", "https://www.chu-{}.fr", "www.ch-{}.fr", "http://{}.com/rdv", "www.doctolib.fr/{}", "https://{}.sante.fr/contact")).format(host), "URL")]  # fmt: skip

    # places
    def _city(self) -> tuple[str, str]:
        name, code = self.rng.choice(self.cities) if self.rng.random() < 0.6 else self.pools.city(self.rng)
        draw = self.rng.random()
        if draw < 0.25:
            name = name.upper() if self.rng.random() < 0.5 else without_accents(name.upper())
        elif draw < 0.33:
            name = name.replace("-", " ")
        elif draw < 0.37:
            name = name.replace("Saint-", "St ").replace("Sainte-", "Ste ")
        return name, code

    def slot_CITY(self) -> Pieces:
        name = self._city()[0]
        if self.rng.random() < 0.05 and name.islower() is False:
            return [(name, "CITY"), (" ", "O"), (self.rng.choice(("Cedex", "CEDEX", "Cedex 2", "CEDEX 09")), "CITY")]
        return [(name, "CITY")]

    def slot_ZIP(self) -> Pieces:
        return [(self._city()[1], "POSTAL_CODE")]

    def slot_ZC(self) -> Pieces:
        name, code = self._city()
        if self.rng.random() < 0.1:
            code = f"{code[:2]} {code[2:]}"
        cedex = (
            [(self.rng.choice((" Cedex", " CEDEX", " Cedex 1", " cedex 08")), "CITY")]
            if self.rng.random() < 0.15
            else []
        )
        if self.rng.random() < 0.06:
            return [(name, "CITY"), (" (", "O"), (code, "POSTAL_CODE"), (")", "O")]
        return [
            (code, "POSTAL_CODE"),
            (self.rng.choice((" ", " ", " ", "  ", " - ", "-")), "O"),
            (name, "CITY"),
            *cedex,
        ]

    def _street(self) -> str:
        rng, draw = self.rng, self.rng.random()
        if draw < 0.4:
            return rng.choice(self.pools.streets)
        if draw < 0.6:
            return f"{self.pools.first_name(rng, 'M')} {self.pools.last_name(rng)}"
        if draw < 0.7:
            return f"{rng.choice(('du Docteur', 'du Général', 'du Professeur', 'de l’Abbé', 'du Commandant', 'Maréchal', 'du Dr', 'du Gal'))} {self.pools.last_name(rng)}"
        noun = rng.choice(
            (self.pools.stem(rng), word("common_name_word", rng, self.pools.dev), word("noun", rng, self.pools.dev))
        )
        return rng.choice(
            (
                "de la {}",
                "du {}",
                "des {}s",
                "des {}",
                "de {}",
                "d'{}",
                "Saint-{}",
                "aux {}s",
                "{}",
                "de l'{}",
                "du Vieux {}",
                "de la Croix {}",
            )
        ).format(noun)

    def slot_ADDR(self) -> Pieces:
        rng = self.rng
        if self.english:
            return [
                (
                    f"{rng.randrange(1, 9999)} {self.pools.stem(rng)} {rng.choice(('Street', 'St', 'Avenue', 'Ave', 'Road', 'Rd', 'Lane', 'Drive', 'Blvd', 'Court', 'Way'))}",
                    "ADDRESS",
                )
            ]
        draw = rng.random()
        if draw < 0.05:
            return [(f"BP {rng.randrange(10, 99999)}", "ADDRESS")]
        number = (
            ""
            if draw < 0.12
            else f"{rng.randrange(1, 400)}{rng.choice(('', '', '', '', '', ' bis', ' ter', 'B', 'bis'))}{rng.choice((' ', ' ', ' ', ', '))}"
        )
        text = f"{number}{rng.choice(STREETS)} {self._street()}"
        if rng.random() < 0.1:
            text = text.upper()
        extra = rng.random()
        if extra < 0.05:
            text = f"{rng.choice(('Bât.', 'Bat', 'Bâtiment', 'Résidence'))} {rng.choice('ABCDE')}, {text}"
        elif extra < 0.1:
            text += rng.choice((", appt ", " Apt ", ", bât ", " - appartement ")) + str(rng.randrange(1, 90))
        elif extra < 0.12:
            text += f" - BP {rng.randrange(10, 9999)}"
        return [(text, "ADDRESS")]

    def _hospital(self) -> str:
        rng = self.rng
        if self.english:
            return f"{rng.choice((self.pools.stem(rng), 'St. ' + self.pools.first_name(rng, 'F'), rng.choice(self.pools.english_last or ['Hart'])))} {rng.choice(('General Hospital', 'Hospital', 'Medical Center', 'Clinic', 'Memorial Hospital', 'Infirmary', 'Health Center'))}"
        if rng.random() < 0.45:
            city = (
                rng.choice(getattr(self, "cities", None) or [self.pools.city(rng)])[0]
                if rng.random() < 0.5
                else self.pools.city(rng)[0]
            )
            head = rng.choice(HEADS)
            if head.endswith(" de") and city[0] in "AEIOUÉÎY":
                head = head[:-1] + "'"
                text = head + city
            elif city.startswith("Le ") and head.endswith(" de"):
                text = head[:-1] + "u " + city[3:]
            else:
                text = f"{head} {city}"
        else:
            draw = rng.random()
            if draw < 0.5:
                name = rng.choice(self.pools.hospitals)
            elif draw < 0.7:
                name = f"{self.pools.first_name(rng, 'M')} {self.pools.last_name(rng)}"
            elif draw < 0.8:
                name = f"{rng.choice(('Saint', 'Sainte'))}-{self.pools.first_name(rng, 'M').split()[0]}"
            else:
                name = rng.choice(("des {}s", "du {}", "de {}", "Les {}", "{}", "de la {}")).format(
                    rng.choice((self.pools.stem(rng), word("common_name_word", rng, self.pools.dev).capitalize()))
                )
            text = f"{rng.choice(HEADS2)} {name}"
            if rng.random() < 0.12:
                text += f" de {self.pools.city(rng)[0]}"
        if rng.random() < 0.2:
            text = text.upper()
        return text

    def slot_HOSP(self) -> Pieces:
        return [(self.hospital if self.rng.random() < 0.35 else self._hospital(), "HOSPITAL")]

    def slot_HOSPG(self) -> Pieces:
        return [(self.rng.choice(("Groupe hospitalier ", "Groupe Hospitalier ", "GROUPE HOSPITALIER ")) + self.slot_HOSPN()[0][0], "HOSPITAL")]  # fmt: skip

    def slot_HOSPE(self) -> Pieces:
        return [(self.rng.choice(("EHPAD ", "Ehpad ", "EHPAD « ")) + self.slot_HOSPN()[0][0], "HOSPITAL")]

    def slot_HOSPN(self) -> Pieces:
        return [(self.rng.choice(("Les ", "La ", "", "", "")) + self.pools.stem(self.rng), "HOSPITAL")]

    def slot_CLINIC(self) -> Pieces:
        return [
            (
                f"{self.rng.choice(('clinique', 'Clinique', 'polyclinique'))} {self.rng.choice(self.pools.hospitals)}",
                "HOSPITAL",
            )
        ]

    def slot_WARD(self) -> Pieces:
        rng = self.rng
        name = rng.choice(
            (
                self.pools.last_name(rng),
                self.pools.stem(rng),
                rng.choice(self.pools.hospitals),
                f"{rng.randrange(1, 60)}{rng.choice('AB ')}".strip(),
                rng.choice("ABCDEFG"),
                f"{rng.choice('ABCD')}{rng.randrange(1, 9)}",
            )
        )
        return [
            (
                f"{rng.choice(('Unité', 'unité', 'Pavillon', 'pavillon', 'Bâtiment', 'Secteur', 'UF', 'U.F.', 'Aile', 'US', 'UM', 'Unité fonctionnelle'))} {name}",
                "WARD",
            )
        ]

    # ages, measures, medicine
    def slot_AGE(self) -> str:
        age = self.rng.randrange(1, 90)
        if self.english:
            return f"{age}{self.rng.choice((' years', '-year', ' yo', '-year-'))}"
        return self.rng.choice(
            (f"{age} ans", f"{age} ans", f"{age}ans", f"{age} a", f"{self.rng.randrange(1, 30)} mois")
        )

    def slot_AGE90(self) -> Pieces:
        age = self.rng.randrange(90, 108)
        return [
            (f"{age}", "AGE_OVER_89"),
            (" years" if self.english else self.rng.choice((" ans", "ans", " ans")), "O"),
        ]

    def slot_n(self) -> str:
        return str(self.rng.randrange(1, 10))

    def slot_n2(self) -> str:
        return str(self.rng.randrange(10, 100))

    def slot_lab(self) -> str:
        rng = self.rng
        name, unit = rng.choice((("Hb", "g/dL"), ("CRP", "mg/L"), ("créatinine", "µmol/L"), ("K+", "mmol/L"), ("Na", "mmol/L"), ("leucocytes", "/mm3"), ("plaquettes", "G/L"), ("ASAT", "UI/L"), ("TSH", "mUI/L"), ("HbA1c", "%"), ("ferritine", "µg/L"), ("albumine", "g/L"), ("BNP", "pg/mL"), ("INR", ""), ("PSA", "ng/mL"), ("troponine", "ng/L"), ("glycémie", "g/L"), ("GGT", "UI/L"), ("pH", ""), ("lactates", "mmol/L"), ("DFG", "ml/min/1,73m²"), ("calcémie", "mmol/L"), ("LDL", "g/l")))  # fmt: skip
        value = rng.choice(
            (
                f"{rng.randrange(1, 200)}",
                f"{rng.randrange(0, 15)},{rng.randrange(10)}",
                f"{rng.randrange(1, 20)} {rng.randrange(100, 999)}",
                f"{rng.randrange(1000, 15000)}",
                f"{rng.randrange(1900, 2040)}",
                f"< {rng.randrange(1, 50)}",
            )
        )
        return f"{name}{rng.choice((' ', ' : ', ' = ', ' à '))}{value} {unit}".rstrip()

    def slot_med(self) -> str:
        rng, dev = self.rng, self.pools.dev
        text = "".join(word("prefix", rng, dev) for _ in range(rng.choice((1, 1, 2)))) + word("suffix", rng, dev)
        return text.capitalize() if rng.random() < 0.1 else text

    def slot_newdrug(self) -> str:
        rng = self.rng
        text = self.pools.syllables(rng).lower() + word("drug_stem", rng, self.pools.dev)
        return rng.choice((text, text.capitalize(), text.upper(), text))

    def slot_BRAND(self) -> str:
        """A drug's brand that nobody sells: what stands before a dose is no name, whatever it looks like."""
        rng = self.rng
        draw = rng.random()
        if draw < 0.35:
            text = word("drug", rng, self.pools.dev).split(" ")[0]
        elif draw < 0.5:
            text = self.slot_newdrug()
        else:
            text = self.pools.syllables(rng) if draw < 0.8 else self.pools.last_model.draw(rng, 5, 10)
            text += rng.choice(("", "", "ex", "ine", "an", "or", "il", "al", "ax", "um", "one"))
        return rng.choice((text.capitalize(), text.capitalize(), text.upper(), text.lower()))

    def slot_EPO(self) -> str:
        """A name that a disease, a sign or a device bears: no identifier."""
        rng = self.rng
        name = self.pools.last_name(rng) if rng.random() < 0.7 else self.pools.syllables(rng)
        if rng.random() < 0.2:
            name += "-" + self.pools.last_name(rng)
        return name[0].upper() + name[1:]

    def slot_EPOV(self) -> str:
        """The same, starting with a vowel."""
        for _ in range(40):
            name = self.slot_EPO()
            if name[0] in "AEIOUYÉÈ":
                return name
        return "Ombredanne"

    def slot_icd(self) -> str:
        return f"{self.rng.choice('ABCDEFGHIJKLMNRSTZ')}{self._digits(2)}.{self._digits(1)}"

    def slot_ccam(self) -> str:
        return "".join(self.rng.choice("ABCDEFGHJLMNPQRST") for _ in range(4)) + self._digits(3)

    def slot_w(self) -> str:
        return self.pools.word(self.rng)

    def slot_W(self) -> str:
        return self.pools.word(self.rng).capitalize()

    def slot_sexe(self) -> str:
        return self.rng.choice("MFH")

    def slot_RELF2(self) -> Pieces:
        rng = self.rng
        return self._first_last(
            self.pools.first_name(rng, rng.choice("MF")), self._case(self.pools.last_name(rng)), 0.03
        )

    def slot_PF2(self) -> Pieces:
        return self._first_last(self.first, self.last, 0.0)

    # indirect identifiers
    def slot_COUNTRY(self) -> Pieces:
        return self._indirect("country", "INDIRECT_NATIONALITY")

    def _capital(self, pieces: Pieces) -> Pieces:
        return [(text[:1].upper() + text[1:], label) for text, label in pieces]

    def slot_PROFC(self) -> Pieces:
        return self._capital(self.slot_PROF())

    def slot_ROLEC(self) -> Pieces:
        return self._capital(self.slot_ROLE())

    def slot_NATC(self) -> Pieces:
        return self._capital(self.slot_NAT())

    def slot_CO(self) -> str:
        rng = self.rng
        return rng.choice(
            (
                self.pools.last_name(rng),
                self.pools.stem(rng),
                f"{self.pools.stem(rng)}{rng.choice(('tech', 'plast', 'métal', 'bois', 'trans'))}",
                f"{self.pools.first_name(rng, 'M')} {self.pools.last_name(rng)}",
            )
        )

    def slot_CITYI(self) -> str:
        return self.pools.city(self.rng)[0]

    def _indirect(self, rule: str, label: str) -> Pieces:
        text = word(rule, self.rng, self.pools.dev)
        for name, value in (("[CO]", self.slot_CO), ("[CITYI]", self.slot_CITYI), ("[YEARS]", self.slot_n2)):
            if name in text:
                text = text.replace(name, value())
        return [(text, label)]

    def slot_PROF(self) -> Pieces:
        pieces = self._indirect("prof", "INDIRECT_PROFESSION")
        if self.rng.random() < 0.12:
            pieces = [
                (
                    f"{self.rng.choice(('ancien', 'ancienne', 'retraité', 'anciennement', 'ex-'))} ".replace("- ", "-"),
                    "O",
                ),
                *pieces,
            ]
        if self.rng.random() < 0.08:
            pieces[-1] = (
                pieces[-1][0] + self.rng.choice((" à la retraite", " à domicile", " en libéral", " à mi-temps")),
                pieces[-1][1],
            )
        return pieces

    def slot_EPROF(self) -> Pieces:
        return [(self.rng.choice(("teacher", "nurse", "truck driver", "farmer", "electrician", "lawyer", "accountant", "carpenter", "firefighter", "engineer", "welder", "librarian", "postal worker", "chef", "police officer", "pilot")), "INDIRECT_PROFESSION")]  # fmt: skip

    def slot_ENAT(self) -> Pieces:
        return [(self.rng.choice(("Mexican", "Vietnamese", "Polish", "Nigerian", "Indian", "Italian", "Somali", "Irish", "Filipino", "Korean", "Greek")), "INDIRECT_NATIONALITY")]  # fmt: skip

    def slot_EMPL(self) -> Pieces:
        return self._indirect("employer", "INDIRECT_EMPLOYER")

    def slot_SCHOOL(self) -> Pieces:
        return self._indirect("school", "INDIRECT_SCHOOL")

    def slot_FAM(self) -> Pieces:
        return self._indirect("family", "INDIRECT_FAMILY")

    def slot_FAML(self) -> Pieces:
        return self._indirect("familyl", "INDIRECT_FAMILY")

    def slot_NAT(self) -> Pieces:
        return self._indirect("nation", "INDIRECT_NATIONALITY")

    def slot_PLACE2(self) -> Pieces:
        text = self._indirect("place2", "INDIRECT_PLACE")[0][0]
        head, _, tail = text.partition(" ")
        return [(head + " ", "O"), (tail, "INDIRECT_PLACE")]

    def slot_PLACE(self) -> Pieces:
        return [
            (
                f"{self.rng.choice(('Pont-', 'Port-', 'Col de ', 'Île de ', ''))}{self.pools.stem(self.rng)}",
                "INDIRECT_PLACE",
            )
        ]

    def slot_EVENT(self) -> Pieces:
        return self._indirect("event", "INDIRECT_EVENT")

    def slot_EV2(self) -> Pieces:
        return self._indirect("ev2", "INDIRECT_EVENT")

    def slot_EV3(self) -> Pieces:
        return self._indirect("ev3", "INDIRECT_EVENT")

    def slot_NICK(self) -> Pieces:
        if self.rng.random() < 0.4:
            short = self.pools.first_name(self.rng, self.sex)[:2].lower() * 2
            return [(short.capitalize(), "INDIRECT_NICKNAME")]
        return self._indirect("nick", "INDIRECT_NICKNAME")

    def slot_ROLE(self) -> Pieces:
        return self._indirect("role", "INDIRECT_ROLE")

    def slot_ROLE2(self) -> Pieces:
        return self._indirect("role2", "INDIRECT_ROLE")
