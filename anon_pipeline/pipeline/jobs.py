"""The job of a cohort's whole way, and how its steps are run. Which steps have work to do is asked in each of them."""

from __future__ import annotations

import os

import dagster as dg

from anon_pipeline.stages.base import GROUPS

EXECUTOR_VARIABLE = "ANON_PIPELINE_EXECUTOR"
MAXIMUM_CONCURRENT_STEPS = 2


def build_executor() -> dg.ExecutorDefinition:
    """One process a cohort's run, unless ANON_PIPELINE_EXECUTOR asks for steps ``isolated`` in their own.

    The run's process ends with the run and gives its memory back, that of a GPU too. Decision 0081 has the figures.
    """
    if os.environ.get(EXECUTOR_VARIABLE) == "isolated":
        return dg.multiprocess_executor.configured({"max_concurrent": MAXIMUM_CONCURRENT_STEPS}, name="isolated")
    return dg.in_process_executor


release_cohort = dg.define_asset_job(
    "release_cohort",
    selection=dg.AssetSelection.groups(*GROUPS),
    description="From the warehouse to a signed release of one cohort, or to the gate's refusal and its reasons",
)
