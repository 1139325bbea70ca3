# ruff: noqa: E501, N802
"""Slots of places: communes, postal codes, streets, hospitals and wards."""

from __future__ import annotations

from anon_pipeline.modalities.text.training.grammar import word
from anon_pipeline.modalities.text.training.slots.cast import Cast, Pieces
from anon_pipeline.surrogates.style import without_accents

STREETS = ("rue", "rue", "rue", "rue", "avenue", "av.", "boulevard", "bd", "bld", "place", "pl.", "chemin", "ch.", "impasse", "imp.", "allée", "all.", "route", "rte", "quai", "cours", "square", "passage", "résidence", "lotissement", "lot.", "hameau", "lieu-dit", "sentier", "villa", "clos", "montée", "venelle", "faubourg", "rond-point", "esplanade", "Rue", "Avenue", "Boulevard", "R.", "ruelle", "mail", "voie", "cité")  # fmt: skip
HEADS = ("CHU de", "CHU", "C.H.U. de", "CHR de", "CHRU de", "CH de", "CH", "Centre Hospitalier de", "Centre hospitalier", "Centre Hospitalier Universitaire de", "Centre hospitalier régional de", "Centre Hospitalier Intercommunal de", "CHI de", "hôpital de", "Hôpital de", "GHT de", "Groupe Hospitalier de", "GH", "hôpital local de", "Hospices civils de", "EPSM de", "CHS de", "CLCC de")  # fmt: skip
HEADS2 = ("Hôpital", "hôpital", "Hôpital", "hôpital", "Clinique", "clinique", "Polyclinique", "polyclinique", "Institut", "EHPAD", "Ehpad", "Maison de retraite", "Centre", "HIA", "Maison de santé", "Centre de rééducation", "SSR", "Fondation", "Hop.", "Hop", "Cl.", "Hôpital privé", "hôpital d'enfants", "Clinique mutualiste", "Résidence", "Centre de soins", "CMP", "foyer", "Maternité", "centre médical", "Hôpital universitaire", "Laboratoire", "Pharmacie", "MAS", "FAM", "CRF")  # fmt: skip


class Places(Cast):
    """Where the patient lives and is treated."""

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
