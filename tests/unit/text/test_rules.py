# ruff: noqa: E501
"""Rules and folding: formats, checksums, exact offsets."""

from __future__ import annotations

import unicodedata

import pytest

from anon_pipeline.modalities.text.folding import fold_text
from anon_pipeline.modalities.text.plausible import plausible
from anon_pipeline.modalities.text.rules import contact, dates, names, numbers, places
from anon_pipeline.modalities.text.rules.found import Found
from anon_pipeline.modalities.text.tokens import tokenize


def found(module, text):
    return [(text[f.start : f.end], f.label) for f in module.find(text, fold_text(text))]


@pytest.mark.parametrize(
    "text", ["É\u00a0œuvre ß İstanbul ﬁn", "日本 \U0001f600 naïve", "e\u0301te\u0301", "\u0660\u0661/\u0660\u0662", ""]
)
def test_folding_keeps_length(text):
    assert len(fold_text(text)) == len(text)


def test_folding_all_of_unicode_is_one_to_one():
    text = "".join(chr(c) for c in range(0x20, 0x30000, 7) if unicodedata.category(chr(c)) != "Cs")
    assert len(fold_text(text)) == len(text)


def test_tokens_cut_glued_words_and_cover_every_letter():
    text = "MadameDUPONT vue le12/03 par DrMARTINjean"
    words = [text[a:b] for a, b in tokenize(text)]
    assert "Madame" in words
    assert "DUPONT" in words
    assert "".join(words) == text.replace(" ", "")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("NIR 1 85 05 78 006 084 91", ("1 85 05 78 006 084 91", "NIR")),
        ("RPPS : 10003456789", ("10003456789", "RPPS")),
        ("FINESS 44 000 027 1", ("44 000 027 1", "FINESS")),
        ("IPP 8001234567", ("8001234567", "IPP")),
        ("IPP : 12 345 678", ("12 345 678", "IPP")),
        ("n° de série ABC12345", ("abc12345".upper(), "DEVICE_SERIAL")),
        ("véhicule AB-123-CD", ("AB-123-CD", "PLATE")),
        ("IBAN FR76 3000 6000 0112 3456 7890 189", ("FR76 3000 6000 0112 3456 7890 189", "IBAN")),
    ],
)
def test_numbers(text, expected):
    assert expected in found(numbers, text)


def test_doses_and_measures_are_no_numbers():
    assert found(numbers, "paracétamol 1000 mg, plaquettes 250 000 /mm3, TA 120/80, Na 140") == []


@pytest.mark.parametrize("text", ["02 40 08 33 33", "+33 6 12 34 56 78", "0240083333", "O2 4O 08 33 33"])
def test_phones(text):
    assert (text, "PHONE") in found(contact, f"tel {text}.")


def test_emails_and_urls_without_network():
    got = found(contact, "écrire à jean.dupont@chu-nantes.fr ou www.chu-nantes.fr/rdv.")
    assert ("jean.dupont@chu-nantes.fr", "EMAIL") in got
    assert ("www.chu-nantes.fr/rdv", "URL") in got


@pytest.mark.parametrize(
    "date",
    ["12/03/2020", "1er mars 2020", "12 MARS 2020", "12 fevrier 2019", "2020-03-12", "12.03.20", "mars 2018", "lundi 3 avril 2017", "3 déc. 2019", "1O/O3/2020"],
)  # fmt: skip
def test_dates(date):
    assert date in [t for t, _ in found(dates, f"vu le {date} en consultation")]


def test_date_contexts():
    assert ("3/2", "DATE") in found(dates, "revu le 3/2 en consultation")
    assert ("12/05/1948", "BIRTH_DATE") in found(dates, "né le 12/05/1948")
    assert ("2015", "DATE") in found(dates, "opéré en 2015")
    assert ("12", "DATE") in found(dates, "du 12 au 15 mars 2020")
    assert ("93", "AGE_OVER_89") in found(dates, "âgé de 93 ans")
    assert found(dates, "EVA 3/10, 5/5, 89 ans, force 4/5") == []


@pytest.mark.parametrize(
    ("text", "piece", "is_date"),
    [
        ("Souffle systolique 3/6.", "3/6", False),
        ("Souffle systolique 3/6.", "3", False),
        ("Glasgow 15/15 puis revu", "15/15", False),
        ("Force motrice 4/5", "4/5", False),
        ("Douleur depuis le 3/6 au soir", "3/6", True),
        ("Souffle connu. Revu le 3/6.", "3/6", True),
        ("Souffle du 03/06/2021", "03/06/2021", True),
    ],
)
def test_a_grade_out_of_so_many_is_no_date(text, piece, is_date):
    start = text.index(piece)
    assert plausible(text, Found(start, start + len(piece), "DATE", 0.9, "classifier")) is is_date


def test_places():
    got = found(places, "12 bis rue des Lilas\n44000 Saint-Herblain\nCHU de Nantes, Clinique du Parc")
    assert ("12 bis rue des Lilas", "ADDRESS") in got
    assert ("44000", "POSTAL_CODE") in got
    assert ("Saint-Herblain", "CITY") in got
    assert ("CHU de Nantes", "HOSPITAL") in got


def test_names_after_titles_and_fields():
    assert found(names, "Nom : LE GOFFIC") == [("LE", "LAST_NAME"), ("GOFFIC", "LAST_NAME")]
    assert ("Quellenec", "LAST_NAME") in found(names, "Mme Quellenec est vue")
    assert found(names, "Madame est vue par le docteur") == []
    assert found(names, "Dr signataire : voir plus haut") == []
    assert ("Quellenec", "LAST_NAME") in found(names, "le Dr référent Quellenec")
