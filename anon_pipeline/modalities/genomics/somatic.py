"""Somatic, tumour-only panels: gene x consequence counts below 200 patients, gene-level avatars above.

98 % of patients carry a variant that nobody else carries: no position, protein change, allele fraction or date leaves.
Reading MAF and VCF is in ``somatic_reading``, the model of avatars in ``somatic_model``.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anon_pipeline.errors import BadInput, ReleaseRefused
from anon_pipeline.keys import seeded_rng
from anon_pipeline.modalities.genomics.somatic_model import fit, sample
from anon_pipeline.modalities.genomics.somatic_reading import CONSEQUENCES, Mutations, read_mutations

FEWEST_FOR_AVATARS = 200
FLOOR = 11
LEAST_UNSEEN = 30


@dataclass(frozen=True)
class SomaticRequest:
    """One run; ``holdout`` names samples that are only attacked with."""

    source: Path
    target: Path
    seed: int = 0
    size: int | None = None
    person_of: dict[str, str] | None = None
    holdout: list[str] | None = None
    access: str = "controlled"
    floor: int = FLOOR
    force: bool = False


def synthesize_somatic(request: SomaticRequest) -> dict[str, Any]:
    """Write the table at ``request.target`` and return the report. Raises BadInput, ReleaseRefused."""
    mutations = read_mutations(request.source, request.person_of)
    training, unseen = _split(mutations, request)
    report: dict[str, Any] = {
        "schema": "anon-pipeline/somatic-report/1",
        "access": request.access,
        "seed": request.seed,
        "people": {"training": len(training), "held_out": len(unseen)},
        "floor": request.floor,
        "private_share": round(mutations.private_share, 4),
        "records": mutations.counts,
        "statements": ["No variant leaves: positions, protein changes and allele fractions are dropped."],
    }
    reasons: list[str] = []
    if len(training) < FEWEST_FOR_AVATARS:
        report["track"] = "aggregates"
        report["statements"].append(
            f"{len(training)} patients are fewer than {FEWEST_FOR_AVATARS}: counts of patients by gene and "
            f"consequence leave, none under {request.floor}, no avatars."
        )
        lines, report["cells"] = aggregates(mutations.table[training], mutations.genes, request.floor)
    else:
        report["track"] = "avatars"
        lines, made = _avatars(mutations, training, request, report)
        if len(unseen):
            reasons = _attack(mutations, training, unseen, made, request, report)
    report["verdict"] = {"passed": not reasons, "reasons": reasons, "forced": bool(reasons) and request.force}
    if reasons and not request.force:
        refusal = ReleaseRefused(reasons)
        refusal.report = report  # type: ignore[attr-defined]
        raise refusal
    _write(request.target, lines)
    return report


def _split(mutations: Mutations, request: SomaticRequest) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    if request.holdout is None:
        return np.arange(len(mutations.people)), np.zeros(0, np.int64)
    person_of = request.person_of or {}
    held = {person_of.get(name, name) for name in request.holdout}
    missing = len(held - set(mutations.people))
    if missing:
        raise BadInput(f"holdout: {missing} of {len(held)} samples are not in {request.source.name}")
    flags = np.array([person in held for person in mutations.people])
    if flags.all():
        raise BadInput("holdout: every sample is held out, nobody is left to learn from")
    return np.flatnonzero(~flags), np.flatnonzero(flags)


def aggregates(table: NDArray[np.bool_], genes: list[str], floor: int) -> tuple[list[str], dict[str, int]]:
    """Lines of ``gene consequence patients``. table: (patients, genes, consequences). A count leaves when it and its
    complement are at least ``floor``; no totals, from which a small cell could be subtracted."""
    counts = table.sum(axis=0)
    patients = len(table)
    leaves = (counts >= floor) & (patients - counts >= floor)
    lines = ["gene\tconsequence\tpatients"]
    for gene in np.argsort(genes, kind="stable"):
        for kind, name in enumerate(CONSEQUENCES):
            if leaves[gene, kind]:
                lines.append(f"{genes[gene]}\t{name}\t{counts[gene, kind]}")
    return lines, {"released": int(leaves.sum()), "suppressed": int(((counts > 0) & ~leaves).sum())}


def _avatars(
    mutations: Mutations, training: NDArray[np.int64], request: SomaticRequest, report: dict[str, Any]
) -> tuple[list[str], NDArray[np.bool_]]:
    from anon_pipeline.modalities.genomics.released import sample_names

    model = fit(mutations.table[training], request.floor)
    if not len(model.genes):
        raise ReleaseRefused([f"no gene is mutated in at least {request.floor} patients: nothing can leave"])
    size = request.size or len(training)
    rng = seeded_rng(request.seed, "somatic", "avatars")
    made, consequence = sample(model, size, rng)
    names = sample_names(size, request.seed)
    lines = ["avatar\tgene\tconsequence"]
    for person in np.argsort(np.array([name.zfill(12) for name in names]), kind="stable"):
        for place in np.flatnonzero(made[person]):
            kind = CONSEQUENCES[consequence[person, place]]
            lines.append(f"{names[person]}\t{mutations.genes[model.genes[place]]}\t{kind}")
    real = _carried(mutations.table[training])[:, model.genes]
    before, after = real.mean(axis=0), made.mean(axis=0)
    report["genes"] = {"released": len(model.genes), "dropped": len(mutations.genes) - len(model.genes)}
    report["released_people"] = size
    report["utility"] = {
        "gene_frequency_mae": round(float(np.abs(before - after).mean()), 5),
        "co_mutation_mae": round(_pair_difference(real, made), 5),
        "burden_mean_before": round(float(real.sum(axis=1).mean()), 4),
        "burden_mean_after": round(float(made.sum(axis=1).mean()), 4),
    }
    report["statements"].append(
        "Avatars without a line carry no mutation of a released gene; their identifiers are 1 to released_people."
    )
    return lines, made


def _carried(table: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(patients, genes) whether any class is mutated."""
    return np.asarray(table.any(axis=2))


def _pair_difference(real: NDArray[np.bool_], made: NDArray[np.bool_]) -> float:
    if real.shape[1] < 2:
        return 0.0
    one, other = real.astype(float), made.astype(float)
    pairs = np.triu_indices(real.shape[1], 1)
    return float(np.abs((one.T @ one / len(one) - other.T @ other / len(other))[pairs]).mean())


def _attack(
    mutations: Mutations,
    training: NDArray[np.int64],
    unseen: NDArray[np.int64],
    made: NDArray[np.bool_],
    request: SomaticRequest,
    report: dict[str, Any],
) -> list[str]:
    from anon_pipeline.modalities.genomics.options import Options
    from anon_pipeline.risk.genomic_panel import attack_panel

    if len(unseen) < LEAST_UNSEEN:
        raise BadInput(f"holdout: {len(unseen)} people are held out, the attacks need at least {LEAST_UNSEEN}")
    genes = fit(mutations.table[training], request.floor).genes
    carried = _carried(mutations.table)[:, genes]
    access: Any = request.access
    _, most_auc, most_tpr = Options().limits(access)
    rows = attack_panel(carried[training], carried[unseen], made, most_auc, most_tpr)
    report["attacks"] = [row.as_report() for row in rows]
    return [
        f"{row.name} ({row.metric}): {row.value:.3f}, upper bound {row.high:.3f}, limit {row.limit:g}"
        for row in rows
        if not row.passed
    ]


def _write(target: Path, lines: list[str]) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.{os.getpid()}.partial")
    temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")
    temporary.replace(target)
