"""Writing avatars' notes from shared phrases and the avatars' own facts, and checking every number that was written."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from anon_pipeline.cohort import Cohort
from anon_pipeline.errors import CannotBeMadeSafe
from anon_pipeline.keys import Key, seeded_rng
from anon_pipeline.modalities import Draw, Synthesis
from anon_pipeline.modalities.text.folding import fold_text
from anon_pipeline.modalities.text.synthetic import moments
from anon_pipeline.modalities.text.synthetic.frames import WORD
from anon_pipeline.modalities.text.synthetic.grounding import DATES, Ground
from anon_pipeline.modalities.text.synthetic.language import Language, learn
from anon_pipeline.modalities.text.synthetic.notes import read_notes
from anon_pipeline.modalities.text.synthetic.numerals import NUMBERS
from anon_pipeline.modalities.text.synthetic.rewording import local_writer, reword, words_of
from anon_pipeline.modalities.text.synthetic.templates import Phrase
from anon_pipeline.modalities.text.synthetic.units import SLOT
from anon_pipeline.surrogates.identity import surrogate_person
from anon_pipeline.surrogates.places import surrogate_hospital

LEAST_PATIENTS = 30
DOCTOR = re.compile(r"(Dr|Docteur|Pr|Professeur|Signé|Interne|Médecin)[\s.:]*(le |la )?$", re.IGNORECASE)

SCHEMA = pa.schema(
    [
        ("note_id", pa.int64()),
        ("person_id", pa.int64()),
        ("note_date", pa.date32()),
        ("note_title", pa.string()),
        ("note_text", pa.string()),
    ]
)


def synthesize(
    cohort: Cohort,
    draw: Draw,
    seed: int,
    out: Path,
    *,
    facts_of_real: moments.FactsAt,
    facts_of_avatars: moments.FactsAt,
    decoded: Cohort,
    least: int,
    options: dict[str, Any] | None = None,
    directory: Path | None = None,
    device: str = "cpu",
) -> Synthesis:
    """Write ``out/note.parquet``: the avatars' notes.

    facts_of_real, facts_of_avatars: facts at moments (see ``anon_pipeline.facts``). decoded: the avatars' tables.
    least: patients that a phrase needs. options: ``language_model``, a folder (relative to ``directory``) of a model
    that rewords notes (see ``rewording``). Raises CannotBeMadeSafe when the cohort is too small for shared phrases.
    """
    from anon_pipeline.avatars.identity import avatar_ids

    folder = (options or {}).get("language_model")
    writer = local_writer((directory or Path()) / str(folder), device) if folder else None

    k, ids = least, avatar_ids(draw.size, seed)
    notes = read_notes(cohort)
    persons = {note.person_id for note, _ in notes}
    if len(persons) < max(k, LEAST_PATIENTS):
        raise CannotBeMadeSafe(f"{len(persons)} patients have notes; shared phrases need {max(k, LEAST_PATIENTS)}")
    life, made = moments.life_of(cohort), moments.life_of(decoded)
    people, days = [note.person_id for note, _ in notes], [day for _, day in notes]
    kinds = [note.kind for note, _ in notes]
    told = facts_of_real(moments.moments(list(zip(people, days, strict=True))))
    told = told.join(moments.circumstances(people, days, kinds, life))
    languages, dropped = learn([note for note, _ in notes], told, moments.dates_of(people, days, life), k)
    rng = seeded_rng(seed, "text")
    having, avatars_having = moments.who_have_notes(draw)
    rows = [{"person_id": note.person_id, "kind": note.kind, "date": day} for note, day in notes]
    seen = sorted(life.visits if having is None else having & life.visits.keys())
    known = moments.habits(rows, life, facts_of_real, seen, k)
    table, kinds = moments.avatar_moments(known, made, facts_of_avatars, sorted(ids[avatars_having].tolist()), rng)
    written, checked, agreeing = _write_all(table, kinds, made, facts_of_avatars(table), languages, seed, rng)
    reworded = 0
    if writer is not None:
        shared = words_of([phrase.text for language in languages.values() for phrase in language.phrases])
        texts, reworded = reword(written["note_text"].to_pylist(), shared, writer)
        written = written.set_column(4, SCHEMA.field(4), pa.array(texts, pa.string()))
    pq.write_table(written, out / "note.parquet", compression="zstd")
    counts = {
        "notes": written.num_rows,
        "phrases_shared": sum(len(language.phrases) for language in languages.values()),
        "phrases_without_ground": dropped,
        "facts_written": checked,
        "facts_agreeing": agreeing,
        **({} if writer is None else {"notes_reworded": reworded}),
    }
    return Synthesis([Path("note.parquet")], counts, [f"phrases are shared by at least {k} patients"])


def _write_all(
    table: pa.Table,
    kinds: list[str],
    life: moments.Life,
    facts: pd.DataFrame,
    languages: dict[str, Language],
    seed: int,
    rng: np.random.Generator,
) -> tuple[pa.Table, int, int]:
    persons, days = table["person_id"].to_pylist(), table["date"].to_pylist()
    dates = moments.dates_of(persons, days, life)
    facts = facts.join(moments.circumstances(persons, days, kinds, life))
    texts, checked, agreeing = [""] * len(kinds), 0, 0
    for kind, language in sorted(languages.items()):
        rows = np.array([i for i, own in enumerate(kinds) if own == kind], np.int64)
        if not len(rows):
            continue
        own = facts.reindex(rows)
        said = language.say(own, dates, rng)
        records, styles = own.to_dict("records"), rng.random(len(rows))
        for place, row in enumerate(rows):
            names = _Names(seed, persons[row], records[place].get("female"))
            pieces: list[tuple[str, Phrase]] = []
            for index, words in said[place]:
                phrase, grounds = language.phrases[index], language.grounds[index]
                text, values = _fill(phrase, grounds, words, records[place], dates, int(row), names, styles[place])
                checked += len(values)
                agreeing += _agree(phrase, grounds, text, values)
                pieces.append((text, phrase))
            texts[row] = joined(pieces)
    keep = [i for i, text in enumerate(texts) if text]
    order = seeded_rng(seed, "note-order").permutation(len(keep))
    chosen = [keep[i] for i in order]
    columns = {
        "note_id": list(range(1, len(chosen) + 1)),
        "person_id": [persons[i] for i in chosen],
        "note_date": [days[i] for i in chosen],
        "note_title": [kinds[i] for i in chosen],
        "note_text": [texts[i] for i in chosen],
    }
    return pa.table(columns, schema=SCHEMA), checked, agreeing


def _gathered(pieces: list[tuple[str, Phrase]]) -> list[tuple[str, Phrase]]:
    """The pieces in order, but what goes on after a comma right after the nearest beginning of such a sentence."""
    starts = [n for n, (_, phrase) in enumerate(pieces) if phrase.before != ", "]

    def place(number: int) -> tuple[int, bool, int]:
        phrase = pieces[number][1]
        own = [n for n in starts if pieces[n][1].heads & phrase.heads] if phrase.before == ", " else []
        home = max((n for n in own if n < number), default=own[0] if own else number)
        return home, home != number, number

    return [pieces[number] for number in sorted(range(len(pieces)), key=place)]


def joined(pieces: list[tuple[str, Phrase]]) -> str:
    """The pieces with what belongs between them: a line break where either wants one, a comma between clauses of one
    sentence, which stand together.

    A heading before nothing is left out, and a clause without its sentence begins one.
    """
    pieces = _gathered(pieces)
    parts: list[str] = []
    for number, (piece, phrase) in enumerate(pieces):
        following = pieces[number + 1][1] if number + 1 < len(pieces) else None
        if phrase.after == " " and piece.endswith(":") and (following is None or following.before == "\n"):
            continue
        alone = phrase.before == ", " and not (parts and parts[-1].endswith(", "))
        text = piece[:1].upper() + piece[1:] if alone else piece
        if following is not None and _continues(phrase, following):
            parts.append(text.removesuffix(".") + ", ")
        elif following is None or following.before == "\n" or phrase.after == "\n":
            clause = ", " in (phrase.before, phrase.after)
            parts.append(text + ("." if clause and not text.endswith((".", ":")) else "") + "\n")
        else:
            parts.append(text + ("" if text.endswith((".", ":", "!", "?")) else ".") + " ")
    return "".join(parts).strip()


def _continues(phrase: Phrase, following: Phrase) -> bool:
    """Whether the following one goes on with the sentence: clauses of sentences that begin alike."""
    return following.before == ", " and bool(phrase.heads & following.heads)


class _Names:
    """Made-up names for the slots of one avatar's notes: the avatar's own, and its doctors'."""

    def __init__(self, seed: int, avatar: int, female: Any) -> None:
        self.key = Key(Key(str(seed).rjust(40, "0").encode() + b"avatars' names").digest("text-names"))
        sex = None if female is None or not np.isfinite(female) else ("F" if female else "M")
        self.patient = surrogate_person(self.key, f"avatar {avatar}", sex)
        self.doctor = surrogate_person(self.key, f"doctor {avatar % 97}", None)
        self.hospital = surrogate_hospital(self.key, "avatars", "CHU")

    def of(self, label: str, before: str) -> str:
        of_doctor = DOCTOR.search(before[-60:].removesuffix(f"{self.doctor.first_names[0]} "))
        person = self.doctor if of_doctor else self.patient
        if label == "FIRST_NAME":
            return person.first_names[0]
        if label == "LAST_NAME":
            return person.last_name
        return self.hospital


def made_up_names(seed: int, avatar: int) -> frozenset[str]:
    """Folded words of every made-up name that the notes of an avatar may hold, whatever its sex."""
    words: set[str] = set()
    for female in (None, 0.0, 1.0):
        own = _Names(seed, avatar, female)
        for person in (own.patient, own.doctor):
            words.update(re.findall(r"[^\W\d_]+", fold_text(f"{person.first_names[0]} {person.last_name}")))
        words.update(re.findall(r"[^\W\d_]+", fold_text(own.hospital)))
    return frozenset(words)


def _fill(
    phrase: Phrase,
    grounds: list[Ground | None],
    words: list[str],
    facts: Mapping[str, Any],
    dates: Mapping[str, Mapping[int, dt.date]],
    row: int,
    names: _Names,
    draw: float,
) -> tuple[str, list[str]]:
    parts, written, last, chosen = [], [], 0, iter(words)
    for position, match in enumerate(SLOT.finditer(phrase.text)):
        parts.append(phrase.text[last : match.start()])
        slot = grounds[position] if position < len(grounds) else None
        if match.group(1) == WORD:
            parts.append(next(chosen))
        elif slot is None:
            parts.append(names.of(match.group(1), "".join(parts)))
        else:
            value = dates[slot.fact][row] if slot.date_format else float(facts[slot.fact])
            written.append(slot.written(value, draw))
            parts.append(written[-1])
        last = match.end()
    parts.append(phrase.text[last:])
    return "".join(parts), written


def _agree(phrase: Phrase, grounds: list[Ground | None], text: str, values: list[str]) -> int:
    """How many of the written facts are read back from the text as they were meant: a check apart from the writing."""
    pattern, last = "", 0
    kinds = []
    for position, match in enumerate(SLOT.finditer(phrase.text)):
        slot = grounds[position] if position < len(grounds) else None
        pattern += re.escape(phrase.text[last : match.start()])
        pattern += r"([-\d].*?)" if slot is not None else ".+?"
        if slot is not None:
            kinds.append(match.group(1))
        last = match.end()
    found = re.fullmatch(pattern + re.escape(phrase.text[last:]), text)
    if found is None:
        return 0
    return sum(a == b for a, b, kind in zip(found.groups(), values, kinds, strict=True) if kind in DATES | NUMBERS)
