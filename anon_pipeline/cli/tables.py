"""``anon-pipeline tables IN OUT``: avatars of one table, with the attacks' verdict when it is asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from anon_pipeline.cli.common import say, tells_errors, write_report


@tells_errors
def tables(
    source: Path = typer.Argument(..., metavar="IN", help="A CSV or Parquet file, one row a patient."),
    target: Path = typer.Argument(..., metavar="OUT", help="Where the avatars go: .csv or .parquet."),
    schema: Path | None = typer.Option(None, help="YAML: columns' types and bounds; inferred where it says nothing."),
    k: int | None = typer.Option(None, "--k", help="Least number of patients behind any local density (default 60)."),
    n: int | None = typer.Option(None, "--n", help="Number of avatars (default: as many as rows)."),
    seed: int = typer.Option(0, help="Same input and seed, same output."),
    holdout: Path | None = typer.Option(None, help="People kept out of IN: attack the avatars against them."),
    epsilon: float | None = typer.Option(None, help="Formal differential privacy with this budget."),
    report: Path | None = typer.Option(None, help="Where the JSON report goes."),
    force: bool = typer.Option(False, "--force", help="Write OUT although the verdict is broken, and say so."),
    as_json: bool = typer.Option(False, "--json", help="Print the report as JSON."),
    quiet: bool = typer.Option(False, "--quiet", help="Print nothing but errors."),
) -> None:
    """Replace a table of patients by avatars drawn from local densities; direct identifiers are dropped and listed."""
    from anon_pipeline.avatars.verb import run_tables

    result = run_tables(
        source,
        target,
        schema=schema,
        k=k,
        size=n,
        seed=seed,
        holdout=holdout,
        epsilon=epsilon,
        want_report=report is not None,
        force=force,
        quiet=quiet or as_json,
    )
    write_report(result, report)
    say(result, _lines(result), as_json=as_json, quiet=quiet)
    if result["verdict"] == "broken" and not force:
        typer.echo("anon-pipeline: a limit is broken: nothing was written", err=True)
        raise typer.Exit(3)


def _lines(result: dict[str, Any]) -> list[str]:
    account = result["tables"]
    lines = [
        f"{account['rows_in']} rows, {account['columns_in']} columns in; "
        f"{account['rows_out']} avatars, {account['columns_out']} columns out"
    ]
    lines += [f"dropped: {drop['column']} ({drop['reason']})" for drop in account["dropped"]]
    if account.get("lonely", {}).get("redrawn"):
        lines.append(f"too close to one patient: {account['lonely']['redrawn']} redrawn")
    lines.append(f"verdict: {result['verdict']}")
    lines += [
        f"broken: {attack.get('name')} {attack.get('metric')} {attack.get('value')} (limit {attack.get('limit')})"
        for attack in result.get("attacks", [])
        if attack.get("passed") is False
    ]
    return lines


def register(app: typer.Typer) -> None:
    app.command("tables")(tables)
