"""What is said in each kind of note: phrases that can be written of an avatar, their slots, and who gets which."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from anon_pipeline.modalities.text.synthetic import choice, wording
from anon_pipeline.modalities.text.synthetic.grounding import Ground, ground
from anon_pipeline.modalities.text.synthetic.templates import Phrase, shared_and_seen
from anon_pipeline.modalities.text.synthetic.themes import themes_of
from anon_pipeline.modalities.text.synthetic.units import Note

Dates = Mapping[str, Mapping[int, dt.date]]
LEAST_ROWS = 10


@dataclass
class Language:
    """One kind of note. For each phrase: its slots' facts, what it asks of the facts, and the words of its gaps; for
    each group of alternatives, who gets which."""

    phrases: list[Phrase] = field(default_factory=list)
    grounds: list[list[Ground | None]] = field(default_factory=list)
    needed: list[dict[str, float]] = field(default_factory=list)
    gaps: list[list[wording.Gap]] = field(default_factory=list)
    groups: list[choice.Group] = field(default_factory=list)
    choosers: list[choice.Chooser] = field(default_factory=list)

    def say(self, facts: pd.DataFrame, dates: Dates, rng: np.random.Generator) -> list[list[tuple[int, list[str]]]]:
        """For each row of ``facts``, what its note says in order: phrases and the words of their gaps."""
        said: list[list[tuple[int, list[str]]]] = [[] for _ in range(len(facts))]
        for chooser in self.choosers:
            chosen = chooser.sample(facts, rng, self._writable(chooser, facts, dates))
            for index in np.unique(chosen[chosen != choice.SILENCE]):
                rows = np.flatnonzero(chosen == index)
                words, full = wording.sample(self.gaps[index], facts.iloc[rows], rng)
                for row, own, whole in zip(rows, words.to_numpy().tolist(), full, strict=True):
                    if whole:
                        said[row].append((int(index), own))
        return said

    def _writable(self, chooser: choice.Chooser, facts: pd.DataFrame, dates: Dates) -> NDArray[np.bool_]:
        """(rows, classes): whether the avatar has every fact that the phrase speaks of, and none that it excludes."""
        allowed = np.ones((len(facts), len(chooser.classes)), bool)
        for column, index in enumerate(chooser.classes):
            if index == choice.SILENCE:
                continue
            for slot in self.grounds[index]:
                if slot is None:
                    continue
                if slot.date_format:
                    allowed[:, column] &= np.array([row in dates.get(slot.fact, {}) for row in facts.index])
                elif slot.fact in facts:
                    allowed[:, column] &= facts[slot.fact].notna().to_numpy()
                else:
                    allowed[:, column] = False
            for name, value in self.needed[index].items():
                allowed[:, column] &= facts[name].to_numpy() == value if name in facts else value == 0
        return allowed


def learn(notes: list[Note], facts: pd.DataFrame, dates: Dates, k: int) -> tuple[dict[str, Language], int]:
    """A language a kind of note, and how many shared phrases were left out for a number that is no known fact."""
    languages, rows, dropped, least = {}, {}, 0, max(LEAST_ROWS, k // 2)
    shared, seen = shared_and_seen(notes, k)
    for kind, phrases in shared.items():
        rows[kind] = [note.row for note in notes if note.kind == kind]
        grounded = [_grounded(phrase, facts.reindex(rows[kind]), dates, k) for phrase in phrases]
        dropped += sum(not found for found in grounded)
        spoken = [one for found in grounded for one in found]
        languages[kind] = Language([phrase for phrase, _ in spoken], [slots for _, slots in spoken])
    spoken_in = {kind: language.phrases for kind, language in languages.items()}
    themes = themes_of(spoken_in, seen, rows, facts, least)
    for kind, language in languages.items():
        own = facts.reindex(rows[kind])
        subjects = [frozenset(g.fact for g in s if g is not None) - {"note_date", "age"} for s in language.grounds]
        language.groups = choice.alternatives(language.phrases, len(own), subjects, themes)
        language.choosers = [choice.fit(group, language.phrases, own, least, themes) for group in language.groups]
        flags = [name for name in own.columns if set(own[name].dropna().unique()) <= {0.0, 1.0}]
        binary = own.loc[:, flags]
        language.needed = [choice.requirements(phrase.rows, binary) for phrase in language.phrases]
        language.gaps = wording.fit(language.phrases, own, least, subjects)
    return languages, dropped


def _grounded(phrase: Phrase, facts: pd.DataFrame, dates: Dates, k: int) -> list[tuple[Phrase, list[Ground | None]]]:
    """The phrase with its slots' facts; where a slot of a phrase with gaps has none, the phrases that it stands for:
    what is counted may be one thing in one of them and another in the next."""
    found = ground(phrase, facts, dates, k)
    if found is not None:
        return [(phrase, found)]
    apart = ((one, ground(one, facts, dates, k)) for one in phrase.alone)
    return [(one, slots) for one, slots in apart if slots is not None]
