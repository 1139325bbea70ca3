"""Avatars' notes: a word that few patients wrote, or a name that nobody made up, is seen."""

from __future__ import annotations

from anon_pipeline.modalities.text.synthetic.compose import _agree, _Names, joined, made_up_names
from anon_pipeline.modalities.text.synthetic.grounding import Ground
from anon_pipeline.modalities.text.synthetic.templates import Phrase
from anon_pipeline.modalities.text.synthetic.units import units_of
from anon_pipeline.stages.avatar_notes import rows

AVATARS = [(i, f"Madame Durand, vue le 12/03/2020, hypertension artérielle. Suite {i}.") for i in range(1, 6)]
MADE_UP = {i: frozenset(("durand",)) for i, _ in AVATARS}
PATIENTS = [
    (i, "Monsieur Martin : hypertension arterielle. Suites vues. Suite de Madame Roussel, vue") for i in range(11)
]


def figures(avatars: list[tuple[int, str]], least: int = 11) -> dict[str, float]:
    return {row["name"]: row["value"] for row in rows(avatars, MADE_UP, iter(PATIENTS), least)}


def test_shared_words_and_made_up_names_are_nobodys() -> None:
    assert figures(AVATARS) == {"rare_words": 0.0, "second_detector": 0.0}


def test_a_rare_word_is_counted() -> None:
    with_one_more = [*PATIENTS, (99, "exerce comme ostréicultrice")]
    found = rows([(1, "Une ostréicultrice"), *AVATARS], MADE_UP, iter(with_one_more), 11)
    assert {row["name"]: row["value"] for row in found}["rare_words"] == 1
    assert figures(AVATARS, least=12)["rare_words"] > 1


def test_forms_of_a_word_are_counted_together() -> None:
    wrote = [(i, "nodule volumineux" if i % 2 else "lésion volumineuse, bien limite\u0301e") for i in range(11)]
    avatar = [(1, "Nodule volumineux, bien limité.")]
    found = rows(avatar, {1: frozenset()}, iter(wrote), 11)[1]
    assert (found["name"], found["value"], found["attacked"]) == ("rare_words", 3.0, 4)
    found = rows([(1, "Nodule volumineux.")], {1: frozenset()}, iter([*wrote, (20, "le nodule"), (21, "nodules")]), 7)[
        1
    ]
    assert found["value"] == 0


def test_a_form_that_one_patient_wrote_is_rare() -> None:
    wrote = [*((i, "lésion volumineuse") for i in range(20)), (30, "volumineux")]
    found = rows([(1, "Volumineux.")], {1: frozenset()}, iter(wrote), 11)[1]
    assert (found["name"], found["value"]) == ("rare_words", 1.0)


def test_a_name_that_was_not_made_up_is_found() -> None:
    found = figures([(1, "Revue par le docteur Fournier hier"), *AVATARS])
    assert found["second_detector"] > 0


def test_made_up_names_are_those_that_are_written() -> None:
    words = made_up_names(5, 17)
    assert words == made_up_names(5, 17)
    assert words != made_up_names(6, 17)
    assert all(word.islower() for word in words)


def test_a_doctors_names_are_one_doctors() -> None:
    names = _Names(5, 17, 1.0)
    first = names.of("FIRST_NAME", "Validé par le Dr ")
    assert first == names.doctor.first_names[0]
    assert names.of("LAST_NAME", f"Validé par le Dr {first} ") == names.doctor.last_name
    assert names.of("LAST_NAME", "Madame ") == names.patient.last_name


def test_facts_are_read_back_beside_names_of_several_words() -> None:
    place = Phrase("⟨HOSPITAL⟩ ⟨DATE⟩, lésion de ⟨LENGTH⟩", ("HOSPITAL", "DATE", "LENGTH"), 20, 0, "\n")
    grounds = [None, Ground("note_date", date_format="literal"), Ground("size")]
    told = ["5 mars 2021", "4,5 cm"]
    assert _agree(place, grounds, "CHU DE NICE 5 mars 2021, lésion de 4,5 cm", told) == 2
    assert _agree(place, grounds, "CHU DE NICE 6 mars 2021, lésion de 4,5 cm", told) == 1
    assert _agree(place, grounds, "CHU DE NICE", told) == 0


def test_a_heading_before_nothing_is_left_out() -> None:
    def piece(text: str, before: str, after: str) -> tuple[str, Phrase]:
        return text, Phrase(text, (), 20, 0, after, before)

    heading, finding = piece("Résultat :", "\n", " "), piece("Pas d'ascite.", " ", "\n")
    assert joined([heading, finding]) == "Résultat : Pas d'ascite."
    assert joined([heading, piece("Conclusion.", "\n", "\n")]) == "Conclusion."
    assert joined([finding, heading]) == "Pas d'ascite."


def test_clauses_stand_in_the_sentence_that_they_are_of() -> None:
    def clause(text: str, head: str, *more: str, before: str = ", ", after: str = ", ") -> tuple[str, Phrase]:
        return text, Phrase(text, (), 20, 0, after, before, heads=frozenset((head, *more)))

    history, diabetes = clause("Antécédents : obésité", "Antécédents", before="\n"), clause("diabète.", "Antécédents")
    drug, other = (
        clause("Traitement : furosémide 40 mg", "Traitement", before="\n"),
        clause("paracétamol 1 g.", "Ordonnance", "Traitement"),
    )
    doctor = ("Dr Simone Doré", Phrase("Dr ⟨FIRST_NAME⟩ ⟨LAST_NAME⟩", (), 20, 0, "\n", "\n"))
    third = clause("metformine 1 g.", "Traitement")
    note = joined([history, doctor, other, drug, diabetes, third])
    treatment = "Traitement : furosémide 40 mg, paracétamol 1 g, metformine 1 g."
    assert note == f"Antécédents : obésité, diabète.\nDr Simone Doré\n{treatment}"
    assert joined([doctor, diabetes, other]) == "Dr Simone Doré\nDiabète. Paracétamol 1 g."


def test_a_clause_knows_how_its_sentence_begins() -> None:
    heading, titled = units_of("Biologie du bilan : ALAT à 27 UI/L, ferritine à 100 µg/L.", [])
    assert [clause.head for clause in titled.clauses] == ["Biologie du bilan", "Biologie du bilan"]
    (listed,) = units_of("Traitement : furosémide 40 mg, paracétamol 1 g.", [])
    assert [clause.head for clause in listed.clauses] == ["Traitement", "Traitement"]
    assert (heading.head, titled.head, listed.head) == ("Biologie du", "Biologie du bilan", "Traitement")
