"""The body of the extraction group: one cohort read from the warehouse, the PACS and the VCF, with digests."""

from __future__ import annotations

from pathlib import Path

from anon_pipeline.errors import BadInput
from anon_pipeline.release.evidence import Check, EvidenceUnreadable, FileRecord
from anon_pipeline.stages.base import StageContext, StageResult
from anon_pipeline.warehouse import extract as extract_cohort
from anon_pipeline.warehouse import open_warehouse, source_digests

NAME = "extraction/cohort"


def _records(digests: dict[str, tuple[str, int]]) -> list[FileRecord]:
    return [FileRecord(name=n, sha256=sha, rows=rows) for n, (sha, rows) in sorted(digests.items())]


def extract(context: StageContext, out: Path) -> StageResult:
    """Read the cohort into ``out`` (training and hold-out apart)."""
    with open_warehouse(context.warehouse) as warehouse:
        report = extract_cohort(
            warehouse,
            context.cohort,
            context.policy,
            context.key,
            out,
            images=context.images,
            vcf=context.vcf,
            quiet=not context.progress,
        )
    persons = report.training_persons + report.holdout_persons
    minimum = context.policy.release.minimum_patients
    if persons < minimum:
        raise BadInput(f"cohort {context.cohort} has {persons} patients; its policy asks for at least {minimum}")
    complete = Check(
        name="extraction/complete",
        passed=report.complete,
        value=float(persons),
        detail="every row of the members was written or counted as left out",
    )
    return StageResult(
        inputs=_records(report.sources),
        checks=[complete],
        counts={f"{name.replace('/', '_')}": float(rows) for name, rows in report.counts.items()},
        notes=list(report.notes),
    )


def inputs_changed(context: StageContext) -> bool:
    """Whether the warehouse, images or VCF differ from what the last extraction read."""
    try:
        read = context.evidence(NAME).inputs
    except EvidenceUnreadable:
        return True
    with open_warehouse(context.warehouse) as warehouse:
        now = source_digests(
            warehouse, context.cohort, context.policy, context.key, images=context.images, vcf=context.vcf
        )
    return _records(now) != sorted(read, key=lambda record: record.name)
