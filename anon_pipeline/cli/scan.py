"""``anon-pipeline scan SOURCE``: where the identifying information is. The engine: ``anon_pipeline.scan``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import typer

from anon_pipeline.cli.common import say, tells_errors, write_report


@tells_errors
def scan(
    source: str = typer.Argument(..., help="A DuckDB file, a PostgreSQL URL, a table file or a folder of them."),
    report: Path | None = typer.Option(None, "--report", help="Write roles and evidence as JSON."),
    propose: Path | None = typer.Option(None, "--propose", help="Write a policy that follows from the scan."),
    as_json: bool = typer.Option(False, "--json", help="Print the report as JSON."),
    quiet: bool = typer.Option(False, "--quiet", help="Print nothing."),
) -> None:
    """Tell every column's role with its evidence, in counts and never in values."""
    from anon_pipeline.scan.propose import propose as proposed
    from anon_pipeline.scan.report import scan as run

    result = run(source, progress=not quiet and sys.stderr.isatty())
    write_report(result, report)
    if propose is not None:
        propose.parent.mkdir(parents=True, exist_ok=True)
        temporary = propose.with_name(f".{propose.name}.partial")
        temporary.write_text(proposed(result), encoding="utf-8")
        temporary.replace(propose)
    say(result, _lines(result), as_json=as_json, quiet=quiet)


def _lines(result: dict[str, Any]) -> list[str]:
    lines = []
    for table in result["tables"]:
        lines.append(f"{table['table']}: {table['rows']} rows")
        for column in table["columns"]:
            why = "; ".join(column["evidence"]) or "no sign"
            lines.append(f"  {column['column']:<36} {column['role'].replace('_', ' '):<18} {why}")
        for cell in table["kmap"][-5:]:
            lines.append(
                f"  together {', '.join(cell['columns'])}: {cell['rows_alone']} rows alone, "
                f"{cell['rows_in_small_cells']} in cells under 11"
            )
    if result["other_files"]:
        lines.append("not scanned: " + ", ".join(f"{n} {s}" for s, n in sorted(result["other_files"].items())))
    return [*lines, "roles: " + ", ".join(f"{n} {r.replace('_', ' ')}" for r, n in result["roles"].items())]


def register(app: typer.Typer) -> None:
    app.command("scan")(scan)
