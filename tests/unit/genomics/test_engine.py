"""The command line and the engine: what is written, what is refused, and that nothing of the input leaves."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pysam
import pytest
from numpy.typing import NDArray
from typer.testing import CliRunner

from anon_pipeline.cli.main import app

NAMES = [f"CANARY{number:04d}" for number in range(560)]


def call(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["vcf", *map(str, arguments)])
    return result.exit_code, result.output


@pytest.fixture(scope="module")
def holdout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("holdout") / "holdout.txt"
    path.write_text("\n".join(NAMES[500:]) + "\n")
    return path


@pytest.fixture(scope="module")
def made(small_vcf: Path, small: NDArray[np.uint8], holdout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One whole run, with loci, phenotypes and attacks."""
    folder = tmp_path_factory.mktemp("made")
    row = int(np.argmin(np.abs(small.mean(axis=1) - 0.3)))
    (folder / "loci.tsv").write_text(f"chrom\tpos\tref\talt\nchr20\t{1 + 250 * row}\tA\tG\n")
    dosage = small[row].reshape(-1, 2).sum(axis=1)
    trait = 5 + 0.7 * dosage + np.random.default_rng(0).standard_normal(560)
    lines = ["sample\theight"] + [f"{name}\t{value:.9f}" for name, value in zip(NAMES, trait, strict=True)]
    (folder / "traits.tsv").write_text("\n".join(lines) + "\n")
    code, output = call(
        small_vcf, folder / "out.vcf.gz", "--holdout", holdout, "--seed", 4, "--report", folder / "report.json",
        "--loci", folder / "loci.tsv", "--phenotypes", folder / "traits.tsv", "--force",
    )  # fmt: skip
    assert code == 0, output
    return folder


def test_the_vcf_is_indexed_and_holds_nothing_of_the_input(made: Path) -> None:
    with pysam.VariantFile(str(made / "out.vcf.gz")) as vcf:
        assert len(list(vcf.header.samples)) == 500
        records = list(vcf.fetch("chr20", 0, 1_000_000))
        carriers = [sum(set(sample.alleles) != {r.ref} for sample in r.samples.values()) for r in records]
        counts = [sum(allele == r.alts[0] for s in r.samples.values() for allele in s.alleles) for r in records]
        stated = [r.info["AC"][0] for r in records]
    assert min(carriers) >= 5
    assert counts == stated
    text = pysam.BGZFile(str(made / "out.vcf.gz"), "rb", None).read()
    report = (made / "report.json").read_text()
    traits = (made / "out.phenotypes.tsv").read_text()
    assert b"CANARY" not in text
    assert "CANARY" not in report + traits


def test_the_report_says_what_was_done(made: Path) -> None:
    report = json.loads((made / "report.json").read_text())
    assert report["people"] == {"training": 500, "held_out": 60, "further_samples_ignored": 0}
    assert report["alleles"]["minimum_carriers"] == 5
    assert report["budget"]["passed"]
    assert report["block"] in (16, 12, 8, 6)
    assert report["utility"]["allele_frequency_r"] > 0.99
    assert report["utility"]["ld_r"] > 0.8
    assert any("lose their association" in statement for statement in report["statements"])
    columns = {
        "name", "criterion", "metric", "value", "low", "high", "attacked", "floor", "ceiling", "limit", "passed",
    }  # fmt: skip
    assert all(set(row) == columns for row in report["attacks"])
    criteria = {row["criterion"] for row in report["attacks"]}
    assert criteria == {"membership", "singling_out", "linkability"}


def test_declared_associations_are_kept(made: Path) -> None:
    row = json.loads((made / "report.json").read_text())["loci"]["associations"][0]
    assert 0.9 <= row["effect_ratio"] <= 1.1
    assert 0.95 <= row["trait_sd_ratio"] <= 1.05
    assert row["lead_r2"] >= 0.9
    real = {line.split("\t")[1] for line in (made / "traits.tsv").read_text().splitlines()[1:]}
    synthetic = {line.split("\t")[1] for line in (made / "out.phenotypes.tsv").read_text().splitlines()[1:]}
    assert not {f"{float(value):.6g}" for value in real} & synthetic or len(synthetic) > 400


def test_same_seed_same_bytes(small_vcf: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        code, output = call(small_vcf, tmp_path / f"{name}.vcf.gz", "--seed", 9, "--quiet", "--block", 12)
        assert code == 0, output
    assert (tmp_path / "one.vcf.gz").read_bytes() == (tmp_path / "two.vcf.gz").read_bytes()
    assert (tmp_path / "one.vcf.gz.tbi").read_bytes() == (tmp_path / "two.vcf.gz.tbi").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "one.vcf.gz", "one.vcf.gz.tbi", "two.vcf.gz", "two.vcf.gz.tbi",
    ]  # fmt: skip


def test_a_small_cohort_is_refused_and_nothing_is_written(text_of, tmp_path: Path, small: NDArray[np.uint8]) -> None:
    source = tmp_path / "in.vcf"
    source.write_text(text_of(small[:50, :160], NAMES[:80]))
    code, output = call(source, tmp_path / "out.vcf.gz", "--report", tmp_path / "r.json")
    assert code == 3
    assert "80 people" in output
    assert not (tmp_path / "out.vcf.gz").exists()
    assert json.loads((tmp_path / "r.json").read_text())["verdict"]["passed"] is False


def test_a_panel_lets_a_small_cohort_pass(text_of, tmp_path: Path, small: NDArray[np.uint8]) -> None:
    source, panel = tmp_path / "in.vcf", tmp_path / "panel.vcf"
    source.write_text(text_of(small[:80, :200], NAMES[:100]))
    panel.write_text(text_of(small[:, 200:], [f"P{n}" for n in range(460)], contig="20"))
    code, output = call(
        source, tmp_path / "out.vcf.gz", "--panel", panel, "--block", 8, "--report", tmp_path / "r.json"
    )
    assert code == 0, output
    report = json.loads((tmp_path / "r.json").read_text())
    assert report["panel"]["people"] == 460
    assert report["budget"]["panel_people"] == 460


def test_a_whole_genome_is_over_budget(text_of, tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    independent = (rng.random((300, 1000)) < 0.3).astype(np.uint8)
    source = tmp_path / "in.vcf"
    source.write_text(text_of(independent, NAMES[:500]))
    code, output = call(source, tmp_path / "out.vcf.gz", "--access", "open")
    assert code == 3
    assert "budget" in output
    assert not (tmp_path / "out.vcf.gz").exists()
    found = " ".join(output.split())
    assert "0 of 1 regions (--over-budget regions)" in found
    assert "99 sites a megabase (--over-budget thin)" in found or "100 sites a megabase" in found
    code, output = call(
        source, tmp_path / "out.vcf.gz", "--access", "open", "--over-budget", "thin", "--report", tmp_path / "r.json",
        "--block", 8,
    )  # fmt: skip
    assert code == 0, output
    budget = json.loads((tmp_path / "r.json").read_text())["budget"]
    assert budget["action"] == "thinned"
    assert budget["ratio"] <= budget["limit"]
    with pysam.VariantFile(str(tmp_path / "out.vcf.gz")) as vcf:
        assert 90 <= sum(1 for _ in vcf) <= budget["sites_a_region"]


@pytest.mark.parametrize(
    ("option", "content", "said"),
    [
        ("--holdout", "NOBODY\n", "1 of 1 samples are not in the VCF"),
        ("--strata", "NOBODY\tEUR\n", "samples of the VCF have no stratum"),
        ("--samples-map", "NOBODY\tp1\n", "none of its samples"),
        ("--loci", "chr20\tten\tA\tG\n", "line 1"),
        ("--phenotypes", "sample\tt\nCANARY0001\ttall\n", "line 2"),
        ("--genetic-map", "chr20 10 5\nchr20 20 1\n", "does not increase"),
    ],
)
def test_wrong_files_are_named(small_vcf: Path, tmp_path: Path, option: str, content: str, said: str) -> None:
    beside = tmp_path / "beside.txt"
    beside.write_text(content)
    code, output = call(small_vcf, tmp_path / "out.vcf.gz", option, beside)
    assert code == 2, output
    assert said in output
    assert "CANARY" not in output
    assert not (tmp_path / "out.vcf.gz").exists()


def test_a_person_with_one_held_out_sample_is_held_out_whole(small_vcf: Path, tmp_path: Path) -> None:
    from anon_pipeline.modalities.genomics.engine import Request, who
    from anon_pipeline.modalities.genomics.store import Header

    header = Header(["a1", "a2", "b", "c"], {}, None)
    request = Request(small_vcf, tmp_path / "o.vcf.gz", person_of={"a1": "a", "a2": "a"}, holdout=["a2"])
    people = who(header, request)
    assert people.training.tolist() == [2, 3]
    assert people.unseen.tolist() == [0]
    assert people.further_samples == 1


def test_phase_free_mode_writes_unphased(text_of, tmp_path: Path, small: NDArray[np.uint8]) -> None:
    source = tmp_path / "in.vcf"
    source.write_text(text_of(small[:100, :1000], NAMES[:500], sep="/"))
    assert call(source, tmp_path / "out.vcf.gz")[0] == 2
    code, output = call(
        source, tmp_path / "out.vcf.gz", "--unphased", "free", "--block", 8, "--report", tmp_path / "r.json"
    )
    assert code == 0, output
    line = pysam.BGZFile(str(tmp_path / "out.vcf.gz"), "rb", None).read().decode().splitlines()[-1]
    assert "|" not in line
    assert "/" in line
    assert json.loads((tmp_path / "r.json").read_text())["mode"].startswith("phase-free")


@pytest.mark.debian
def test_bcftools_reads_it(made: Path) -> None:
    import subprocess

    if shutil.which("bcftools") is None:
        pytest.skip("bcftools is not installed (Debian package bcftools)")
    command = ["bcftools", "view", "-H", "-r", "chr20", str(made / "out.vcf.gz")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert not done.stderr
    assert len(done.stdout.splitlines()) > 100


@pytest.mark.debian
def test_plink2_reads_it_and_counts_the_same(made: Path, tmp_path: Path) -> None:
    import subprocess

    if shutil.which("plink2") is None:
        pytest.skip("plink2 is not installed (Debian package plink2)")
    command = ["plink2", "--vcf", str(made / "out.vcf.gz"), "--freq", "counts", "--out", str(tmp_path / "p")]
    done = subprocess.run([*command, "--threads", "1", "--memory", "640"], capture_output=True, text=True, check=True)
    assert "Warning" not in done.stdout + done.stderr
    counted = [line.split("\t")[-2:] for line in (tmp_path / "p.acount").read_text().splitlines()[1:]]
    with pysam.VariantFile(str(made / "out.vcf.gz")) as vcf:
        stated = [[str(record.info["AC"][0]), str(record.info["AN"])] for record in vcf]
    assert counted == stated
