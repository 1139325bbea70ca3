"""Builds the fictional hospital in a folder: the order of the work, nothing of its content."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from anon_pipeline.errors import BadInput
from anon_pipeline.fictional import identity, tables
from anon_pipeline.fictional.associations import write_associations
from anon_pipeline.fictional.charts import charts, examination
from anon_pipeline.fictional.dicom import write_patient
from anon_pipeline.fictional.notes import Chart, documents
from anon_pipeline.fictional.population import population
from anon_pipeline.fictional.readme import README
from anon_pipeline.fictional.schema import TableWriter
from anon_pipeline.fictional.vcf import write_vcf
from anon_pipeline.fictional.visits import visits

T = TypeVar("T")
MAXIMUM_PATIENTS = 50_000_000


@dataclass(frozen=True)
class BuildReport:
    """What was built. rows: rows a table; documents, images and variants are 0 with ``tables_only``."""

    out: Path
    patients: int
    seed: int
    rows: dict[str, int]
    documents: int
    images: int
    variants: int

    def as_dict(self) -> dict[str, Any]:
        return {
            "patients": self.patients,
            "seed": self.seed,
            "rows": dict(sorted(self.rows.items())),
            "documents": self.documents,
            "images": self.images,
            "variants": self.variants,
        }


def build(
    out: Path | str,
    patients: int,
    seed: int,
    tables_only: bool = False,
    progress: bool = False,
    images: bool = True,
) -> BuildReport:
    """Build the hospital of ``seed`` with its first ``patients`` patients in the new or empty folder ``out``.

    The same arguments give the same bytes (the DuckDB file the same content), and patient i is the same whatever the
    number of patients. ``tables_only`` leaves out notes, VCF, DICOM and patients.jsonl; its memory does not grow with
    the number of patients. ``images=False`` leaves out DICOM only. Raises BadInput when ``out`` holds anything, or when
    a number is out of range. A killed build leaves nothing at ``out``.
    """
    out = Path(out).resolve()
    if not 1 <= patients <= MAXIMUM_PATIENTS:
        raise BadInput(f"--patients must be from 1 to {MAXIMUM_PATIENTS}")
    if seed < 0:
        raise BadInput("--seed must not be negative")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise BadInput(f"{out} exists and is not an empty folder")
    temporary = out.with_name(f".{out.name}.partial-{os.getpid()}")
    shutil.rmtree(temporary, ignore_errors=True)
    try:
        temporary.mkdir(parents=True)
    except OSError as error:
        raise BadInput(f"{out}: {error.strerror}") from None
    try:
        report = _build(temporary, out, patients, seed, tables_only, progress, images)
        if out.exists():
            out.rmdir()
        temporary.rename(out)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return report


def _build(
    folder: Path, out: Path, patients: int, seed: int, tables_only: bool, progress: bool, images: bool
) -> BuildReport:
    kept, documents_written, images_written, variants = [], 0, 0, 0
    with TableWriter(folder / "omop") as writer:
        tables.write_reference(writer, seed)
        for block in _bar(tables.blocks(patients), "tables", progress):
            people = population(seed, block)
            seen = visits(people, len(tables.CARE_SITES), identity.STAFF)
            tables.write_block(writer, people, seen, patients)
            if tables_only:
                continue
            kept.append(people)
            take = min(patients - int(people.number[0]), len(people))
            with (folder / "patients.jsonl").open("a", encoding="utf-8") as stream:
                notes: list[dict[str, Any]] = []
                for chart in _bar(charts(people, seen, take), "notes and images", progress, take):
                    stream.write(json.dumps(chart.person.record(), ensure_ascii=False) + "\n")
                    notes.extend(note_rows(chart))
                    if images:
                        images_written += write_patient(examination(chart), folder / "dicom")
                documents_written += len(notes)
                writer.write("note", {key: [note[key] for note in notes] for key in notes[0]})
        rows = dict(writer.rows)
    tables.write_warehouse(folder / "omop", folder / "warehouse.duckdb")
    if not tables_only:
        (folder / "genomics").mkdir()
        variants = write_vcf(kept, patients, folder / "genomics" / "cohort.vcf.gz")
        with (folder / "staff.jsonl").open("w", encoding="utf-8") as stream:
            stream.writelines(json.dumps(m.record(), ensure_ascii=False) + "\n" for m in identity.staff(seed))
    write_associations(folder / "associations.json")
    (folder / "README.md").write_text(README, encoding="utf-8")
    return BuildReport(out, patients, seed, rows, documents_written, images_written, variants)


def note_rows(chart: Chart) -> Iterator[dict[str, Any]]:
    """OMOP note rows of one patient's documents."""
    for rank, document in enumerate(documents(chart)):
        yield {
            "note_id": 9_007_199_254_740_993 + chart.number * 32 + rank,
            "person_id": chart.person.person_id,
            "note_date": document.day,
            "note_type_concept_id": 32831,
            "note_class_concept_id": document.kind,
            "note_title": document.title,
            "note_text": document.text,
            "encoding_concept_id": 2000000702,
            "language_concept_id": 2000000701,
            "provider_id": document.stay.provider_id,
            "visit_occurrence_id": document.stay.visit_id,
            "note_source_value": f"{document.stay.nda}-{rank}",
        }


def _bar(items: Iterable[T], what: str, progress: bool, total: int | None = None) -> Iterable[T]:
    if not (progress and sys.stderr.isatty()):
        return items
    from tqdm import tqdm

    return tqdm(items, desc=what, total=total, file=sys.stderr, leave=False)
