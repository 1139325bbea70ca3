# ruff: noqa: E501
"""The patient's own record is found through accents, case, glue and OCR, and replaced by one person."""

from __future__ import annotations

import pytest

from anon_pipeline.modalities.text.folding import fold_text
from anon_pipeline.modalities.text.known import Memory, find_record, record

ROW = {
    "patient_id": "1", "last_name": "Le Goffic-Kerhervé", "first_names": ["Anne-Sophie"], "birth_name": "Quellenec",
    "nir": "2 48 05 44 109 123 41", "phone": "06 12 34 56 78", "email": "a.legoffic@exemple.fr", "city": "Plouguerneau", "relatives": ["Yann Quellenec"],
}  # fmt: skip


@pytest.mark.parametrize(
    "text", ["QUELLENEC", "quellenec", "Quellénec", "Que1lenec", "Quelenec", "MmeQuellenec", "Quelle nec", "KERHERVE", "Kerherve", "Anne Sophie", "ANNE-SOPHIE", "Yann"]
)  # fmt: skip
def test_names_are_found(text):
    sentence = f"Visite de {text} ce jour"
    spans = find_record(sentence, fold_text(sentence), record(ROW))
    covered = {i for f in spans for i in range(f.start, f.end)}
    start = sentence.index(text)
    wanted = [i for i in range(start, start + len(text)) if text[i - start].isalnum() and not text.startswith("Mme")]
    assert covered
    assert all(i in covered for i in wanted)


def test_numbers_and_literals():
    text = "portable 06.12.34.56.78, nir 248054410912341, PLOUGUERNEAU, a.legoffic@exemple.fr"
    labels = {f.label for f in find_record(text, fold_text(text), record(ROW))}
    assert {"PHONE", "NIR", "CITY", "EMAIL"} <= labels


def test_ordinary_words_need_a_capital():
    row = record({"patient_id": "2", "last_name": "Petit", "first_names": ["Rose"]})
    text = "Un petit nodule rose chez M. Petit"
    spans = find_record(text, fold_text(text), row)
    assert [text[f.start : f.end] for f in spans] == ["Petit"]


def test_memory_is_bounded():
    memory = Memory(patients=10, names=3)
    for i in range(100):
        memory.add(str(i), [(f"name{j}", "LAST_NAME") for j in range(10)])
    assert len(memory.held) == 10
    assert all(len(names) == 3 for names in memory.held.values())
