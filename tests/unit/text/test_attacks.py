# ruff: noqa: E501
"""The attacks on released notes find what leaks and nothing where nothing does."""

from __future__ import annotations

from anon_pipeline.risk.text_attacks import fact_linkage, name_lookup, second_detector

NOTES = [f"patient {word} avec {word}ose et {word}ite depuis {word}age sous {word}ine et {word}mab, {word}plastie, {word}tomie, {word}gramme" for word in ("gastr", "cardi", "neur", "pneum")]  # fmt: skip


def test_name_lookup():
    assert name_lookup([("Quellenec",), ("Durand",)], ["M. QUELLÉNEC va bien", "rien"])["successes"] == 1


def test_fact_linkage_is_against_chance():
    made = fact_linkage(NOTES, NOTES, facts=4)
    assert made["value"] == 1.0
    assert made["chance"] == 0.25
    shuffled = fact_linkage(NOTES, NOTES[1:] + NOTES[:1], facts=4)
    assert shuffled["value"] == 0.0


def test_second_detector_looks_outside_surrogates():
    text = "vu par Martin, tel 0612345678"
    assert second_detector([text], [[]])["findings"] == {"name": 1, "number": 1}
    assert second_detector([text], [[(7, 13), (19, 29)]])["findings"] == {}
