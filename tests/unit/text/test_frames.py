"""Phrases that are alike but for a few words become one, with only words that enough patients share in its gaps."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest

from anon_pipeline.modalities.text.synthetic import odds, wording
from anon_pipeline.modalities.text.synthetic.frames import Frame, frames, word_keys
from anon_pipeline.modalities.text.synthetic.language import learn
from anon_pipeline.modalities.text.synthetic.templates import Phrase, shared_phrases
from anon_pipeline.modalities.text.synthetic.units import Note, units_of

K, PEOPLE = 11, 400
ADJECTIVES, SEGMENTS = ("volumineuse", "bien limitée", "arrondie", "isolée"), ("V", "VI", "VII", "VIII")


def phrase(adjective: str, segment: str, unit: str = "mm") -> str:
    return f"Lésion focale {adjective} hypervasculaire du segment {segment}, diamètre ⟨N⟩ {unit}."


def joint(found: list[Frame]) -> list[Frame]:
    return [frame for frame in found if len(frame.members) > 1]


def test_words_that_vary_are_gaps_of_one_phrase() -> None:
    persons = {phrase(a, s): 3 for a in ADJECTIVES for s in SEGMENTS} | {"Pas d'ascite.": 40}
    (frame,) = joint(frames(persons))
    assert frame.text == "Lésion focale ⟨W⟩ hypervasculaire du segment ⟨W⟩, diamètre ⟨N⟩ mm."
    assert frame.members[phrase("bien limitée", "VII")] == ("bien limitée", "VII")
    assert sum(len(one.members) for one in frames(persons)) == len(persons)


def test_a_unit_beside_a_number_and_what_is_counted_are_no_gap() -> None:
    persons = {phrase("isolée", s, unit): 3 for s in SEGMENTS for unit in ("mm", "cm")}
    assert sorted(frame.text[-3:] for frame in joint(frames(persons))) == ["cm.", "mm."]
    assert joint(frames({"Bilan : ALAT à ⟨N⟩ UI/L.": 5, "Bilan : ASAT à ⟨N⟩ UI/L.": 5, "Bilan : GGT à ⟨N⟩ g.": 5}))
    assert not joint(frames({"Au bilan, ALAT ⟨N⟩ UI/L.": 5, "Au bilan, ASAT ⟨N⟩ UI/L.": 5}))


def test_phrases_of_other_words_or_lengths_stay_apart() -> None:
    apart = {"Auscultation cardiaque sans particularité.": 9, "Bruits du cœur réguliers.": 9, "Pas de souffle.": 9}
    assert not joint(frames(apart))
    assert not joint(frames({"Stéatose hépatique homogène connue.": 9, "Stéatose homogène connue.": 9}))


@pytest.fixture(scope="module")
def reports() -> tuple[list[Note], pd.DataFrame]:
    """Reports whose adjective follows the size, and of which no combination of words is shared by enough patients."""
    rng = np.random.default_rng(3)
    size = np.round(rng.uniform(10, 50, PEOPLE))
    large = rng.random(PEOPLE) < 1 / (1 + np.exp(-0.15 * (size - 29)))

    def texts() -> Iterator[Note]:
        for row in range(PEOPLE):
            word = ADJECTIVES[0] if large[row] else ADJECTIVES[1 + rng.integers(3)]
            if row == 7:
                word = "Kervella"
            text = phrase(word, SEGMENTS[rng.integers(4)]).replace("⟨N⟩", f"{size[row]:.0f}")
            yield Note(row, row, "scanner", tuple(units_of(text, [])))

    facts = pd.DataFrame({"size": size, "other": rng.standard_normal(PEOPLE), "female": rng.integers(0, 2, PEOPLE)})
    return list(texts()), facts.astype(float)


def test_a_frame_is_kept_with_the_words_that_enough_patients_have(reports: tuple[list[Note], pd.DataFrame]) -> None:
    notes, _ = reports
    (kept,) = shared_phrases(notes, K)["scanner"]
    assert set(kept.words[0]) == set(ADJECTIVES)
    assert set(kept.words[1]) == set(SEGMENTS)
    assert kept.persons == PEOPLE
    assert all(len(set(one.rows)) >= K for one in kept.alone)


def test_words_follow_the_facts_and_never_tell_a_rare_one(reports: tuple[list[Note], pd.DataFrame]) -> None:
    notes, facts = reports
    languages, dropped = learn(notes, facts, {}, K)
    language = languages["scanner"]
    assert dropped == 0
    assert len(language.phrases) == 1
    rng = np.random.default_rng(0)
    sizes = rng.uniform(10, 50, 4000)
    avatars = pd.DataFrame({"size": sizes, "other": 0.0, "female": 1.0})
    said = language.say(avatars, {}, rng)
    words = [own[0][1][0] for own in said]
    assert set(words) == set(ADJECTIVES)
    called = np.array([word == ADJECTIVES[0] for word in words])
    assert called[sizes > 40].mean() > 0.75
    assert called[sizes < 20].mean() < 0.3


def test_a_word_that_breaks_a_fact_is_not_said() -> None:
    rows = range(PEOPLE)
    takes = np.arange(PEOPLE) % 2
    said = {i: ("bisoprolol" if takes[i] else "furosémide",) for i in rows}
    own = Phrase(
        "Traitement par ⟨W⟩ poursuivi.", ("W",), PEOPLE, 0, "\n", rows=said, words=(("bisoprolol", "furosémide"),)
    )
    (gaps,) = wording.fit([own], pd.DataFrame({"drug/1": takes.astype(float)}), 10, [frozenset()])
    drawn, whole = wording.sample(gaps, pd.DataFrame({"drug/1": [1.0, 0.0] * 50}), np.random.default_rng(0))
    assert whole.all()
    assert drawn[0].tolist() == ["bisoprolol", "furosémide"] * 50


def test_a_word_is_learnt_whatever_its_gender_and_said_in_that_of_the_phrase() -> None:
    """Ten patients have either form of each word: too few, were the forms two words."""
    rows = np.arange(40)
    large = rows % 2 == 0
    nodule = [
        line(int(i), "scanner", f"Nodule hépatique {'volumineux' if large[i] else 'arrondi'} du foie droit.")
        for i in rows[:20]
    ]
    mass = [
        line(int(i), "scanner", f"Lésion focale {'volumineuse' if large[i] else 'arrondie'} du lobe gauche.")
        for i in rows[20:]
    ]
    facts = pd.DataFrame({"drug/1": large.astype(float)})
    languages, _ = learn([*nodule, *mass], facts, {}, K)
    phrases = languages["scanner"].phrases
    assert sorted(phrase.words for phrase in phrases) == [(("arrondi", "volumineux"),), (("arrondie", "volumineuse"),)]
    one, other = languages["scanner"].gaps
    assert one[0].words is other[0].words
    for gaps, phrase in zip((one, other), phrases, strict=True):
        told, whole = wording.sample(gaps, pd.DataFrame({"drug/1": [1.0, 0.0] * 10}), np.random.default_rng(0))
        assert whole.all()
        assert told[0].tolist() == sorted(phrase.words[0], reverse=True) * 10


def test_words_in_many_combinations_are_one_phrase_however_many_have_each() -> None:
    """Every combination has fifty patients: one wording of two gaps, and no sixteen."""
    notes = [
        line(i, "scanner", phrase(ADJECTIVES[i % 4], SEGMENTS[i // 4 % 4]).replace("⟨N⟩", str(10 + i % 37)))
        for i in range(800)
    ]
    (kept,) = shared_phrases(notes, K)["scanner"]
    assert [len(words) for words in kept.words] == [4, 4]
    named = [line(i, "lettre", f"Traitement par {('bisoprolol', 'furosémide')[i % 2]} poursuivi.") for i in range(800)]
    assert len(shared_phrases(named, K)["lettre"]) == 2


def test_a_phrase_says_only_words_that_it_has_and_unlike_gaps_are_learnt_apart() -> None:
    def said(text: str, words: tuple[str, ...], first: int) -> Phrase:
        rows = {first + i: (words[i % len(words)],) for i in range(60)}
        return Phrase(text, ("W",), 60, 0, "\n", rows=rows, words=(words,))

    one = said("Lésion ⟨W⟩ du foie.", ("arrondie", "isolée", "volumineuse"), 0)
    other = said("Masse ⟨W⟩ connue.", ("arrondie", "isolée"), 60)
    third = said("Traitement par ⟨W⟩.", ("bisoprolol", "furosémide", "isolée"), 120)
    facts = pd.DataFrame({"size": np.tile([1.0, 2.0, 3.0], 60)})
    (first,), (second,), (last,) = wording.fit([one, other, third], facts, 10, [frozenset()] * 3)
    assert first.words is second.words
    assert last.words is not first.words
    told, whole = wording.sample([second], pd.DataFrame({"size": [3.0] * 50}), np.random.default_rng(0))
    assert set(told[0][whole]) <= {"arrondie", "isolée"}


def test_a_word_that_agrees_with_the_patient_keeps_its_gender() -> None:
    """'Adressée' is of women: one phrase holds both forms, and says each of whom it is said of."""
    female = np.arange(60) % 2 == 0
    notes = [
        line(
            i, "lettre", f"Patient {'adressée' if female[i] else 'adressé'} par le centre {'A' if i % 3 else 'B'} hier."
        )
        for i in range(60)
    ]
    facts = pd.DataFrame({"female": female.astype(float)})
    languages, _ = learn(notes, facts, {}, K)
    language = languages["lettre"]
    said = language.say(pd.DataFrame({"female": [1.0, 0.0] * 20}), {}, np.random.default_rng(0))
    written = [" ".join([language.phrases[index].text, *words]) for own in said for index, words in own]
    assert len(written) == 40
    assert ["adressée" in text for text in written] == [True, False] * 20
    mistyped = {"adressée": 40, "adressé": 2, "isolé": 3}
    assert word_keys(mistyped) == {"adressée": "adressé", "adressé": "adressé", "isolé": "isolé"}
    assert word_keys({"adressée": 40, "adressé": 20}) == {"adressée": "adressée", "adressé": "adressé"}


def test_a_name_is_no_form_of_a_common_word_and_nobody_is_alone_with_a_form() -> None:
    """A surname that no detector saw stands where others have an adjective."""
    texts = [f"Lésion {'petite' if i % 2 else 'isolée'} du foie droit connue." for i in range(40)]
    texts += ["Nodule Petit du lobe gauche connu.", "Nodule isolé du lobe gauche connu."]
    texts += [
        f"Nodule {'petits' if i else 'petit'} du lobe gauche connu." for i in (1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
    ]
    kept = shared_phrases([line(i, "scanner", text) for i, text in enumerate(texts)], K)["scanner"]
    words = {word for phrase in kept for gap in phrase.words for word in gap}
    said = words | {word for phrase in kept for word in phrase.text.split()}
    assert "petit" in said
    for few, kept_too in ((K - 1, False), (K, True)):
        mixed = [
            f"Lésion {'dense' if i < few else 'isolée' if i % 2 else 'arrondie'} du foie droit." for i in range(60)
        ]
        mixed += [f"Lésion kystique{i} du foie droit." for i in range(4)]
        kept = shared_phrases([line(i, "scanner", text) for i, text in enumerate(mixed)], K)["scanner"]
        said_of_few = {word for phrase in kept for gap in phrase.words for word in gap}
        said_of_few |= {word for phrase in kept for word in phrase.text.split()}
        assert ("dense" in said_of_few) == kept_too
    assert not said & {"Petit", "petits", "isolé"}


def test_a_rare_word_counts_against_the_others_and_is_not_said() -> None:
    """Large lesions are 'volumineuse', small ones now 'isolée' and mostly something that nobody else says."""
    words = [
        "volumineuse" if row % 2 else "isolée" if row % 3 == 0 else f"mot{chr(97 + row % 26)}" for row in range(90)
    ]
    own = Phrase("Lésion ⟨W⟩ connue.", ("W",), 90, 0, "\n", words=(("isolée", "volumineuse"),))
    own.rows.update({row: (word,) for row, word in enumerate(words)})
    facts = pd.DataFrame({"size": [30.0 if word == "volumineuse" else 10.0 for word in words]})
    ((gap,),) = wording.fit([own], facts, 10, [frozenset({"size"})])
    assert -1 in gap.words.odds.classes
    told, whole = wording.sample([gap], pd.DataFrame({"size": [30.0, 10.0] * 20}), np.random.default_rng(0))
    assert whole.all()
    assert told[0].tolist() == ["volumineuse", "isolée"] * 20


def test_a_regression_on_an_expected_fact_yields_only_to_a_much_better_tree() -> None:
    """A lesion is called large by its size, and some enzyme that goes with it has a limit that fits a little better."""
    rng = np.random.default_rng(18)
    size = rng.normal(30, 10, 100)
    facts = pd.DataFrame({"size": size, "enzyme": size + rng.normal(0, 10, 100)})
    large = (rng.random(100) < 1 / (1 + np.exp(-0.15 * (size - 29)))).astype(np.int64)
    assert odds.fit(large, facts, 10).tree is not None
    assert used(odds.fit(large, facts, 10, {"size"})) == {"size"}
    middling = (np.abs(size - 33) < 7).astype(np.int64)
    assert odds.fit(middling, facts, 10, {"size"}).tree is not None


def used(fitted: odds.Odds) -> set[str]:
    return {fitted.columns[place % len(fitted.columns)] for own in fitted.regressions for place in own.chosen}


def test_odds_rise_with_a_fact_and_follow_a_rule() -> None:
    rng = np.random.default_rng(5)
    facts = pd.DataFrame({"x": rng.standard_normal(3000), "has": rng.integers(0, 2, 3000).astype(float)})
    rising = (rng.random(3000) < 1 / (1 + np.exp(-1.5 * facts["x"]))).astype(np.int64).to_numpy()
    fitted = odds.fit(rising, facts, 10)
    assert fitted.tree is None
    at = fitted.of(pd.DataFrame({"x": [-1.0, 1.0], "has": [0.0, 0.0]}))[:, 1]
    assert at == pytest.approx([1 / (1 + np.exp(1.5)), 1 / (1 + np.exp(-1.5))], abs=0.06)
    assert odds.fit(rng.integers(0, 2, 3000), facts, 10).of(facts)[:, 1].std() < 0.1
    strict = odds.fit(np.where(facts["has"] == 1, 4, 9), facts, 10)
    assert strict.of(facts)[:, 0].round(2).tolist() == facts["has"].tolist()


def test_a_value_known_only_in_a_disease_is_no_predictor_beside_the_disease() -> None:
    rng = np.random.default_rng(6)
    ill = rng.random(600) < 0.5
    measured = np.where(ill & (rng.random(600) < 0.9), rng.standard_normal(600), np.nan)
    facts = pd.DataFrame({"measurement/1/near": measured, "condition/2": ill.astype(float)})
    fitted = odds.fit((ill & (rng.random(600) < 0.8)).astype(np.int64), facts, 10)
    unlike = pd.DataFrame({"measurement/1/near": [np.nan, 0.3], "condition/2": [1.0, 1.0]})
    assert fitted.of(unlike)[:, 1] == pytest.approx([0.8, 0.8], abs=0.06)


def line(row: int, kind: str, text: str) -> Note:
    return Note(row, row, kind, tuple(units_of(text, [])))


def test_a_phrase_is_shared_over_all_kinds_of_notes() -> None:
    said = "Auscultation sans particularité."
    notes = [line(i, "lettre" if i % 2 else "séjour", said) for i in range(K)]
    notes += [line(100, "ordonnance", said), *(line(200 + i, "avis", f"Mot {chr(97 + i)}.") for i in range(9))]
    found = shared_phrases(notes, K)
    assert [[phrase.text for phrase in found[kind]] for kind in ("lettre", "séjour")] == [[said], [said]]
    assert found["ordonnance"] == found["avis"] == []
    assert shared_phrases(notes, K + 2)["lettre"] == []


def test_a_heading_stands_apart_from_its_sentence() -> None:
    with_heading, without = units_of("Résultat : Pas de lésion visible.", []), units_of("Pas de lésion visible.", [])
    assert [unit.phrase for unit in with_heading] == ["Résultat :", "Pas de lésion visible."]
    assert with_heading[1].phrase == without[0].phrase
    assert [unit.phrase for unit in units_of("Taille : 12 cm", [])] == ["Taille : ⟨LENGTH⟩"]


def test_the_last_clause_is_the_clause_that_stands_elsewhere() -> None:
    (first,), (last,) = units_of("Obésité, goutte, arthrose.", []), units_of("Arthrose, obésité.", [])
    assert [clause.phrase for clause in first.clauses] == ["Obésité", "goutte", "arthrose"]
    assert [clause.phrase for clause in last.clauses] == ["Arthrose", "obésité"]
    assert [unit.phrase for unit in (first, last)] == ["Obésité, goutte, arthrose.", "Arthrose, obésité."]


def test_a_number_that_hardly_varies_is_wording_and_a_measured_one_is_not() -> None:
    dose = [line(i, "scanner", f"Injection de {90 if i % 20 else 9} mL.") for i in range(100)]
    assert [phrase.text for phrase in shared_phrases(dose, K)["scanner"]] == ["Injection de 90 mL."]
    size = [line(i, "scanner", f"Kyste de {10 + i % 5 * (i % 3)} mm.") for i in range(300)]
    assert "Kyste de ⟨LENGTH⟩." in [phrase.text for phrase in shared_phrases(size, K)["scanner"]]
