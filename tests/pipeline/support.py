"""What the pipeline's and the browser's tests share: a site (folders, secrets, policies), and a real Dagster on it.

Loaded by ``conftest.py`` under the name ``anon_pipeline_test_support``. Expectations belong to the tests.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from anon_pipeline.pipeline.assets.keys import BOXES
from anon_pipeline.pipeline.instance import initialise_storage
from anon_pipeline.stages.graph import EXTRACTION, STAGES

REPOSITORY = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
FINISHED = {"SUCCESS", "FAILURE", "CANCELED"}
ENDS_WITH_ITS_PARENT = (
    "import ctypes, os, signal, sys; ctypes.CDLL(None).prctl(1, signal.SIGTERM); os.execv(sys.argv[1], sys.argv[1:])"
)
SHARED_DATA = Path(os.environ.get("ANON_PIPELINE_SHARED_DATA", REPOSITORY.parent / "shared" / "data"))


@dataclass(frozen=True)
class Site:
    """One hospital's folders, and the environment that the pipeline reads."""

    root: Path
    warehouse: Path

    @property
    def policies(self) -> Path:
        return self.root / "policies"

    @property
    def work(self) -> Path:
        return self.root / "work"

    @property
    def releases(self) -> Path:
        return self.root / "releases"

    @property
    def home(self) -> Path:
        return self.root / "dagster"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def public_key(self) -> Path:
        return self.root / "secrets" / "signing.pem.pub"

    @property
    def environment(self) -> dict[str, str]:
        return {
            "DAGSTER_HOME": str(self.home),
            "DAGSTER_DISABLE_TELEMETRY": "yes",
            "ANON_PIPELINE_WAREHOUSE": str(self.warehouse),
            "ANON_PIPELINE_POLICIES": str(self.policies),
            "ANON_PIPELINE_WORK": str(self.work),
            "ANON_PIPELINE_RELEASES": str(self.releases),
            "ANON_PIPELINE_KEY_FILE": str(self.root / "secrets" / "key"),
            "ANON_PIPELINE_SIGNING_KEY_FILE": str(self.root / "secrets" / "signing.pem"),
            "ANON_PIPELINE_DEVICE": "cpu",
            "OMP_NUM_THREADS": "1",
            "PYTHONWARNINGS": "ignore",
        }

    def policy(self, cohort: str, content: dict[str, Any]) -> None:
        """Write a cohort's policy; JSON is YAML."""
        path = self.policies / f"{cohort}.yaml"
        path.write_text(json.dumps({"schema": "anon-pipeline/policy/1", **content}, indent=1))

    def released(self, cohort: str) -> list[Path]:
        """The cohort's release folders, hidden ones included: there must be none of those."""
        folder = self.releases / cohort
        return sorted(folder.iterdir()) if folder.is_dir() else []


PATIENTS = 280
EVERYTHING = (*(f"extraction/{box}" for box in BOXES), *(name for name in STAGES if name != EXTRACTION))
RELEASE_ONLY = ("release/gate", "release/package", "release/manifest")
SELECTOR = {"repositoryLocationName": "anon_pipeline", "repositoryName": "__repository__"}
TINY = {
    "modalities": {"observational": {"track": "synthetic"}, "biology": {"track": "synthetic"}},
    "avatars": {"k": 20, "holdout_fraction": 0.4},
    "limits": [],
}


def tiny_hospital(shared: Path) -> Path:
    """A warehouse of a few hundred made-up patients, tables only, built once for all processes of a test run."""
    from anon_pipeline.fictional import build

    folder = shared / "tiny-hospital"
    with (shared / "tiny-hospital.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            partial = shared / "tiny-hospital.partial"
            shutil.rmtree(partial, ignore_errors=True)
            build(partial, PATIENTS, 5, tables_only=True)
            partial.rename(folder)
    return folder / "warehouse.duckdb"


def halves(site: Site, names: dict[str, int], **more: Any) -> None:
    """Cohorts by SQL: the patients with an even or an odd id."""
    for name, remainder in names.items():
        (site.policies / f"{name}.sql").write_text(
            f"SELECT person_id FROM person WHERE abs(person_id) % 2 = {remainder}\n"
        )
        site.policy(name, {**TINY, "title": name, "cohort": {"sql": f"{name}.sql"}, **more})


def make_site(root: Path, warehouse: Path) -> Site:
    from anon_pipeline.keys import new_key_file
    from anon_pipeline.pipeline.instance import prepare_home
    from anon_pipeline.release.signing import new_signing_key

    site = Site(root, warehouse)
    for folder in (site.policies, site.work, site.releases, site.logs, root / "secrets"):
        folder.mkdir(parents=True)
    new_key_file(root / "secrets" / "key")
    new_signing_key(root / "secrets" / "signing.pem")
    prepare_home(site.home)
    return site


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Dagster:
    """The webserver and the daemon of a site, on loopback, and its GraphQL API."""

    def __init__(self, site: Site, port: int) -> None:
        self.site = site
        self.url = f"http://127.0.0.1:{port}"

    def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        body = json.dumps({"query": query, "variables": variables}).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.url}/graphql", body, headers)  # noqa: S310 (loopback)
        try:
            with urllib.request.urlopen(request, timeout=240) as reply:  # noqa: S310
                answer = json.load(reply)
        except urllib.error.HTTPError as refused:
            raise AssertionError(refused.read().decode()[-3000:]) from None
        assert "errors" not in answer, answer["errors"]
        return answer["data"]

    def backfill(self, cohorts: list[str], assets: list[str]) -> list[str]:
        """Launch a backfill of assets for cohorts, as the UI does; wait for it, and return its runs' ids."""
        data = self.ask(
            """mutation ($p: LaunchBackfillParams!) { launchPartitionBackfill(backfillParams: $p) {
                __typename ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message } } }""",
            p={
                "partitionNames": cohorts,
                "assetSelection": [{"path": asset.split("/")} for asset in assets],
                "title": "test",
            },
        )["launchPartitionBackfill"]
        assert data["__typename"] == "LaunchBackfillSuccess", data
        return [run["runId"] for run in self.wait_for_backfill(data["backfillId"])]

    def launch(self, cohort: str) -> str:
        """Launch the job of one cohort without waiting; its run's id."""
        data = self.ask(
            """mutation ($e: ExecutionParams!) { launchRun(executionParams: $e) { __typename
                ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }""",
            e={
                "selector": {**SELECTOR, "jobName": "release_cohort"},
                "executionMetadata": {"tags": [{"key": "dagster/partition", "value": cohort}]},
            },
        )["launchRun"]
        assert data["__typename"] == "LaunchRunSuccess", data
        return data["run"]["runId"]

    def wait_for_backfill(self, backfill: str, seconds: float = 1000) -> list[dict[str, Any]]:
        query = """query ($id: String!) { partitionBackfillOrError(backfillId: $id) { ... on PartitionBackfill {
            status runs(limit: 50) { runId status tags { key value } } } } }"""

        def over() -> list[dict[str, Any]] | None:
            found = self.ask(query, id=backfill)["partitionBackfillOrError"]
            done = found["status"].startswith(("COMPLETED", "FAILED", "CANCELED"))
            return found["runs"] if done and all(run["status"] in FINISHED for run in found["runs"]) else None

        return wait_for(over, seconds, f"backfill {backfill}")

    def run(self, run_id: str) -> dict[str, Any]:
        """Status, steps that failed with what they told, and materialisations of a run."""
        query = """query ($id: ID!) { runOrError(runId: $id) { ... on Run {
            runId status tags { key value } stepStats { stepKey status }
            eventConnection(limit: 1000) { events { __typename
                ... on ExecutionStepFailureEvent { stepKey failureMetadata { description } error { message className } }
                ... on MaterializationEvent { assetKey { path } partition metadataEntries { label
                    ... on TextMetadataEntry { text } ... on BoolMetadataEntry { boolValue }
                    ... on JsonMetadataEntry { jsonString } } }
            } } } } }"""
        return self.ask(query, id=run_id)["runOrError"]

    def nightly(self) -> dict[str, str]:
        """What the nightly schedule would run now: cohort -> why."""
        query = """mutation ($s: ScheduleSelector!) { scheduleDryRun(selectorData: $s, timestamp: %f) { __typename
            ... on DryRunInstigationTick { evaluationResult { skipReason error { message }
                runRequests { tags { key value } } } } ... on PythonError { message } } }"""
        tick = self.ask(query % time.time(), s={**SELECTOR, "scheduleName": "nightly_refresh"})["scheduleDryRun"]
        assert tick["__typename"] == "DryRunInstigationTick", tick
        result = tick["evaluationResult"]
        assert result["error"] is None, result["error"]
        tags = [{tag["key"]: tag["value"] for tag in asked["tags"]} for asked in result["runRequests"] or []]
        return {tag["dagster/partition"]: tag["anon_pipeline/why"] for tag in tags}

    def partitions(self) -> list[str]:
        query = """{ assetNodeOrError(assetKey: {path: ["release", "gate"]}) { ... on AssetNode { partitionKeys } } }"""
        return self.ask(query)["assetNodeOrError"]["partitionKeys"]

    def checks(self, asset: str, cohort: str) -> dict[str, str]:
        """Each check of an asset and how its last execution for the cohort ended."""
        query = """query ($k: AssetKeyInput!) { assetNodeOrError(assetKey: $k) { ... on AssetNode {
            assetChecksOrError { ... on AssetChecks { checks { name } } } } } }"""
        path = asset.split("/")
        node = self.ask(query, k={"path": path})["assetNodeOrError"]
        history = """query ($k: AssetKeyInput!, $n: String!, $p: String!) {
            assetCheckExecutions(assetKey: $k, checkName: $n, partition: $p, limit: 1) { status } }"""
        ended = {}
        for check in node["assetChecksOrError"]["checks"]:
            found = self.ask(history, k={"path": path}, n=check["name"], p=cohort)["assetCheckExecutions"]
            ended[check["name"]] = found[0]["status"] if found else "NEVER"
        return ended


def wait_for(question: Any, seconds: float, what: str) -> Any:
    """Ask until the answer is neither None nor False."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        answer = question()
        if answer is not None and answer is not False:
            return answer
        time.sleep(0.5)
    raise AssertionError(f"{what}: not within {seconds:.0f} s")


@contextlib.contextmanager
def running_dagster(site: Site, workspace: Path = REPOSITORY / "dagster_workspace.yaml") -> Iterator[Dagster]:
    """A real webserver and a real daemon in process groups of their own; nothing of them is left afterwards."""
    port = free_port()
    environment = {**os.environ, **site.environment}
    with mock.patch.dict(os.environ, site.environment):
        initialise_storage()
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(
            _process("dagster-webserver", ["-h", "127.0.0.1", "-p", str(port), "-w", workspace], site, environment)
        )
        daemon = stack.enter_context(_process("dagster-daemon", ["run", "-w", workspace], site, environment))
        dagster = Dagster(site, port)

        def ready() -> bool:
            assert server.poll() is None, (site.logs / "dagster-webserver.log").read_text()[-2000:]
            assert daemon.poll() is None, (site.logs / "dagster-daemon.log").read_text()[-2000:]
            with contextlib.suppress(urllib.error.URLError, ConnectionError, TimeoutError):
                return "gate" in json.dumps(dagster.ask("{ assetNodes { assetKey { path } } }"))
            return False

        wait_for(ready, 400, "webserver and daemon")
        yield dagster


@contextlib.contextmanager
def _process(name: str, arguments: list[Any], site: Site, environment: dict[str, str]) -> Iterator[subprocess.Popen]:
    with (site.logs / f"{name}.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", ENDS_WITH_ITS_PARENT, str(BIN / name), *map(str, arguments)],
            cwd=REPOSITORY,
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        end_tree(process)


def end_tree(process: subprocess.Popen) -> None:
    """End a process and everything it started, by their ids."""
    import psutil

    try:
        family = [*psutil.Process(process.pid).children(recursive=True), psutil.Process(process.pid)]
    except psutil.NoSuchProcess:
        family = []
    for member in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            member.send_signal(signal.SIGTERM)
    _, alive = psutil.wait_procs(family, timeout=8)
    for member in alive:
        with contextlib.suppress(psutil.NoSuchProcess):
            member.kill()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout=5)
