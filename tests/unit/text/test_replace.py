"""A postal code and its commune are replaced together, wherever a form puts them."""

from __future__ import annotations

import re

import pytest

from anon_pipeline.keys import Key
from anon_pipeline.modalities.text.replace import Scene, replace
from anon_pipeline.modalities.text.rules.found import Found


def spans(text: str) -> list[Found]:
    code, city = re.search("44000", text), re.search("Nantes", text)
    assert code
    assert city
    return [
        Found(code.start(), code.end(), "POSTAL_CODE", 1.0, "rules"),
        Found(city.start(), city.end(), "CITY", 1.0, "rules"),
    ]


@pytest.mark.parametrize("text", ["44000 Nantes", "44000\nNantes", "Code postal : 44000   Ville : Nantes"])
def test_a_code_follows_its_commune(text: str) -> None:
    scene = Scene.open(Key(bytes(range(32))), "p", "d", language="fr", mode="surrogate", date=None, record=None)
    made, placed = replace(text, spans(text), scene)
    beside, _ = replace("44000 Nantes", spans("44000 Nantes"), scene)
    assert [made[a:b] for a, b in placed] == beside.split(" ", 1)
    assert "44000" not in made
