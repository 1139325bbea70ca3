"""``anon-pipeline risk REAL SYNTHETIC``: attack anybody's synthetic table. The attacks: ``anon_pipeline.risk``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from anon_pipeline.cli.common import say, tells_errors, write_report


@tells_errors
def risk(
    real: Path = typer.Argument(..., help="The table the synthetic data were made from: CSV or Parquet."),
    synthetic: Path = typer.Argument(..., help="The synthetic table."),
    holdout: Path | None = typer.Option(
        None,
        "--holdout",
        help="People of the same population set apart before generation. With it, a verdict is given.",
    ),
    secrets: str | None = typer.Option(None, "--secrets", help="Columns to infer, as a,b,c. Default: all."),
    aux_cols: list[str] | None = typer.Option(
        None, "--aux-cols", help="What two attackers hold, as a,b,c/d,e; may be repeated. Default: random halves."
    ),
    schema: Path | None = typer.Option(None, "--schema", help="Types, roles and the survival outcome of the columns."),
    survival: str | None = typer.Option(None, "--survival", help="Survival utility, as TIME,EVENT,GROUP."),
    limits: Path | None = typer.Option(None, "--limits", help="A policy whose limits apply, or a file with only them."),
    report: Path | None = typer.Option(None, "--report", help="Write the report as JSON."),
    pictures: Path | None = typer.Option(None, "--pictures", help="Write the figures into this folder."),
    seed: int = typer.Option(0, "--seed", min=0, help="Same input and seed, same report."),
    quick: bool = typer.Option(False, "--quick", help="Fewer attacks, wider intervals."),
    as_json: bool = typer.Option(False, "--json", help="Print the report as JSON."),
    quiet: bool = typer.Option(False, "--quiet", help="Print nothing."),
    force: bool = typer.Option(False, "--force", help="Exit 0 although the verdict is broken; the report is marked."),
) -> None:
    """Attack a synthetic table: singling out, linkability, inference, membership, each with its floor and ceiling.

    Exits 3 when --holdout was given and a limit is broken.
    """
    from anon_pipeline.errors import VerdictBroken
    from anon_pipeline.risk.options import read_limits, read_schema, with_survival
    from anon_pipeline.risk.progress import stage_bar
    from anon_pipeline.risk.report import evaluate
    from anon_pipeline.risk.tables import read_table

    tables = [read_table(path) if path is not None else None for path in (real, synthetic, holdout)]
    described = with_survival(read_schema(schema), survival)
    rules = read_limits(limits)
    pairs = [[side.split(",") for side in pair.split("/")] for pair in aux_cols] if aux_cols else None
    assert tables[0] is not None
    assert tables[1] is not None
    bar = stage_bar(quiet)
    result = evaluate(
        tables[0],
        tables[1],
        tables[2],
        schema=described,
        secrets=[name.strip() for name in secrets.split(",")] if secrets else None,
        aux_cols=pairs,
        seed=seed,
        limits=rules,
        quick=quick,
        progress=bar,
    )
    bar("", 1, 1)
    if result["verdict"] == "broken" and force:
        result["forced"] = True
    write_report(result, report)
    if pictures is not None:
        from anon_pipeline.quality.pictures import pictures as draw

        draw(result, tables[0], tables[1], pictures)
    say(result, _lines(result), as_json=as_json, quiet=quiet)
    if result["verdict"] == "broken" and not force:
        raise VerdictBroken(f"{len(result['broken'])} limits are broken; the first: {result['broken'][0]}")


def _lines(result: dict[str, Any]) -> list[str]:
    lines = [f"{'attack':<52}{'value':>8}{'95 % interval':>18}{'floor':>8}{'ceiling':>9}{'limit':>8}"]
    for attack in result["attacks"]:
        name = f"{attack['criterion']}/{attack['name']}/{attack['metric']}"
        mark = {True: "", False: "  BROKEN", None: ""}[attack["passed"]]
        lines.append(
            f"{name[:51]:<52}{attack['value']:>8.3f}{'[' + format(attack['low'], '.3f'):>10}, {attack['high']:.3f}]"
            f"{_cell(attack['floor']):>8}{_cell(attack['ceiling']):>9}{_cell(attack['limit']):>8}{mark}"
        )
    lines += [f"note: {note}" for note in result["notes"]]
    return [*lines, f"verdict: {result['verdict'].replace('_', ' ')}", *result["broken"]]


def _cell(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def register(app: typer.Typer) -> None:
    app.command("risk")(risk)
