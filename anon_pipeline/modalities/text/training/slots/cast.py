"""What every slot reads: the persons, the year and the numbers of one fictional document. No slot is made here."""

from __future__ import annotations

import random
from collections.abc import Callable

from anon_pipeline.modalities.text.training.names import NamePools

Pieces = list[tuple[str, str]]


class Cast:
    """The cast of one document; ``Slots`` draws it."""

    rng: random.Random
    pools: NamePools
    english: bool
    sex: str
    caps: bool
    last: str
    birth: str
    first: str
    dob: tuple[int, int, int]
    year: int
    doctors: list[tuple[str, str]]
    hospital: str
    cities: list[tuple[str, str]]
    style: float
    numbers: dict[str, str]

    def _case(self, name: str) -> str:
        return name.upper() if self.rng.random() < (0.85 if self.caps else 0.1) else name

    def _digits(self, count: int) -> str:
        return "".join(self.rng.choice("0123456789") for _ in range(count))

    def _one(self, name: str, make: Callable[[], str], again: float = 0.8) -> Pieces:
        if name not in self.numbers or self.rng.random() > again:
            self.numbers[name] = make()
        return [(self.numbers[name], name)]
