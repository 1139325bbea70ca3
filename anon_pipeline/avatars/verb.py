"""The ``tables`` verb without the command line: files in, files and a report out, the verdict obeyed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from anon_pipeline.avatars.tablefile import open_table, read_table
from anon_pipeline.avatars.tables import TableAvatars, learn_table
from anon_pipeline.avatars.tablewriter import TableWriter, write_table
from anon_pipeline.errors import BadInput
from anon_pipeline.risk.progress import stage_bar


def run_tables(
    source: Path,
    target: Path,
    *,
    schema: Path | None = None,
    k: int | None = None,
    size: int | None = None,
    seed: int = 0,
    holdout: Path | None = None,
    epsilon: float | None = None,
    want_report: bool = False,
    force: bool = False,
    quiet: bool = True,
) -> dict[str, Any]:
    """Make the avatars, attack them when there is a holdout or a report is wanted, write OUT unless a limit is broken.

    Returns the report: ``tables`` (the account), ``attacks``, ``utility``, ``verdict`` (passed, broken, not_asked),
    ``written`` and ``forced``. Raises BadInput.
    """
    if source.resolve() == target.resolve():
        raise BadInput("IN and OUT are the same file")
    if target.is_dir():
        raise BadInput(f"{target.name} is a folder")
    rules = load_schema(schema)
    table, dialect = open_table(source)
    kept_out = read_table(holdout)[0] if holdout else None
    if kept_out is not None and list(kept_out.columns) != table.columns:
        raise BadInput(f"{holdout.name if holdout else ''}: its columns are not those of {source.name}")
    bar = stage_bar(quiet)
    generator = learn_table(table, schema=rules, k=k, size=size, seed=seed, epsilon=epsilon, progress=bar)
    report: dict[str, Any] = {"attacks": [], "utility": {}, "verdict": "not_asked"}
    made: TableAvatars | None = None
    if kept_out is not None or want_report:
        from anon_pipeline.risk.report import evaluate

        made = generator.all()
        names = list(made.frame.columns)
        held = pd.DataFrame(kept_out[names]) if kept_out is not None else None
        report = dict(evaluate(table.frame(names), made.frame, held, schema=rules, seed=seed, progress=bar))
    broken = report["verdict"] == "broken"
    if made is None:
        with TableWriter(target, dialect) as out:
            for part in generator.frames:
                out.write(part)
    elif not broken or force:
        write_table(made.frame, target, dialect)
    bar("", 1, 1)
    return {**report, "tables": generator.account, "written": not broken or force, "forced": broken and force}


def load_schema(path: Path | None) -> dict[str, Any] | None:
    """``columns: {name: {type, min, max, decimals, outcome}}``. Raises BadInput."""
    if path is None:
        return None
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInput(f"schema {path.name}: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError):
        raise BadInput(f"schema {path.name}: not YAML") from None
    if not isinstance(content, dict):
        raise BadInput(f"schema {path.name}: a mapping was expected")
    return content
