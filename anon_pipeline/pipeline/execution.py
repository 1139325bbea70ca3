"""Doing one stage for one cohort under Dagster, or taking over its evidence when that still holds."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator

import dagster as dg

from anon_pipeline.errors import TransientFailure
from anon_pipeline.pipeline.failures import guarded
from anon_pipeline.pipeline.resources import HospitalResource
from anon_pipeline.release.evidence import Evidence
from anon_pipeline.stages.base import Stage, StageContext, run_stage
from anon_pipeline.stages.graph import plan

FORCE_TAG = "anon_pipeline/force"


def do_stage(context: dg.AssetExecutionContext, hospital: HospitalResource, stage: Stage) -> tuple[Evidence, bool]:
    """The stage's evidence, and whether it was there already.

    A stage that ``plan`` does not list is not done again: it would give the same bytes. A run with the tag
    ``anon_pipeline/force`` does it nevertheless.
    """
    with guarded(context):
        stage_context = hospital.stage_context(context.partition_key, context.run_id)
        with _alone(stage_context):
            forced = context.run_tags.get(FORCE_TAG) == "true"
            if not forced and stage not in plan(stage_context):
                evidence, reused = stage_context.evidence(stage.name), True
            else:
                evidence, reused = run_stage(stage, stage_context), False
    context.log.info(f"{stage.name}: {'its evidence still holds' if reused else evidence.status}")
    return evidence, reused


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
