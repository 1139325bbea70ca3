"""``anon-pipeline run``: one cohort from warehouse to signed release, without Dagster."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

import typer

from anon_pipeline.cli.common import say, tells_errors, write_report


@tells_errors
def run_command(
    cohort: str = typer.Option(..., "--cohort", help="The cohort's name (a-z, 0-9, '_', '-')."),
    warehouse: str = typer.Option(..., "--warehouse", help="A DuckDB file or a postgresql:// URL."),
    policy: Path = typer.Option(..., "--policy", help="A policy file, or a folder with COHORT.yaml or default.yaml."),
    out: Path = typer.Option(..., "--out", help="The release's folder."),
    key_file: Path | None = typer.Option(None, "--key-file", help="The secret key; else ANON_PIPELINE_KEY_FILE."),
    signing_key: Path | None = typer.Option(
        None, "--signing-key", help="Ed25519 private key; else ANON_PIPELINE_SIGNING_KEY_FILE."
    ),
    work: Path | None = typer.Option(None, "--work", help="Where stages are kept between runs; else nowhere."),
    images: str | None = typer.Option(None, "--images", help="The folder of DICOM files; else the policy's."),
    vcf: str | None = typer.Option(None, "--vcf", help="The VCF of the cohort; else the policy's."),
    device: str = typer.Option("auto", "--device", help="auto, cpu or cuda."),
    seed: int | None = typer.Option(None, "--seed", help="Overrides the policy's seed."),
    report: Path | None = typer.Option(None, "--report", help="Write what was done as JSON."),
    as_json: bool = typer.Option(False, "--json", help="Print what was done as JSON."),
    quiet: bool = typer.Option(False, "--quiet", help="Print nothing."),
) -> None:
    """Run every stage that is not up to date; exit 3 with the reasons when the gate refuses."""
    from anon_pipeline.compute.device import choose_device
    from anon_pipeline.errors import BadInput
    from anon_pipeline.keys import key_from_environment, key_from_file
    from anon_pipeline.policy import policy_for
    from anon_pipeline.release.evidence import Evidence
    from anon_pipeline.release.manifest import MANIFEST
    from anon_pipeline.release.signing import load_signer
    from anon_pipeline.stages.base import Stage, StageContext
    from anon_pipeline.stages.graph import run

    if out.exists() and (not out.is_dir() or (any(out.iterdir()) and not (out / MANIFEST).is_file())):
        raise BadInput(f"{out} exists and is not a release")
    chosen = policy_for(cohort, policy)
    if seed is not None:
        chosen = chosen.model_copy(update={"avatars": chosen.avatars.model_copy(update={"seed": seed})})
    key = key_from_file(key_file) if key_file else key_from_environment()
    load_signer(signing_key)
    lines: list[str] = []

    def told(stage: Stage, evidence: Evidence) -> None:
        line = f"{stage.name}: {evidence.status}{f' ({evidence.reason})' if evidence.reason else ''}"
        lines.append(line)
        if not quiet and not as_json:
            typer.echo(line)

    with tempfile.TemporaryDirectory(prefix="anon-pipeline-") as temporary:
        context = StageContext(
            cohort=cohort,
            policy=chosen,
            work=(work or Path(temporary)).resolve() / cohort,
            warehouse=warehouse,
            releases=str(out.resolve()),
            key=key,
            signing_key=signing_key,
            device=choose_device(device),
            run_id=f"cli-{hashlib.sha256(f'{cohort}{chosen.digest()}'.encode()).hexdigest()[:12]}",
            images=images,
            vcf=vcf,
            progress=not quiet and os.isatty(2),
            exact=True,
        )
        done = run(context, told)
    result = {"cohort": cohort, "release": str(out), "stages": [e.model_dump(mode="json", by_alias=True) for e in done]}
    write_report(result, report)
    say(result, ["nothing changed" if not done else f"released: {out}"], as_json=as_json, quiet=quiet)


def register(app: typer.Typer) -> None:
    app.command("run")(run_command)
