"""An operator's way in the browser: the lineage, a backfill of two cohorts by clicking, and its end.

With ANON_PIPELINE_SCREENSHOTS=docs/images the screenshots of docs/operators.md are made again.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from anon_pipeline_test_support import Dagster, halves, make_site, running_dagster, tiny_hospital, wait_for

from anon_pipeline.release.verify import verify
from anon_pipeline.stages.base import GROUPS

CHROMIUM = shutil.which("chromium")
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
COHORTS = ("cirrhose", "diabete")
SECONDS = 1000

pytestmark = [
    pytest.mark.debian,
    pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed"),
]


@pytest.fixture(scope="module")
def dagster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dagster]:
    warehouse = tiny_hospital(tmp_path_factory.getbasetemp().parent)
    site = make_site(tmp_path_factory.mktemp("site"), warehouse)
    halves(site, {cohort: remainder for remainder, cohort in enumerate(COHORTS)})
    with running_dagster(site) as running:
        wait_for(lambda: set(COHORTS) <= set(running.partitions()), 300, "cohorts registered by the sensor")
        yield running


@pytest.fixture
def page(dagster: Dagster) -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        opened = browser.new_page(viewport={"width": 1500, "height": 900})
        opened.set_default_timeout(240_000)
        yield opened
        browser.close()


def shoot(page: Any, name: str) -> None:
    if folder := os.environ.get("ANON_PIPELINE_SCREENSHOTS"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.wait_for_timeout(1500)
        page.screenshot(path=Path(folder) / f"{name}.png")


@pytest.mark.timeout(1800)
def test_an_operator_releases_two_cohorts_by_clicking(dagster: Dagster, page: Any) -> None:
    page.goto(f"{dagster.url}/asset-groups")
    page.get_by_text("Materialize all").first.wait_for()
    for group in GROUPS:
        page.get_by_text(group, exact=True).first.wait_for()
    shoot(page, "lineage")

    page.get_by_text("Materialize all").first.click()
    page.get_by_text("Select a partition or create one").click()
    for cohort in COHORTS:
        page.get_by_text(cohort, exact=True).locator("visible=true").first.click()
    page.get_by_text("2 partitions", exact=True).wait_for()
    shoot(page, "backfill-cohorts")
    page.get_by_text("2 partitions", exact=True).click()  # the list closes, wherever it opened
    page.get_by_role("button", name="Launch backfill").click()

    backfill = wait_for(lambda: launched(dagster), 240, "the backfill that was clicked")
    page.goto(f"{dagster.url}/runs/b/{backfill}")
    page.get_by_text(backfill).first.wait_for()
    runs = dagster.wait_for_backfill(backfill, SECONDS)
    assert sorted(run["status"] for run in runs) == ["SUCCESS", "SUCCESS"]
    page.reload()
    page.get_by_text("Completed").first.wait_for()
    shoot(page, "backfill-completed")
    for cohort in COHORTS:
        (release,) = dagster.site.released(cohort)
        assert verify(release, dagster.site.public_key).holds

    page.goto(f"{dagster.url}/assets/risk/membership?view=checks")
    page.get_by_text("evidence", exact=True).first.wait_for()
    shoot(page, "checks")


def launched(dagster: Dagster) -> str | None:
    query = "{ partitionBackfillsOrError(limit: 1) { ... on PartitionBackfills { results { id numPartitions } } } }"
    found = dagster.ask(query)["partitionBackfillsOrError"]["results"]
    return found[0]["id"] if found and found[0]["numPartitions"] == len(COHORTS) else None
