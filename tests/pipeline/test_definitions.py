"""The definitions as an auditor reads them, against a snapshot: a change of the graph is seen in review.

To write the snapshot again, run this file once with ANON_PIPELINE_WRITE_SNAPSHOT=1.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml
from anon_pipeline_test_support import REPOSITORY

from anon_pipeline.definitions import build_definitions, defs
from anon_pipeline.pipeline.partitions import COHORTS
from anon_pipeline.pipeline.resources import WarehouseResource
from anon_pipeline.stages.base import GROUPS
from anon_pipeline.stages.graph import STAGES

SNAPSHOT = Path(__file__).with_name("definitions.json")


def described() -> dict[str, Any]:
    repository = defs.get_repository_def()
    graph = repository.asset_graph
    assets = {}
    for key in sorted(graph.get_all_asset_keys(), key=lambda k: k.path):
        node = graph.get(key)
        assets[key.to_user_string()] = {
            "group": node.group_name,
            "deps": sorted(parent.to_user_string() for parent in node.parent_keys),
            "checks": sorted(check.name for check in node.check_keys),
            "partitions": node.partitions_def.name if isinstance(node.partitions_def, type(COHORTS)) else None,
            "pools": sorted(node.pools) if node.is_materializable else [],
            "materializable": node.is_materializable,
        }
    return {
        "assets": assets,
        "jobs": sorted(job.name for job in repository.get_all_jobs() if not job.name.startswith("__")),
        "resources": sorted(repository.get_top_level_resources()),
        "schedules": {s.name: [s.cron_schedule, s.execution_timezone, s.job_name] for s in repository.schedule_defs},
        "sensors": {s.name: s.default_status.value for s in repository.sensor_defs},
    }


def test_the_definitions_are_those_of_the_snapshot() -> None:
    now = json.dumps(described(), indent=1, sort_keys=True) + "\n"
    if os.environ.get("ANON_PIPELINE_WRITE_SNAPSHOT"):
        SNAPSHOT.write_text(now)
    assert now == SNAPSHOT.read_text(), "the graph changed: look at the difference, then write the snapshot again"


def test_every_stage_is_a_box_in_one_of_the_six_groups() -> None:
    content = described()
    assert {asset["group"] for asset in content["assets"].values()} == set(GROUPS)
    assert set(STAGES) - set(content["assets"]) == {"extraction/cohort"}


def test_every_check_blocks_and_is_of_one_cohort() -> None:
    graph = defs.get_repository_def().asset_graph
    specs = [graph.get_check_spec(key) for key in graph.asset_check_keys]
    assert len(specs) >= len(STAGES)
    assert all(spec.blocking for spec in specs)
    assert all(spec.partitions_def == COHORTS for spec in specs)


def test_a_modality_reads_its_own_box_and_the_members() -> None:
    assets = described()["assets"]
    assert assets["embedding/text"]["deps"] == ["extraction/members", "extraction/notes"]
    assert assets["extraction/images"]["deps"] == ["pacs/images"]
    assert "extraction/genomics" not in assets["anonymised/imaging"]["deps"]


def test_overrides_replace_one_resource_and_keep_the_others() -> None:
    changed = build_definitions(resources={"warehouse": WarehouseResource(url="elsewhere.duckdb")})
    resources = changed.get_repository_def().get_top_level_resources()
    assert set(resources) == set(described()["resources"])
    hospital = changed.resources["hospital"] if changed.resources else None
    assert hospital.warehouse.location() == "elsewhere.duckdb"


def test_the_instance_asks_for_what_the_design_asks() -> None:
    content = yaml.safe_load((REPOSITORY / "anon_pipeline" / "pipeline" / "dagster.yaml").read_text())
    assert content["telemetry"]["enabled"] is False
    assert content["nux"]["enabled"] is False
    assert content["run_retries"]["retry_on_asset_or_op_failure"] is False
    assert content["concurrency"]["runs"]["max_concurrent_runs"] >= 1


def test_the_instance_file_is_one_that_dagster_takes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from anon_pipeline.pipeline.instance import prepare_home

    home = prepare_home(tmp_path / "home")
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    with dg.DagsterInstance.get() as instance:
        assert not instance.telemetry_enabled
        assert not instance.run_retries_retry_on_asset_or_op_failure
        assert type(instance.compute_log_manager).__name__ == "NoOpComputeLogManager"
    assert home.stat().st_mode & 0o077 == 0


def test_loading_the_definitions_imports_nothing_heavy() -> None:
    heavy = ["torch", "presidio_analyzer", "great_expectations", "sklearn", "matplotlib", "cv2", "spacy"]
    code = f"import sys, anon_pipeline.definitions; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
