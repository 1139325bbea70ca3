"""What each slot of the grammar becomes: the persons, places and numbers of one fictional document.

A slot's value is a list of (text, label) pieces; slots are in files by their subject. The words of the clinic are in
the grammar, not here.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from anon_pipeline.modalities.text.training.grammar import word
from anon_pipeline.modalities.text.training.names import NamePools
from anon_pipeline.modalities.text.training.slots.cast import Pieces
from anon_pipeline.modalities.text.training.slots.dates import Dates
from anon_pipeline.modalities.text.training.slots.indirect import Indirect
from anon_pipeline.modalities.text.training.slots.numbers import Numbers
from anon_pipeline.modalities.text.training.slots.places import Places


class Slots(Numbers, Dates, Places, Indirect):
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
        self.numbers = {}
        if rng.random() < 0.07:  # ordinary words are names too
            self.last = self._case(word("common_name_word", rng, pools.dev).capitalize())
        if rng.random() < 0.06:
            self.first = pools.word_name(rng)

    def __call__(self, name: str) -> Pieces:
        method: Callable[[], Pieces | str] | None = getattr(self, f"slot_{name}", None)
        if method is None:
            raise KeyError(name)
        value = method()
        return [(value, "O")] if isinstance(value, str) else value
