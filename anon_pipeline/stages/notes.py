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
PREFIX = "deidentified"
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
    second = attacks.second_detector(released, placed, persons, context.policy.release.small_cell)
    identifiers = [_row("canaries", "leak_rate", audit)]
    identifiers += [_row(f"canaries:{kind}", "leak_rate", made) for kind, made in audit["by_kind"].items()]
    identifiers.append(_row("second_detector", "notes_with_findings", second["documents_with_findings"]))
    known = _known(context, pairs)
    texts = ["\n".join(p.released for p in pairs if p.person == person) for person in known]
    by_names = attacks.name_linkage(list(known.values()), texts)
    by_facts = attacks.fact_linkage(originals, released, seed=seed)
    linkability = [_over_chance("linked_by_names", by_names), _over_chance("linked_by_facts", by_facts)]
    return {"identifiers": identifiers, "linkability": [row for row in linkability if row["floor"]]}


def _known(context: StageContext, pairs: list[Pair]) -> dict[int, set[str]]:
    """What an attacker knows of each person: the names of the hospital's record, and those that the notes gave."""
    from anon_pipeline.modalities.text.record_level import records
    from anon_pipeline.risk.text_attacks import WORD, plain, spoken_of

    held = records(context.policy.options(TEXT), context.policy.directory)
    names: dict[int, set[str]] = {}
    for pair in pairs:
        names.setdefault(pair.person, set()).update(spoken_of(pair.original))
    for person, own in names.items():
        record = held.get(str(person))
        if record is not None:
            own.update(w for name in (*record.last_names, *record.first_names) for w in WORD.findall(plain(name)))
    return names


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


def _row(name: str, metric: str, made: dict[str, Any], scale: float = 1.0) -> dict[str, Any]:
    """A rate as a row. Where nothing could be tried, 0 with the interval that says so: 0 to 1."""
    figures = {end: round((made[end] or 0.0) * scale, 6) for end in ("value", "low", "high")}
    return {
        "criterion": PREFIX,
        "name": f"{TEXT}/{name}",
        "metric": metric,
        **figures,
        "attacked": made["attempts"],
        "floor": None,
        "ceiling": None,
    }


def _over_chance(name: str, made: dict[str, Any]) -> dict[str, Any]:
    """Top-1 success as a multiple of chance, which is the floor; none among fewer than two."""
    chance = made["chance"]
    return {**_row(name, "top1_over_chance", made, 1 / chance if chance else 1.0), "floor": 1.0 if chance else None}
