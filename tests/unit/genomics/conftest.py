"""Small cohorts: haplotypes copied from a few ancestors with recombination and mutation, so that LD is real."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray


def cohort_haplotypes(people: int, sites: int, seed: int = 0, ancestors: int = 20) -> NDArray[np.uint8]:
    """(sites, 2 x people) uint8."""
    rng = np.random.default_rng(seed)
    frequency = np.clip(rng.beta(0.5, 1.2, sites), 0.03, 0.9)
    founders = (rng.random((sites, ancestors)) < frequency[:, None]).astype(np.uint8)
    size = 2 * people
    switch = rng.random((sites, size)) < 0.02
    choice = rng.integers(0, ancestors, (sites, size))
    current = rng.integers(0, ancestors, size)
    out = np.empty((sites, size), np.uint8)
    for site in range(sites):
        current = np.where(switch[site], choice[site], current)
        out[site] = founders[site, current]
    return out ^ (rng.random(out.shape) < 0.002).astype(np.uint8)


def vcf_text(
    alleles: NDArray[np.uint8], names: list[str], contig: str = "chr20", sep: str = "|", start: int = 1
) -> str:
    """A VCF whose header holds what must not leave."""
    lines = [
        "##fileformat=VCFv4.2",
        '##FILTER=<ID=PASS,Description="ok">',
        '##FILTER=<ID=bad,Description="no">',
        f"##contig=<ID={contig},length=64444167>",
        "##bcftools_viewCommand=view /home/canary/CANARYPATH.vcf",
        "##SAMPLE=<ID=CANARYSAMPLE>",
        "##study=CANARYSTUDY",
        '##INFO=<ID=DP,Number=1,Type=Integer,Description="depth">',
        '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">',
        "\t".join(["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT", *names]),
    ]
    for site, row in enumerate(alleles):
        calls = [f"{a}{sep}{b}" for a, b in row.reshape(-1, 2)]
        fixed = [contig, str(1 + 250 * site), f"CANARY{site}", "A", "G", "50", "PASS", "DP=9", "GT"]
        lines.append("\t".join([*fixed, *calls]))
    return "\n".join(lines) + "\n"


def sample_names(people: int) -> list[str]:
    return [f"CANARY{number:04d}" for number in range(people)]


@pytest.fixture(scope="session")
def small() -> NDArray[np.uint8]:
    """560 people (500 to learn from, 60 unseen), 300 sites."""
    return cohort_haplotypes(560, 300, seed=3)


@pytest.fixture(scope="session")
def small_vcf(small: NDArray[np.uint8], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("genomics") / "in.vcf"
    path.write_text(vcf_text(small, sample_names(560)))
    return path


@pytest.fixture(scope="session")
def text_of():
    """``vcf_text``, for tests that write their own file."""
    return vcf_text
