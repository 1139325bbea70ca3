"""A run killed with SIGKILL at any moment leaves no visible partial release, and the next run completes.

A parent that has imported everything forks a child for each run, so that twenty runs cost little more than their work.
Each child runs the graph on what the killed one before it left; after a completed run everything is thrown away.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from anon_pipeline_test_support import Site, halves, make_site, tiny_hospital

from anon_pipeline.release.verify import verify

KILLS = 20
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

    def run(self, kill_after: float | None) -> tuple[int, float]:
        """Exit status (negative: the signal) and seconds of one run."""
        assert self.parent.stdin is not None
        assert self.parent.stdout is not None
        self.parent.stdin.write("go\n")
        self.parent.stdin.flush()
        child = int(self.parent.stdout.readline())
        start = time.monotonic()
        if kill_after is not None:
            time.sleep(kill_after)
            os.kill(child, signal.SIGKILL)  # a zombie until its parent is told, so the id is still its own
        status = int(self.parent.stdout.readline())
        return status, time.monotonic() - start

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
    site = runner.site
    status, whole = runner.run(None)
    assert status == 0, (site.logs / "runs.log").read_text()
    (release,) = visible(site)
    expected = contents(release)
    start_afresh(site)

    moments = random.Random(7)
    killed, stages, finished = 0, set(), 0
    while killed < KILLS:
        status, _ = runner.run(0.6 * whole * moments.random() ** 1.5)  # early ones more often: they cost less
        for folder in visible(site):
            assert verify(folder, site.public_key).holds
            assert differing(contents(folder), expected) == []
        stages.add(len(list(site.work.glob("alpha/*/*/evidence.json"))))
        if status == -signal.SIGKILL:
            killed += 1
        else:
            assert status == 0, (site.logs / "runs.log").read_text()
            finished += 1
            assert len(visible(site)) == 1
            start_afresh(site)
    status, _ = runner.run(None)
    assert status == 0
    (release,) = visible(site)
    assert differing(contents(release), expected) == []
    assert [path for path in site.released("alpha") if path.name.startswith(".")] == []
    assert len(stages) >= 4, "the kills fell on too few stages to mean anything"
