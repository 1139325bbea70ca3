"""Asset checks from a stage's evidence. A red check stops what comes after it in the same run; what stops a release in
any later run is the gate, which reads the evidence itself. How a check is computed belongs to the stages.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from typing import Any

import dagster as dg

from anon_pipeline.pipeline.assets.keys import main_key
from anon_pipeline.pipeline.partitions import COHORTS
from anon_pipeline.release.evidence import Check, Evidence
from anon_pipeline.stages.base import Stage

EVIDENCE = "evidence"


def check_name(name: str, stage: Stage) -> str:
    """The name that Dagster allows (letters, digits, underscores), without the group that the asset shows already."""
    for prefix in (f"{stage.name}/", f"{stage.group}/", f"{stage.name.split('/')[0]}/"):
        name = name.removeprefix(prefix)
    return re.sub(r"[^A-Za-z0-9_]", "_", name)


def check_specs(stage: Stage) -> list[dg.AssetCheckSpec]:
    """The declared checks of a stage, and one over everything in its evidence."""
    descriptions = {check_name(name, stage): f"{name}, as declared by the stage" for name in stage.checks}
    descriptions[EVIDENCE] = "No blocking finding of the stage's evidence failed"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.PreviewWarning)  # partitioned checks: a preview in Dagster 1.13
        return [
            dg.AssetCheckSpec(
                name, asset=main_key(stage), description=description, blocking=True, partitions_def=COHORTS
            )
            for name, description in descriptions.items()
        ]


def check_results(stage: Stage, evidence: Evidence) -> Iterator[dg.AssetCheckResult]:
    """One result a spec. A declared check that the evidence lacks has failed, unless the modality is not there."""
    by_name = {check.name: check for check in evidence.checks}
    key = main_key(stage)
    for name in stage.checks:
        check = by_name.get(name)
        if check:
            passed, metadata, blocking = check.passed, _figures(check), check.blocking
        else:
            passed, metadata, blocking = evidence.status in ("absent", "withheld"), {"status": evidence.status}, True
        yield dg.AssetCheckResult(
            check_name=check_name(name, stage),
            asset_key=key,
            passed=passed,
            severity=dg.AssetCheckSeverity.ERROR if blocking else dg.AssetCheckSeverity.WARN,
            metadata=metadata,
        )
    failed = evidence.failed_checks()
    yield dg.AssetCheckResult(
        check_name=EVIDENCE,
        asset_key=key,
        passed=not failed,
        severity=dg.AssetCheckSeverity.ERROR,
        description=f"{len(failed)} of {len(evidence.checks)} findings failed" if evidence.checks else "no findings",
        metadata={"findings": _table(evidence.checks)} if evidence.checks else {},
    )


def _figures(check: Check) -> dict[str, Any]:
    figures = {"value": check.value, "low": check.low, "high": check.high, "limit": check.limit}
    return {name: value for name, value in figures.items() if value is not None} | (
        {"detail": check.detail} if check.detail else {}
    )


def _verdict(check: Check) -> str:
    """A figure that no limit names is told and not judged: it must not read as one that passed."""
    if check.passed and not check.blocking and check.limit is None:
        return "not judged"
    return "passed" if check.passed else "failed"


def _table(checks: list[Check]) -> dg.TableMetadataValue:
    def shown(value: float | None) -> str:
        return "" if value is None else f"{value:.6g}"

    return dg.MetadataValue.table(
        [
            dg.TableRecord(
                {
                    "check": check.name,
                    "verdict": _verdict(check),
                    "value": shown(check.value),
                    "low": shown(check.low),
                    "high": shown(check.high),
                    "limit": shown(check.limit),
                    "blocking": check.blocking,
                }
            )
            for check in checks
        ],
        schema=dg.TableSchema(
            columns=[
                dg.TableColumn("check", "string"),
                dg.TableColumn("verdict", "string"),
                *(dg.TableColumn(name, "string") for name in ("value", "low", "high", "limit")),
                dg.TableColumn("blocking", "bool"),
            ]
        ),
    )
