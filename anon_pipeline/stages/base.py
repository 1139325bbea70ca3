"""What a stage is, and how one runs: into a temporary folder, with evidence, renamed when complete.

The bodies of the stages are in the other files of this package.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from anon_pipeline.cohort import ExtractedCohort
from anon_pipeline.errors import PermanentFailure
from anon_pipeline.keys import Key
from anon_pipeline.policy import Policy
from anon_pipeline.release.code_version import code_version
from anon_pipeline.release.evidence import (
    Check,
    Evidence,
    EvidenceUnreadable,
    FileRecord,
    Status,
    read_evidence,
    record_folder,
    sha256_of,
    write_evidence,
)

GROUPS = ("extraction", "embedding", "anonymisation", "risk", "quality", "release")


@dataclass(frozen=True)
class StageContext:
    """What every stage of one cohort's run is given.

    work: the folder of this cohort's stages (mode 0700). warehouse: URL. releases: a folder or fsspec URL that holds
    a folder a cohort, with a folder a release in it; or, with ``exact``, the folder of the one release to make.
    """

    cohort: str
    policy: Policy
    work: Path
    warehouse: str
    releases: str
    key: Key
    signing_key: Path | None = None
    device: str = "cpu"
    run_id: str = "local"
    images: str | None = None
    vcf: str | None = None
    progress: bool = False
    exact: bool = False

    def folder(self, stage: str) -> Path:
        return self.work / stage

    @property
    def extracted(self) -> ExtractedCohort:
        return ExtractedCohort(self.cohort, self.folder("extraction/cohort"))

    def evidence(self, stage: str) -> Evidence:
        """The evidence of another stage, authenticated. Raises EvidenceUnreadable."""
        return read_evidence(self.folder(stage), self.key)


@dataclass(frozen=True)
class StageResult:
    """What a body found; the files it wrote are digested by ``run_stage``."""

    status: Status = "done"
    reason: str = ""
    inputs: list[FileRecord] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    counts: dict[str, float] = field(default_factory=dict)
    models: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Stage:
    """One box of the lineage graph.

    needs: the stages whose evidence and outputs it reads. body: writes files into the folder it is given.
    gpu: whether it is limited by the ``gpu`` pool. checks: the blocking checks that it always reports.
    """

    name: str
    group: str
    description: str
    needs: tuple[str, ...]
    body: Callable[[StageContext, Path], StageResult]
    gpu: bool = False
    checks: tuple[str, ...] = ()
    judges: bool = False


def run_stage(stage: Stage, context: StageContext) -> Evidence:
    """Run one stage and put its folder in place at once; a killed run leaves the previous folder or none.

    Raises PermanentFailure when the evidence of a needed stage is missing or unreadable.
    """
    consumed = {}
    for needed in stage.needs:
        try:
            consumed[needed] = context.evidence(needed).digest()
        except EvidenceUnreadable as error:
            if stage.judges:
                continue
            raise PermanentFailure(f"{stage.name} needs {needed}: {error}") from None
    final = context.folder(stage.name)
    _private(context.work)
    _private(final.parent)
    _sweep(final)
    partial = final.with_name(f".{final.name}.partial-{os.getpid()}")
    partial.mkdir(mode=0o700)
    try:
        result = stage.body(context, partial)
        evidence = Evidence(
            cohort=context.cohort,
            stage=stage.name,
            status=result.status,
            reason=result.reason,
            run_id=context.run_id,
            code_version=code_version(),
            policy_digest=context.policy.digest(),
            inputs=result.inputs,
            outputs=record_folder(partial),
            consumed=consumed,
            checks=result.checks,
            counts=result.counts,
            models=result.models,
            notes=result.notes,
        )
        write_evidence(evidence, partial, context.key)
        _replace(partial, final)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return evidence


def is_current(stage: Stage, context: StageContext) -> bool:
    """Whether the stage's evidence still holds: same code, policy and upstream evidence.

    Whether the warehouse changed is the extraction's question, and whether the outputs still lie there is asked
    only when a later stage needs them: extracted data are purged after a release.
    """
    try:
        evidence = context.evidence(stage.name)
        return (
            evidence.code_version == code_version()
            and evidence.policy_digest == context.policy.digest()
            and evidence.cohort == context.cohort
            and set(evidence.consumed) == set(stage.needs)
            and all(context.evidence(needed).digest() == digest for needed, digest in evidence.consumed.items())
        )
    except EvidenceUnreadable:
        return False


def outputs_intact(evidence: Evidence, folder: Path) -> bool:
    """Whether every output that the evidence names lies in ``folder`` with that size and digest."""
    for record in evidence.outputs:
        path = folder / record.name
        if not path.is_file() or path.stat().st_size != record.size or sha256_of(path) != record.sha256:
            return False
    return True


def _private(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.chmod(0o700)


def _sweep(final: Path) -> None:
    """Remove what killed runs left beside ``final``."""
    for left in final.parent.glob(f".{final.name}.*"):
        shutil.rmtree(left, ignore_errors=True)


def _replace(partial: Path, final: Path) -> None:
    old = final.with_name(f".{final.name}.old")
    if final.exists():
        final.rename(old)
    partial.rename(final)
    shutil.rmtree(old, ignore_errors=True)
