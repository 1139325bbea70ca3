"""A cohort's genomes through the stages: embedded, drawn, decoded, attacked and judged; a leaky release is refused."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pysam
import pytest
from numpy.typing import NDArray

from anon_pipeline.keys import Key
from anon_pipeline.modalities.genomics.files_attacked import Lookup
from anon_pipeline.modalities.genomics.reading import read_vcf
from anon_pipeline.modalities.genomics.store import Store
from anon_pipeline.policy import Policy, load_policy
from anon_pipeline.release.evidence import Check, Evidence
from anon_pipeline.release.gate import judge
from anon_pipeline.stages import genomes
from anon_pipeline.stages.base import StageContext, StageResult, run_stage
from anon_pipeline.stages.graph import EXTRACTION, STAGES

TRAINING, HELD_OUT = 500, 300
RISKS = ("singling_out", "linkability", "inference", "membership")
Haplotypes = NDArray[np.uint8]


@pytest.fixture(scope="module")
def simulated() -> tuple[Haplotypes, NDArray[np.int64]]:
    """(sites, 2 x 800) of one megabase under growth, every second site, and positions."""
    msprime = pytest.importorskip("msprime")
    grown = msprime.Demography()
    grown.add_population(name="all", initial_size=1_000_000, growth_rate=0.015)
    grown.add_population_parameters_change(time=300, initial_size=11_000, growth_rate=0)
    trees = msprime.sim_ancestry(
        {"all": TRAINING + HELD_OUT}, demography=grown, sequence_length=1e6, recombination_rate=1e-8, random_seed=8
    )
    trees = msprime.sim_mutations(trees, rate=1.25e-8, random_seed=8)
    alleles = (trees.genotype_matrix() > 0).astype(np.uint8)
    carried = alleles.sum(axis=1)
    common = (carried >= 10) & (carried <= alleles.shape[1] - 10)
    common = np.flatnonzero(common)[::2]
    return alleles[common], trees.tables.sites.position[common].astype(np.int64) + 1


def write(path: Path, alleles: Haplotypes, positions: NDArray[np.int64], names: list[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    head = '##fileformat=VCFv4.2\n##contig=<ID=20>\n##FORMAT=<ID=GT,Number=1,Type=String,Description="G">\n'
    columns = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t" + "\t".join(names)
    with pysam.BGZFile(str(path), "wb", None) as stream:
        stream.write((head + columns + "\n").encode())
        for position, row in zip(positions, alleles, strict=True):
            calls = "\t".join(f"{a}|{b}" for a, b in row.reshape(-1, 2))
            stream.write(f"20\t{position}\t.\tA\tG\t.\tPASS\t.\tGT\t{calls}\n".encode())


def mosaic(train: Haplotypes, positions: NDArray[np.int64], length_cm: float = 0.2) -> Haplotypes:
    """Segments of exponential length, each copied from a random training haplotype."""
    rng = np.random.default_rng(1)
    changes = rng.random((len(train), train.shape[1])) < np.diff(positions, prepend=positions[0])[:, None] * (
        1e-6 / length_cm
    )
    donor = rng.integers(0, train.shape[1], train.shape[1])
    made = np.empty_like(train)
    for row in range(len(train)):
        donor = np.where(changes[row], rng.integers(0, train.shape[1], len(donor)), donor)
        made[row] = train[row, donor]
    return made


def policy() -> Policy:
    packaged = load_policy(Path(__file__).parents[2] / "policies" / "default.yaml")
    limits = [limit.model_dump() for limit in packaged.limits if limit.check.startswith("genomics/")]
    assert limits
    return Policy.model_validate(
        {
            "schema": "anon-pipeline/policy/1",
            "modalities": {"genomics": {"track": "synthetic", "options": {"minimum_stratum": 200}}},
            "limits": limits,
        }
    )


@pytest.fixture(scope="module")
def context(simulated: tuple[Haplotypes, NDArray[np.int64]], tmp_path_factory: pytest.TempPathFactory) -> StageContext:
    """A cohort extracted, embedded and decoded by the stages themselves."""
    work = tmp_path_factory.mktemp("genomes") / "work"
    made = StageContext(
        cohort="trial", policy=policy(), work=work, warehouse="unused", releases="unused", key=Key(bytes(range(32)))
    )
    alleles, positions = simulated

    def extraction(_context: StageContext, out: Path) -> StageResult:
        for part, first, count in (("training", 0, TRAINING), ("holdout", TRAINING, HELD_OUT)):
            ids = list(range(1000 + first, 1000 + first + count))
            own = alleles[:, 2 * first : 2 * (first + count)]
            write(out / part / "genomics" / "cohort.vcf.gz", own, positions, [str(person) for person in ids])
            people = pa.table({"person_id": pa.array(ids, pa.int64())})
            pq.write_table(people, out / part / "members.parquet")
            (out / part / "observational").mkdir()
            known = {
                "year_of_birth": [1940 + n % 60 for n in ids],
                "gender_concept_id": [8507 + 25 * (n % 2) for n in ids],
            }
            for name, values in known.items():
                people = people.append_column(name, pa.array(values, pa.int32()))
            pq.write_table(people, out / part / "observational" / "person.parquet")
        return StageResult(checks=[Check(name="extraction/complete", passed=True)])

    run_stage(replace(STAGES[EXTRACTION], body=extraction), made)
    for stage in STAGES.values():
        if stage.group in ("embedding", "anonymisation"):
            run_stage(stage, made)
    return made


def attacked(context: StageContext) -> dict[str, Evidence]:
    return {f"risk/{risk}": run_stage(STAGES[f"risk/{risk}"], context) for risk in RISKS}


def reasons(context: StageContext) -> list[str]:
    judged = [STAGES[EXTRACTION], *(s for s in STAGES.values() if s.group in ("embedding", "anonymisation"))]
    return judge(context, [*judged, *(STAGES[f"risk/{risk}"] for risk in RISKS)]).reasons


def test_the_released_genomes_are_attacked_and_judged(context: StageContext) -> None:
    assert context.evidence("anonymised/genomics").status == "done"
    found = attacked(context)
    names = {check.name for evidence in found.values() for check in evidence.checks}
    assert {
        "genomics/membership/run_longest/auc",
        "genomics/membership/combined/tpr_at_fpr_01",
        "genomics/membership/adversarial_accuracy/privacy_loss",
        "genomics/singling_out/exact_copies/count",
        "genomics/linkability/linkability_halves/excess_success",
    } <= names
    assert not found["risk/inference"].checks
    rows = json.loads((context.folder("risk/membership") / "attacks.json").read_text())
    assert not [(row["name"], row["value"], row["high"]) for row in rows if not row["passed"] or not row["limit"]]
    assert all(row["ceiling"] > 0.9 for row in rows if row["name"] == "run_longest" and row["metric"] == "auc")
    assert reasons(context) == []


def test_a_leaky_mosaic_is_refused_by_the_gate(context: StageContext, simulated, tmp_path: Path) -> None:
    leaky = replace(context, work=tmp_path / "work")
    shutil.copytree(context.work, leaky.work)
    alleles, positions = simulated

    def copies(_context: StageContext, out: Path) -> StageResult:
        made = mosaic(np.ascontiguousarray(alleles[:, : 2 * TRAINING]), positions)
        write(out / "cohort.vcf.gz", made, positions, [str(number) for number in range(TRAINING)])
        return StageResult()

    run_stage(replace(STAGES["anonymised/genomics"], body=copies), leaky)
    run_stage(STAGES["anonymised/text"], leaky)
    found = attacked(leaky)
    value = {check.name: check.value for check in found["risk/membership"].checks}
    assert value["genomics/membership/distance_calibrated/auc"] < 0.65
    assert value["genomics/membership/run_longest/auc"] > 0.65
    assert any("genomics/membership/run_longest/auc" in reason for reason in reasons(leaky))


def test_without_held_out_people_nothing_is_judged_safe(context: StageContext, tmp_path: Path) -> None:
    alone = replace(context, work=tmp_path / "work")
    shutil.copytree(context.work, alone.work)
    (alone.extracted.holdout.vcf).unlink()
    genomes._ATTACKED.clear()
    evidence = run_stage(STAGES["risk/membership"], alone)
    assert evidence.status == "refused"
    assert "held out" in evidence.reason
    assert any("held out" in reason for reason in reasons(alone))


def test_rows_are_found_again_by_contig_position_and_alleles(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    alleles, positions = rng.integers(0, 2, (40, 8)).astype(np.uint8), np.arange(10, 50)
    keep = np.arange(40) % 3 > 0
    stores = []
    for name, rows in (("all", np.ones(40, bool)), ("some", keep)):
        write(tmp_path / f"{name}.vcf.gz", alleles[rows], positions[rows], list("abcd"))
        read_vcf(tmp_path / f"{name}.vcf.gz", tmp_path / f"{name}.parquet")
        stores.append(Store(tmp_path / f"{name}.parquet"))
    found, same = Lookup(stores[1]).alleles(next(stores[0].chunks()))
    assert found.tolist() == keep.tolist()
    assert np.array_equal(same, alleles[keep])
