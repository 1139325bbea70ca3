"""Cohorts through a real webserver, a real daemon and the GraphQL API; the tests tell one story, in their order."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from anon_pipeline_test_canaries import plant, search
from anon_pipeline_test_support import (
    EVERYTHING,
    FINISHED,
    RELEASE_ONLY,
    TINY,
    Dagster,
    Site,
    halves,
    make_site,
    running_dagster,
    tiny_hospital,
    wait_for,
)

from anon_pipeline.keys import key_from_file
from anon_pipeline.release.evidence import Evidence, read_evidence
from anon_pipeline.release.trace import trace
from anon_pipeline.release.verify import verify
from anon_pipeline.stages.graph import STAGES

PLANTED: dict[str, Any] = {}
IMPOSSIBLE = {"check": "*", "maximum": -1, "bound": "value", "reason": "never holds", "source": "this test"}

pytestmark = pytest.mark.timeout(1800)


@pytest.fixture(scope="module")
def dagster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dagster]:
    warehouse = tmp_path_factory.mktemp("warehouse") / "warehouse.duckdb"
    PLANTED.update(plant(tiny_hospital(tmp_path_factory.getbasetemp().parent), warehouse))
    site = make_site(tmp_path_factory.mktemp("site"), warehouse)
    halves(site, {"alpha": 0, "beta": 1})
    halves(site, {"broken": 1}, limits=[IMPOSSIBLE])
    with running_dagster(site) as running:
        yield running


@pytest.fixture(scope="module")
def released(dagster: Dagster) -> dict[str, str]:
    """The run of each cohort, from one backfill of two."""
    wait_for(lambda: {"alpha", "beta", "broken"} <= set(dagster.partitions()), 300, "cohorts registered by the sensor")
    runs = [dagster.run(run_id) for run_id in dagster.backfill(["alpha", "beta"], list(EVERYTHING))]
    assert [run["status"] for run in runs] == ["SUCCESS", "SUCCESS"], [failures(run) for run in runs]
    return {tag_of(run, "dagster/partition"): run["runId"] for run in runs}


def tag_of(run: dict[str, Any], key: str) -> str:
    return next((tag["value"] for tag in run["tags"] if tag["key"] == key), "")


def failures(run: dict[str, Any]) -> dict[str, str]:
    """Step -> what it told."""
    told = {}
    for event in run["eventConnection"]["events"]:
        if event["__typename"] == "ExecutionStepFailureEvent":
            description = (event["failureMetadata"] or {}).get("description")
            told[event["stepKey"]] = description or event["error"]["message"]
    return told


def evidence_of(site: Site, cohort: str) -> dict[str, Evidence]:
    key = key_from_file(site.root / "secrets" / "key")
    return {name: read_evidence(site.work / cohort / name, key) for name in STAGES}


def only_release(site: Site, cohort: str) -> Path:
    folders = site.released(cohort)
    assert len(folders) == 1
    assert verify(folders[0], site.public_key).holds
    return folders[0]


def test_two_interleaved_cohorts_keep_their_lineage_apart(dagster: Dagster, released: dict[str, str]) -> None:
    assert set(released) == {"alpha", "beta"}
    for cohort, run_id in released.items():
        evidence = evidence_of(dagster.site, cohort)
        assert {item.cohort for item in evidence.values()} == {cohort}
        assert {item.run_id for item in evidence.values()} == {run_id}
        for item in evidence.values():
            assert item.consumed == {name: evidence[name].digest() for name in STAGES[item.stage].needs}
        shown = {
            "/".join(event["assetKey"]["path"]): {e["label"]: e.get("text") for e in event["metadataEntries"]}
            for event in dagster.run(run_id)["eventConnection"]["events"]
            if event["__typename"] == "MaterializationEvent" and event["partition"] == cohort
        }
        assert shown["release/manifest"]["evidence_sha256"] == evidence["release/manifest"].digest()
        manifest = json.loads((only_release(dagster.site, cohort) / "manifest.json").read_text())
        assert manifest["cohort"] == cohort
        listed = {stage["stage"]: stage["evidence_sha256"] for stage in manifest["stages"]}
        assert all(evidence[name].digest() == digest for name, digest in listed.items())
    digests = [evidence_of(dagster.site, cohort)["extraction/cohort"].digest() for cohort in released]
    assert len(set(digests)) == 2


def test_a_released_file_is_traced_to_its_cohort_and_run(dagster: Dagster, released: dict[str, str]) -> None:
    for cohort, run_id in released.items():
        file = next(only_release(dagster.site, cohort).rglob("person.parquet"))
        found = trace(file)
        assert found["cohort"] == cohort
        assert found["made_by"] == "anonymised/observational"
        assert {stage["run_id"] for stage in found["stages"]} == {run_id}
        assert any(source["name"] == "warehouse/person" for source in found["sources"])


def test_checks_are_green_and_the_extraction_is_purged(dagster: Dagster, released: dict[str, str]) -> None:
    for cohort in released:
        assert set(dagster.checks("extraction/members", cohort).values()) == {"SUCCEEDED"}
        assert set(dagster.checks("risk/membership", cohort).values()) == {"SUCCEEDED"}
        extraction = dagster.site.work / cohort / "extraction" / "cohort"
        assert [path.name for path in extraction.iterdir()] == ["evidence.json"]


def test_an_unchanged_night_asks_for_nothing_of_the_released(dagster: Dagster, released: dict[str, str]) -> None:
    start = time.monotonic()
    asked = dagster.nightly()
    assert time.monotonic() - start < 10
    assert set(asked) == {"broken"}  # it was never released


def test_a_release_only_backfill_after_a_failed_check_is_refused(dagster: Dagster, released: dict[str, str]) -> None:
    judged = [asset for asset in EVERYTHING if not asset.startswith(("quality/", "release/"))]
    (whole,) = dagster.backfill(["broken"], judged)
    run = dagster.run(whole)
    assert run["status"] == "FAILURE"
    assert any(step.startswith("risk__") for step in failures(run))
    assert "FAILED" in dagster.checks("risk/membership", "broken").values()
    assert dagster.checks("risk/membership", "alpha")["evidence"] == "SUCCEEDED"

    (late,) = dagster.backfill(["broken"], list(RELEASE_ONLY))
    run = dagster.run(late)
    assert run["status"] == "FAILURE"
    told = failures(run)
    assert list(told) == ["release__gate"]
    assert "release refused" in told["release__gate"]
    assert "risk/membership: check" in told["release__gate"]
    assert dagster.site.released("broken") == []

    alert = dagster.site.work / "alerts" / f"{late}.json"
    content = wait_for(lambda: json.loads(alert.read_text()) if alert.exists() else None, 300, "the alert")
    assert content["cohort"] == "broken"
    assert "release refused" in content["failed_steps"][0]["reason"]


def test_a_policy_edit_makes_the_old_evidence_stale(dagster: Dagster, released: dict[str, str]) -> None:
    before = only_release(dagster.site, "alpha")
    dagster.site.policy("alpha", {**TINY, "title": "changed", "cohort": {"sql": "alpha.sql"}})
    assert "alpha" in dagster.nightly()
    (late,) = dagster.backfill(["alpha"], list(RELEASE_ONLY))
    run = dagster.run(late)
    assert run["status"] == "FAILURE"
    assert "stale, made under another policy" in failures(run)["release__gate"]
    assert only_release(dagster.site, "alpha") == before


def test_a_killed_worker_leaves_nothing_and_its_run_is_done_again(dagster: Dagster, released: dict[str, str]) -> None:
    before = only_release(dagster.site, "alpha")
    run_id = dagster.launch("alpha")
    worker = wait_for(lambda: worker_at_work(dagster.site, "alpha"), 400, "the run's process")
    worker.kill()
    assert only_release(dagster.site, "alpha") == before
    wait_for(lambda: dagster.run(run_id)["status"] == "FAILURE", 300, "the killed run told as failed")
    again = wait_for(lambda: retry_of(dagster, run_id), 400, "the run's second try")
    assert again["status"] == "SUCCESS", failures(dagster.run(again["runId"]))
    folders = dagster.site.released("alpha")
    assert len(folders) == 2
    assert all(verify(folder, dagster.site.public_key).holds for folder in folders)
    manifests = [json.loads((folder / "manifest.json").read_text()) for folder in folders]
    assert len({manifest["policy_sha256"] for manifest in manifests}) == 2


def test_no_canary_of_the_warehouse_left_the_extraction(dagster: Dagster, released: dict[str, str]) -> None:
    """The canaries' person is in ``beta``, released and purged, and in ``broken``, refused and therefore not purged."""
    site = dagster.site
    assert len(PLANTED) > 60
    assert search(site.work / "broken" / "extraction", PLANTED), "the search finds nothing where canaries are"
    for folder in (site.home, site.logs, site.releases, site.policies, site.work / "alerts", site.work / "beta"):
        assert any(path.is_file() for path in folder.rglob("*")), folder
        assert search(folder, PLANTED) == []
    for folder in sorted((site.work / "broken").iterdir()):
        if folder.name not in ("extraction", "embedding"):
            assert search(folder, PLANTED) == []


def worker_at_work(site: Site, cohort: str) -> psutil.Process | None:
    """The process that holds the lock of a cohort's work folder: the worker of its run, in the middle of a stage."""
    lock = site.work / cohort / ".lock"
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if any(Path(opened.path) == lock for opened in process.open_files()):
                return process
    return None


def retry_of(dagster: Dagster, run_id: str) -> dict[str, Any] | None:
    query = """query ($t: [ExecutionTag!]) { runsOrError(filter: {tags: $t}, limit: 5) { ... on Runs { results {
        runId status } } } }"""
    tags = [{"key": "dagster/parent_run_id", "value": run_id}]
    found = dagster.ask(query, t=tags)["runsOrError"]["results"]
    return found[0] if found and found[0]["status"] in FINISHED else None
