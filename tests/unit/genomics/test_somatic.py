"""Somatic panels: aggregates of small cohorts, gene-level avatars of large ones, and no variant in either."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from anon_pipeline.cli.main import app

GENES = ("TP53", "KRAS", "NPM1", "FLT3", "RAREX")
SHARED = Path(os.environ.get("ANON_PIPELINE_SHARED_DATA", Path(__file__).resolve().parents[4] / "shared" / "data"))


def maf(path: Path, patients: int) -> None:
    rng = np.random.default_rng(8)
    lines = [
        "Hugo_Symbol\tChromosome\tStart_Position\tReference_Allele\tTumor_Seq_Allele2\tVariant_Classification\t"
        "Tumor_Sample_Barcode\tProtein_Change"
    ]
    for patient in range(patients):
        driver = rng.random() < 0.5
        for gene, chance in zip(GENES, (0.4, 0.3, 0.6 * driver, 0.5 * driver, 0.01), strict=True):
            if rng.random() < chance:
                kind = "Missense_Mutation" if rng.random() < 0.7 else "Frame_Shift_Del"
                place = rng.integers(10_000_000, 99_999_999)
                lines.append(f"{gene}\t1\t{place}\tA\tT\t{kind}\tCANARY-{patient:04d}\tp.C{place}A")
    path.write_text("\n".join(lines) + "\n")


def call(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["vcf", "--somatic", *map(str, arguments)])
    return result.exit_code, result.output


def test_small_cohorts_give_counts_of_at_least_eleven(tmp_path: Path) -> None:
    maf(tmp_path / "in.maf", 150)
    code, output = call(tmp_path / "in.maf", tmp_path / "out.tsv", "--report", tmp_path / "r.json")
    assert code == 0, output
    rows = [line.split("\t") for line in (tmp_path / "out.tsv").read_text().splitlines()]
    assert rows[0] == ["gene", "consequence", "patients"]
    assert len(rows) > 3
    assert all(int(row[2]) >= 11 for row in rows[1:])
    assert json.loads((tmp_path / "r.json").read_text())["track"] == "aggregates"


def test_large_cohorts_give_avatars(tmp_path: Path) -> None:
    maf(tmp_path / "in.maf", 600)
    present = {line.split("\t")[6] for line in (tmp_path / "in.maf").read_text().splitlines()[1:]}
    (tmp_path / "h.txt").write_text("\n".join(sorted(present)[-120:]) + "\n")
    code, output = call(
        tmp_path / "in.maf", tmp_path / "out.tsv", "--report", tmp_path / "r.json", "--holdout", tmp_path / "h.txt",
        "--seed", 3, "--force",
    )  # fmt: skip
    assert code == 0, output
    text, report = (tmp_path / "out.tsv").read_text(), json.loads((tmp_path / "r.json").read_text())
    assert "CANARY" not in text + json.dumps(report)
    assert "p." not in text
    assert "RAREX" not in text
    assert report["track"] == "avatars"
    assert report["utility"]["gene_frequency_mae"] < 0.05
    assert report["utility"]["co_mutation_mae"] < 0.05
    worst = max(row["value"] for row in report["attacks"] if row["metric"] == "auc")
    assert worst < 0.62


def test_what_is_not_a_maf_is_refused(tmp_path: Path) -> None:
    (tmp_path / "in.maf").write_text("a\tb\n1\t2\n")
    code, output = call(tmp_path / "in.maf", tmp_path / "out.tsv")
    assert code == 2
    assert "hugo_symbol" in output
    with gzip.open(tmp_path / "cut.maf.gz", "wt") as stream:
        stream.write("Hugo_Symbol\n" * 1000)
    (tmp_path / "cut.maf.gz").write_bytes((tmp_path / "cut.maf.gz").read_bytes()[:-12])
    assert call(tmp_path / "cut.maf.gz", tmp_path / "out.tsv")[0] == 2


@pytest.mark.shared_data
def test_leukaemia(tmp_path: Path) -> None:
    source = SHARED / "somatic" / "tcga_laml.maf.gz"
    if not source.is_file():
        pytest.skip("the TCGA-LAML mutations of shared/data are absent")
    code, output = call(source, tmp_path / "out.tsv", "--report", tmp_path / "r.json")
    assert code == 0, output
    report = json.loads((tmp_path / "r.json").read_text())
    assert report["people"]["training"] == 193
    assert report["private_share"] > 0.97
    assert "DNMT3A\tmissense\t38" in (tmp_path / "out.tsv").read_text()
