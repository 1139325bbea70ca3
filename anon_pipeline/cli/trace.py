"""``anon-pipeline trace FILE``: where a released file comes from, down to the source tables."""

from __future__ import annotations

from pathlib import Path

import typer

from anon_pipeline.cli.common import say, tells_errors


@tells_errors
def trace_command(
    file: Path = typer.Argument(..., help="A released file, or a renamed or moved copy of one."),
    releases: Path | None = typer.Option(None, "--releases", help="A folder of releases to look for it in."),
    as_json: bool = typer.Option(False, "--json", help="Print the ancestry as JSON."),
    quiet: bool = typer.Option(False, "--quiet", help="Print nothing; the exit code tells."),
) -> None:
    """Print the file's ancestry: stages, checks with values and limits, versions, runs, source tables and digests."""
    from anon_pipeline.release.trace import trace, tree

    traced = trace(file, releases)
    say(traced, tree(traced), as_json=as_json, quiet=quiet)
    if not traced["verified"]:
        raise typer.Exit(1)


def register(app: typer.Typer) -> None:
    app.command("trace")(trace_command)
