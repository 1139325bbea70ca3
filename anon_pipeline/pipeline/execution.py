"""Doing one stage for one cohort under Dagster, or taking over its evidence when that still holds."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator

import dagster as dg

from anon_pipeline.errors import ReleaseRefused, TransientFailure
from anon_pipeline.pipeline.failures import guarded
from anon_pipeline.pipeline.resources import HospitalResource
from anon_pipeline.release.evidence import Evidence
from anon_pipeline.release.gate import judge
from anon_pipeline.stages.base import Stage, StageContext, is_current, outputs_intact, run_stage
from anon_pipeline.stages.graph import EXTRACTION, plan, upstream_of_release

FORCE_TAG = "anon_pipeline/force"


def do_stage(context: dg.AssetExecutionContext, hospital: HospitalResource, stage: Stage) -> tuple[Evidence, bool]:
    """The stage's evidence, and whether it was there already.

    A stage whose evidence still holds is not done again: it would give the same bytes. A run with the tag
    ``anon_pipeline/force`` does it nevertheless. The stages of a release judge everything upstream each time.
    """
    evidence, reused = guarded(context, lambda: _do(context, hospital, stage))
    context.log.info(f"{stage.name}: {'its evidence still holds' if reused else evidence.status}")
    return evidence, reused


def _do(context: dg.AssetExecutionContext, hospital: HospitalResource, stage: Stage) -> tuple[Evidence, bool]:
    stage_context = hospital.stage_context(context.partition_key, context.run_id)
    with _alone(stage_context):
        if context.run_tags.get(FORCE_TAG) == "true" or has_work(stage, stage_context):
            return run_stage(stage, stage_context), False
        if stage.group == "release" and (reasons := judge(stage_context, upstream_of_release()).reasons):
            raise ReleaseRefused(reasons)
        return stage_context.evidence(stage.name), True


def has_work(stage: Stage, context: StageContext) -> bool:
    """Whether ``plan`` would list the stage, found out without planning the whole graph where that is not needed."""
    if stage.name == EXTRACTION:
        return stage in plan(context)
    if not is_current(stage, context):
        return True
    if outputs_intact(context.evidence(stage.name), context.folder(stage.name)):
        return False
    return stage in plan(context, sources=False)


@contextlib.contextmanager
def _alone(context: StageContext) -> Iterator[None]:
    """One process at a time in a cohort's work folder. Raises TransientFailure when another is there."""
    context.work.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(context.work / ".lock", os.O_CREAT | os.O_RDWR, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise TransientFailure("another run is working on this cohort") from None
        yield
    finally:
        os.close(descriptor)
