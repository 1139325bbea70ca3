"""The bodies of the risk group: the attacks on what would leave, each criterion's figures as checks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from anon_pipeline.errors import BadInput, CannotBeMadeSafe
from anon_pipeline.modalities import MODALITIES
from anon_pipeline.release.evidence import Check
from anon_pipeline.risk.limits import check_name, judge, limits_of
from anon_pipeline.stages.anonymisation import avatar_seed
from anon_pipeline.stages.base import StageContext, StageResult
from anon_pipeline.stages.genomes import attacked_genomes
from anon_pipeline.stages.multimodal import attacked as across_modalities
from anon_pipeline.stages.multimodal import leaving
from anon_pipeline.stages.notes import attacked_notes

TABLES = ("observational", "biology")
CRITERIA = ("singling_out", "linkability", "inference", "membership")
FOLDS = "folds"
_EVALUATED: dict[str, dict[str, Any]] = {}


def attack(context: StageContext, out: Path, criterion: str) -> StageResult:
    """The attacks of one criterion on every modality that leaves as avatars, and on notes that leave de-identified."""
    if criterion == "identifiers":
        from anon_pipeline.stages.identifiers import search

        return search(context, out)
    try:
        report = evaluated(context)
        genomes = (report["genomes"] if report else attacked_genomes(context)) or {}
    except (BadInput, CannotBeMadeSafe) as refusal:
        return StageResult(status="refused", reason=str(refusal))
    notes = attacked_notes(context).get(criterion, [])
    if report is None and not genomes and not notes:
        return StageResult(status="absent", reason="nothing leaves that this criterion is attacked on")
    report = report or {"attacks": [], "across": {}}
    attacks = [dict(found) for found in report["attacks"] if found["criterion"] == criterion]
    attacks += [dict(row) for row in report["across"].get(criterion, [])]
    attacks += notes
    judge(attacks, limits_of(context.policy))
    attacks += genomes.get(criterion, [])
    (out / "attacks.json").write_text(json.dumps(attacks, indent=2, sort_keys=True) + "\n")
    folds = report.get("folds", 0)
    return StageResult(
        checks=[as_check(found) for found in attacks],
        notes=list(report.get("notes", [])),
        counts={FOLDS: float(folds)} if folds else {},
    )


def as_check(found: dict[str, Any]) -> Check:
    """An attack's row as a check; one without a limit is reported and blocks nothing."""
    judged = found.get("passed") is not None
    beside = [f"{name} {found[name]:.3g}" for name in ("floor", "ceiling") if found.get(name) is not None]
    by_folds = [f"{found['folds']} folds"] if found.get("folds") else []
    return Check(
        name=check_name(found),
        passed=bool(found["passed"]) if judged else True,
        value=found["value"],
        low=found["low"],
        high=found["high"],
        limit=found.get("limit"),
        blocking=judged,
        detail=", ".join([f"{found['attacked']} attacked", *beside, *by_folds]),
    )


def evaluated(context: StageContext) -> dict[str, Any] | None:
    """The whole evaluation of the cohort, done once a process: its criteria share most of the work.

    With hold-out by folds, the figures are those of as many generations, pooled; attacks that need nobody held out are
    made on the release itself.
    """
    if "observational" not in leaving(context):
        return None
    parts = [context.evidence(f"anonymised/{modality}").digest() for modality in MODALITIES]
    known = "/".join([context.cohort, str(context.work), context.policy.digest(), *parts])
    if known not in _EVALUATED:
        found = _by_folds(context) if context.policy.avatars.holdout_folds else _at_once(context)
        _EVALUATED.clear()
        _EVALUATED[known] = found
    return _EVALUATED[known]


def _at_once(context: StageContext, *, quick: bool = False) -> dict[str, Any]:
    from anon_pipeline.risk.patient_level import evaluate_cohort

    report = evaluate_cohort(
        context.extracted.training.root,
        context.extracted.holdout.root,
        context.work / "anonymised",
        seed=avatar_seed(context) % 2**31,
        limits=limits_of(context.policy),
        quick=quick,
    )
    report["across"] = across_modalities(context)
    report["genomes"] = attacked_genomes(context)
    return report


def _by_folds(context: StageContext) -> dict[str, Any]:
    from anon_pipeline.quality.utility_trajectories import trajectories
    from anon_pipeline.risk.folds import pooled
    from anon_pipeline.risk.patient_features import vocabulary
    from anon_pipeline.stages.folds import fold_contexts

    released = set(leaving(context))
    reports = []
    for own in fold_contexts(context):
        if missing := sorted(released - set(leaving(own))):
            raise CannotBeMadeSafe(f"without one fold, {', '.join(missing)} cannot be made: too few people for folds")
        reports.append(_at_once(own, quick=True))
    itself = across_modalities(context)
    across = {}
    for criterion in CRITERIA:
        rows = pooled([report["across"].get(criterion, []) for report in reports])
        own_rows = {(row["name"], row["metric"]): row for row in itself.get(criterion, [])}
        across[criterion] = [own_rows.pop((row["name"], row["metric"]), row) for row in rows] + list(own_rows.values())
    genomes = {c: _held_again(pooled([(r["genomes"] or {}).get(c, []) for r in reports])) for c in CRITERIA}
    training = context.extracted.training.root
    words = vocabulary(training)
    attacks = pooled([report["attacks"] for report in reports])
    judge(attacks, limits_of(context.policy))
    return {
        **reports[0],
        "attacks": attacks,
        "across": across,
        "genomes": genomes,
        "folds": len(reports),
        "utility": {"trajectories": trajectories(training, context.work / "anonymised", words.analytes)},
        "notes": [
            *dict.fromkeys(note for report in reports for note in report["notes"]),
            f"hold-out by {len(reports)} folds: the attacks were made on as many generations, each without the people "
            "held out of it, and their figures pooled; the released avatars are made from everyone",
        ],
    }


def _held_again(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Pooled rows that came with a limit on their upper bound, held against it."""
    return [{**row, "passed": None if row["limit"] is None else row["high"] <= row["limit"]} for row in rows]
