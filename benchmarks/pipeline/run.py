"""Time and peak memory of each stage of a cohort's way, each in a process of its own, and of the whole in one.

    python benchmarks/pipeline/run.py [--gibleed FOLDER | --patients N] [--cohort NAME ...]

With ``--gibleed`` (the public OHDSI set; found by itself in ../shared/data) the three cohorts of
policies/examples/gibleed, else cohorts of a fictional hospital. CPU seconds of the process and its peak resident
memory, imports included. Nothing of it is kept but RESULTS.md.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "policies" / "examples" / "gibleed"
DATE = "2026-11-22"


@dataclass(frozen=True)
class Cost:
    name: str
    status: str
    cpu: float
    wall: float
    peak_mb: float


def measured(name: str, work: Callable[[], str]) -> Cost:
    """Do ``work`` in a forked process; its status is what it returns, or the type of what it raised."""
    reading, writing = os.pipe()
    start = time.monotonic()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            status = work()
        except Exception as error:
            status = f"{type(error).__name__}: {str(error)[:400]}"
        os.write(writing, status.encode())
        os._exit(0)
    os.close(writing)
    _, _, usage = os.wait4(child, 0)
    with os.fdopen(reading, "rb") as answer:
        status = answer.read().decode()
    cpu = usage.ru_utime + usage.ru_stime
    return Cost(name, status, cpu, time.monotonic() - start, usage.ru_maxrss / 1024)


def measure(cohort: str, environment: dict[str, str]) -> list[Cost]:
    """Each stage apart, then an unchanged second run, then everything again in one process."""
    os.environ.update(environment)
    from anon_pipeline.pipeline.resources import build_resources
    from anon_pipeline.stages.base import run_stage
    from anon_pipeline.stages.graph import STAGES, plan, run

    hospital = build_resources()["hospital"]
    context = hospital.stage_context(cohort, "benchmark", choose_device=False)  # type: ignore[attr-defined]
    costs = []
    for stage in STAGES.values():
        costs.append(measured(stage.name, lambda stage=stage: run_stage(stage, context).status))
        print(f"  {costs[-1]}", flush=True)
        if costs[-1].status not in ("done", "absent", "withheld", "refused"):
            return costs
    costs.append(measured("unchanged second run", lambda: f"{len(plan(context))} stages to do"))
    shutil.rmtree(context.work)
    costs.append(measured("all stages in one process", lambda: f"{len(run(context))} stages done"))
    print(f"  {costs[-1]}", flush=True)
    return costs


def hospital_of(arguments: argparse.Namespace, folder: Path) -> tuple[Path, Path, list[str]]:
    """The warehouse, the policies and the cohorts."""
    from anon_pipeline.fictional import build
    from anon_pipeline.warehouse import load_folder, open_warehouse

    if arguments.gibleed:
        warehouse = folder / "warehouse.duckdb"
        print(f"loading: {measured('load', lambda: str(load_folder(arguments.gibleed, warehouse) is not None))}")
        return warehouse, EXAMPLES, arguments.cohort or sorted(path.stem for path in EXAMPLES.glob("*.yaml"))
    built = measured("build", lambda: str(build(folder / "hospital", arguments.patients, 1).patients))
    print(f"building: {built}")
    warehouse = folder / "hospital" / "warehouse.duckdb"
    demo = shutil.copytree(ROOT / "policies" / "demo", folder / "policies")
    with open_warehouse(str(warehouse)) as opened:
        known = [entry.name for entry in opened.cohorts()]
    return warehouse, demo, arguments.cohort or known[:1]


def table(cohort: str, costs: list[Cost]) -> list[str]:
    lines = ["", f"## {cohort}", "", "| stage | status | CPU s | peak MiB |", "|---|---|---:|---:|"]
    return lines + [f"| {c.name} | {c.status} | {c.cpu:.1f} | {c.peak_mb:.0f} |" for c in costs]


def main() -> int:
    shared = Path(os.environ.get("ANON_PIPELINE_SHARED_DATA", ROOT.parent / "shared" / "data")) / "omop_gibleed"
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gibleed", type=Path, default=shared if shared.is_dir() else None)
    parser.add_argument("--patients", type=int, help="a fictional hospital of so many instead of GiBleed")
    parser.add_argument("--cohort", action="append")
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("RESULTS.md"))
    arguments = parser.parse_args()
    if arguments.patients or not arguments.gibleed:
        arguments.gibleed, arguments.patients = None, arguments.patients or 600
    from anon_pipeline.keys import new_key_file
    from anon_pipeline.release.signing import new_signing_key

    lines = ["# Time and peak memory of each stage", ""]
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        new_key_file(folder / "key")
        new_signing_key(folder / "signing.pem")
        warehouse, policies, cohorts = hospital_of(arguments, folder)
        lines += [
            f"{DATE}, {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, "
            f"`OMP_NUM_THREADS={os.environ.get('OMP_NUM_THREADS', 'unset')}`. Command: "
            f"`python benchmarks/pipeline/run.py{'' if arguments.gibleed else f' --patients {arguments.patients}'}`. "
            + ("The public GiBleed set, 2,694 persons." if arguments.gibleed else "A fictional hospital."),
            "",
            "Each stage runs in a process of its own here, so each pays its imports, and the attacks' shared",
            "evaluation is done once a stage; the last row is how a run does it, in one process.",
        ]
        for cohort in cohorts:
            print(cohort, flush=True)
            environment = {
                "ANON_PIPELINE_WAREHOUSE": str(warehouse),
                "ANON_PIPELINE_POLICIES": str(policies),
                "ANON_PIPELINE_WORK": str(folder / "work"),
                "ANON_PIPELINE_RELEASES": str(folder / "releases"),
                "ANON_PIPELINE_KEY_FILE": str(folder / "key"),
                "ANON_PIPELINE_SIGNING_KEY_FILE": str(folder / "signing.pem"),
                "ANON_PIPELINE_DEVICE": "cpu",
            }
            lines += table(cohort, measure(cohort, environment))
    arguments.out.write_text("\n".join(lines) + "\n")
    print(arguments.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
