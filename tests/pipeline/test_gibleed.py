"""The public GiBleed set: loaded, three cohorts backfilled through GraphQL, released, verified and traced."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest
from anon_pipeline_test_support import (
    EVERYTHING,
    REPOSITORY,
    SHARED_DATA,
    Dagster,
    make_site,
    running_dagster,
    wait_for,
)

from anon_pipeline.release.trace import trace
from anon_pipeline.release.verify import verify
from anon_pipeline.warehouse import load_folder

SOURCE = SHARED_DATA / "omop_gibleed"
COHORTS = ("aspirin", "celecoxib", "otitis-media")

pytestmark = [
    pytest.mark.shared_data,
    pytest.mark.slow,
    pytest.mark.skipif(not SOURCE.is_dir(), reason=f"the public GiBleed set is not at {SOURCE}"),
]


@pytest.fixture(scope="module")
def dagster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dagster]:
    warehouse = tmp_path_factory.mktemp("gibleed") / "warehouse.duckdb"
    load_folder(SOURCE, warehouse)
    site = make_site(tmp_path_factory.mktemp("site"), warehouse)
    shutil.copytree(REPOSITORY / "policies" / "examples" / "gibleed", site.policies, dirs_exist_ok=True)
    with running_dagster(site) as running:
        wait_for(lambda: set(COHORTS) <= set(running.partitions()), 300, "cohorts registered by the sensor")
        yield running


@pytest.mark.timeout(1800)
def test_three_cohorts_are_backfilled_released_verified_and_traced(dagster: Dagster) -> None:
    runs = [dagster.run(run_id) for run_id in dagster.backfill(list(COHORTS), list(EVERYTHING))]
    told = [
        (event["stepKey"], event["failureMetadata"], event["error"]["message"])
        for run in runs
        for event in run["eventConnection"]["events"]
        if event["__typename"] == "ExecutionStepFailureEvent"
    ]
    assert [run["status"] for run in runs] == ["SUCCESS"] * len(COHORTS), told
    for cohort in COHORTS:
        (release,) = dagster.site.released(cohort)
        assert verify(release, dagster.site.public_key).holds
        found = trace(next(release.rglob("condition_occurrence.parquet")))
        assert found["cohort"] == cohort
        assert any(source["name"] == "warehouse/condition_occurrence" for source in found["sources"])
    assert dagster.nightly() == {}
