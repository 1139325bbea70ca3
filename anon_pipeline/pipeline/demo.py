"""The demo: a fictional hospital, two of its cohorts through the whole Dagster graph, and where to look afterwards.

``python -m anon_pipeline.pipeline.demo --folder .demo [--serve]``. It uses the real graph, store and secrets; only the
patients are made up. What a step does belongs to the graph.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PATIENTS = 300
SEED = 2026
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


def _environment(folder: Path) -> dict[str, str]:
    return {
        "DAGSTER_HOME": str(folder / "dagster"),
        "ANON_PIPELINE_WAREHOUSE": str(folder / "hospital" / "warehouse.duckdb"),
        "ANON_PIPELINE_POLICIES": str(folder / "policies"),
        "ANON_PIPELINE_WORK": str(folder / "work"),
        "ANON_PIPELINE_RELEASES": str(folder / "releases"),
        "ANON_PIPELINE_KEY_FILE": str(folder / "secrets" / "key"),
        "ANON_PIPELINE_SIGNING_KEY_FILE": str(folder / "secrets" / "signing.pem"),
    }


@contextmanager
def _step(title: str) -> Iterator[None]:
    print(f"{title} ...", flush=True)  # noqa: T201
    start = time.monotonic()
    yield
    print(f"  done in {time.monotonic() - start:.0f} s", flush=True)  # noqa: T201


@contextmanager
def _bar(work: Path) -> Iterator[None]:
    """A bar of the stages whose evidence is there, on a terminal."""
    from tqdm import tqdm

    from anon_pipeline.stages.graph import STAGES

    ended = threading.Event()
    with tqdm(total=len(STAGES), unit="stage", leave=False, disable=not sys.stderr.isatty()) as bar:

        def watch() -> None:
            while not ended.wait(0.5):
                bar.update(sum((work / name / "evidence.json").is_file() for name in STAGES) - bar.n)

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        try:
            yield
        finally:
            ended.set()
            watcher.join()


def prepare(folder: Path, patients: int) -> None:
    """The hospital, its secrets and its policies, where they are not there yet."""
    from anon_pipeline.fictional import build
    from anon_pipeline.keys import new_key_file
    from anon_pipeline.pipeline.instance import prepare_home
    from anon_pipeline.release.signing import new_signing_key

    hospital = folder / "hospital"
    if not (hospital / "warehouse.duckdb").is_file():
        with _step(f"Building a fictional hospital: {patients} patients, five modalities"):
            shutil.rmtree(hospital, ignore_errors=True)
            build(hospital, patients, SEED, progress=sys.stderr.isatty())
    if not (folder / "secrets" / "key").is_file():
        new_key_file(folder / "secrets" / "key")
    if not (folder / "secrets" / "signing.pem").is_file():
        new_signing_key(folder / "secrets" / "signing.pem")
    shutil.copytree(ROOT / "policies" / "demo", folder / "policies", dirs_exist_ok=True)
    prepare_home(folder / "dagster")


def release(names: list[str]) -> bool:
    """Run the job of each cohort; whether all were released."""
    import dagster as dg

    from anon_pipeline.definitions import defs
    from anon_pipeline.pipeline.partitions import COHORTS

    job = defs.resolve_job_def("release_cohort")
    good = True
    with dg.DagsterInstance.get() as instance:
        instance.add_dynamic_partitions(COHORTS.name or "", names)
        for name in names:
            work = Path(os.environ["ANON_PIPELINE_WORK"]) / name
            with _step(f"Cohort {name}: extraction, embedding, avatars, attacks, gate, release"), _bar(work):
                result = job.execute_in_process(
                    partition_key=name, instance=instance, raise_on_error=False, run_config=QUIET
                )
            if not result.success:
                good = False
                print(f"  refused or failed: see {os.environ['ANON_PIPELINE_WORK']}/{name}/refusal.json")  # noqa: T201
    return good


def cohorts(count: int = 2) -> list[str]:
    from anon_pipeline.warehouse import open_warehouse

    with open_warehouse(os.environ["ANON_PIPELINE_WAREHOUSE"]) as warehouse:
        return [entry.name for entry in warehouse.cohorts()][:count]


def tell(folder: Path, names: list[str]) -> None:
    """Where the releases and their reports are, and what to do next."""
    lines = ["", "Releases:"]
    for name in names:
        for path in sorted((folder / "releases" / name).glob("*/manifest.json")):
            lines += [f"  {path.parent}", f"    report: {path.parent / 'report' / 'report.html'}"]
    key = folder / "secrets" / "signing.pem.pub"
    example = next(iter(sorted((folder / "releases").glob("*/*/data/*/person.parquet"))), None)
    lines += ["", "Next:", f"  .venv/bin/anon-pipeline verify {folder / 'releases'} --public-key {key}"]
    if example is not None:
        lines.append(f"  .venv/bin/anon-pipeline trace {example}")
    lines.append("  make dev      # the Dagster UI on http://127.0.0.1:3000 (lineage, checks, backfills)")
    print("\n".join(lines))  # noqa: T201


def serve(port: int) -> int:
    """The webserver and the daemon, on loopback, until interrupted."""
    command = [Path(sys.executable).with_name("dagster"), "dev", "-w", ROOT / "dagster_workspace.yaml"]
    return subprocess.call([*map(str, command), "-h", "127.0.0.1", "-p", str(port)], cwd=ROOT)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path(".demo"))
    parser.add_argument("--patients", type=int, default=PATIENTS)
    parser.add_argument("--serve", action="store_true", help="open the Dagster UI instead of releasing")
    parser.add_argument("--port", type=int, default=3000)
    arguments = parser.parse_args()
    # The fictional headers break the standard's lengths on purpose.
    warnings.filterwarnings("ignore", module="pydicom")
    folder = arguments.folder.resolve()
    os.environ.update(_environment(folder))
    prepare(folder, arguments.patients)
    if arguments.serve:
        return serve(arguments.port)
    names = cohorts()
    good = release(names)
    tell(folder, names)
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main())
