"""The record-level verb of the modality: a cohort's real notes, de-identified, with keyed ids and shifted dates.

What leaves is pseudonymised personal data. How mentions are found and replaced belongs to ``engine``.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from anon_pipeline.cohort import Cohort
from anon_pipeline.errors import BadInput
from anon_pipeline.keys import Key
from anon_pipeline.modalities import Synthesis
from anon_pipeline.modalities.text import known as kn
from anon_pipeline.pseudonyms import Pseudonymiser

COLUMNS = ("note_id", "person_id", "note_date", "note_title", "note_text")
OPTIONS = ("language", "mode", "indirect", "transformer", "patients", "staff", "canaries")
ENGINE = ("language", "mode", "indirect")
WIDEST = 2**62


def deidentify(
    cohort: Cohort, key: Key, out: Path, options: dict[str, Any] | None = None, directory: Path = Path()
) -> Synthesis | None:
    """Add the cohort's notes to ``out/note.parquet``; None when it has none.

    options: the policy's (see ``docs/text.md``); ``directory``: what their paths are relative to. A note that cannot be
    processed is left out and counted.
    """
    from anon_pipeline.modalities.text.engine import deidentify_documents

    settings = dict(options or {})
    if not cohort.has("note"):
        return None
    rows = [row for row in cohort.read("note", list(COLUMNS)).to_pylist() if row["note_text"]]
    known = {
        **engine_options(settings, directory),
        "patients": records(settings, directory),
        "staff": _staff(settings, directory),
    }
    held: list[str] = []

    def quarantined(_: Mapping[str, Any], reason: str) -> None:
        held.append(reason)

    made = deidentify_documents(_documents(rows, "note_text"), key, quarantine=quarantined, **known)
    texts = {int(item["id"]): str(item["text"]) for item in made}
    made = deidentify_documents(_documents(rows, "note_title"), key, quarantine=lambda *_: None, **known)
    titles = {int(item["id"]): str(item["text"]) for item in made}
    names = Pseudonymiser(key)
    notes = [_note(rows[number], titles.get(number), text, key, names) for number, text in texts.items()]
    target = out / "note.parquet"
    schema = pa.schema(
        [
            ("note_id", pa.int64()),
            ("person_id", pa.int64()),
            ("note_date", pa.date32()),
            ("note_title", pa.string()),
            ("note_text", pa.string()),
        ]
    )
    table = pa.Table.from_pylist(notes, schema)
    if target.exists():
        table = pa.concat_tables([pq.read_table(target, schema=schema), table])
    pq.write_table(table.sort_by("note_id"), target, compression="zstd")
    return Synthesis([Path("note.parquet")], {"notes": len(notes), "held": len(held)})


def engine_options(options: dict[str, Any], directory: Path) -> dict[str, Any]:
    """The part of the policy's options that detection and replacement take. Raises BadInput on an unknown option."""
    if unknown := sorted(set(options) - set(OPTIONS)):
        raise BadInput(f"text options {', '.join(unknown)} are unknown; known: {', '.join(OPTIONS)}")
    made = {name: options[name] for name in ENGINE if name in options}
    if options.get("transformer"):
        made["transformer"] = str(directory / options["transformer"])
    return made


def records(options: dict[str, Any], directory: Path) -> dict[str, kn.Record]:
    """What the hospital knows of its patients, by the warehouse's person_id; empty without ``patients``."""
    from anon_pipeline.modalities.text.files import read_patients

    path = options.get("patients")
    return read_patients(directory / path, "person_id") if path else {}


def _staff(options: dict[str, Any], directory: Path) -> list[str]:
    from anon_pipeline.modalities.text.files import read_staff

    path = options.get("staff")
    return read_staff(directory / path) if path else []


def released_id(key: Key, note_id: int) -> int:
    """The pseudonym under which a note leaves."""
    return key.integer(WIDEST, "note-id", note_id)


def _documents(rows: list[dict[str, Any]], column: str) -> Iterator[dict[str, Any]]:
    """A column of the notes as the engine reads it; a title holds names as a text does."""
    for number, row in enumerate(rows):
        if row[column]:
            yield {
                "id": str(number),
                "text": row[column],
                "patient_id": str(row["person_id"]),
                "date": str(row["note_date"]) if row["note_date"] else None,
            }


def _note(row: dict[str, Any], title: str | None, text: str, key: Key, names: Pseudonymiser) -> dict[str, Any]:
    shift = dt.timedelta(days=names.date_shift(str(row["person_id"])))
    return {
        "note_id": released_id(key, row["note_id"]),
        "person_id": key.integer(WIDEST, "person-id", row["person_id"]),
        "note_date": row["note_date"] + shift if row["note_date"] else None,
        "note_title": title,
        "note_text": text,
    }
