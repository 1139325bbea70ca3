"""A cohort's notes as units, with everything personal found by the de-identification engine and replaced by slots."""

from __future__ import annotations

import datetime as dt
import hashlib
from functools import lru_cache

from anon_pipeline.cohort import Cohort
from anon_pipeline.keys import Key
from anon_pipeline.modalities.text.synthetic.templates import Note, units_of

# Detection does not depend on the key; surrogates do, and none is used here.
_NO_SECRET = Key(hashlib.sha256(b"detection only").digest())


def _pass_over(document: object, reason: str) -> None:
    """A note that cannot be processed is not learnt from."""


def read_notes(cohort: Cohort) -> list[tuple[Note, dt.date]]:
    """Every note of the cohort with its date, in a fixed order; the row is its place in that order."""
    return list(_read(cohort, cohort.notes.stat().st_mtime_ns))


@lru_cache(maxsize=1)
def _read(cohort: Cohort, stamp: int) -> tuple[tuple[Note, dt.date], ...]:
    """Detection is the costly part, and a cohort's notes are read twice: to embed and to learn phrases.

    stamp: when the file was last written, so that a new extraction is read anew.
    """
    from anon_pipeline.modalities.text.engine import deidentify_documents

    columns = ["note_id", "person_id", "note_date", "note_title", "note_text"]
    rows = [r for r in cohort.read("note", columns).to_pylist() if r["note_text"] and r["note_date"]]
    rows.sort(key=lambda r: (r["person_id"], r["note_date"], r["note_id"]))
    documents = ({"id": str(i), "text": r["note_text"]} for i, r in enumerate(rows))
    found = {
        d["id"]: d["entities"] for d in deidentify_documents(documents, _NO_SECRET, mode="mask", quarantine=_pass_over)
    }
    notes = []
    for i, row in enumerate(rows):
        if str(i) not in found:
            continue
        units = tuple(units_of(row["note_text"], found[str(i)]))
        notes.append((Note(i, row["person_id"], row["note_title"] or "note", units), row["note_date"]))
    return tuple(notes)
