"""A cohort's notes as units, with everything personal found by the de-identification engine and replaced by slots."""

from __future__ import annotations

import datetime as dt
import hashlib
from functools import lru_cache

from anon_pipeline.cohort import Cohort
from anon_pipeline.keys import Key
from anon_pipeline.modalities.text.synthetic.units import Note, Unit, units_of

MOST_KNOWN = 100_000
_KNOWN: dict[bytes, tuple[Unit, ...]] = {}
"""Units by the digest of their note: folds of one cohort read the same notes again."""
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
    digests = [hashlib.sha256(r["note_text"].encode()).digest() for r in rows]
    new = {digest: r["note_text"] for digest, r in zip(digests, rows, strict=True) if digest not in _KNOWN}
    if len(_KNOWN) + len(new) > MOST_KNOWN:
        _KNOWN.clear()
        new = {digest: r["note_text"] for digest, r in zip(digests, rows, strict=True)}
    documents = ({"id": digest.hex(), "text": text} for digest, text in new.items())
    for found in deidentify_documents(documents, _NO_SECRET, mode="mask", quarantine=_pass_over):
        digest = bytes.fromhex(found["id"])
        _KNOWN[digest] = tuple(units_of(new[digest], found["entities"]))
    return tuple(
        (Note(i, row["person_id"], row["note_title"] or "note", _KNOWN[digest]), row["note_date"])
        for i, (digest, row) in enumerate(zip(digests, rows, strict=True))
        if digest in _KNOWN
    )
