"""``anon-pipeline warehouse load | cohorts | extract``: the OMOP warehouse and the cohorts in it."""

from __future__ import annotations

from pathlib import Path

import typer

from anon_pipeline.cli.common import say, tells_errors, write_report

group = typer.Typer(help="The OMOP warehouse: load a folder, list cohorts, extract one.", no_args_is_help=True)

REPORT = typer.Option(None, "--report", help="Write the report to this JSON file.")
AS_JSON = typer.Option(False, "--json", help="Print the report as JSON.")
QUIET = typer.Option(False, "--quiet", help="Print nothing but errors.")
FORCE = typer.Option(False, "--force", help="With --strict: write the warehouse all the same and mark the report.")


@group.command("load")
@tells_errors
def load(
    folder: Path = typer.Argument(
        ..., metavar="DIR", help="A folder of OMOP tables: CSV, TSV or Parquet, compressed or not."
    ),
    to: Path = typer.Option(
        ..., "--to", metavar="FILE", help="The DuckDB file to write; a warehouse there is replaced."
    ),
    strict: bool = typer.Option(
        False, "--strict", help="Exit 3, writing nothing, when a row is rejected or a file is broken."
    ),
    force: bool = FORCE,
    report: Path | None = REPORT,
    as_json: bool = AS_JSON,
    quiet: bool = QUIET,
) -> None:
    """Load a folder of OMOP CDM tables as found in the wild; what is coerced, skipped or rejected is listed."""
    from anon_pipeline.warehouse.loading import load_folder

    result = load_folder(folder, to, quiet=quiet or as_json, strict=strict and not force)
    content = result.to_dict()
    if strict and result.faults:
        content["forced"] = True
    write_report(content, report)
    say(content, result.lines(), as_json=as_json, quiet=quiet)


@group.command("cohorts")
@tells_errors
def cohorts(
    url: str = typer.Argument(..., metavar="URL", help="A DuckDB file, duckdb:///PATH or postgresql://..."),
    report: Path | None = REPORT,
    as_json: bool = AS_JSON,
    quiet: bool = QUIET,
) -> None:
    """List the cohorts of a warehouse: name, definition id, persons."""
    from anon_pipeline.warehouse.reading import open_warehouse

    with open_warehouse(url) as warehouse:
        found = warehouse.cohorts()
        content = {
            "warehouse": warehouse.location,
            "cohorts": [{"name": e.name, "definition_id": e.definition_id, "persons": e.persons} for e in found],
        }
    lines = [f"{entry.name}\t{entry.definition_id}\t{entry.persons}" for entry in found]
    write_report(content, report)
    say(content, lines or ["no cohort"], as_json=as_json, quiet=quiet)


@group.command("extract")
@tells_errors
def extract(
    url: str = typer.Argument(..., metavar="URL", help="A DuckDB file, duckdb:///PATH or postgresql://..."),
    cohort: str = typer.Argument(..., help="The cohort's name, as `warehouse cohorts` lists it."),
    out: Path = typer.Argument(..., metavar="OUT", help="The folder to write, of mode 0700."),
    policy: Path = typer.Option(..., "--policy", help="The cohort's policy, or a folder of policies."),
    images: Path | None = typer.Option(None, "--images", help="A folder of DICOM, instead of the policy's."),
    vcf: Path | None = typer.Option(None, "--vcf", help="A VCF, instead of the policy's."),
    report: Path | None = REPORT,
    as_json: bool = AS_JSON,
    quiet: bool = QUIET,
) -> None:
    """Extract one cohort (training and hold-out apart). What it writes is patient data: it never leaves as it is."""
    from anon_pipeline import warehouse as engine
    from anon_pipeline.keys import key_from_environment
    from anon_pipeline.policy import policy_for

    with engine.open_warehouse(url) as opened:
        result = engine.extract(
            opened,
            cohort,
            policy_for(cohort, policy),
            key_from_environment(),
            out,
            images=images,
            vcf=vcf,
            quiet=quiet or as_json,
        )
    content = result.to_dict()
    lines = [f"{cohort}: {result.training_persons} persons for training, {result.holdout_persons} held out: {out}"]
    write_report(content, report)
    say(content, lines + [f"  {note}" for note in result.notes], as_json=as_json, quiet=quiet)


def register(app: typer.Typer) -> None:
    app.add_typer(group, name="warehouse")
