"""The files beside a VCF: genetic maps in three layouts, scores and pharmacogenes in the embedding, several samples."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pysam
import pytest
from numpy.typing import NDArray

from anon_pipeline.cohort import Cohort
from anon_pipeline.modalities.genomics import embed
from anon_pipeline.modalities.genomics.engine import Request, synthesize_vcf
from anon_pipeline.modalities.genomics.formats import GeneticMap
from anon_pipeline.modalities.genomics.options import Options


@pytest.mark.parametrize(
    "text",
    [
        "chr20\t1000\t0.0\nchr20\t3000\t4.0\n",
        "Chromosome\tPosition(bp)\tRate(cM/Mb)\tMap(cM)\nchr20\t1000\t2\t0.0\nchr20\t3000\t0\t4.0\n",
        "20 rs1 0.0 1000\n20 rs2 4.0 3000\n",
    ],
)
def test_genetic_maps(tmp_path: Path, text: str) -> None:
    (tmp_path / "map.txt").write_text(text)
    found = GeneticMap.read(tmp_path / "map.txt").centimorgans("20", np.array([1000, 2000, 3000]))
    assert found.tolist() == [0.0, 2.0, 4.0]


def test_a_map_and_several_samples_of_a_person(small_vcf: Path, tmp_path: Path) -> None:
    (tmp_path / "map.txt").write_text("chr20 1 0\nchr20 75000 0.3\n")
    request = Request(small_vcf, tmp_path / "o.vcf.gz", person_of={"CANARY0001": "p", "CANARY0002": "p"})
    report = synthesize_vcf(request, Options(genetic_map=str(tmp_path / "map.txt"), block=8))
    assert report["people"] == {"training": 559, "held_out": 0, "further_samples_ignored": 1}
    assert report["block"] == 8
    assert report["alleles"]["dropped_share"] > 0
    assert report["released_people"] == 559


def test_scores_and_pharmacogenes_are_in_the_embedding(tmp_path: Path, small: NDArray[np.uint8], text_of) -> None:
    alleles = small[:60, :1040]
    folder = tmp_path / "genomics"
    folder.mkdir()
    with pysam.BGZFile(str(folder / "cohort.vcf.gz"), "wb", None) as stream:
        stream.write(text_of(alleles, [str(number) for number in range(520)]).encode())
    dosage = alleles.reshape(60, -1, 2).sum(axis=2).astype(float)
    common = np.flatnonzero((dosage.mean(axis=1) > 0.4) & (dosage.mean(axis=1) < 1.6))[:3]
    weights = (0.5, -1.0, 2.0)
    lines = [f"chr20 {1 + 250 * row} A G {weight}" for row, weight in zip(common, weights, strict=True)]
    (tmp_path / "score.txt").write_text("\n".join(lines) + "\n")
    gene = f"20:{1 + 250 * common[0]}:A:G"
    found = embed(Cohort("c", tmp_path), "cpu", {"scores": str(tmp_path / "score.txt"), "pharmacogenes": [gene]})
    assert found is not None
    wanted = (dosage[common].T @ np.array(weights), dosage[common[0]])
    seen = np.corrcoef(np.column_stack([found.vectors, *wanted]), rowvar=False)
    for column in (-2, -1):
        assert np.abs(seen[column, :-2]).max() > 0.999
