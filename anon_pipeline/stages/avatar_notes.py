"""What avatars' notes hold that they should not, as rows named ``text/ATTACK/METRIC``: identifiers and rare words.

An avatar's note is written from phrases that many patients share. Whatever word few patients wrote is a canary that the
cohort brings itself: none may come out. Membership and linking by notes are attacked across modalities
(``stages/multimodal.py``), notes that leave de-identified in ``stages/notes.py``.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from anon_pipeline.keys import seeded_rng
from anon_pipeline.policy import Track
from anon_pipeline.stages.anonymisation import avatar_seed
from anon_pipeline.stages.base import StageContext

TEXT = "text"
# Notes of avatars that are read at most, as many as of de-identified ones.
SAMPLE = 400
WORD = re.compile(r"[^\W\d_]{4,}")
DATE = re.compile(r"\d{1,4}[./ -]\d{1,2}[./ -]\d{2,4}")
# Dates are the avatar's own, and so are the words that they are written with.
CALENDAR = frozenset(
    ("janvier", "fevrier", "mars", "avril", "juin", "juillet", "aout", "septembre", "octobre", "novembre", "decembre",
     "janv", "fevr", "sept", "lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
)  # fmt: skip


def attacked_avatar_notes(context: StageContext) -> list[dict[str, Any]]:
    """Rows without verdicts; empty where no note leaves as an avatar's."""
    from anon_pipeline.modalities.text.synthetic.compose import made_up_names

    stage = f"anonymised/{TEXT}"
    if context.policy.track(TEXT) is not Track.SYNTHETIC or context.evidence(stage).status != "done":
        return []
    seed = avatar_seed(context)
    notes = pq.read_table(context.folder(stage) / "note.parquet", columns=["person_id", "note_text"]).to_pylist()
    order = seeded_rng(seed % 2**31, "avatars-notes").permutation(len(notes))[:SAMPLE]
    drawn = [(int(notes[i]["person_id"]), str(notes[i]["note_text"])) for i in sorted(order)]
    if not drawn:
        return []
    made_up = {person: made_up_names(seed, person) for person, _ in drawn}
    real = ((row["person_id"], row["note_text"]) for row in _rows(context.extracted.training.notes))
    return rows(drawn, made_up, real, context.policy.release.small_cell)


def rows(
    avatars: list[tuple[int, str]],
    made_up: dict[int, frozenset[str]],
    patients: Iterable[tuple[int, str | None]],
    least: int,
) -> list[dict[str, Any]]:
    """The second detector's findings in avatars' notes, and words of theirs that fewer than ``least`` patients wrote,
    in whatever gender and number, or one alone in that form.

    avatars, patients: (person, text). made_up: plain words of the names that each avatar's notes may hold.
    """
    from anon_pipeline.modalities.text.folding import fold_text
    from anon_pipeline.risk.text_attacks import second_detector

    placed = [_of_the_avatar(text, made_up[person]) for person, text in avatars]
    persons = [person for person, _ in avatars]
    second = second_detector([text for _, text in avatars], placed, persons, least)["documents_with_findings"]
    written = {
        word for person, text in avatars for word in _words(text) if fold_text(word) not in CALENDAR | made_up[person]
    }
    needed = {counted: most for word in written for counted, most in _counted(word, least)}
    holders: dict[str, set[int]] = {counted: set() for counted in needed}
    missing = set(needed)
    for person, text in patients:
        if not missing:
            break
        for word in _words(text or ""):
            for counted, _ in _counted(word, least):
                if counted in missing:
                    holders[counted].add(person)
                    if len(holders[counted]) >= needed[counted]:
                        missing.discard(counted)
    alone = {counted for counted in missing if holders[counted]}
    rare = float(len({fold_text(word) for word in written if alone.intersection(c for c, _ in _counted(word, least))}))
    return [
        _row("second_detector", "notes_with_findings", second["value"], second["low"], second["high"], len(avatars)),
        _row("rare_words", "words", rare, rare, rare, len({fold_text(word) for word in written})),
    ]


def _words(text: str) -> set[str]:
    return set(WORD.findall(unicodedata.normalize("NFC", text)))


@lru_cache(maxsize=100_000)
def _counted(word: str, least: int) -> tuple[tuple[str, int], tuple[str, int]]:
    """What a word is counted as, and how many patients have to have written it: ``least`` whatever its gender and
    number, and two in this form."""
    from anon_pipeline.modalities.text.folding import fold_text
    from anon_pipeline.modalities.text.inflection import lemma

    return (f"{fold_text(lemma(word))}*", least), (fold_text(word), 2)


def _of_the_avatar(text: str, names: frozenset[str]) -> list[tuple[int, int]]:
    """Where an avatar's made-up names and own dates stand."""
    from anon_pipeline.modalities.text.folding import fold_text

    own = [m.span() for m in re.finditer(r"[^\W\d_]+", fold_text(text)) if m.group() in names]
    return own + [m.span() for m in DATE.finditer(text)]


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    if path.is_file():
        for batch in pq.ParquetFile(path).iter_batches(1024, columns=["person_id", "note_text"]):
            yield from batch.to_pylist()


def _row(name: str, metric: str, value: float, low: float, high: float, attacked: int) -> dict[str, Any]:
    figures = {"value": value, "low": low, "high": high, "attacked": attacked, "floor": None, "ceiling": None}
    return {"criterion": TEXT, "name": name, "metric": metric, **figures}
