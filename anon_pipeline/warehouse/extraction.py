"""Writing a cohort's files: the one layout of ``anon_pipeline.cohort``, from a warehouse, a PACS folder and a VCF.

Everything is written below a hidden folder of mode 0700 and renamed at the end: a killed extraction leaves nothing
half-made under the name it was asked for. Deny by default: the columns that leave the warehouse are those that the
statements of ``sql/extraction`` name; all events of a member are extracted, whatever the dates of the cohort.

What lies outside the warehouse (images, VCF) is in ``outside.py``; who is a member in ``members.py``.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from anon_pipeline.cohort import BIOLOGY_TABLES, OBSERVATIONAL_TABLES, Cohort, ExtractedCohort
from anon_pipeline.errors import BadInput
from anon_pipeline.warehouse import cdm
from anon_pipeline.warehouse.members import HOLDOUT, PARTS, TRAINING, MemberQuery, Members
from anon_pipeline.warehouse.outside import Outside
from anon_pipeline.warehouse.statements import statement

if TYPE_CHECKING:
    from anon_pipeline.keys import Key
    from anon_pipeline.policy import Policy
    from anon_pipeline.warehouse.reading import Warehouse

SCHEMA = "anon-pipeline/extraction/1"
REPORT = "extraction.json"
EVENT_TABLES = (*OBSERVATIONAL_TABLES, *BIOLOGY_TABLES, "note")
ROW_GROUP_ROWS = 131_072


@dataclass
class ExtractionReport:
    """What was extracted: counts and digests only.

    files: path relative to the extraction (parts included) -> rows (None where a file has no rows), sha256, size.
    sources: each source as read -> keyed digest, rows. absent: modality or table -> why it is not there.
    quarantined: what was left out for a fault, counted by reason. complete: every row of the members that the
    warehouse holds was written, or counted as a repeated person.
    """

    cohort: str
    origin: str
    definition_id: int | None
    warehouse: str
    policy: str
    training_persons: int
    holdout_persons: int
    unknown_members: int
    complete: bool = False
    files: dict[str, dict[str, Any]] = field(default_factory=dict)
    sources: dict[str, tuple[str, int]] = field(default_factory=dict)
    absent: dict[str, str] = field(default_factory=dict)
    missing_columns: dict[str, list[str]] = field(default_factory=dict)
    quarantined: dict[str, int] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def notes(self) -> list[str]:
        """What a reader should know, one sentence each."""
        lines = [f"{name}: {reason}" for name, reason in sorted(self.absent.items())]
        lines += [f"{table}: without {', '.join(names)}" for table, names in sorted(self.missing_columns.items())]
        lines += [f"{count} left out, {reason}" for reason, count in sorted(self.quarantined.items())]
        if self.unknown_members:
            lines.append(f"{self.unknown_members} members are not in the person table")
        return lines

    def to_dict(self) -> dict[str, Any]:
        return {"schema": SCHEMA, **asdict(self), "notes": self.notes}


def extract(
    warehouse: Warehouse,
    name: str,
    policy: Policy,
    key: Key,
    out: Path | str,
    *,
    images: Path | str | None = None,
    vcf: Path | str | None = None,
    quiet: bool = True,
) -> ExtractionReport:
    """Extract one cohort to ``out`` (replaced whole): ``ExtractedCohort(name, out)`` reads it.

    ``images`` (a folder of DICOM) and ``vcf`` default to the policy's sources. Raises BadInput for a cohort that is
    not there or empty and for a source that cannot be read.
    """
    out = Path(out)
    query = warehouse.resolve(name, policy)
    members = _members(warehouse, query, policy, key)
    report = ExtractionReport(
        cohort=name,
        origin=query.origin,
        definition_id=query.definition_id,
        warehouse=warehouse.kind,
        policy=policy.digest(),
        training_persons=len(members.of(TRAINING)),
        holdout_persons=len(members.of(HOLDOUT)),
        unknown_members=members.unknown,
    )
    outside = Outside.of(policy, images, vcf)
    partial = _fresh(out)
    try:
        parts = [Cohort(name, partial / part) for part in PARTS]
        for part in parts:
            part.root.mkdir(mode=0o700)
        _write_members(parts, members)
        used = _write_tables(warehouse, parts, members, report, quiet)
        _write_vocabulary(warehouse, parts, used, report)
        report.sources = _warehouse_digests(warehouse, members, key)
        outside.extract(warehouse, members, parts, key, report, quiet)
        report.complete = all(
            report.counts[f"rows/{table}"] + report.counts.get(f"repeated/{table}", 0)
            == report.sources[f"warehouse/{table}"][1]
            for table in EVENT_TABLES
            if warehouse.has(table)
        )
        _describe_files(partial, report)
        (partial / REPORT).write_text(json.dumps(report.to_dict(), indent=2, sort_keys=True) + "\n", encoding="utf-8")
        _close_to_others(partial)
        _take_place(partial, out)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    return report


def source_digests(
    warehouse: Warehouse,
    name: str,
    policy: Policy,
    key: Key,
    *,
    images: Path | str | None = None,
    vcf: Path | str | None = None,
) -> dict[str, tuple[str, int]]:
    """What ``extract`` would report as ``sources`` now: equal means that the cohort's inputs have not changed."""
    members = _members(warehouse, warehouse.resolve(name, policy), policy, key)
    outside = Outside.of(policy, images, vcf)
    return _warehouse_digests(warehouse, members, key) | outside.digests(warehouse, members, key)


def _members(warehouse: Warehouse, query: MemberQuery, policy: Policy, key: Key) -> Members:
    # With folds everyone is learnt from, and the attacks' generations leave people out instead.
    fraction = 0.0 if policy.avatars.holdout_folds else policy.avatars.holdout_fraction
    members = warehouse.members(query).split(key, fraction)
    if not len(members):
        raise BadInput(f"cohort {query.name} has no member that the person table knows")
    return members


def _warehouse_digests(warehouse: Warehouse, members: Members, key: Key) -> dict[str, tuple[str, int]]:
    """Members, their rows table by table, and the versions of the vocabulary: its tables are too large to hash."""
    own = key.derive("table-digests")
    found = {
        "cohort": (
            own.digest("members", members.person_ids.tobytes().hex(), members.parts.tobytes().hex()).hex(),
            len(members),
        )
    }
    found |= warehouse.table_digests(members, key, EVENT_TABLES)
    if warehouse.has("concept"):
        counts = [warehouse.count(table) for table in ("vocabulary", "concept", "concept_ancestor")]
        found["concept"] = (own.digest("vocabulary", *counts, *warehouse.vocabulary_versions()).hex(), counts[1])
    return {f"warehouse/{table}": digest for table, digest in found.items()}


def purge(extracted: ExtractedCohort | Path | str) -> None:
    """Remove an extraction and whatever an interrupted one left beside it. Nothing to remove is not an error."""
    root = extracted.root if isinstance(extracted, ExtractedCohort) else Path(extracted)
    if root.exists() and not _is_extraction(root):
        raise BadInput(f"{root} is not an extraction: it is not removed")
    gone = root.with_name(f".{root.name}.purged")
    if root.exists():
        shutil.rmtree(gone, ignore_errors=True)
        root.rename(gone)
    for rest in (gone, _partial_name(root), _old_name(root)):
        if rest.exists():
            shutil.rmtree(rest)


def _partial_name(out: Path) -> Path:
    return out.with_name(f".{out.name}.partial")


def _old_name(out: Path) -> Path:
    return out.with_name(f".{out.name}.replaced")


def _is_extraction(root: Path) -> bool:
    return root.is_dir() and ((root / REPORT).is_file() or not any(root.iterdir()))


def _fresh(out: Path) -> Path:
    if out.exists() and not _is_extraction(out):
        raise BadInput(f"{out} exists and is not an extraction: it is not replaced")
    out.parent.mkdir(parents=True, exist_ok=True)
    partial = _partial_name(out)
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(mode=0o700)
    return partial


def _take_place(partial: Path, out: Path) -> None:
    old = _old_name(out)
    shutil.rmtree(old, ignore_errors=True)
    if out.exists():
        out.rename(old)
    partial.rename(out)
    shutil.rmtree(old, ignore_errors=True)


def _close_to_others(root: Path) -> None:
    """Folders 0700, files 0600 (hard links keep their source's mode: the folder protects them)."""
    for folder, _, names in os.walk(root):
        Path(folder).chmod(0o700)
        for each in names:
            path = Path(folder) / each
            if path.stat().st_nlink == 1:
                path.chmod(0o600)


def _write_members(parts: list[Cohort], members: Members) -> None:
    for number, part in enumerate(parts):
        table = pa.table({"person_id": pa.array(members.of(number), pa.int64())})
        pq.write_table(table, part.members, compression="zstd")


def _write_tables(
    warehouse: Warehouse, parts: list[Cohort], members: Members, report: ExtractionReport, quiet: bool
) -> list[set[int]]:
    """Stream every table; returns the concept ids that each part's rows use."""
    from anon_pipeline.warehouse.progress import progress

    used: list[set[int]] = [set(), set()]
    for table in progress(EVENT_TABLES, "extracting", "table", quiet):
        if not warehouse.has(table):
            report.absent[table] = "not in the warehouse"
            continue
        if missing := warehouse.missing_fields(table):
            report.missing_columns[table] = missing
        rows, repeated = _write_table(warehouse.extraction(table, members), table, parts, used)
        if repeated:
            report.counts[f"repeated/{table}"] = repeated
        report.counts[f"rows/{table}"] = sum(rows)
        if not sum(rows):
            report.absent[table] = "no row of a member"
    if "note" in report.absent:
        report.absent["text"] = report.absent["note"]
    if all(table in report.absent for table in BIOLOGY_TABLES):
        report.absent["biology"] = report.absent[BIOLOGY_TABLES[0]]
    return used


def _write_table(
    batches: Iterator[pa.RecordBatch], table: str, parts: list[Cohort], used: list[set[int]]
) -> tuple[list[int], int]:
    schema = cdm.arrow_schema(table)
    writers: list[pq.ParquetWriter | None] = [None, None]
    rows, repeated = [0, 0], 0
    last: list[int | None] = [None, None]
    concepts = [name for name in schema.names if name.endswith("concept_id")]
    try:
        for batch in batches:
            for number, part in enumerate(parts):
                own = batch.filter(pa.array(batch["part"].to_numpy() == number)).select(schema.names)
                if table == "person":
                    before = own.num_rows
                    own, last[number] = _one_a_person(own, last[number])
                    repeated += before - own.num_rows
                if not own.num_rows:
                    continue
                writer = writers[number]
                if writer is None:
                    part.path(table).parent.mkdir(mode=0o700, exist_ok=True)
                    writer = pq.ParquetWriter(part.path(table), schema, compression="zstd")
                    writers[number] = writer
                writer.write_batch(own, row_group_size=ROW_GROUP_ROWS)
                rows[number] += own.num_rows
                for name in concepts:
                    used[number].update(own[name].drop_null().unique().to_pylist())
    finally:
        for writer in writers:
            if writer is not None:
                writer.close()
    return rows, repeated


def _one_a_person(batch: pa.RecordBatch, last: int | None) -> tuple[pa.RecordBatch, int | None]:
    """The first of the rows of each person (they come sorted), across batches."""
    if not batch.num_rows:
        return batch, last
    ids = batch["person_id"].to_numpy()
    first = np.concatenate([[last is None or ids[0] != last], ids[1:] != ids[:-1]])
    return batch.filter(pa.array(first)), int(ids[-1])


def _write_vocabulary(
    warehouse: Warehouse, parts: list[Cohort], used: list[set[int]], report: ExtractionReport
) -> None:
    if not warehouse.has("concept"):
        report.absent["concept"] = "not in the warehouse"
        return
    for part, ids in zip(parts, used, strict=True):
        ids.discard(0)
        wanted = set(ids)
        if warehouse.has("concept_ancestor"):
            found = _stream_vocabulary(warehouse, "concept_ancestor", ids, part)
            wanted |= found
        else:
            report.absent["concept_ancestor"] = "not in the warehouse"
        _stream_vocabulary(warehouse, "concept", wanted, part)


def _stream_vocabulary(warehouse: Warehouse, table: str, ids: set[int], part: Cohort) -> set[int]:
    schema = cdm.arrow_schema(table)
    sql = warehouse.with_tables(statement(f"extraction/{table}"), [table], "extracted")
    relation = pa.table({"concept_id": pa.array(sorted(ids), pa.int64())})
    part.path(table).parent.mkdir(mode=0o700, exist_ok=True)
    ancestors: set[int] = set()
    with pq.ParquetWriter(part.path(table), schema, compression="zstd") as writer:
        for batch in warehouse.batches(sql, schema, {"concept_ids": relation}, what=f"table {table}"):
            writer.write_batch(batch, row_group_size=ROW_GROUP_ROWS)
            if table == "concept_ancestor":
                ancestors.update(batch["ancestor_concept_id"].drop_null().unique().to_pylist())
    return ancestors


def _describe_files(partial: Path, report: ExtractionReport) -> None:
    for path in sorted(partial.rglob("*")):
        if not path.is_file() or path.suffix == ".dcm":
            continue
        rows = pq.read_metadata(path).num_rows if path.suffix == ".parquet" else None
        report.files[path.relative_to(partial).as_posix()] = {
            "rows": rows,
            "sha256": file_sha256(path),
            "size": path.stat().st_size,
        }


def file_sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
