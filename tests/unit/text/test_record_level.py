"""A cohort's real notes leave de-identified, their titles too."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from anon_pipeline.cohort import Cohort
from anon_pipeline.keys import Key
from anon_pipeline.modalities.text.record_level import deidentify


def test_names_leave_neither_by_the_text_nor_by_the_title(tmp_path: Path) -> None:
    cohort = Cohort("alpha", tmp_path / "cohort")
    cohort.notes.parent.mkdir(parents=True)
    day = dt.date(2022, 6, 15)
    rows = [
        (1, 7, day, "Compte rendu de Madame Zylberstein", "Madame Odile ZYLBERSTEIN, née le 03/04/1951, va bien."),
        (2, 7, day, None, "Tél : 06 12 34 56 78"),
    ]
    names = ("note_id", "person_id", "note_date", "note_title", "note_text")
    pq.write_table(pa.table({n: [r[i] for r in rows] for i, n in enumerate(names)}), cohort.notes)
    out = tmp_path / "out"
    out.mkdir()
    made = deidentify(cohort, Key(bytes(range(32))), out)
    assert made is not None
    assert made.counts == {"notes": 2, "held": 0}
    left = pq.read_table(out / "note.parquet").to_pylist()
    told = " ".join(f"{row['note_title']} {row['note_text']}" for row in left).lower()
    for secret in ("zylberstein", "odile", "03/04/1951", "06 12 34 56 78"):
        assert secret not in told
    assert sum(row["note_title"] is None for row in left) == 1
    assert all(row["note_date"] != day for row in left)
