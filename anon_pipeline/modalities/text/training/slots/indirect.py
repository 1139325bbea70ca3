# ruff: noqa: E501, N802
"""Slots of indirect identifiers: professions, employers, schools, families, origins, events, roles."""

from __future__ import annotations

from anon_pipeline.modalities.text.training.grammar import word
from anon_pipeline.modalities.text.training.slots.cast import Pieces
from anon_pipeline.modalities.text.training.slots.clinical import Clinical


class Indirect(Clinical):
    """What tells who somebody is without naming them."""

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
