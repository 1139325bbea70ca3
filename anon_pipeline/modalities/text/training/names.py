# ruff: noqa: E501, PLW0108
"""Pools of names for the generator, with whole names held out, and names that nobody bears.

Half of what training sees is composed (a character model of the lists, syllables, particles, compounds): a
classifier that has learnt lists fails on the first name outside them.
"""

from __future__ import annotations

import random
import re
import zlib
from collections import defaultdict
from typing import Any

from anon_pipeline.modalities.text.lists import more_names
from anon_pipeline.modalities.text.training.grammar import rules
from anon_pipeline.surrogates.words import communes, grouped, items

ONSETS = (["b", "br", "c", "ch", "cl", "cr", "d", "dr", "f", "fr", "g", "gr", "h", "j", "k", "kh", "l", "m", "mb", "n", "nd", "ng", "ny", "p", "pl", "pr", "qu", "r", "s", "sk", "st", "t", "tch", "th", "tr", "v", "w", "x", "y", "z", "zh", "kw", "ts"])  # fmt: skip
VOWELS = [
    "a",
    "e",
    "i",
    "o",
    "u",
    "ou",
    "ai",
    "é",
    "y",
    "au",
    "oi",
    "eu",
    "an",
    "on",
    "in",
    "un",
    "ia",
    "io",
    "ua",
    "ie",
]
CODAS = ("", "", "", "n", "r", "l", "s", "t", "c", "ck", "m", "ng", "rd", "x", "z", "ld", "nt", "sky", "ian", "ez", "i")


def held_out(name: str) -> bool:
    """Whether a name belongs to the development set's lists: one in seven, by its checksum."""
    return zlib.crc32(name.encode()) % 7 == 0


class CharacterModel:
    """A Markov chain of order 3 over the letters of a list."""

    def __init__(self, names: list[str], order: int = 3) -> None:
        self.order = order
        self.following: dict[str, list[str]] = defaultdict(list)
        for name in names:
            padded = "^" * order + name + "$"
            for i in range(order, len(padded)):
                self.following[padded[i - order : i]].append(padded[i])

    def draw(self, rng: random.Random, low: int = 4, high: int = 13) -> str:
        for _ in range(30):
            out = "^" * self.order
            while not out.endswith("$") and len(out) < high + 6:
                out += rng.choice(self.following[out[-self.order :]])
            name = out.strip("^$")
            if low <= len(name) <= high and name[-1] not in "-' ":
                return name
        return name


def ordinary_words(dev: bool) -> list[str]:
    """Lower-case words of the grammar's sentences and word lists."""
    chosen = rules(dev)
    words: set[str] = set()
    for rule in ("sentence", "noun", "adj", "disease", "symptom", "exam", "organ", "common_name_word", "verb3"):
        for pieces in chosen[rule]:
            for piece in pieces:
                if not piece.startswith(("<", "[")):
                    words.update(w for w in re.findall(r"[^\W\d_]{3,}", piece) if w.islower())
    return sorted(words)


class NamePools:
    """Names for one split: ``dev`` True gives only the held-out names, False only the others."""

    def __init__(self, dev: bool) -> None:
        self.dev = dev
        keep = (lambda n: held_out(n)) if dev else (lambda n: not held_out(n))
        self.last = [n for n in items("surnames") if keep(n)] + [n for n in items("surnames_en") if keep(n)]
        more = more_names()
        self.last += [n for n in more["last"] if keep(n)]
        both: list[Any] = [grouped("first_names"), grouped("first_names_en"), more]
        self.first = {s: sorted({n for g in both for n in g[s] if keep(n)}) for s in ("female", "male")}
        self.word_names = [n for n in more["forename_word"] if keep(n)]
        self.english_last = [n for n in items("surnames_en") if keep(n)]
        self.communes = [c for c in communes() if keep(c[0])]
        self.hospitals = [n for n in items("hospital_names") if keep(n)]
        self.streets = [n for n in items("street_names") if keep(n)]
        self.last_model = CharacterModel([n for n in [*items("surnames"), *more["last"]] if not held_out(n)])
        first = [*items("first_names"), *more["female"], *more["male"]]
        self.first_model = CharacterModel([n for n in first if not held_out(n)])
        self.city_model = CharacterModel([c[0] for c in communes() if not held_out(c[0])])

        self.vocabulary = ordinary_words(dev)
        self.word_model = CharacterModel(list(self.vocabulary), order=4)

    def last_name(self, rng: random.Random) -> str:
        draw = rng.random()
        if draw < 0.5 or (self.dev and draw < 0.85):
            name = rng.choice(self.last)
        elif draw < 0.78:
            name = self.last_model.draw(rng)
        elif draw < 0.9:
            name = self.syllables(rng)
        elif draw < 0.95:
            name = rng.choice(("Le ", "De ", "Ben ", "El ", "Da ", "N'", "Mac", "Abou ", "d'", "de ", "Saint-", "Van ", "Di ", "O'", "M'", "Aït ", "Ould ", "L'")) + self.last_model.draw(rng)  # fmt: skip
        else:
            name = f"{self.last_model.draw(rng)}{rng.choice('--- ')}{rng.choice(self.last)}"
        if rng.random() < 0.05:
            name += rng.choice(("-", "-", " ")) + rng.choice(self.last)
        return name[0].upper() + name[1:] if name[0].islower() and rng.random() < 0.5 else name

    def first_name(self, rng: random.Random, sex: str) -> str:
        draw = rng.random()
        if draw < 0.7 or (self.dev and draw < 0.92):
            name = rng.choice(self.first["female" if sex == "F" else "male"])
        elif draw < 0.88:
            name = self.first_model.draw(rng, 3, 10)
        else:
            name = self.syllables(rng)
        if rng.random() < 0.09 and "-" not in name:
            name += rng.choice(("-", "-", " ")) + rng.choice(self.first["female" if sex == "F" else "male"])
        return name

    def word_name(self, rng: random.Random) -> str:
        """A first name that is an ordinary word as well."""
        return rng.choice(self.word_names)

    def syllables(self, rng: random.Random) -> str:
        count = rng.choice((1, 2, 2, 2, 3, 3, 4))
        text = "".join(rng.choice(ONSETS) * (rng.random() < 0.85) + rng.choice(VOWELS) for _ in range(count))
        return (text + rng.choice(CODAS)).capitalize()

    def city(self, rng: random.Random) -> tuple[str, str]:
        """(commune, postal code): real, composed ('Saint-X-sur-Y', 'Le X-lès-Y') or from the character model."""
        draw = rng.random()
        name, code = rng.choice(self.communes)
        if draw < 0.45:
            return name, code
        dept = rng.randrange(1, 96)
        code = f"{dept:02d}{rng.choice((0, 1, 2, 3, 4, 5, 6, 7, 8, 9))}{rng.choice((0, 1, 2, 3, 4, 5, 6, 7, 8, 9))}0"
        if draw < 0.7:
            saint = self.first_name(rng, "M" if rng.random() < 0.6 else "F").split()[0]
            head = rng.choice(("Saint-", "Saint-", "Sainte-")) + saint
            tail = rng.choice(("", "", f"-sur-{self.stem(rng)}", f"-en-{self.stem(rng)}", f"-de-{self.stem(rng)}", f"-la-{self.stem(rng)}", f"-les-{self.stem(rng)}", f"-du-{rng.choice(('Bois', 'Mont', 'Désert', 'Puy', 'Val'))}", "-des-Champs", "-le-Vieux", "-la-Forêt"))  # fmt: skip
            return head + tail, code
        stem = self.stem(rng)
        shape = rng.choice(("{}", "{}", "{}", "{}-sur-{}", "{}-lès-{}", "{}-en-{}", "{}-le-{}", "La {}", "Le {}", "Les {}", "L'{}", "{}-aux-Bois", "{}-les-Bains", "Mont{}", "Villeneuve-{}", "Châteauneuf-{}", "Plou{}", "Ker{}", "Neuf{}", "Bourg-{}", "{}ville", "{}court", "{}ac", "{}heim", "{}willer", "{}ies", "{}igny", "{}an", "{}-le-Grand", "{}-la-Ville", "{}-l'Abbaye", "{}-sous-Bois"))  # fmt: skip
        other = self.stem(rng)
        if shape.startswith(("Mont", "Plou", "Ker", "Neuf")):
            stem = stem.lower()
        return shape.replace("{}", stem, 1).replace("{}", other), code

    def word(self, rng: random.Random) -> str:
        """An ordinary-looking lower-case word that no dictionary has, or (one in three) one of the grammar's."""
        if rng.random() < 0.33:
            return rng.choice(self.vocabulary)
        return self.word_model.draw(rng, 3, 13)

    def stem(self, rng: random.Random) -> str:
        name = self.city_model.draw(rng, 4, 9) if rng.random() < 0.8 else self.syllables(rng)
        name = name.split("-")[0].split(" ")[-1].split("'")[-1]
        return (name if len(name) > 3 else self.syllables(rng)).capitalize()
