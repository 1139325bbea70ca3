# ruff: noqa: E501, N802, N815
"""Slots of persons: the patient, relatives, doctors and nurses, as letters write them."""

from __future__ import annotations

from anon_pipeline.modalities.text.training.slots.cast import Cast, Pieces


class People(Cast):
    """Names, titles and initials."""

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

    def slot_RELF2(self) -> Pieces:
        rng = self.rng
        return self._first_last(
            self.pools.first_name(rng, rng.choice("MF")), self._case(self.pools.last_name(rng)), 0.03
        )

    def slot_PF2(self) -> Pieces:
        return self._first_last(self.first, self.last, 0.0)
