"""Dagster's entry point: the definitions, assembled. Nothing is defined here."""

from __future__ import annotations

from typing import Any

import dagster as dg

from anon_pipeline.pipeline.assets.extraction import build_extraction
from anon_pipeline.pipeline.assets.sources import build_sources
from anon_pipeline.pipeline.assets.stages import build_stage
from anon_pipeline.pipeline.jobs import build_executor, release_cohort
from anon_pipeline.pipeline.resources import build_resources
from anon_pipeline.pipeline.schedules import nightly_refresh
from anon_pipeline.pipeline.sensors import alert_on_failure, register_cohorts
from anon_pipeline.stages.graph import EXTRACTION, STAGES


def build_definitions(**overrides: Any) -> dg.Definitions:
    """The whole code location. ``overrides`` replace arguments of ``dagster.Definitions``; ``resources`` given there
    replace those of the same key and leave the others."""
    resources = build_resources(**overrides.pop("resources", {}))
    stages = [build_extraction(stage) if stage.name == EXTRACTION else build_stage(stage) for stage in STAGES.values()]
    return dg.Definitions(
        **{
            "assets": [*build_sources(), *stages],
            "jobs": [release_cohort],
            "schedules": [nightly_refresh],
            "sensors": [register_cohorts, alert_on_failure],
            "resources": resources,
            "executor": build_executor(),
            **overrides,
        }
    )


defs = build_definitions()
