"""Searching what would leave for identifiers: ids of the real records, and values of the form of direct identifiers.

Which values are told apart as what is the scanner's knowledge (``anon_pipeline.scan``); what is left in notes is
measured in ``stages/notes.py`` and ``stages/avatar_notes.py``. Nothing here reports a value.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from anon_pipeline.policy import Track
from anon_pipeline.release.evidence import Check
from anon_pipeline.risk.limits import judge, limits_of
from anon_pipeline.stages.avatar_notes import attacked_avatar_notes
from anon_pipeline.stages.base import StageContext, StageResult
from anon_pipeline.stages.notes import attacked_notes
from anon_pipeline.stages.risk import TABLES, as_check


def search(context: StageContext, out: Path) -> StageResult:
    """Counts of real ids and of identifier-like values in every Parquet file that leaves as avatars, and what is left
    in notes of either track."""
    notes = attacked_notes(context).get("identifiers", []) + attacked_avatar_notes(context)
    if notes:
        judge(notes, limits_of(context.policy))
        (out / "notes.json").write_text(json.dumps(notes, indent=2, sort_keys=True) + "\n")
    found = _in_tables(context, out)
    if found.status == "absent" and notes:
        return StageResult(checks=[as_check(row) for row in notes])
    return replace(found, checks=[*found.checks, *(as_check(row) for row in notes)])


def _in_tables(context: StageContext, out: Path) -> StageResult:
    tables = list(_leaving(context))
    if not tables:
        return StageResult(status="absent", reason="no table leaves as avatars, and no note leaves")
    ids = 0
    shaped: dict[str, int] = {}
    for path in tables:
        table = pq.read_table(path)
        ids += _shared_ids(context, path.stem, table)
        for kind, hits in _shaped(table).items():
            shaped[kind] = shaped.get(kind, 0) + hits
    (out / "identifiers.json").write_text(json.dumps({"shared_ids": ids, "shaped": shaped}, sort_keys=True) + "\n")
    return StageResult(
        checks=[
            Check(name="identifiers/wide_ids_shared_with_real_records", passed=ids == 0, value=float(ids), limit=0),
            Check(
                name="identifiers/values_of_identifier_form",
                passed=not shaped,
                value=float(sum(shaped.values())),
                limit=0,
                detail=", ".join(f"{kind} {hits}" for kind, hits in sorted(shaped.items())),
            ),
        ],
        counts={"files": float(len(tables))},
    )


def _leaving(context: StageContext) -> Iterator[Path]:
    for modality in TABLES:
        if context.policy.track(modality) is Track.SYNTHETIC:
            folder = context.folder(f"anonymised/{modality}")
            yield from sorted(folder.rglob("*.parquet"))


def _shared_ids(context: StageContext, name: str, table: pa.Table) -> int:
    """Ids of released rows that are ids of real rows, among ids too large to meet by counting from one."""
    column = f"{name}_id"
    real = context.extracted.training.path(name)
    if column not in table.column_names or not real.is_file():
        return 0
    if column not in pq.read_schema(real).names:
        return 0
    released = table[column].to_numpy()
    original = pq.read_table(real, columns=[column])[column].to_numpy()
    counted = max(len(released), len(original)) * 100
    wide = released[np.abs(released) > counted]
    return int(np.isin(wide, original).sum())


def _shaped(table: pa.Table) -> dict[str, int]:
    """Distinct values that have the whole form of a direct identifier, by kind; check digits decide where there are."""
    import duckdb

    from anon_pipeline.scan.patterns import PATTERNS

    found: dict[str, int] = {}
    for name in table.column_names:
        column = table[name]
        if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
            continue
        values = pa.table({"value": column.unique().drop_null()})
        with duckdb.connect() as database:
            database.register("distinct_values", values)
            for pattern in PATTERNS:
                if not pattern.direct:
                    continue
                hits = database.execute(
                    "SELECT value FROM distinct_values WHERE regexp_full_match(trim(value), ?)", [pattern.regex]
                ).fetchall()
                right = sum(pattern.check is None or pattern.check(value) for (value,) in hits)
                if right:
                    found[pattern.name] = found.get(pattern.name, 0) + right
    return found
