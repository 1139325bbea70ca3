"""The release budget: a whole genome of a hospital's cohort is refused, and what would pass is said with its size."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from anon_pipeline.modalities.genomics import budget as budgets
from anon_pipeline.modalities.genomics.options import Access, Options
from anon_pipeline.modalities.genomics.reading import read_vcf
from anon_pipeline.modalities.genomics.store import Store
from anon_pipeline.modalities.genomics.survey import Survey, Window, independent, survey

SITES, CORRELATION = 1_000, 0.018


def genome(megabases: int) -> Survey:
    """Windows like those simulated: about 53 independent sites a megabase."""
    found = Survey(np.ones(SITES * megabases, dtype=bool))
    for number in range(megabases):
        first = SITES * number
        effective = independent(SITES, CORRELATION)
        found.windows.append(Window("1", number, effective, CORRELATION, SITES, first, first + SITES - 1))
    return found


@pytest.mark.parametrize("access", ["open", "controlled"])
@pytest.mark.parametrize("over_budget", ["refuse", "thin"])
def test_a_whole_genome_of_a_hospital_is_refused(access: Access, over_budget: str) -> None:
    budget, _ = budgets.judge(genome(2_900), 5_000, 0, access, Options(over_budget=over_budget), set())
    assert not budget.held
    said = budgets.refusal(budget).reasons[0]
    assert "thinning cannot do" in said
    assert f"{18 if access == 'open' else 47} of 2900 regions" in said
    assert "public panel of at least" in said


def test_what_the_refusal_offers_passes() -> None:
    found, people = genome(5), 500
    refused, _ = budgets.judge(found, people, 0, "controlled", Options(), set())
    assert not refused.held
    panel, more = (int(choice.split(" at least ")[1].split(" ")[0]) for choice in refused.choices[2:])
    assert budgets.judge(found, people, panel, "controlled", Options(), set())[0].held
    assert not budgets.judge(found, people, panel - 2, "controlled", Options(), set())[0].held
    assert budgets.judge(found, more, 0, "controlled", Options(), set())[0].held
    thin, kept = budgets.judge(found, people, 0, "controlled", Options(over_budget="thin"), set())
    assert thin.held
    assert kept.all()
    assert thin.action == "thinned"
    assert thin.sites_a_region is not None
    assert f"thin to {thin.sites_a_region} sites" in refused.choices[1]
    fewer, kept = budgets.judge(found, people, 0, "controlled", Options(over_budget="regions"), set())
    assert fewer.held
    assert 0 < kept.sum() < 5


def test_all_sites_of_a_window_count_where_they_are_hardly_linked(text_of, tmp_path: Path) -> None:
    """1,200 unlinked alleles in one megabase are 1,200 independent sites, though 400 of them are looked at."""
    alleles = (np.random.default_rng(1).random((1_200, 240)) < 0.3).astype(np.uint8)
    (tmp_path / "in.vcf").write_text(text_of(alleles, [str(number) for number in range(120)]))
    read_vcf(tmp_path / "in.vcf", tmp_path / "store.parquet")
    found = survey(Store(tmp_path / "store.parquet"), np.arange(120), 5)
    assert len(found.windows) == 1
    assert 900 < found.effective < 1_500
