"""The words in a phrase's gaps: which are said of whom, each gap knowing what stands in those before it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from anon_pipeline.modalities.text.synthetic import odds as odds_of
from anon_pipeline.modalities.text.synthetic.choice import SILENCE, drawn, requirements
from anon_pipeline.modalities.text.synthetic.frames import WORD
from anon_pipeline.modalities.text.synthetic.odds import Odds
from anon_pipeline.modalities.text.synthetic.templates import Phrase


@dataclass
class Gap:
    """One gap: its words, how likely each is by the facts and the words before, and what each asks of the facts."""

    words: tuple[str, ...]
    odds: Odds
    needed: list[dict[str, float]]


def fit(
    phrases: Sequence[Phrase], facts: pd.DataFrame, least: int, subjects: Sequence[frozenset[str]] = ()
) -> list[list[Gap]]:
    """Learn the gaps of each phrase from the notes in which it is said. facts: those of each note. least: rows a leaf.

    subjects: the facts that each phrase's numbers are; its words are likely to be about them. Gaps with the same words,
    after the same words, are learnt together: one wording has few patients, all of them have many.
    """
    together: dict[tuple[tuple[str, ...], ...], list[Phrase]] = defaultdict(list)
    for phrase in phrases:
        for number in range(len(phrase.words)):
            together[phrase.words[: number + 1]].append(phrase)
    about: dict[tuple[tuple[str, ...], ...], set[str]] = defaultdict(set)
    for phrase, own_facts in zip(phrases, subjects, strict=False):
        for number in range(len(phrase.words)):
            about[phrase.words[: number + 1]] |= own_facts
    known = {words: _gap(words, own, facts, least, about[words]) for words, own in together.items()}
    return [[known[phrase.words[: number + 1]] for number in range(len(phrase.words))] for phrase in phrases]


def _gap(
    words: tuple[tuple[str, ...], ...], phrases: Sequence[Phrase], facts: pd.DataFrame, least: int, about: set[str]
) -> Gap:
    """The last of the gaps whose words are ``words``, of phrases that are ``about`` some facts."""
    said: dict[int, list[str]] = {}
    for phrase in phrases:
        places = [place for place, kind in enumerate(phrase.kinds) if kind == WORD][: len(words)]
        for row in facts.index.intersection(list(phrase.rows)):
            said.setdefault(row, [phrase.rows[row][place] for place in places])
    rows = sorted(said)
    frame = pd.DataFrame([said[row] for row in rows], index=rows)
    labels = frame[len(words) - 1].map({word: index for index, word in enumerate(words[-1])})
    kept = labels.dropna().astype(np.int64)
    own = facts.loc[kept.index]
    flags = [name for name in own.columns if set(own[name].dropna().unique()) <= {0.0, 1.0}]
    needed = [requirements(kept.index[kept == index], own.loc[:, flags]) for index in range(len(words[-1]))]
    told = _with_words(own, frame.loc[kept.index], words[:-1])
    return Gap(words[-1], odds_of.fit(kept.to_numpy(), told, least, about), needed)


def sample(gaps: list[Gap], facts: pd.DataFrame, rng: np.random.Generator) -> tuple[pd.DataFrame, NDArray[np.bool_]]:
    """Words for each row of ``facts``, a column a gap, and whether every gap has a word that can be said.

    No word is said twice in a phrase, and none that the facts exclude.
    """
    said = pd.DataFrame(index=facts.index, columns=range(len(gaps)), dtype=object)
    full = np.ones(len(facts), bool)
    for number, gap in enumerate(gaps):
        known = _with_words(facts, said, tuple(one.words for one in gaps[:number]))
        allowed = np.ones((len(facts), len(gap.odds.classes)), bool)
        for column, index in enumerate(gap.odds.classes):
            for name, value in gap.needed[index].items():
                allowed[:, column] &= facts[name].to_numpy() == value if name in facts else value == 0
            for before in range(number):
                allowed[:, column] &= (said[before] != gap.words[index]).to_numpy()
        chosen = drawn(gap.odds.classes, gap.odds.of(known) * allowed, rng)
        full &= chosen != SILENCE
        said[number] = [gap.words[index] if index != SILENCE else "" for index in chosen]
    return said, full


def _with_words(facts: pd.DataFrame, said: pd.DataFrame, words: tuple[tuple[str, ...], ...]) -> pd.DataFrame:
    """The facts, and 0/1 for each word but the first of the gaps before."""
    columns = {
        f"word/{number}/{word}": (said[number] == word).astype(np.float64)
        for number, own in enumerate(words)
        for word in own[1:]
    }
    return facts.assign(**columns) if columns else facts
