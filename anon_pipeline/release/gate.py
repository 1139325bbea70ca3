"""The gate: reads the evidence of everything upstream and refuses, saying why, unless all of it holds.

It trusts no earlier verdict: digests are computed again, and limits are applied again to the recorded figures.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from anon_pipeline.policy import MODALITIES, Limit, Policy, Track
from anon_pipeline.release.code_version import code_version
from anon_pipeline.release.evidence import Check, Evidence, EvidenceUnreadable
from anon_pipeline.risk.limits import REAL_RECORDS, compared, limits_for, limits_of
from anon_pipeline.stages.base import Stage, StageContext, outputs_intact

# Personal data: purged after a release, so that only their evidence remains.
PURGED_GROUPS = ("extraction", "embedding")


@dataclass
class Verdict:
    """``reasons`` is empty when the release may leave. ``limits``: what each limit of the policy was held against."""

    evidence: dict[str, Evidence] = field(default_factory=dict)
    reasons: list[str] = field(default_factory=list)
    limits: list[Check] = field(default_factory=list)


def judge(context: StageContext, stages: Iterable[Stage]) -> Verdict:
    """Judge the evidence of ``stages`` (everything upstream of the gate, in the graph's order)."""
    verdict = Verdict()
    for stage in stages:
        try:
            evidence = context.evidence(stage.name)
        except EvidenceUnreadable as error:
            verdict.reasons.append(f"{stage.name}: {error}")
            continue
        verdict.evidence[stage.name] = evidence
        verdict.reasons += [f"{stage.name}: {reason}" for reason in _faults(stage, evidence, context)]
    for name, evidence in verdict.evidence.items():
        for needed, digest in evidence.consumed.items():
            upstream = verdict.evidence.get(needed)
            if upstream is not None and upstream.digest() != digest:
                verdict.reasons.append(f"{name}: stale, {needed} has changed since")
    verdict.limits = list(_limits(context.policy, verdict.evidence))
    verdict.reasons += [f"limit {check.name}: {check.detail}" for check in verdict.limits if not check.passed]
    return verdict


def _faults(stage: Stage, evidence: Evidence, context: StageContext) -> list[str]:
    faults = []
    if evidence.cohort != context.cohort or evidence.stage != stage.name:
        faults.append("evidence of another cohort or stage")
    if evidence.policy_digest != context.policy.digest():
        faults.append("stale, made under another policy")
    if evidence.code_version != code_version():
        faults.append("stale, made by another version of the code")
    if missing := sorted(set(stage.needs) - set(evidence.consumed)):
        faults.append(f"built without {', '.join(missing)}")
    folder = context.folder(stage.name)
    purged = stage.group in PURGED_GROUPS and not any(f.name != "evidence.json" for f in folder.iterdir())
    if not purged and not outputs_intact(evidence, folder):
        faults.append("an output is missing or differs from its evidence")
    if evidence.status == "refused" and stage.group not in ("anonymisation", "embedding"):
        faults.append(f"refused: {evidence.reason}")
    avatars = any(context.policy.track(modality) is Track.SYNTHETIC for modality in MODALITIES)
    by_folds = (
        avatars and stage.group == "risk" and stage.name != "risk/identifiers" and context.policy.avatars.holdout_folds
    )
    if by_folds and evidence.status == "done" and evidence.counts.get("folds", 0) < 2:
        faults.append("the policy holds people out by folds, and this evidence was not made so")
    reported = {check.name for check in evidence.checks}
    if evidence.status == "done":
        faults += [f"check {name} was not reported" for name in stage.checks if name not in reported]
    faults += [f"check {check.name} failed{_figures(check)}" for check in evidence.failed_checks()]
    return faults


def _figures(check: Check) -> str:
    if check.value is None:
        return ""
    limit = "" if check.limit is None else f", limit {check.limit:.4g}"
    return f" (value {check.value:.4g}{limit})"


def _limits(policy: Policy, evidence: dict[str, Evidence]) -> Iterable[Check]:
    """Each limit of the policy against every figure that it names; an exact name takes precedence over a pattern."""
    applying = [limit for limit in limits_of(policy) if _applies(limit, policy, evidence)]
    figures = [check for item in evidence.values() for check in item.checks]
    for limit in applying:
        if not any(fnmatchcase(figure.name, limit.check) for figure in figures):
            yield Check(name=limit.check, passed=False, detail="no evidence was reported for it")
    named = [limits_for(figure.name, applying) for figure in figures]
    for figure, its_limits in zip(figures, named, strict=True):
        for limit in its_limits:
            yield _held(limit, figure, sum(any(other is limit for other in others) for others in named))


def _held(limit: Limit, figure: Check, together: int) -> Check:
    if figure.value is None:
        return Check(name=figure.name, passed=False, detail="its evidence has no figure")
    low, high = (figure.value if end is None else end for end in (figure.low, figure.high))
    value = compared(limit, figure.value, low, high, together)
    over = limit.maximum is not None and value > limit.maximum
    under = limit.minimum is not None and value < limit.minimum
    bound = limit.maximum if limit.maximum is not None else limit.minimum
    return Check(
        name=figure.name,
        passed=not (over or under),
        value=figure.value,
        low=figure.low,
        high=figure.high,
        limit=bound,
        detail=f"{limit.bound} {value:.4g} is {'over' if over else 'under' if under else 'within'} {bound}",
    )


def _applies(limit: Limit, policy: Policy, evidence: dict[str, Evidence]) -> bool:
    """A limit that names a modality (``genomics/...``) applies where it is released as avatars, one of ``multimodal``
    where two or more are, one of ``deidentified/MODALITY/...`` where its real records leave; one that names none
    applies where the tables are."""
    first = limit.check.split("/", 1)[0]
    if limit.check.startswith(REAL_RECORDS):
        return limit.check.split("/")[1] in _leaving(Track.DEIDENTIFIED, policy, evidence)
    leaving = _leaving(Track.SYNTHETIC, policy, evidence)
    if first == "multimodal":
        return len(leaving) > 1
    named = (first,) if f"anonymised/{first}" in evidence else ("observational", "biology")
    return any(modality in leaving for modality in named)


def _leaving(track: Track, policy: Policy, evidence: dict[str, Evidence]) -> list[str]:
    """The modalities that leave on a track."""
    return [
        modality
        for modality in MODALITIES
        if policy.track(modality) is track
        and (item := evidence.get(f"anonymised/{modality}")) is not None
        and item.status == "done"
    ]
