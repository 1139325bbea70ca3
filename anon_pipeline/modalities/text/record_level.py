"""The record-level verb of the modality: a cohort's real notes, de-identified, with keyed ids and shifted dates.

What leaves is pseudonymised personal data. How mentions are found and replaced belongs to ``engine``.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from anon_pipeline.cohort import Cohort
from anon_pipeline.keys import Key
from anon_pipeline.modalities import Synthesis
from anon_pipeline.pseudonyms import Pseudonymiser

COLUMNS = ("note_id", "person_id", "note_date", "note_title", "note_text")
WIDEST = 2**62


def deidentify(cohort: Cohort, key: Key, out: Path, options: dict[str, Any] | None = None) -> Synthesis | None:
    """Add the cohort's notes to ``out/note.parquet``; None when it has none.

    options: ``language``, ``mode``, ``indirect`` and ``transformer``, as ``engine.deidentify_documents`` takes them.
    A note that cannot be processed is left out and counted.
    """
    from anon_pipeline.modalities.text.engine import deidentify_documents

    if not cohort.has("note"):
        return None
    rows = [row for row in cohort.read("note", list(COLUMNS)).to_pylist() if row["note_text"]]
    known = {name: value for name, value in (options or {}).items() if name in ("language", "mode", "indirect")}
    held: list[str] = []
    documents = (
        {
            "id": str(number),
            "text": row["note_text"],
            "patient_id": str(row["person_id"]),
            "date": str(row["note_date"]) if row["note_date"] else None,
        }
        for number, row in enumerate(rows)
    )
    made = deidentify_documents(documents, key, quarantine=lambda _, reason: held.append(reason), **known)
    names = Pseudonymiser(key)
    notes = [_note(rows[int(item["id"])], str(item["text"]), key, names) for item in made]
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


def _note(row: dict[str, Any], text: str, key: Key, names: Pseudonymiser) -> dict[str, Any]:
    shift = dt.timedelta(days=names.date_shift(str(row["person_id"])))
    return {
        "note_id": key.integer(WIDEST, "note-id", row["note_id"]),
        "person_id": key.integer(WIDEST, "person-id", row["person_id"]),
        "note_date": row["note_date"] + shift if row["note_date"] else None,
        "note_title": row["note_title"],
        "note_text": text,
    }
