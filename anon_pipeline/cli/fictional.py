"""``anon-pipeline fictional``: build the fictional hospital."""

from __future__ import annotations

from pathlib import Path

import typer

from anon_pipeline.cli.common import say, tells_errors, write_report


@tells_errors
def fictional(
    patients: int = typer.Option(100, "--patients", min=1, help="How many patients."),
    seed: int = typer.Option(0, "--seed", min=0, help="The same seed gives the same hospital."),
    out: Path = typer.Option(..., "--out", help="A new or empty folder."),
    tables_only: bool = typer.Option(False, "--tables-only", help="OMOP tables only; memory does not grow."),
    report: Path | None = typer.Option(None, "--report", help="Write counts as JSON."),
    as_json: bool = typer.Option(False, "--json", help="Print counts as JSON."),
    quiet: bool = typer.Option(False, "--quiet", help="Print nothing."),
) -> None:
    """A made-up French hospital with OMOP tables, biology, notes, DICOM and VCF of the same patients."""
    from anon_pipeline.fictional.builder import build

    built = build(out, patients, seed, tables_only=tables_only, progress=not quiet)
    content = built.as_dict()
    write_report(content, report)
    lines = [
        f"{patients} patients, seed {seed}: {out}",
        f"{sum(built.rows.values())} rows in {len(built.rows)} tables, {built.documents} documents, "
        f"{built.images} DICOM files, {built.variants} variants",
    ]
    say(content, lines, as_json=as_json, quiet=quiet)


def register(app: typer.Typer) -> None:
    app.command("fictional")(fictional)
