"""Where fictional patients live and are treated. Towns and postal codes are public facts; streets are composed and the
hospitals do not exist."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Town(NamedTuple):
    """department is the two characters that a NIR holds; commune a three-digit number."""

    name: str
    postal_code: str
    department: str
    commune: str


_TOWNS = """Lyon 69003 69 383|Villeurbanne 69100 69 266|Bron 69500 69 029|Vénissieux 69200 69 259|Saint-Étienne 42000 42 218
Grenoble 38000 38 185|Vienne 38200 38 544|Bourgoin-Jallieu 38300 38 053|Chambéry 73000 73 065|Annecy 74000 74 010
Clermont-Ferrand 63000 63 113|Le Puy-en-Velay 43000 43 157|Valence 26000 26 362|Montélimar 26200 26 198|Privas 07000 07 186
Rennes 35000 35 238|Brest 29200 29 019|Quimper 29000 29 232|Vannes 56000 56 260|Saint-Malo 35400 35 288|Nantes 44000 44 109
Angers 49000 49 007|Cholet 49300 49 099|Le Mans 72000 72 181|Tours 37000 37 261|Orléans 45000 45 234|Blois 41000 41 018
Bordeaux 33000 33 063|Pau 64000 64 445|Bayonne 64100 64 102|Saint-Jean-de-Luz 64500 64 483|Mont-de-Marsan 40000 40 192
Toulouse 31000 31 555|Albi 81000 81 004|Montauban 82000 82 121|Perpignan 66000 66 136|Montpellier 34000 34 172
Nîmes 30000 30 189|Marseille 13005 13 205|Aix-en-Provence 13100 13 001|Toulon 83000 83 137|Nice 06000 06 088
Ajaccio 20000 2A 004|Bastia 20200 2B 033|Dijon 21000 21 231|Besançon 25000 25 056|Strasbourg 67000 67 482
Colmar 68000 68 066|Mulhouse 68100 68 224|Metz 57000 57 463|Nancy 54000 54 395|Reims 51100 51 454|Troyes 10000 10 387
Lille 59000 59 350|Roubaix 59100 59 512|Dunkerque 59140 59 183|Amiens 80000 80 021|Rouen 76000 76 540|Le Havre 76600 76 351
Caen 14000 14 118|Cherbourg-en-Cotentin 50100 50 129|Paris 75013 75 113|Montreuil 93100 93 048|Saint-Denis 93200 93 066
Créteil 94000 94 028|Nanterre 92000 92 050|Versailles 78000 78 646|Évry-Courcouronnes 91000 91 228|Cergy 95000 95 127
L'Haÿ-les-Roses 94240 94 038|La Roche-sur-Yon 85000 85 191|Poitiers 86000 86 194|Limoges 87000 87 085|Tulle 19000 19 272"""

TOWNS = tuple(Town(*entry.rsplit(" ", 3)) for line in _TOWNS.splitlines() for entry in line.strip().split("|"))

_WAYS = (
    "rue",
    "rue",
    "rue",
    "rue",
    "avenue",
    "boulevard",
    "allée",
    "impasse",
    "chemin",
    "place",
    "quai",
    "route",
    "square",
)
_OF = (
    "des Lilas", "du Moulin", "de la Gare", "de l'Église", "des Acacias", "du Stade", "de la République", "du Lavoir",
    "des Écoles", "de la Fontaine", "du Vieux-Pont", "des Tanneurs", "de la Libération", "du 11-Novembre", "du 8-Mai-1945",
    "de Verdun", "des Peupliers", "du Château-d'Eau", "de Bretagne", "de la Croix-Blanche", "des Frères-Lumière",
    "Victor-Hugo", "Jean-Jaurès", "Pasteur", "Marie-Curie", "Jules-Ferry", "Émile-Zola", "Louise-Michel", "du Puits-Neuf",
    "des Marronniers", "de la Poterne", "aux Herbes", "des Trois-Maures", "du Bois-Joli", "des Hirondelles", "de l'Abbaye",
    "du Port", "de la Source", "des Vignes", "du Calvaire", "de Ker-Anna", "du Four-à-Chaux", "Sainte-Odile", "Saint-Roch",
    "des Capucins", "de l'Ancien-Hospice", "du Général-Lebrac", "du Docteur-Chalumet", "de la Butte-aux-Cailles",
)  # fmt: skip
_EXTRA = ("", "", "", "", "", "bâtiment B", "apt 12", "résidence Les Tilleuls", "2e étage", "lieu-dit La Grange")

HOSPITAL = "CHU de Valbrume"
SITES = (
    "Hôpital Saint-Aubierge", "Hôpital de la Croix-Verte", "Hôpital Édouard-Malvoisin", "Hôpital des Deux-Rives",
)  # fmt: skip
OUTSIDE_HOSPITALS = (
    "Clinique des Tilleuls", "Centre hospitalier de Montferrain", "Polyclinique du Val-d'Orbelle", "Hôpital Sainte-Ursane",
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
