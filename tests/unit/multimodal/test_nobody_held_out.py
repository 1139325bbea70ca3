"""A release whose people are all learnt from, as with folds: what needs nobody held out is attacked."""

from __future__ import annotations

import numpy as np

from anon_pipeline.risk.cross_modal import View
from anon_pipeline.stages.multimodal import attack
from anon_pipeline.stages.views import Images, People, Seen, _pictures


def test_views_and_attacks_without_anyone_held_out() -> None:
    rng = np.random.default_rng(0)
    people = People(np.arange(40), np.empty(0, np.int64), np.arange(40))
    shape = (1, 32, 32)
    images = {
        "CT": Images(
            (np.arange(40), np.empty(0, np.int64), np.arange(40)),
            tuple(rng.random((n, *shape)).astype(np.float32) for n in (40, 0, 40)),  # type: ignore[arg-type]
        )
    }
    has = tuple(np.ones(n, bool) for n in (40, 0, 40))
    table = View(*(rng.standard_normal((n, 6)).astype(np.float32) for n in (40, 0, 40)), *has)  # type: ignore[call-arg]
    views = {"imaging": _pictures(images, people), "biology": table}
    rows = attack(Seen(people, views, images), rng.permutation(40)[:, None], 0)
    assert {row["name"] for row in rows["linkability"]} == {
        "reidentified:biology",
        "reidentified:imaging",
        "reidentified:biology+imaging",
        "siamese_ct",
    }
    assert rows["membership"] == []
    assert [row["name"] for row in rows["singling_out"]] == ["near_duplicates_ct"]
