"""What a number in a shared phrase is: an exact fact, or one that is measured again with its own error."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

from anon_pipeline.modalities.text.inflection import lemma
from anon_pipeline.modalities.text.synthetic import numerals
from anon_pipeline.modalities.text.synthetic.grounding import Ground, ground, parse_date
from anon_pipeline.modalities.text.synthetic.numerals import Style
from anon_pipeline.modalities.text.synthetic.templates import Phrase
from anon_pipeline.modalities.text.synthetic.units import units_of

PEOPLE = 300


def said(values: np.ndarray) -> Phrase:
    rows = {i: (f"{value:.0f}",) for i, value in enumerate(values)}
    return Phrase("nodule de ⟨N⟩ mm", ("N",), PEOPLE, 0.5, "", rows=rows)


def test_a_diameter_measured_on_the_image_is_the_one_that_was_said() -> None:
    rng = np.random.default_rng(0)
    size = rng.uniform(12, 60, PEOPLE)
    pixels = size + rng.normal(0, 0.4, PEOPLE)
    facts = pd.DataFrame({"imaging/lesion_diameter_mm": pixels, "other": rng.uniform(12, 60, PEOPLE)})
    assert (np.abs(pixels - np.round(size)) <= 0.51).mean() < 0.97
    assert ground(said(size), facts, {}, 11) == [Ground("imaging/lesion_diameter_mm")]


def test_an_exact_fact_is_preferred_and_a_near_one_that_does_not_vary_with_it_is_none() -> None:
    rng = np.random.default_rng(1)
    size = np.round(rng.uniform(12, 60, PEOPLE))
    near = size * (1 + rng.uniform(-0.03, 0.03, PEOPLE))
    facts = pd.DataFrame({"near": near, "own": size})
    assert ground(said(size), facts, {}, 11) == [Ground("own")]
    narrow = np.round(rng.normal(40, 0.6, PEOPLE))
    assert ground(said(narrow), pd.DataFrame({"other": rng.normal(40, 0.3, PEOPLE)}), {}, 11) is None


def test_a_length_is_one_slot_in_whatever_unit() -> None:
    report = "Nodule de 4,5 cm, l'autre de 38 mm ; kyste de 12 x 10 mm, 3 cm2, 140 mmHg, 25 cm/s, 8mm."
    (sentence,) = units_of(report, [])
    assert sentence.kinds == ("LENGTH", "LENGTH", "N", "N", "N", "N", "N", "N", "LENGTH")[: len(sentence.kinds)]
    assert sentence.phrase.startswith("Nodule de ⟨LENGTH⟩, l'autre de ⟨LENGTH⟩ ; kyste de ⟨N⟩ x ⟨N⟩ mm, ⟨N⟩ cm")
    assert sentence.phrase.endswith("⟨N⟩ mmHg, ⟨N⟩ cm/s, ⟨LENGTH⟩.")
    said, half = numerals.read(["4,5 cm", "38 mm", "8mm"])
    assert said.tolist() == [45, 38, 8]
    assert half.tolist() == [0.5, 0.5, 0.5]


def test_lengths_are_written_in_the_units_that_enough_notes_have() -> None:
    size = np.random.default_rng(2).integers(12, 60, PEOPLE)
    units = [f"{v / 10:.1f} cm".replace(".", ",") if i % 4 == 0 else f"{v} mm" for i, v in enumerate(size)]
    own = Phrase("nodule de ⟨LENGTH⟩", ("LENGTH",), PEOPLE, 0.5, "", rows={i: (u,) for i, u in enumerate(units)})
    (found,) = ground(own, pd.DataFrame({"size": size.astype(float)}), {}, 11) or [None]
    assert found == Ground("size", 1.0, (Style(1, True, " cm", 0.25), Style(0, True, " mm", 0.75)))
    assert [found.written(45.0, draw) for draw in (0.0, 0.24, 0.26, 1.0)] == ["4,5 cm", "4,5 cm", "45 mm", "45 mm"]
    assert numerals.styles(["4,5 cm", "38 mm", "41 mm"], 11) == (Style(0, True, " mm", 1.0),)


def test_one_of_twenty_may_be_mistyped_and_not_two() -> None:
    size = np.random.default_rng(3).integers(12, 60, 20).astype(float)
    for wrong, grounded in ((1, True), (2, False)):
        typed = size.copy()
        typed[:wrong] += 30
        assert (ground(said(typed), pd.DataFrame({"size": size}), {}, 11) is not None) == grounded


def test_dates_are_read_however_they_are_punctuated() -> None:
    day = dt.date(2021, 3, 9)
    for text in ("09/03/2021", "09.03.21", "09-03-2021", "09/03/21", "2021-03-09", "9 mars 2021"):
        found = parse_date(text)
        assert found is not None, text
        assert found[0] == day
    assert parse_date("09/03.2021") is None


def test_gender_and_number_are_one_word() -> None:
    for forms in (
        ("volumineux", "volumineuse", "volumineuses"),
        ("bien limité", "bien limitées"),
        ("arrondi", "arrondie"),
        ("diffus", "diffuse"),
        ("régional", "régionaux", "régionale"),
        ("festif", "festives"),
    ):
        assert len({lemma(form) for form in forms}) == 1
    assert len({lemma(word) for word in ("VI", "VII", "VIII", "V", "isolé", "arrondi", "homogène", "pas")}) == 8
    assert lemma("Petit") != lemma("petite")


def test_what_avatars_have_not_is_not_said_of_them() -> None:
    def of(text: str, kind: str) -> Phrase:
        return Phrase(text, (kind,), 30, 0.5, "", rows={i: (f"valeur {i}",) for i in range(30)})

    facts = pd.DataFrame({"size": np.arange(30.0)})
    assert ground(of("Adressé par ⟨LAST_NAME⟩.", "LAST_NAME"), facts, {}, 11) == [None]
    assert ground(of("Lésion ⟨W⟩.", "W"), facts, {}, 11) == [None]
    assert ground(of("Profession : ⟨INDIRECT_PROFESSION⟩.", "INDIRECT_PROFESSION"), facts, {}, 11) is None
    assert ground(of("FINESS ⟨ID⟩", "ID"), facts, {}, 11) is None
