"""Where fictional patients live and are treated. Towns and postal codes are public facts; streets are composed and the
hospitals do not exist."""

from __future__ import annotations

import csv
from importlib.resources import files
from typing import NamedTuple

import numpy as np


class Town(NamedTuple):
    """department is the two characters that a NIR holds; commune a three-digit number."""

    name: str
    postal_code: str
    department: str
    commune: str


def _towns() -> tuple[Town, ...]:
    text = files("anon_pipeline.fictional").joinpath("towns.csv").read_text(encoding="utf-8")
    return tuple(Town(**row) for row in csv.DictReader(text.splitlines()))


TOWNS = _towns()

_WAYS = (
    "rue", "rue", "rue", "rue", "avenue", "boulevard", "allée", "impasse", "chemin", "place", "quai", "route", "square",
)  # fmt: skip
_OF = (
    "des Lilas", "du Moulin", "de la Gare", "de l'Église", "des Acacias", "du Stade", "de la République", "du Lavoir",
    "des Écoles", "de la Fontaine", "du Vieux-Pont", "des Tanneurs", "de la Libération", "du 11-Novembre",
    "du 8-Mai-1945",
    "de Verdun", "des Peupliers", "du Château-d'Eau", "de Bretagne", "de la Croix-Blanche", "des Frères-Lumière",
    "Victor-Hugo", "Jean-Jaurès", "Pasteur", "Marie-Curie", "Jules-Ferry", "Émile-Zola", "Louise-Michel",
    "du Puits-Neuf",
    "des Marronniers", "de la Poterne", "aux Herbes", "des Trois-Maures", "du Bois-Joli", "des Hirondelles",
    "de l'Abbaye",
    "du Port", "de la Source", "des Vignes", "du Calvaire", "de Ker-Anna", "du Four-à-Chaux", "Sainte-Odile",
    "Saint-Roch",
    "des Capucins", "de l'Ancien-Hospice", "du Général-Lebrac", "du Docteur-Chalumet", "de la Butte-aux-Cailles",
)  # fmt: skip
_EXTRA = ("", "", "", "", "", "bâtiment B", "apt 12", "résidence Les Tilleuls", "2e étage", "lieu-dit La Grange")

HOSPITAL = "CHU de Valbrume"
SITES = (
    "Hôpital Saint-Aubierge", "Hôpital de la Croix-Verte", "Hôpital Édouard-Malvoisin", "Hôpital des Deux-Rives",
)  # fmt: skip
OUTSIDE_HOSPITALS = (
    "Clinique des Tilleuls", "Centre hospitalier de Montferrain", "Polyclinique du Val-d'Orbelle",
    "Hôpital Sainte-Ursane",
    "CHU de Rocheclaire", "Clinique Saint-Gildéric", "Centre hospitalier Jean-Tavernel", "Institut Mauricelle",
)  # fmt: skip
UNITS = (
    "Hépato-gastro-entérologie", "Unité d'hépatologie 3B", "Cardiologie", "Unité de soins intensifs cardiologiques",
)  # fmt: skip
SITE_TOWN = Town("Villeurbanne", "69100", "69", "266")


def street(way: int, of: int, number: int) -> str:
    """A street line from three integers of any size; distinct integers may give the same one."""
    suffix = ("", "", "", "", "", "", " bis", " ter")[number // 180 % 8]
    return f"{number % 180 + 1}{suffix} {_WAYS[way % len(_WAYS)]} {_OF[of % len(_OF)]}"


def extra(number: int) -> str:
    return _EXTRA[number % len(_EXTRA)]


def draw_homes(rng: np.random.Generator, n: int) -> list[tuple[str, str, Town]]:
    """(street line, second line, town) of n patients."""
    town, way, of, number, second = rng.integers(0, 2**31, (5, n)).tolist()
    return [(street(way[i], of[i], number[i]), extra(second[i]), TOWNS[town[i] % len(TOWNS)]) for i in range(n)]
