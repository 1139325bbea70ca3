"""What is said in several ways is learnt from all of them: each wording, each kind of note, has too few patients."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from anon_pipeline.modalities.text.synthetic import choice, odds
from anon_pipeline.modalities.text.synthetic.language import learn
from anon_pipeline.modalities.text.synthetic.templates import Phrase, shared_and_seen
from anon_pipeline.modalities.text.synthetic.themes import themes_of
from anon_pipeline.modalities.text.synthetic.units import Note, units_of

MURMUR = (
    "L'auscultation retrouve un souffle systolique au bord gauche.",
    "Souffle systolique 3/6.",
    "À l'auscultation, souffle systolique majoré par l'effort.",
)
DENIED = "Pas de souffle systolique."
NORMAL = "Bruits du cœur réguliers."
KINDS = ("Lettre de consultation", "Compte rendu d'hospitalisation", "Avis")
PEOPLE, K = 100, 11


def phrase(text: str, rows: list[int]) -> Phrase:
    return Phrase(text, (), len(rows), 0.5, "\n", rows=dict.fromkeys(rows, ()))


def facts(rng: np.random.Generator) -> pd.DataFrame:
    others = {f"condition/{i}": rng.integers(0, 2, PEOPLE).astype(float) for i in range(120)}
    return pd.DataFrame({"condition/heart": rng.integers(0, 2, PEOPLE).astype(float), **others})


def test_wordings_with_an_expression_in_common_are_one_theme() -> None:
    said = [phrase(text, list(range(10 * i, 10 * i + 10))) for i, text in enumerate((*MURMUR, DENIED, NORMAL))]
    rows = {KINDS[0]: list(range(60))}
    themes = themes_of({KINDS[0]: said}, {}, rows, facts(np.random.default_rng(0)), 5)
    assert {id(themes[text]) for text in MURMUR} == {id(themes[MURMUR[0]])}
    assert themes[DENIED].texts == [DENIED]
    assert themes[NORMAL].texts == [NORMAL]
    assert set(themes) == {*MURMUR, DENIED, NORMAL}


def test_the_facts_of_a_theme_are_those_of_all_its_wordings_and_kinds_of_notes() -> None:
    rng = np.random.default_rng(0)
    known = facts(rng)
    murmur = np.flatnonzero(rng.random(PEOPLE) < np.where(known["condition/heart"] == 1, 0.8, 0.15))
    said = {
        kind: [phrase(t, murmur[i::3][n::3].tolist()) for i, t in enumerate(MURMUR)] for n, kind in enumerate(KINDS)
    }
    rows = {kind: list(range(number, PEOPLE, 3)) for number, kind in enumerate(KINDS)}
    themes = themes_of(said, {}, rows, known, 10)
    assert all(themes[text].facts == {"condition/heart"} for text in MURMUR)
    alone = {KINDS[0]: [phrase(MURMUR[0], [0, 3, 6])]}
    assert not themes_of(alone, {}, rows, known, 10)[MURMUR[0]].facts


def test_wordings_that_too_few_share_have_their_theme_too() -> None:
    """A wording of too few patients counts, and is said in another's words."""
    rows = list(range(90))
    ill = pd.DataFrame({"condition/heart": [1.0] * 30 + [0.0] * 60})
    said = {KINDS[0]: [phrase(MURMUR[0], rows[:20]), phrase(NORMAL, rows[30:90])]}
    unsaid = {"Nodule hépatique connu.": {1, 2}, "Nodule hépatique ancien.": {3, 4}}
    seen = {MURMUR[0]: set(rows[:20]), MURMUR[1]: set(rows[20:30]), NORMAL: set(rows[30:]), **unsaid}
    themes = themes_of(said, seen, {KINDS[0]: rows}, ill, 10)
    assert themes[MURMUR[0]].rows == set(rows[:30])
    assert MURMUR[1] in themes[MURMUR[0]].texts
    assert not unsaid.keys() & themes.keys()
    (group,) = choice.alternatives(said[KINDS[0]], 90, [frozenset()] * 2, themes)
    chooser = choice.fit(group, said[KINDS[0]], ill, 10, themes)
    allowed = np.ones((90, len(chooser.classes)), bool)
    chosen = chooser.sample(ill, np.random.default_rng(0), allowed)
    assert chosen.tolist() == [0] * 30 + [1] * 60


def test_only_what_two_patients_say_counts_as_a_wording() -> None:
    notes = [Note(i, i, "lettre", tuple(units_of(NORMAL, []))) for i in range(K)]
    rare = ["Souffle systolique 2/6, connu.", "Souffle systolique 2/6, connu.", "Souffle systolique aortique ancien."]
    notes += [Note(50 + i, 50 + i, "lettre", tuple(units_of(text, []))) for i, text in enumerate(rare)]
    kept, seen = shared_and_seen(notes, K)
    assert [phrase.text for phrase in kept["lettre"]] == [NORMAL]
    assert seen == {NORMAL: set(range(K)), "Souffle systolique ⟨N⟩/⟨N⟩": {50, 51}, "connu": {50, 51}}


def test_like_odds_share_out_their_classes_and_each_row_keeps_its_own() -> None:
    rng = np.random.default_rng(2)
    share = rng.permutation(np.linspace(0.02, 0.98, 200))
    odds_of = np.column_stack([share, 0.7 * (1 - share), 0.3 * (1 - share)])
    odds_of[:3], odds_of[3:6] = 0, (0, 0, 1)
    classes = np.array([-1, 4, 7])
    times, low = np.zeros((200, 3)), []
    for _ in range(600):
        drawn = choice.drawn(classes, odds_of, rng)
        assert (drawn[:3] == choice.SILENCE).all()
        assert (drawn[3:6] == 7).all()
        times += drawn[:, None] == classes
        low.append((drawn[(share < 0.3) & (odds_of[:, 0] > 0)] == -1).sum())
    assert times[6:] / 600 == pytest.approx(odds_of[6:], abs=0.09)
    assert np.std(low) < 1


def test_what_stands_in_the_same_notes_is_not_one_theme() -> None:
    both = list(range(30))
    said = [phrase("Nodule hépatique connu.", both), phrase("Le nodule hépatique est stable.", both)]
    themes = themes_of({KINDS[0]: said}, {}, {KINDS[0]: list(range(60))}, facts(np.random.default_rng(0)), 5)
    assert all(len(theme.texts) == 1 for theme in themes.values())


def test_wordings_of_a_theme_are_alternatives_however_few_say_them() -> None:
    said = [phrase(text, [3 * i, 3 * i + 1]) for i, text in enumerate(MURMUR)]
    themes = themes_of({KINDS[0]: said}, {}, {KINDS[0]: list(range(100))}, facts(np.random.default_rng(0)), 2)
    groups = choice.alternatives(said, 100, [frozenset()] * 3, themes)
    assert [group.themes for group in groups] == [[[0, 1, 2]]]


def test_a_finding_follows_its_disease_in_a_hundred_patients() -> None:
    """Each wording has two dozen patients in three kinds of notes: too few to find a cause among a hundred facts."""
    told = []
    for seed in range(6):
        rng = np.random.default_rng(seed)
        known = facts(rng)
        murmur = rng.random(PEOPLE) < np.where(known["condition/heart"] == 1, 0.8, 0.15)
        notes = [
            Note(row, row, KINDS[row % 3], tuple(units_of(MURMUR[rng.integers(2)] if murmur[row] else NORMAL, [])))
            for row in range(PEOPLE)
        ]
        languages, _ = learn(notes, known, {}, K)
        avatars = facts(rng)
        said = np.zeros(PEOPLE)
        for number, kind in enumerate(KINDS):
            rows = np.arange(number, PEOPLE, 3)
            own = languages[kind].say(avatars.loc[rows], {}, rng)
            said[rows] = [any("ouffle" in languages[kind].phrases[i].text for i, _ in note) for note in own]
        heart = avatars["condition/heart"] == 1
        told.append((said[heart].mean(), said[~heart].mean()))
    having, others = np.mean(told, axis=0)
    assert having == pytest.approx(0.8, abs=0.1)
    assert others == pytest.approx(0.15, abs=0.1)


def test_a_theme_is_told_from_all_others_before_they_are_told_apart() -> None:
    rng = np.random.default_rng(1)
    cause = rng.integers(0, 2, 400).astype(float)
    labels = np.where(rng.random(400) < 0.1 + 0.3 * cause, 2, np.where(rng.random(400) < 0.9, 0, 1))
    known = pd.DataFrame({"cause": cause})
    found = odds.fit(labels, known, 10, frozenset({"cause"}), first=[2])
    assert found.order[0] == 2
    shares = found.of(pd.DataFrame({"cause": [0.0, 1.0]}))
    assert shares[:, 2] == pytest.approx([(labels[cause == value] == 2).mean() for value in (0, 1)], abs=0.02)
    assert shares.sum(axis=1) == pytest.approx([1, 1])


def test_a_value_far_from_its_middle_is_no_predictor_of_a_regression() -> None:
    """Only those with a disease have the measure: how far it lies from its mean would stand for the disease."""
    rng = np.random.default_rng(2)
    ill = rng.integers(0, 2, 300).astype(float)
    septum = np.where(ill == 1, rng.normal(18, 3, 300), np.nan)
    said = rng.random(300) < 0.1 + 0.7 * ill
    told = odds._told(np.column_stack([septum, ill]), *odds._units(np.column_stack([septum, ill])))
    found = odds._regression(told[:, :2], said, np.arange(2), np.zeros(2, bool))
    assert found.chosen.tolist() == [1]
