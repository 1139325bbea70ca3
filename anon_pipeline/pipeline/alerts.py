"""The alert of a failed run: a JSON file that the hospital's monitoring picks up. No message leaves the machine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dagster as dg

from anon_pipeline.cli.common import write_report

SCHEMA = "anon-pipeline/alert/1"


def write_alert(context: dg.RunFailureSensorContext, folder: Path) -> tuple[Path, dict[str, Any]]:
    """Write ``folder/RUN_ID.json``; writing it again gives the same file."""
    run = context.dagster_run
    alert = {
        "schema": SCHEMA,
        "run_id": run.run_id,
        "job": run.job_name,
        "cohort": run.tags.get("dagster/partition", ""),
        "failed_steps": [
            {"step": event.step_key or "", "reason": _reason(event)} for event in context.get_step_failure_events()
        ],
    }
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / f"{run.run_id}.json"
    write_report(alert, path)
    return path, alert


def _reason(event: dg.DagsterEvent) -> str:
    """A step's own description of its failure; of an error of Dagster only the class."""
    data = event.step_failure_data
    if data.user_failure_data and data.user_failure_data.description:
        return data.user_failure_data.description
    error = data.error
    while error and error.cause:
        error = error.cause
    return (error.cls_name or "unknown") if error else "unknown"
