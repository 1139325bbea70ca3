"""Patients without images: avatars have images as often as the patients that they were drawn from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from anon_pipeline.cohort import Cohort
from anon_pipeline.errors import CannotBeMadeSafe
from anon_pipeline.modalities import Draw
from anon_pipeline.modalities.imaging.synthetic.apart import Apart, nearest
from anon_pipeline.modalities.imaging.synthetic.decode import embed, synthesize
from anon_pipeline.modalities.imaging.synthetic.stacks import Stack
from anon_pipeline.modalities.imaging.synthetic.write import write_stack

PEOPLE, PICTURED, SIDE = 100, 60, 32


def volume(rng: np.random.Generator) -> np.ndarray:
    y, x = np.mgrid[-1:1:32j, -1:1:32j]
    body = np.hypot(x / rng.uniform(0.6, 0.9), y / rng.uniform(0.5, 0.8)) < 1
    organ = np.hypot(x + rng.uniform(0.1, 0.3), y) < rng.uniform(0.2, 0.3)
    return np.where(organ, 80, np.where(body, 20, -1000)).astype(np.float32)[None] + rng.normal(0, 6, (1, SIDE, SIDE))


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Cohort:
    made = Cohort("c", tmp_path_factory.mktemp("cohort"))
    rng = np.random.default_rng(4)
    rows = [
        (person, path)
        for person in range(1, PICTURED + 1)
        for path, _ in write_stack(
            Stack(person, "CT", volume(rng).astype(np.float32), None, 2.0, 5.0, "ABDOMEN"), made.root / "images", 1
        )
    ]
    index = {"person_id": [p for p, _ in rows], "path": [path for _, path in rows]}
    pq.write_table(pa.table(index), made.root / "images" / "index.parquet")
    (made.root / "observational").mkdir()
    pq.write_table(pa.table({"person_id": list(range(1, PEOPLE + 1))}), made.path("person"))
    return made


def draw(cohort: Cohort, neighbours: np.ndarray) -> Draw:
    embedding = embed(cohort, "cpu")
    assert embedding is not None
    weights = np.full(neighbours.shape, 1 / neighbours.shape[1], np.float32)
    points = np.stack([embedding.vectors[own].mean(axis=0) for own in np.minimum(neighbours, PICTURED - 1)])
    return Draw(embedding.person_ids, neighbours, weights, points, {"imaging": points})


def test_only_patients_with_images_are_present(cohort: Cohort) -> None:
    embedding = embed(cohort, "cpu")
    assert embedding is not None
    assert embedding.present.tolist() == [True] * PICTURED + [False] * (PEOPLE - PICTURED)
    assert not embedding.vectors[PICTURED:].any()


def test_avatars_have_images_as_their_neighbours_do(cohort: Cohort, tmp_path: Path) -> None:
    with_images, without = np.arange(20), np.arange(PICTURED, PICTURED + 20)
    neighbours = np.stack([with_images] * 10 + [without] * 10 + [np.r_[with_images[:10], without[:10]]] * 40)
    made = synthesize(cohort, draw(cohort, neighbours), 3, tmp_path)
    index = pq.read_table(tmp_path / "index.parquet")["person_id"].to_numpy()
    assert 10 + 40 * 0.25 < len(np.unique(index)) < 10 + 40 * 0.75
    assert made.counts["images"] == len(index)


def test_an_image_too_near_to_a_patients_is_drawn_again(cohort: Cohort) -> None:
    apart = Apart.of(cohort, "CT")
    assert apart is not None
    gaps = nearest(apart.real, apart.real, skip_same=True)
    assert (gaps < apart.nearest_allowed).sum() <= 3
    assert (nearest(apart.real, apart.real) < apart.nearest_allowed).all()


def test_too_few_patients_with_images_are_refused(cohort: Cohort, tmp_path: Path) -> None:
    few = Cohort("few", tmp_path)
    (few.root / "images").mkdir()
    table = pq.read_table(cohort.images / "index.parquet").slice(0, 20)
    for path in table["path"].to_pylist():
        (few.root / "images" / path).parent.mkdir(parents=True, exist_ok=True)
        (few.root / "images" / path).write_bytes((cohort.images / path).read_bytes())
    pq.write_table(table, few.root / "images" / "index.parquet")
    with pytest.raises(CannotBeMadeSafe, match="20 patients"):
        embed(few, "cpu")
