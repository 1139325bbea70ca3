"""What is said in several ways: phrases with an expression in common, in one kind of note or in several.

Each wording has few patients, what they are about has many: which facts lead to it is found over all of them.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import pandas as pd

from anon_pipeline.modalities.text.folding import fold_text
from anon_pipeline.modalities.text.synthetic import odds as odds_of
from anon_pipeline.modalities.text.synthetic.rewording import NEGATIONS
from anon_pipeline.modalities.text.synthetic.templates import Phrase

WORD = re.compile(r"[^\W\d_]+")
BETWEEN = re.compile(r"[ \-'’]+")
LEAST_LETTERS = 4
"""Shorter words are mostly articles and prepositions."""
SLIP = 0.01
"""Share of the rarer phrase's notes in which both may stand: those that say both are about two things."""


@dataclass
class Theme:
    """Phrases of which a note has one at most. kinds: those of notes in which one is said; rows: their notes, and those
    of wordings that too few patients share; facts: what goes with them."""

    texts: list[str]
    kinds: set[str] = field(default_factory=set)
    rows: set[int] = field(default_factory=set)
    facts: frozenset[str] = frozenset()


def themes_of(
    said: Mapping[str, Sequence[Phrase]],
    seen: Mapping[str, set[int]],
    rows: Mapping[str, Sequence[int]],
    facts: pd.DataFrame,
    least: int,
) -> dict[str, Theme]:
    """The theme of each phrase that is said.

    said: kind of note -> its phrases. seen: wording -> its notes, whether it is said or not. rows: kind -> its notes.
    facts: those of each note, by row. least: rows that have to differ in a fact that counts.
    """
    single = {text: Theme([text], rows=set(own)) for text, own in seen.items()}
    for kind, own in said.items():
        for phrase in own:
            theme = single.setdefault(phrase.text, Theme([phrase.text]))
            theme.kinds.add(kind)
            theme.rows |= phrase.rows.keys()
    themes = [theme for theme in _joined(single) if theme.kinds]
    among: dict[tuple[str, ...], list[Theme]] = defaultdict(list)
    for theme in themes:
        if len(theme.texts) > 1 or len(theme.kinds) > 1:
            among[tuple(sorted(theme.kinds))].append(theme)
    for kinds, several in among.items():
        told = facts.reindex([row for kind in kinds for row in rows[kind]])
        is_said = np.column_stack([told.index.isin(list(theme.rows)) for theme in several])
        for theme, names in zip(several, odds_of.leading_facts(is_said, told, least), strict=True):
            theme.facts = names
    return {text: theme for theme in themes for text in theme.texts}


def _joined(single: Mapping[str, Theme]) -> list[Theme]:
    """Phrases that share an expression and never stand in one note as one theme; the commonest expressions first."""
    having: dict[tuple[str, bool], list[str]] = defaultdict(list)
    for text in sorted(single):
        for expression in _expressions(text):
            having[expression].append(text)
    weight = {expression: sum(len(single[text].rows) for text in texts) for expression, texts in having.items()}
    taken: set[str] = set()
    themes = []
    for expression in sorted(having, key=lambda e: (-weight[e], e)):
        theme: Theme | None = None
        for text in sorted(set(having[expression]) - taken, key=lambda t: (-len(single[t].rows), t)):
            one = single[text]
            if theme is None:
                theme = Theme([text], set(one.kinds), set(one.rows))
            elif len(theme.rows & one.rows) <= SLIP * len(one.rows):
                theme = Theme([*theme.texts, text], theme.kinds | one.kinds, theme.rows | one.rows)
        if theme is not None and len(theme.texts) > 1:
            taken |= set(theme.texts)
            themes.append(theme)
    return themes + [theme for text, theme in sorted(single.items()) if text not in taken]


def _expressions(text: str) -> set[tuple[str, bool]]:
    """Pairs of neighbouring words, and whether something is denied beside them."""
    words = [(match.start(), match.end(), fold_text(match.group())) for match in WORD.finditer(text)]
    denied = any(word in NEGATIONS for _, _, word in words)
    return {
        (f"{one} {other}", denied)
        for (_, end, one), (start, _, other) in pairwise(words)
        if min(len(one), len(other)) >= LEAST_LETTERS and BETWEEN.fullmatch(text[end:start])
    }
