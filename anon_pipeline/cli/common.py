"""What every verb shares: exit codes, reports, the way errors are told. No engine belongs here."""

from __future__ import annotations

import functools
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import typer

from anon_pipeline.errors import AnonPipelineError

P = ParamSpec("P")
R = TypeVar("R")
DEBUG_VARIABLE = "ANON_PIPELINE_DEBUG"


def tells_errors(function: Callable[P, R]) -> Callable[P, R]:
    """Turn failures into one line on stderr and the documented exit code.

    An unforeseen exception prints its type and place, not its message: the message may hold a value.
    """

    @functools.wraps(function)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except AnonPipelineError as error:
            typer.echo(f"anon-pipeline: {error}", err=True)
            raise typer.Exit(error.exit_code) from None
        except (typer.Exit, typer.Abort, KeyboardInterrupt):
            raise
        except Exception as error:
            if os.environ.get(DEBUG_VARIABLE):
                raise
            typer.echo(f"anon-pipeline: internal error, {type(error).__name__} at {_place(error)}", err=True)
            raise typer.Exit(1) from None

    return wrapper


def _place(error: BaseException) -> str:
    trace = error.__traceback__
    place = "?"
    while trace is not None:
        filename = Path(trace.tb_frame.f_code.co_filename)
        if "anon_pipeline" in filename.parts or trace.tb_next is None:
            place = f"{filename.name}:{trace.tb_lineno}"
        trace = trace.tb_next
    return place


def write_report(report: dict[str, Any], path: Path | None) -> None:
    """Write a report as stable, indented JSON through a temporary name."""
    if path is None:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.partial")
    temporary.write_text(json.dumps(report, indent=2, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")
    temporary.replace(path)


def say(report: dict[str, Any], lines: list[str], *, as_json: bool, quiet: bool) -> None:
    """Print the report as JSON, or the lines a person reads, or nothing."""
    if as_json:
        json.dump(report, sys.stdout, indent=2, sort_keys=True, ensure_ascii=False)
        sys.stdout.write("\n")
    elif not quiet:
        for line in lines:
            typer.echo(line)
