# ruff: noqa: E501
"""The attacks on released notes find what leaks and nothing where nothing does."""

from __future__ import annotations

import pytest

from anon_pipeline.policy import Limit, Policy, Track
from anon_pipeline.release.evidence import Evidence
from anon_pipeline.release.gate import _applies
from anon_pipeline.risk.limits import limits_of
from anon_pipeline.risk.text_attacks import (
    fact_linkage,
    name_linkage,
    name_lookup,
    replaced,
    rows,
    second_detector,
    spoken_of,
    vocabulary,
)

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


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Madame DUPONT-MARTIN née LE GOFF va bien.", {"dupont", "martin", "goff"}),
        ("Nom : QUELLÉNEC\nPrénom : Anne-Lise", {"quellenec", "anne", "lise"}),
        ("Mme est venue, maladie de Parkinson, vue par le Dr Caradec.", set()),
        ("MADAME BERNARD EST VENUE", {"bernard"}),
    ],
)
def test_who_a_note_speaks_of(text: str, names: set[str]):
    assert names <= spoken_of(text)
    assert bool(names) == bool(spoken_of(text))


def test_words_of_the_notes_are_no_names():
    notes = [
        "Patient : Coronarien sévère",
        "Un coronarien connu",
        "Un autre coronarien, jean.dupont@x.fr",
        "mme dupont",
    ]
    assert vocabulary(notes, [1, 2, 3, 4]) == {"coronarien"}
    assert vocabulary(notes, [1, 2, 2, 4]) == set()


def test_names_find_their_persons_only_where_they_are_left():
    known = [{"quellenec", "bertrand"}, {"caradec", "anne"}, {"petit"}, {"zylber"}]
    left = ["M. Quellénec Bertrand", "Anne Caradec, petit intestin", "M. Petit", "Mme Zylber"]
    assert name_linkage(known, left)["value"] > 0.8
    gone = name_linkage(known, ["M. Durand", "Anne Martin, petit intestin", "M. Long", "Mme Ray"])
    assert gone["value"] <= 0.5
    nothing = name_linkage(known, ["a", "b", "c", "d"])
    assert nothing["value"] == nothing["chance"] == 0.25


def test_what_was_put_there_is_told_from_what_was_left():
    new = "Mme Durand, vue le 14/03/2020 à Brest"
    spans = replaced("Mme Quellenec, vue le 12/03/2020 à Nantes", new)
    assert [new[a:b] for a, b in spans] == ["Durand", "14", "Brest"]
    assert replaced("identique", "identique") == []


def test_a_word_of_many_persons_singles_nobody_out():
    texts = ["maladie de Fabry, suivi"] * 3 + ["vu par Caradec"]
    assert second_detector(texts, [[]] * 4)["documents_with_findings"]["successes"] >= 3
    told = second_detector(texts, [[]] * 4, persons=[1, 2, 3, 4], shared=3)
    assert told["documents_with_findings"]["successes"] <= 1


def test_rows_where_nothing_could_be_tried_say_so():
    nothing = {"successes": 0, "attempts": 0, "value": None, "low": 0.0, "high": 1.0}
    made = rows({"canaries": {**nothing, "by_kind": {}}, "name_linkage": {**nothing, "chance": None}})
    assert [(r["name"], r["value"], r["high"]) for r in made] == [("text/canaries", 0.0, 1.0)]


def policy(*limits: Limit, track: Track = Track.DEIDENTIFIED) -> Policy:
    own = [limit.model_dump() for limit in limits]
    return Policy.model_validate(
        {"schema": "anon-pipeline/policy/1", "modalities": {"text": {"track": track}}, "limits": own}
    )


def test_real_notes_never_leave_unjudged():
    packaged = [limit.check for limit in limits_of(policy())]
    assert "deidentified/text/canaries/leak_rate" in packaged
    own = Limit(check="deidentified/text/canaries/leak_rate", maximum=0.2, reason="r", source="s")
    held = limits_of(policy(own))
    assert [limit.maximum for limit in held if limit.check == own.check] == [0.2]
    assert len(held) == len(packaged)


@pytest.mark.parametrize(("track", "status", "applies"), [
    (Track.DEIDENTIFIED, "done", True), (Track.DEIDENTIFIED, "absent", False), (Track.SYNTHETIC, "done", False),
])  # fmt: skip
def test_their_limits_apply_where_they_leave(track: Track, status: str, applies: bool):
    found = Evidence(
        cohort="c", stage="anonymised/text", status=status, run_id="r", code_version="1", policy_digest="d"
    )
    limit = limits_of(policy())[0]
    assert _applies(limit, policy(track=track), {"anonymised/text": found}) is applies


def test_real_records_and_open_access_exclude_each_other():
    with pytest.raises(ValueError, match="controlled access"):
        Policy.model_validate({
            "schema": "anon-pipeline/policy/1", "modalities": {"text": {"track": "deidentified"}},
            "release": {"access": "open"},
        })  # fmt: skip
