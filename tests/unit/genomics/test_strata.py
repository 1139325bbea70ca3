"""Strata: found where ancestry parts people, merged with the nearest where too small, refused where all are too few."""

from __future__ import annotations

import numpy as np
import pytest

from anon_pipeline.errors import ReleaseRefused
from anon_pipeline.modalities.genomics.strata import Ancestry, components, find_strata
from anon_pipeline.modalities.genomics.survey import Survey


def ancestry(*sizes: int) -> Ancestry:
    """Groups of people along one line, the second near the first, the third far off; 400 independent sites."""
    rng = np.random.default_rng(0)
    base = rng.uniform(0.2, 0.8, 400)
    away = rng.choice([-1, 1], 400)
    frequency = [np.clip(base + shift * away, 0.02, 0.98) for shift in (0.0, 0.06, 0.18)]
    alleles = [rng.random((400, 2 * size)) < frequency[number][:, None] for number, size in enumerate(sizes)]
    found = Survey(np.ones(400, bool), pca_alleles=np.concatenate(alleles, axis=1).astype(np.uint8))
    return components(found, sum(sizes))


def test_small_strata_are_merged_with_their_nearest() -> None:
    given = ["near"] * 60 + ["nearer"] * 20 + ["far"] * 60
    found = find_strata(ancestry(60, 20, 60), given, 50, 400.0, 0, 140)
    assert found.names == ["far", "near+nearer"]
    assert sorted(found.sizes) == [60, 80]
    assert len(set(found.labels[:80])) == 1
    assert "merged" in found.merged[0]


def test_ancestry_is_found_without_strata_where_it_parts_people() -> None:
    found = find_strata(ancestry(70, 0, 70), None, 50, 400.0, 0, 140)
    assert found.source == "pca"
    assert found.sizes == [70, 70]
    assert len(set(found.labels[:70])) == 1
    one = find_strata(ancestry(140), None, 50, 400.0, 0, 140)
    assert one.names == ["all"]


def test_too_few_people_are_refused() -> None:
    with pytest.raises(ReleaseRefused, match="140 people to learn from, and a stratum needs 500"):
        find_strata(ancestry(140), None, 500, 400.0, 0, 140)
