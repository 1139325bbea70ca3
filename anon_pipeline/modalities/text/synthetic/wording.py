"""The words in phrases' gaps: which are said of whom, each gap knowing what stands in those before it.

A word is learnt whatever its gender and number, where these are the phrase's, and gaps of several phrases with words in
common are learnt together: one wording has few patients, all of them have many. Each phrase says a word in the form
that it has there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from anon_pipeline.modalities.text.synthetic import odds as odds_of
from anon_pipeline.modalities.text.synthetic.choice import SILENCE, drawn, requirements
from anon_pipeline.modalities.text.synthetic.frames import WORD, word_keys
from anon_pipeline.modalities.text.synthetic.odds import Odds
from anon_pipeline.modalities.text.synthetic.templates import Phrase

ALIKE = 0.5
"""Share of the fewer words that two gaps have in common when they are learnt together."""


@dataclass
class Words:
    """What is learnt of several gaps: what their words count as (``frames.word_keys``), how likely each is by the facts
    and the words before (SILENCE stands for all words that too few patients have), and what each asks of the facts."""

    keys: tuple[str, ...]
    odds: Odds
    needed: list[dict[str, float]]


@dataclass
class Gap:
    """One gap of a phrase. forms: the words that may stand there, by their keys."""

    words: Words
    forms: dict[str, str]


def fit(
    phrases: Sequence[Phrase], facts: pd.DataFrame, least: int, subjects: Sequence[frozenset[str]]
) -> list[list[Gap]]:
    """Learn the gaps of each phrase from the notes in which it is said. facts: those of each note. least: rows a leaf.

    subjects: the facts that each phrase's numbers are; its words are likely to be about them.
    """
    known = [_keys(phrase) for phrase in phrases]
    forms = [_forms(phrase, keys) for phrase, keys in zip(phrases, known, strict=True)]
    gaps: list[list[Gap]] = [[] for _ in phrases]

    def extend(members: list[int], depth: int) -> None:
        for pool in _pools({index: forms[index][depth].keys() for index in members if len(forms[index]) > depth}):
            before = [gap.words.keys for gap in gaps[pool[0]]]
            own = tuple(sorted(set[str]().union(*(forms[index][depth] for index in pool))))
            about = frozenset[str]().union(*(subjects[index] for index in pool))
            words = _learnt([*before, own], [(phrases[index], known[index]) for index in pool], facts, least, about)
            for index in pool:
                gaps[index].append(Gap(words, forms[index][depth]))
            extend(pool, depth + 1)

    extend(list(range(len(phrases))), 0)
    return gaps


def _places(phrase: Phrase) -> list[int]:
    return [place for place, kind in enumerate(phrase.kinds) if kind == WORD]


def _keys(phrase: Phrase) -> list[dict[str, str]]:
    """For each gap, what each word that stands there counts as."""
    return [word_keys(Counter(values[place] for values in phrase.rows.values())) for place in _places(phrase)]


def _forms(phrase: Phrase, keys: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
    """For each gap, the commonest form of each word that may be said."""
    found = []
    for place, words, own in zip(_places(phrase), phrase.words, keys, strict=True):
        counts = Counter(values[place] for values in phrase.rows.values())
        found.append({own.get(word, word): word for word in sorted(words, key=lambda w: (counts[w], w))})
    return found


def _pools(keys: Mapping[int, AbstractSet[str]]) -> list[list[int]]:
    """Which gaps are learnt together: those that have enough words in common, those with most words first."""
    pools: list[tuple[set[str], list[int]]] = []
    for index, own in sorted(keys.items(), key=lambda item: (-len(item[1]), item[0])):
        home = next((pool for pool in pools if len(pool[0] & own) >= ALIKE * len(own)), None)
        if home is None:
            pools.append((set(own), [index]))
        else:
            home[0].update(own)
            home[1].append(index)
    return [members for _, members in pools]


def _learnt(
    keys: Sequence[tuple[str, ...]],
    phrases: Sequence[tuple[Phrase, list[dict[str, str]]]],
    facts: pd.DataFrame,
    least: int,
    about: frozenset[str],
) -> Words:
    """The last of the gaps whose words are ``keys``, of phrases (each with what its words count as) that are ``about``
    some facts."""
    said: dict[int, list[str]] = {}
    for phrase, own_keys in phrases:
        places = _places(phrase)[: len(keys)]
        for row in facts.index.intersection(list(phrase.rows)):
            values = phrase.rows[row]
            said.setdefault(row, [own[values[place]] for own, place in zip(own_keys, places, strict=False)])
    rows = sorted(said)
    frame = pd.DataFrame([said[row] for row in rows], index=rows)
    labels = frame[len(keys) - 1].map({word: index for index, word in enumerate(keys[-1])})
    labels = labels.fillna(SILENCE).astype(np.int64)
    own = facts.loc[rows]
    flags = [name for name in own.columns if set(own[name].dropna().unique()) <= {0.0, 1.0}]
    needed = [requirements(labels.index[labels == index], own.loc[:, flags]) for index in range(len(keys[-1]))]
    told = _with_words(own, frame, keys[:-1])
    return Words(keys[-1], odds_of.fit(labels.to_numpy(), told, least, about), needed)


def sample(gaps: list[Gap], facts: pd.DataFrame, rng: np.random.Generator) -> tuple[pd.DataFrame, NDArray[np.bool_]]:
    """Words for each row of ``facts``, a column a gap, and whether every gap has a word that can be said.

    No word is said twice in a phrase, and none that the facts exclude.
    """
    said = pd.DataFrame(index=facts.index, columns=range(len(gaps)), dtype=object)
    written = said.copy()
    full = np.ones(len(facts), bool)
    for number, gap in enumerate(gaps):
        words = gap.words
        known = _with_words(facts, said, [one.words.keys for one in gaps[:number]])
        allowed = np.ones((len(facts), len(words.odds.classes)), bool)
        for column, index in enumerate(words.odds.classes):
            if index == SILENCE or words.keys[index] not in gap.forms:
                allowed[:, column] = False
                continue
            for name, value in words.needed[index].items():
                allowed[:, column] &= facts[name].to_numpy() == value if name in facts else value == 0
            for before in range(number):
                allowed[:, column] &= (said[before] != words.keys[index]).to_numpy()
        chosen = drawn(words.odds.classes, words.odds.of(known) * allowed, rng)
        full &= chosen != SILENCE
        said[number] = [words.keys[index] if index != SILENCE else "" for index in chosen]
        written[number] = [gap.forms.get(one, "") for one in said[number]]
    return written, full


def _with_words(facts: pd.DataFrame, said: pd.DataFrame, keys: Sequence[tuple[str, ...]]) -> pd.DataFrame:
    """The facts, and 0/1 for each word but the first of the gaps before."""
    columns = {
        f"word/{number}/{word}": (said[number] == word).astype(np.float64)
        for number, own in enumerate(keys)
        for word in own[1:]
    }
    return facts.assign(**columns) if columns else facts
