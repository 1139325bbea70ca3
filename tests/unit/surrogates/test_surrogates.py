# ruff: noqa: PT018
"""Surrogates: keyed, consistent, in the format found, never the original."""

from __future__ import annotations

import re

import pytest
from stdnum.fr import nir

from anon_pipeline.keys import Key
from anon_pipeline.surrogates import identity, numbers, places
from anon_pipeline.surrogates.style import fold, is_initial, like
from anon_pipeline.surrogates.words import communes, items

KEY = Key(bytes(range(32)))
OTHER = Key(bytes(range(1, 33)))


def test_a_person_depends_on_key_and_patient_only():
    one = identity.surrogate_person(KEY, "17", "F")
    assert one == identity.surrogate_person(KEY, " 17 ", "female")
    assert one != identity.surrogate_person(OTHER, "17", "F")
    assert len({identity.surrogate_person(KEY, str(i), "F").last_name for i in range(50)}) > 30


def test_the_real_name_is_never_drawn():
    for name in items("surnames")[:200]:
        person = identity.surrogate_person(KEY, "p", None, avoid=(name, "Camille"))
        assert not set(fold(name).split()) & set(fold(person.last_name).split())
        assert fold(person.first_names[0]) != "camille"


def test_sex_follows_the_first_name():
    assert identity.guess_sex("Bernadette") == "F"
    assert identity.guess_sex("Jean-Paul") == "M"
    assert identity.surrogate_person(KEY, "3", None, avoid=("DURAND", "Marie")).sex == "F"


@pytest.mark.parametrize("original", ["DUPONT", "dupont", "Dupont"])
def test_spellings_of_a_name_share_a_surrogate_in_its_case(original):
    made = identity.surrogate_last_name(KEY, "p", original)
    assert made.lower() == identity.surrogate_last_name(KEY, "p", "Dupont").lower() or fold(made) == fold(
        identity.surrogate_last_name(KEY, "p", "Dupont")
    )
    assert made.isupper() == original.isupper()
    assert made.islower() == original.islower()


def test_initials_stay_initials():
    made = identity.surrogate_first_name(KEY, "p", "J.-P.")
    assert re.fullmatch(r"[A-Z]\.-[A-Z]\.", made)
    assert is_initial("J.") and not is_initial("Jo")
    assert {identity.surrogate_first_name(KEY, "p", written).strip(".").lower() for written in ("À.", "A", "a")} == {
        identity.surrogate_first_name(KEY, "p", "à")
    }
    assert "-" in identity.surrogate_first_name(KEY, "p", "Anne-Sophie")


def test_nir_is_valid_in_form_and_impossible_in_fact():
    made = numbers.surrogate_nir(KEY, "p", "1 85 05 78 006 084 36")
    assert re.fullmatch(r"[12] \d\d \d\d \d\d \d{3} \d{3} \d\d", made)
    assert nir.is_valid(made)
    assert made.split()[3] == "00"


@pytest.mark.parametrize(
    "original", ["02 40 08 33 33", "02.40.08.33.33", "0612345678", "+33 6 12 34 56 78", "+33 (0)6 12 34 56 78"]
)
def test_phones_keep_their_punctuation(original):
    made = numbers.surrogate_phone(KEY, "p", original)
    assert re.sub(r"\d", "9", made) == re.sub(r"\d", "9", original)
    assert made != original


def test_postal_code_and_commune_match():
    known = set(communes())
    for original in ("Nantes", "44000", "Trifouilly-les-Oies"):
        name, code = places.surrogate_place(KEY, "p", original)
        assert (name, code) in known
        assert name != original


def test_addresses_and_hospitals_keep_their_kind():
    assert " avenue " in places.surrogate_address(KEY, "p", "12 avenue des Lilas")
    assert places.surrogate_hospital(KEY, "p", "Clinique du Parc").startswith("Clinique ")
    assert "Nantes" not in places.surrogate_hospital(KEY, "p", "CHU de Nantes")


def test_markov_nonce_breaks_consistency():
    made = {identity.surrogate_last_name(KEY, "p", "Durand", str(i)) for i in range(20)}
    assert len(made) > 10


def test_like_keeps_accents_out_of_plain_capitals():
    assert like("Hélène", "MARIE") == "HELENE"
    assert like("Hélène", "ÉLISE") == "HÉLÈNE"
