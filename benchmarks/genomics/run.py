"""Quality and safety on simulated regions, and speed on 1,000 people x 50,000 sites. Writes RESULTS.md.

python benchmarks/genomics/run.py [--regions 3] [--sites 50000] [--parts speed,quality,alternatives] [--kept FOLDER]

Parts, columns and regions that an earlier run left in the folder are taken from there: empty it to measure all again.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
HERE = Path(__file__).parent


SIX = (
    "frequency_likelihood_ratio", "run_longest", "run_longest_calibrated", "distance_calibrated", "kinship_highest",
    "combined",
)  # fmt: skip


REGIONS = """\
Alleles of 2 % or more unless said; 2e-8 mutations a base and generation, so that sites are as dense as in real data.
Hotspots come with gene conversion. One locus and a trait are declared. PCA, LD and frequencies are against the training
people. Over a megabase unrelated people exceed a KING coefficient of .177, too: the shares of training and of unseen
pairs are to be compared, and the last column is where the absolute number says something. The six attacks are the
likelihood ratio, the longest run plain and calibrated, calibrated distance, kinship and all combined.""".splitlines()
GENERATORS = """\
"People never used" in place of a release is what the worst of so many scores gives by selection alone; "columns on their
own", each site drawn by itself, is what exact frequencies alone give away. A haplotype VAE takes a minute of CPU a
region; where its column is missing, `docs/decisions/0092` has what an earlier run gave.""".splitlines()


def cpu(function, *arguments, **named):
    start = time.process_time()
    result = function(*arguments, **named)
    return result, time.process_time() - start


@dataclass(frozen=True)
class Column:
    """What is simulated and how it is released. ``pieces``: of 100 kb on each autosome, 0: one
    megabase."""

    people: dict[str, int]
    hotspots: bool
    learnt: int = 500
    least: float = 0.02
    options: dict = field(default_factory=dict)
    pieces: int = 0


def simulated(seed: int, column: Column) -> dict:
    """Alleles and positions by contig."""
    from simulate import common_haplotypes

    def region(number: int, bases: int):
        chance = 1_000 + seed + 100 * number
        return common_haplotypes(column.people, chance, column.hotspots, 2 * column.learnt, column.least, bases)

    if not column.pieces:
        return {"20": region(0, 1_000_000)}
    found = {}
    for chromosome in range(22):
        parts = [region(column.pieces * chromosome + piece, 100_000) for piece in range(column.pieces)]
        found[str(chromosome + 1)] = (
            np.concatenate([alleles for alleles, _ in parts]),
            np.concatenate([positions + 3_000_000 * piece for piece, (_, positions) in enumerate(parts)]),
        )
    return found


def quality(work: Path, seed: int, column: Column) -> dict:
    from simulate import write_contigs

    from anon_pipeline.modalities.genomics.engine import Request, synthesize_vcf
    from anon_pipeline.modalities.genomics.formats import Locus, Phenotypes
    from anon_pipeline.modalities.genomics.options import Options

    parts = simulated(seed, column)
    names = write_contigs(work / "in.vcf.gz", parts)
    contig, (alleles, positions) = next(iter(parts.items()))
    row = int(np.argmin(np.abs(alleles.mean(axis=1) - 0.3)))
    dosage = alleles[row].reshape(-1, 2).sum(axis=1)
    trait = 0.6 * dosage + np.random.default_rng(seed).standard_normal(len(names))
    request = Request(
        work / "in.vcf.gz",
        work / "out.vcf.gz",
        seed=seed,
        holdout=names[column.learnt :],
        loci=(Locus(contig, int(positions[row]), "A", "G"),),
        phenotypes=Phenotypes(names, ["trait"], trait[:, None]),
        force=True,
    )
    return synthesize_vcf(request, Options(**column.options))


def figures(report: dict) -> dict[str, float]:
    attacks = report["attacks"]
    auc = {row["name"]: row["value"] for row in attacks if row["metric"] == "auc"}
    tpr = {row["name"]: row["value"] for row in attacks if row["metric"] == "tpr_at_fpr_01"}
    other = {row["name"]: row["value"] for row in attacks if row["name"] not in auc}
    utility, association = report["utility"], report["loci"]["associations"][0]
    kin = report["attack_figures"]["kinship"]
    return {
        "allele frequency r": utility["allele_frequency_r"],
        "allele frequency MAE": utility["allele_frequency_mae"],
        "LD r": utility["ld_r"],
        "LD relative error": utility["ld_relative_error"],
        "PCA Wasserstein, mean of 6 (SD)": float(np.mean(utility["pca_wasserstein"])),
        "PCA Wasserstein, worst of 6 (SD)": utility["pca_wasserstein_worst"],
        "effect ratio": association["effect_ratio"],
        "lead r2": association["lead_r2"],
        "trait SD ratio": association["trait_sd_ratio"],
        "likelihood ratio AUC": auc["frequency_likelihood_ratio"],
        "run-length AUC (worst of 6)": max(value for name, value in auc.items() if name.startswith("run")),
        "distance AUC (worst of 4)": max(value for name, value in auc.items() if name.startswith(("dist", "kin"))),
        "combined AUC": auc["combined"],
        "worst AUC of 6": max(auc[name] for name in SIX),
        "worst AUC of 13": max(auc.values()),
        "TPR at 1 % FPR, combined": tpr["combined"],
        "TPR at 1 % FPR, worst of 6": max(tpr[name] for name in SIX),
        "TPR at 1 % FPR, worst of 13": max(tpr.values()),
        "AATS privacy loss": other["adversarial_accuracy"],
        "exact copies": other["exact_copies"],
        "excess share of pairs, KING > .0884": other["kinship_second_degree"],
        "excess share of pairs, KING > .177": other["kinship_first_degree"],
        "share of training pairs, KING > .177": kin["pairs_over_first_degree"][0],
        "share of unseen pairs, KING > .177": kin["pairs_over_first_degree"][1],
        "training pairs, KING > .177": kin["count_over_first_degree"][0],
        "unseen pairs, KING > .177": kin["count_over_first_degree"][1],
        "singling out, excess": other["singling_out"],
        "linkability, excess": other["linkability_halves"],
        "haplotypes a group": report["block"],
        "m_eff / n": report["budget"]["ratio"],
        "predicted AUC": report["budget"]["predicted_auc"],
    }


def speed(work: Path, sites: int) -> dict[str, float]:
    from simulate import haplotypes, write

    alleles, positions = haplotypes({"EUR": 1_000}, int(sites * 260), 77)
    alleles, positions = alleles[:sites], positions[:sites]
    write(work / "in.vcf.gz", alleles, positions)
    genotypes = alleles.shape[0] * alleles.shape[1] / 2
    del alleles
    script = [sys.executable, __file__, "--stages", str(work)]
    out = subprocess.run(script, check=True, capture_output=True, text=True).stdout
    found = {key: float(value) for key, value in (line.split("\t") for line in out.splitlines() if "\t" in line)}
    found = {
        key: value if not key.endswith("CPU-s)") else genotypes / max(value, 1e-9) / 1e6 for key, value in found.items()
    }
    return {"genotypes (millions)": genotypes / 1e6, **found}


def peak() -> float:
    """MB at most so far. Not getrusage, which counts what the parent held when this process was started."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def stages(work: Path) -> None:
    """One process: each stage's CPU seconds and the peak memory, as tab-separated lines."""
    from anon_pipeline.modalities.genomics import attacking
    from anon_pipeline.modalities.genomics.formats import GeneticMap
    from anon_pipeline.modalities.genomics.generate import Generator, make_plan
    from anon_pipeline.modalities.genomics.options import Options
    from anon_pipeline.modalities.genomics.pairing import pair
    from anon_pipeline.modalities.genomics.reading import read_vcf
    from anon_pipeline.modalities.genomics.released import finish
    from anon_pipeline.modalities.genomics.store import Store
    from anon_pipeline.modalities.genomics.strata import components, find_strata
    from anon_pipeline.modalities.genomics.survey import survey
    from anon_pipeline.modalities.genomics.writing import write_vcf

    def say(name: str, value: float) -> None:
        print(f"{name}\t{value}", flush=True)

    say("VCF to Parquet (M genotypes / CPU-s)", cpu(read_vcf, work / "in.vcf.gz", work / "s.parquet")[1])
    store = Store(work / "s.parquet")
    say("Parquet read, packed (M genotypes / CPU-s)", cpu(lambda: sum(len(c.bits) for c in store.chunks()))[1])
    say(
        "Parquet read, unpacked (M genotypes / CPU-s)",
        cpu(lambda: sum(int(c.alleles()[0, 0]) for c in store.chunks()))[1],
    )
    people, unseen = np.arange(500), np.arange(500, 1_000)
    found, spent = cpu(survey, store, people, 5)
    say("survey (M genotypes / CPU-s)", spent)
    ancestry = components(found, 500)
    strata = find_strata(ancestry, None, 500, found.effective, 0, 500)
    plan = make_plan(store.header, people, strata, 1_000, 0)
    chosen = Options()
    settings = (chosen.block, chosen.maximum_run_cm)
    generator = Generator(store, people, found, strata, plan, GeneticMap(), *settings, 0)
    generator.run(work / "w.parquet")
    found.leaves[:] = True
    generator = Generator(store, people, found, strata, plan, GeneticMap(), *settings, 0)
    say("generation of 1,000 people (M genotypes / CPU-s)", cpu(generator.run, work / "w.parquet")[1])
    walkers = Store(work / "w.parquet")
    pairing = pair(walkers, found, ancestry, strata, plan, 0)
    say("pairing and filtering (M genotypes / CPU-s)", cpu(finish, walkers, pairing, work / "r.parquet", 5)[1])
    released = Store(work / "r.parquet")
    chunks = ((chunk, chunk.alleles()) for chunk in released.chunks())
    say(
        "VCF written and indexed (M genotypes / CPU-s)",
        cpu(write_vcf, work / "o.vcf.gz", released.header, released.header.samples, chunks)[1],
    )
    say("peak memory, whole path without attacks (MB)", peak())
    _, spent = cpu(attacking.attack_release, store, released, people, unseen, GeneticMap(), Options(), "controlled", 0)
    print(f"attacks, 500 + 500 + 1,000 people (CPU s)\t{spent}")
    say("sites attacked", released.rows)
    say("peak memory with attacks (MB)", peak())


UNLINKED = "154 pieces of 100 kb on 22 autosomes, 5 %, 1,320 to learn from"
ONE = {"EUR": 1_000}
COLUMNS = {
    "one rate": Column(ONE, False),
    "hotspots": Column(ONE, True),
    "hotspots, alleles of 5 carriers or more": Column(ONE, True, least=0.005),
    "hotspots, African": Column({"AFR": 1_000}, True),
    "1,000 to learn from": Column({"EUR": 1_500}, True, 1_000),
    "five ancestries in one pool": Column({"AFR": 264, "EUR": 201, "SAS": 196, "EAS": 201, "AMR": 138}, True),
    UNLINKED: Column({"EUR": 1_520}, True, 1_320, 0.05, pieces=7),
}


def table(columns: dict[str, dict[str, float]]) -> list[str]:
    lines = ["| figure | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    for name in next(iter(columns.values())):
        lines.append(f"| {name} | " + " | ".join(f"{column[name]:.4f}" for column in columns.values()) + " |")
    return lines


def measured(part: str, work: Path, arguments: argparse.Namespace) -> None:
    kept = arguments.kept / f"{part}.json"
    if part == "speed":
        kept.write_text(json.dumps(speed(work, arguments.sites)))
        return
    if part == "alternatives":
        from alternatives import compared

        kept.write_text(json.dumps(compared(arguments.alternative_regions, arguments.kept)))
        return
    found = json.loads(kept.read_text()) if kept.exists() else {}
    for place, (name, column) in enumerate(COLUMNS.items()):
        if arguments.columns and name not in arguments.columns.split(";"):
            continue
        count = 1 if column.pieces else arguments.regions
        runs = []
        for seed in range(count):
            one = arguments.kept / f"quality-{place}-{seed}.txt"
            if not one.exists():
                one.write_text(json.dumps(figures(quality(work, seed, column))))
            runs.append(json.loads(one.read_text()))
        found[name] = {key: float(np.mean([run[key] for run in runs])) for key in runs[0]} | {"regions": count}
        kept.write_text(json.dumps({name: found[name] for name in COLUMNS if name in found}))
        print(name, found[name]["LD r"], found[name]["worst AUC of 13"], flush=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--regions", type=int, default=3)
    parser.add_argument("--alternative-regions", type=int, default=2)
    parser.add_argument("--columns", default="", help="only these of the quality part, separated by ;")
    parser.add_argument("--sites", type=int, default=50_000)
    parser.add_argument("--parts", default="speed,quality,alternatives")
    parser.add_argument("--kept", type=Path, default=Path(tempfile.gettempdir()) / "anon-pipeline-genomics-benchmark")
    parser.add_argument("--stages", type=Path)
    arguments = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    if arguments.stages:
        stages(arguments.stages)
        return
    arguments.kept.mkdir(exist_ok=True)
    for part in filter(None, arguments.parts.split(",")):
        with tempfile.TemporaryDirectory() as folder:
            measured(part, Path(folder), arguments)
    parts = {path.stem: json.loads(path.read_text()) for path in arguments.kept.glob("*.json")}
    lines = [
        "# Genomics: measured",
        "",
        f"Date 2026-11-23, {platform.machine()}, Python {platform.python_version()}, numpy {np.__version__}. Command:",
        f"`python benchmarks/genomics/run.py --regions {arguments.regions}`; the row of regions says how many.",
        "CPU time, one thread, a shared and busy machine.",
        "",
    ]
    if "speed" in parts:
        lines += ["## Speed: 1,000 people", "", "| stage | value |", "|---|---|"]
        lines += [f"| {name} | {value:.1f} |" for name, value in parts["speed"].items()] + [""]
    if "quality" in parts:
        lines += ["## One megabase, 500 people to learn from, 500 unseen; means over simulated regions", "", *REGIONS]
        lines += ["", *table(parts["quality"]), ""]
    if "alternatives" in parts:
        lines += ["## Generators within the same attacks: 1,000 haplotypes of one megabase", ""]
        lines += [f"Means over {2 * arguments.alternative_regions} regions, half of them with hotspots.", ""]
        lines += [*table(parts["alternatives"]), "", *GENERATORS]
    text = "\n".join(lines).rstrip() + "\n"
    (HERE / "RESULTS.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
