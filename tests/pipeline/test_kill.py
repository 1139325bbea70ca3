"""A run killed with SIGKILL at any moment leaves no visible partial release, and the next run completes.

A parent that has imported everything forks a child for each run, so that twenty runs cost little more than their work.
Each child runs the graph on what the killed one before it left; after a completed run everything is thrown away.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from anon_pipeline_test_support import Site, halves, make_site, tiny_hospital

from anon_pipeline.release.verify import verify
from anon_pipeline.stages.graph import STAGES

KILLS = 20
LATEST = "release/manifest"
CHILD = """
import os, sys, time
import great_expectations, pandas, sklearn, torch
from pathlib import Path
from anon_pipeline.pipeline.resources import build_resources
from anon_pipeline.stages import anonymisation, embedding, extraction, graph, quality, release, risk
from anon_pipeline.stages.graph import run
torch.set_num_threads(1)
context = build_resources()["hospital"].stage_context("alpha", "kill-test")
for line in sys.stdin:
    child = os.fork()
    if child == 0:
        try:
            run(context)
        except BaseException as error:
            os.write(2, f"{type(error).__name__} {error}".encode())
            os._exit(1)
        os._exit(0)
    print(child, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


class Runner:
    """The parent of the runs."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.errors = (site.logs / "runs.log").open("wb")
        self.parent = subprocess.Popen(
            [sys.executable, "-c", CHILD],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            text=True,
            env={**os.environ, **site.environment},
        )

    def run(self, moment: Callable[[], bool] | None = None, delay: float = 0.0) -> int:
        """Exit status of one run (negative: the signal), killed ``delay`` seconds after ``moment`` is first true."""
        assert self.parent.stdin is not None
        assert self.parent.stdout is not None
        self.parent.stdin.write("go\n")
        self.parent.stdin.flush()
        child = int(self.parent.stdout.readline())
        with contextlib.suppress(ProcessLookupError):  # it ended before
            while moment is not None:
                os.kill(child, 0)
                if moment():
                    time.sleep(delay)
                    os.kill(child, signal.SIGKILL)
                    break
                time.sleep(0.002)
        return int(self.parent.stdout.readline())

    def end(self) -> None:
        assert self.parent.stdin is not None
        self.parent.stdin.close()
        self.parent.wait(timeout=30)
        self.errors.close()


@pytest.fixture
def runner(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runner]:
    site = make_site(tmp_path / "site", tiny_hospital(tmp_path_factory.getbasetemp().parent))
    halves(site, {"alpha": 0})
    made = Runner(site)
    yield made
    made.end()


def start_afresh(site: Site) -> None:
    for folder in (site.work, site.releases):
        shutil.rmtree(folder)
        folder.mkdir()


def contents(release: Path) -> dict[str, bytes]:
    return {
        path.relative_to(release).as_posix(): path.read_bytes() for path in sorted(release.rglob("*")) if path.is_file()
    }


def differing(found: dict[str, bytes], expected: dict[str, bytes]) -> list[str]:
    return sorted(name for name in found.keys() | expected.keys() if found.get(name) != expected.get(name))


def visible(site: Site) -> list[Path]:
    return [path for path in site.released("alpha") if not path.name.startswith(".")]


@pytest.mark.timeout(1800)
def test_a_killed_run_leaves_no_partial_release_and_the_next_completes(runner: Runner) -> None:
    """Twenty kills: one in the middle of each of the stages in a random order, then at random moments of a run."""
    site = runner.site
    start = time.monotonic()
    assert runner.run() == 0, (site.logs / "runs.log").read_text()
    whole = time.monotonic() - start
    (release,) = visible(site)
    expected = contents(release)
    start_afresh(site)

    chance = random.Random(7)
    targets = [LATEST, "store", *chance.sample(sorted(set(STAGES) - {LATEST}), KILLS - 6)]
    targets = sorted(targets, key=[*STAGES, "store"].index)
    killed_in = []
    for target in targets:
        status = runner.run(lambda target=target: at_work(site, target), delay=chance.uniform(0, 0.02))
        assert status in (0, -signal.SIGKILL), (site.logs / "runs.log").read_text()
        if status:
            killed_in.append(target)
        no_partial_release(site, expected)
        if status == 0:
            start_afresh(site)
    for _ in range(KILLS - len(killed_in)):
        end = time.monotonic() + chance.uniform(0, 0.4 * whole)
        status = runner.run(lambda end=end: time.monotonic() >= end)
        assert status in (0, -signal.SIGKILL)
        no_partial_release(site, expected)
        if status == 0:
            start_afresh(site)
    assert runner.run() == 0
    (release,) = visible(site)
    assert differing(contents(release), expected) == []
    assert [path for path in site.released("alpha") if path.name.startswith(".")] == []
    assert len(killed_in) >= KILLS // 2, f"only these stages were met: {killed_in}"


def at_work(site: Site, target: str) -> bool:
    """Whether a stage is being done (its hidden folder is there), or the release is being put in its store."""
    folder = site.releases / "alpha" / "x" if target == "store" else site.work / "alpha" / target
    name = "" if target == "store" else folder.name
    return any(folder.parent.glob(f".{name}*.partial-*"))


def no_partial_release(site: Site, expected: dict[str, bytes]) -> None:
    for folder in visible(site):
        assert verify(folder, site.public_key).holds
        assert differing(contents(folder), expected) == []
