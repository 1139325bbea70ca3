"""Tasks of two modalities and maps: what avatars lose is told, and no cell of few patients is shaded."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from anon_pipeline.quality.coherence_tasks import concordance, tasks, told
from anon_pipeline.quality.embedding_map import GRID, density, embedding_map


def people(n: int, seed: int, strength: float = 1.0) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    rng = np.random.default_rng(seed)
    image, lab = rng.standard_normal((n, 3)), rng.standard_normal((n, 3))
    disease = (strength * (image[:, 0] + lab[:, 0]) + 0.7 * rng.standard_normal(n) > 0).astype(float)
    return {"imaging": image, "biology": lab}, {"condition/1": disease, "condition/2": rng.integers(0, 2, n) * 1.0}


def found(strength: float) -> list[dict]:
    sides = [people(300, 1), people(200, 2), people(300, 3, strength)]
    facts = {name: ("observational", tuple(side[1][name] for side in sides)) for name in ("condition/1", "condition/2")}
    views = {name: tuple(side[0][name] for side in sides) for name in ("imaging", "biology")}
    return tasks(facts, views)  # type: ignore[arg-type]


def test_a_task_needs_both_modalities_and_avatars_that_keep_it_lose_little() -> None:
    kept = found(1.0)
    assert [task["target"] for task in kept] == ["condition/1"]
    assert kept[0]["real"] > kept[0]["best_single"] + 0.05
    assert kept[0]["loss"] < 0.05
    assert told(kept)["tasks"] == 1


def test_avatars_without_the_association_lose_much() -> None:
    assert found(0.0)[0]["loss"] > 0.2
    assert told([]) == {"tasks": 0}


def test_concordance_is_the_area_under_the_curve() -> None:
    truth, guess = np.array([0.0, 0, 1, 1]), np.array([0.1, 0.4, 0.35, 0.8])
    assert concordance(truth, guess) == 0.75
    assert concordance(np.array([1.0, 2, 3]), np.array([3.0, 2, 1])) == 0


def test_maps_show_no_single_patient(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    patients = np.vstack([rng.standard_normal((300, 2)), [[5.0, 5.0]]])
    found = density(patients, np.array([-6.0, -6.0]), np.array([6.0, 6.0]))
    assert found is not None
    grid, levels = found
    assert grid[-6, -6] < levels[0] < grid[GRID // 2, GRID // 2]
    assert levels == sorted(levels)
    assert density(patients[:10], np.zeros(2), np.ones(2)) is None
    views = {"imaging": (rng.standard_normal((50, 5)), rng.standard_normal((300, 5)))}
    assert embedding_map(views, tmp_path / "map.png")
    assert (tmp_path / "map.png").stat().st_size > 2000
    assert not embedding_map({}, tmp_path / "none.png")
