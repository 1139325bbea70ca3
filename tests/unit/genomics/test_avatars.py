"""The pipeline's verbs: the embedding holds no raw genotype, and avatars' genomes follow the draw's declared loci."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pysam
import pytest
from numpy.typing import NDArray

from anon_pipeline.avatars.fuse import draw, fuse
from anon_pipeline.avatars.identity import avatar_ids
from anon_pipeline.cohort import Cohort
from anon_pipeline.errors import CannotBeMadeSafe
from anon_pipeline.modalities import Draw
from anon_pipeline.modalities.genomics import embed, synthesize
from anon_pipeline.modalities.genomics.formats import Locus
from anon_pipeline.modalities.genomics.survey import effective_sites
from anon_pipeline.policy import AvatarPolicy

PEOPLE = 520
SITE = 40


@pytest.fixture(scope="module")
def alleles(small: NDArray[np.uint8]) -> NDArray[np.uint8]:
    chosen = small[:120, : 2 * PEOPLE].copy()
    chosen[SITE] = np.random.default_rng(2).random(2 * PEOPLE) < 0.35
    return chosen


@pytest.fixture(scope="module")
def cohort(alleles: NDArray[np.uint8], text_of, tmp_path_factory: pytest.TempPathFactory) -> Cohort:
    root = tmp_path_factory.mktemp("cohort")
    (root / "genomics").mkdir()
    text = text_of(alleles, [str(1000 + number) for number in range(PEOPLE)])
    with pysam.BGZFile(str(root / "genomics" / "cohort.vcf.gz"), "wb", None) as stream:
        stream.write(text.encode())
    return Cohort("trial", root)


def options() -> dict[str, object]:
    return {"loci": [f"20:{1 + 250 * SITE}:A:G"]}


def draw_of(cohort: Cohort, size: int) -> Draw:
    found = embed(cohort, "cpu", options())
    return draw(fuse([found]), AvatarPolicy(k=25), 5, size)


def test_embedding(cohort: Cohort, alleles: NDArray[np.uint8]) -> None:
    found = embed(cohort, "cpu", options())
    assert found is not None
    assert found.person_ids.tolist() == list(range(1000, 1000 + PEOPLE))
    assert found.vectors.shape[1] == 5
    assert found.present.all()
    dosage = alleles[SITE].reshape(-1, 2).sum(axis=1)
    assert abs(np.corrcoef(found.vectors[:, -1], dosage)[0, 1]) > 0.999


def test_no_vcf_no_embedding(tmp_path: Path) -> None:
    assert embed(Cohort("none", tmp_path)) is None


def test_a_small_cohort_cannot_be_made_safe(tmp_path: Path, alleles: NDArray[np.uint8], text_of) -> None:
    (tmp_path / "genomics").mkdir()
    (tmp_path / "genomics" / "cohort.vcf.gz").write_text(text_of(alleles[:, :160], [str(n) for n in range(80)]))
    with pytest.raises(CannotBeMadeSafe, match="80 people"):
        embed(Cohort("small", tmp_path))


def test_avatars_follow_the_draw(cohort: Cohort, tmp_path: Path) -> None:
    made = synthesize(cohort, draw_of(cohort, 300), 3, tmp_path, options())
    assert [str(path) for path in made.files] == ["cohort.vcf.gz", "cohort.vcf.gz.tbi"]
    assert made.counts["people"] == 300
    assert made.counts["loci_released"] == 1
    agreement = next(note for note in made.notes if "agree" in note)
    assert float(agreement.rsplit(" ", 1)[1]) >= 0.98
    drawn = draw_of(cohort, 300).parts["genomics"][:, -1]
    assert len(np.unique(drawn)) == 3
    with pysam.VariantFile(str(tmp_path / "cohort.vcf.gz")) as vcf:
        record = next(record for record in vcf if record.pos == 1 + 250 * SITE)
        dosage = [sum(record.samples[str(name)]["GT"]) for name in avatar_ids(300, 3)]
    assert np.corrcoef(dosage, drawn)[0, 1] ** 2 > 0.97
    with pysam.VariantFile(str(tmp_path / "cohort.vcf.gz")) as vcf:
        assert list(vcf.header.samples) == [str(number) for number in range(1, 301)]
        assert sum(1 for _ in vcf) == made.counts["records"]
    again = tmp_path / "again"
    synthesize(cohort, draw_of(cohort, 300), 3, again, options())
    assert (again / "cohort.vcf.gz").read_bytes() == (tmp_path / "cohort.vcf.gz").read_bytes()


def test_avatars_drawn_among_patients_without_a_genome_have_none(cohort: Cohort, tmp_path: Path) -> None:
    made = draw_of(cohort, 60)
    has = np.random.default_rng(1).random(len(made.person_ids)) < 0.5
    made = replace(made, has={"genomics": has})
    expected = made.having("genomics")
    assert 0 < expected.sum() < 60
    assert synthesize(cohort, made, 3, tmp_path, options()).counts["people"] == expected.sum()
    with pysam.VariantFile(str(tmp_path / "cohort.vcf.gz")) as vcf:
        assert set(vcf.header.samples) == {str(name) for name in avatar_ids(60, 3)[expected]}


def test_effective_sites() -> None:
    rng = np.random.default_rng(0)
    independent = (rng.random((100, 2000)) < 0.4).astype(np.uint8)
    assert 80 < effective_sites(independent) < 120
    assert effective_sites(np.repeat(independent[:1], 50, axis=0)) < 1.1
    assert Locus("chr7", 5, "a", "t").key == ("7", 5, "A", "T")
