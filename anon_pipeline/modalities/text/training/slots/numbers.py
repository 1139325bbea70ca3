# ruff: noqa: E501, N802
"""Slots of numbers and addresses that identify by themselves: phones, NIR, registries, plates, e-mail, URLs."""

from __future__ import annotations

from anon_pipeline.modalities.text.training.grammar import word
from anon_pipeline.modalities.text.training.slots.cast import Pieces
from anon_pipeline.modalities.text.training.slots.people import People
from anon_pipeline.surrogates.style import without_accents


class Numbers(People):
    """Numbers are the same through one document, mostly."""

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
