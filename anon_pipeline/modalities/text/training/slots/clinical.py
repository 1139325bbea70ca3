# ruff: noqa: E501, N802
"""Slots of the clinic that are no identifiers, or look like one: ages, measures, drugs, eponyms, codes."""

from __future__ import annotations

from anon_pipeline.modalities.text.training.grammar import word
from anon_pipeline.modalities.text.training.slots.cast import Cast, Pieces


class Clinical(Cast):
    """Measures, drugs and hard negatives; ages over 89 are labelled."""

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
