"""The residual risk of notes that leave de-identified, as rows named ``deidentified/text/ATTACK/METRIC``.

Real notes stay personal data, so that what is judged is whether identifiers are left: canaries that come through, a
second detector's findings, patients found by their names. Whoever knows a case recognises its note by its facts: that
is reported and not judged. The arithmetic is in ``anon_pipeline.risk.text_attacks``, the canary audit in
``anon_pipeline.modalities.text.residual``. What leaves is compared with what was extracted, word by word: neither the
detector's own account nor its settings are trusted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from anon_pipeline.keys import seeded_rng
from anon_pipeline.policy import Track
from anon_pipeline.stages.anonymisation import avatar_seed
from anon_pipeline.stages.base import StageContext

TEXT = "text"
LONGEST = 50_000
_ATTACKED: dict[str, dict[str, list[dict[str, Any]]]] = {}


@dataclass(frozen=True)
class Pair:
    """A note as it was extracted and as it would leave, and whose it is."""

    person: int
    original: str
    released: str


def attacked_notes(context: StageContext) -> dict[str, list[dict[str, Any]]]:
    """Rows by criterion, without verdicts, attacked once a process; empty where no note leaves de-identified."""
    stage = f"anonymised/{TEXT}"
    if context.policy.track(TEXT) is not Track.DEIDENTIFIED or context.evidence(stage).status != "done":
        return {}
    known = "/".join([context.cohort, str(context.work), context.policy.digest(), context.evidence(stage).digest()])
    if known not in _ATTACKED:
        _ATTACKED.clear()
        _ATTACKED[known] = _attack(context)
    return _ATTACKED[known]


def _attack(context: StageContext) -> dict[str, list[dict[str, Any]]]:
    from anon_pipeline.modalities.text import record_level, residual
    from anon_pipeline.risk import text_attacks as attacks

    seed = avatar_seed(context) % 2**31
    pairs = sample(context, residual.SAMPLE, seed)
    if not pairs:
        return {}
    originals, released = [p.original for p in pairs], [p.released for p in pairs]
    persons = [p.person for p in pairs]
    options = context.policy.options(TEXT)
    audit = residual.canary_audit(
        [{"text": text} for text in originals],
        context.key.derive("audit"),
        record_level.engine_options(options, context.policy.directory),
        int(options.get("canaries", residual.CANARIES)),
        seed,
        progress=context.progress,
    )
    placed = [attacks.replaced(one, other) for one, other in zip(originals, released, strict=True)]
    held = record_level.records(options, context.policy.directory)
    records = [residual.names_of(held.get(str(person))) for person in persons]
    names, texts = residual.by_person(persons, originals, records, released)
    rows = attacks.rows(
        {
            "canaries": audit,
            "second_detector": attacks.second_detector(released, placed, persons, context.policy.release.small_cell),
            "name_linkage": attacks.name_linkage(names, texts),
            "fact_linkage": attacks.fact_linkage(originals, released, seed=seed),
        }
    )
    linking = [row for row in rows if row["metric"] == attacks.OVER_CHANCE]
    return {"identifiers": [row for row in rows if row not in linking], "linkability": linking}


def sample(context: StageContext, most: int, seed: int) -> list[Pair]:
    """At most ``most`` released notes, drawn with the seed, beside what they were made from; only these are held."""
    from anon_pipeline.modalities.text.record_level import released_id

    folder = context.folder(f"anonymised/{TEXT}") / "note.parquet"
    ids = pq.read_table(folder, columns=["note_id"])["note_id"].to_numpy()
    rng = seeded_rng(seed, "attacked-notes")
    drawn = set(np.sort(rng.permutation(len(ids))[:most]).tolist())
    wanted = {int(ids[i]) for i in drawn}
    released = {note["note_id"]: note["note_text"] for note in _rows(folder) if note["note_id"] in wanted}
    pairs = []
    for part in (context.extracted.training, context.extracted.holdout):
        if not part.has("note"):
            continue
        for note in _rows(part.notes):
            text = released.get(released_id(context.key, note["note_id"]))
            if text and note["note_text"] and len(note["note_text"]) <= LONGEST:
                pairs.append(Pair(note["person_id"], note["note_text"], text))
    return pairs


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    for batch in pq.ParquetFile(path).iter_batches(1024, columns=["note_id", "person_id", "note_text"]):
        yield from batch.to_pylist()
