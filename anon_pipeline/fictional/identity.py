"""Who each fictional patient is on paper: names, address, telephone, e-mail, NIR, relatives; and the hospital's staff.

Nothing here is drawn from real people: names are composed, telephone numbers lie in the ranges that ARCEP keeps for
fiction, e-mail addresses in reserved domains (RFC 2606). NIR keys are valid (97 minus the number modulo 97).
"""

from __future__ import annotations

import datetime as dt
import unicodedata
from dataclasses import asdict, dataclass
from functools import lru_cache

import numpy as np

from anon_pipeline.fictional import names
from anon_pipeline.fictional.places import Town, draw_homes
from anon_pipeline.fictional.population import Population
from anon_pipeline.keys import seeded_rng

STAFF = 48
# Ranges reserved for audiovisual works by the French numbering plan (ARCEP decision 2018-0881).
_FICTIONAL_PHONES = ("01 99 00", "02 61 91", "03 53 01", "04 65 71", "05 36 49", "06 39 98", "07 00 00")
_DOMAINS = ("example.org", "example.com", "example.net", "courriel.example", "messagerie.example", "postelibre.example")


@dataclass(frozen=True)
class Relative:
    link: str
    first_name: str
    last_name: str

    def __str__(self) -> str:
        return f"{self.first_name} {self.last_name}"


@dataclass(frozen=True)
class Identity:
    """One patient on paper."""

    person_id: int
    ipp: str
    male: bool
    last_name: str
    birth_name: str
    first_names: list[str]
    birth: dt.date
    address: str
    town: Town
    birth_town: str
    phone: str
    email: str
    nir: str
    relatives: list[Relative]

    def record(self) -> dict[str, object]:
        """The line of patients.jsonl."""
        return {
            "person_id": self.person_id,
            "patient_id": self.ipp,
            "last_name": self.last_name,
            "birth_name": self.birth_name,
            "first_names": self.first_names,
            "birth_date": self.birth.isoformat(),
            "address": self.address,
            "city": self.town.name,
            "postal_code": self.town.postal_code,
            "phone": self.phone,
            "email": self.email,
            "nir": self.nir,
            "ipp": self.ipp,
            "sex": "M" if self.male else "F",
            "relatives": [str(relative) for relative in self.relatives],
        }


@dataclass(frozen=True)
class Staff:
    """A member of the hospital's staff; rpps ends with its Luhn digit."""

    provider_id: int
    title: str
    first_name: str
    last_name: str
    rpps: str
    specialty: str
    male: bool
    birth_year: int
    phone: str

    def __str__(self) -> str:
        return f"{self.title} {self.first_name} {self.last_name}"

    def record(self) -> dict[str, object]:
        return asdict(self)


def plain(text: str) -> str:
    """ASCII letters, as machines that know no accents write a name."""
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()


def nir(male: bool, birth: dt.date, town: Town, order: int, abroad: bool) -> str:
    """Thirteen digits and the key, without spaces (INSEE: 2A counts as 19, 2B as 18)."""
    place = f"99{300 + order % 150:03d}" if abroad else town.department + town.commune
    body = f"{1 if male else 2}{birth.year % 100:02d}{birth.month:02d}{place}{order % 999 + 1:03d}"
    number = int(
        body.replace("2A", "19", 1) if "2A" in place else body.replace("2B", "18", 1) if "2B" in place else body
    )
    return body + f"{97 - number % 97:02d}"


def luhn(body: str) -> str:
    """``body`` and its Luhn digit."""
    total = 0
    for i, digit in enumerate(reversed(body)):
        doubled = int(digit) * (2 if i % 2 == 0 else 1)
        total += doubled - 9 if doubled > 9 else doubled
    return body + str(-total % 10)


def phone(rng: np.random.Generator) -> str:
    start = _FICTIONAL_PHONES[int(rng.integers(len(_FICTIONAL_PHONES) - 1))]
    return f"{start} {rng.integers(100):02d} {rng.integers(100):02d}"


def homes(people: Population) -> list[tuple[str, str, Town]]:
    """(street line, second line, town) of every patient of the block."""
    return draw_homes(seeded_rng(people.seed, "homes", people.block), len(people))


def identity(people: Population, row: int, home: tuple[str, str, Town]) -> Identity:
    """The identity of one patient of the block; ``home`` is the patient's entry of ``homes``."""
    rng = seeded_rng(people.seed, "identity", int(people.number[row]))
    male = bool(people.male[row])
    birth = people.birth[row].astype(object)
    where = names.origin(rng, int(people.stratum[row]))
    birth_name = names.surname(rng, where)
    married = not male and rng.random() < 0.55
    last_name = names.surname(rng, where if rng.random() < 0.7 else "france") if married else birth_name
    first = names.first_names(rng, where, male, birth.year)
    line, second, town = home
    abroad = where in ("north_africa", "west_africa", "east_asia") and rng.random() < 0.6
    local = plain(f"{first[0]}.{last_name}").lower().replace(" ", "").replace("'", "")
    relatives = []
    for _ in range(int(rng.integers(0, 4))):
        spouse = "épouse" if male else "époux"
        link = (spouse, "fils", "fille", "frère", "sœur", "mère", "père")[int(rng.integers(7))]
        man = link in ("époux", "fils", "frère", "père")
        year = birth.year + (28 if link in ("fils", "fille") else -28 if link in ("mère", "père") else 1)
        relatives.append(Relative(link, names.first_names(rng, where, man, year)[0], last_name))
    return Identity(
        person_id=int(people.person_id[row]),
        ipp=str(people.ipp[row]),
        male=male,
        last_name=last_name,
        birth_name=birth_name,
        first_names=first,
        birth=birth,
        address=line if not second else f"{line}, {second}",
        town=town,
        birth_town=town.name if not abroad else "à l'étranger",
        phone=phone(rng),
        email=f"{local}{rng.integers(1, 99)}@{_DOMAINS[int(rng.integers(len(_DOMAINS)))]}",
        nir=nir(male, birth, town, int(rng.integers(0, 998)), abroad),
        relatives=relatives,
    )


@lru_cache(maxsize=8)
def staff(seed: int) -> tuple[Staff, ...]:
    """The hospital's physicians; provider_id is the place in the tuple plus one."""
    rng = seeded_rng(seed, "staff")
    specialties = ("hépato-gastro-entérologie", "cardiologie", "radiologie", "anatomopathologie", "médecine générale")
    members = []
    for i in range(STAFF):
        male = bool(rng.random() < 0.5)
        where = names.origin(rng, int(rng.choice(4, p=(0.8, 0.1, 0.05, 0.05))))
        title = "Pr" if rng.random() < 0.2 else "Dr"
        members.append(
            Staff(
                provider_id=i + 1,
                title=title,
                first_name=names.first_names(rng, where, male, 1975)[0],
                last_name=names.surname(rng, where),
                rpps=luhn(f"100{rng.integers(0, 10**7):07d}"),
                specialty=specialties[i % len(specialties)],
                male=male,
                birth_year=int(rng.integers(1955, 1993)),
                phone=phone(rng),
            )
        )
    return tuple(members)
