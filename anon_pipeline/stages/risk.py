"""The bodies of the risk group: the attacks on what would leave, each criterion's figures as checks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from anon_pipeline.errors import BadInput
from anon_pipeline.policy import Track
from anon_pipeline.release.evidence import Check
from anon_pipeline.risk.limits import check_name
from anon_pipeline.stages.anonymisation import avatar_seed
from anon_pipeline.stages.base import StageContext, StageResult
from anon_pipeline.stages.genomes import attacked_genomes

TABLES = ("observational", "biology")
_EVALUATED: dict[str, dict[str, Any]] = {}


def attack(context: StageContext, out: Path, criterion: str) -> StageResult:
    """The attacks of one criterion on every modality that leaves as avatars."""
    if criterion == "identifiers":
        from anon_pipeline.stages.identifiers import search

        return search(context, out)
    try:
        genomes = (attacked_genomes(context) or {}).get(criterion, [])
    except BadInput as refusal:
        return StageResult(status="refused", reason=str(refusal))
    report = evaluated(context)
    if report is None and not genomes:
        return StageResult(status="absent", reason="no table leaves as avatars")
    report = report or {"attacks": []}
    attacks = [*(found for found in report["attacks"] if found["criterion"] == criterion), *genomes]
    (out / "attacks.json").write_text(json.dumps(attacks, indent=2, sort_keys=True) + "\n")
    return StageResult(checks=[as_check(found) for found in attacks], notes=list(report.get("notes", [])))


def as_check(found: dict[str, Any]) -> Check:
    """An attack's row as a check; one without a limit is reported and blocks nothing."""
    judged = found.get("passed") is not None
    beside = [f"{name} {found[name]:.3g}" for name in ("floor", "ceiling") if found.get(name) is not None]
    return Check(
        name=check_name(found),
        passed=bool(found["passed"]) if judged else True,
        value=found["value"],
        low=found["low"],
        high=found["high"],
        limit=found.get("limit"),
        blocking=judged,
        detail=", ".join([f"{found['attacked']} attacked", *beside]),
    )


def evaluated(context: StageContext) -> dict[str, Any] | None:
    """The whole evaluation of the cohort's tables, done once a process: its criteria share most of the work."""
    leaving = [
        modality
        for modality in TABLES
        if context.policy.track(modality) is Track.SYNTHETIC
        and context.evidence(f"anonymised/{modality}").status == "done"
    ]
    if "observational" not in leaving:
        return None
    parts = [context.evidence(f"anonymised/{modality}").digest() for modality in TABLES]
    known = "/".join([context.cohort, context.policy.digest(), *parts])
    if known not in _EVALUATED:
        from anon_pipeline.risk.patient_level import evaluate_cohort

        _EVALUATED.clear()
        _EVALUATED[known] = evaluate_cohort(
            context.extracted.training.root,
            context.extracted.holdout.root,
            context.work / "anonymised",
            seed=avatar_seed(context) % 2**31,
            limits=context.policy.limits,
        )
    return _EVALUATED[known]
