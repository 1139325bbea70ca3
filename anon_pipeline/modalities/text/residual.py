# ruff: noqa: E501
"""The residual risk of one run: a seeded canary audit, and the attacks of ``anon_pipeline.risk.text_attacks``.

A canary is an identifier that we know, put into a real note where one of that kind stood (or on a line of its own),
de-identified with the same settings, and looked for afterwards. Counts only: no canary and no note is reported. Used by
the command and by the pipeline; which of its figures are judged, and how, is said in ``anon_pipeline.stages.notes``.
"""

from __future__ import annotations

import json
import random
import re
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anon_pipeline.keys import Key, seeded_rng
from anon_pipeline.modalities.text import engine, files
from anon_pipeline.modalities.text import known as kn
from anon_pipeline.risk import text_attacks as attacks
from anon_pipeline.surrogates import numbers
from anon_pipeline.surrogates.words import grouped, items

if TYPE_CHECKING:
    from anon_pipeline.modalities.text.run import Request

# Notes that are attacked at most: 0 of 400 bounds a rate at .010, 4 of 400 at .025; more would cost minutes a run.
SAMPLE = 400
# Canaries of a run: 0 of 400 bounds the leak rate at .010, 12 at .052; so many in one note, each of another kind.
CANARIES, TOGETHER = 400, 4
# Characters of a note that get a canary: long notes would cost as many times more.
WINDOW = 6000
KINDS = ("LAST_NAME", "FIRST_NAME", "PHONE", "DATE", "NIR", "CITY", "IPP")
# Some announce what follows, some do not: rules find the first kind alone.
CARRIERS = {
    "LAST_NAME": ("Vu par le Dr {}.", "Revu avec {} ce matin.", "{} prévenue par téléphone.", "Validé : {}"),
    "FIRST_NAME": ("Sa fille {} est présente.", "{} a bien dormi.", "Transmis à {} pour la suite.", "Appel de {} ce soir."),
    "PHONE": ("Tél : {}", "Joindre au {} si besoin.", "{} (domicile)"),
    "DATE": ("Revu le {}.", "Contrôle {} à jeun.", "{} : apyrétique."),
    "NIR": ("N° de sécurité sociale : {}", "Assuré {}", "{}"),
    "CITY": ("Domicilié à {}.", "Retour vers {} prévu.", "Née à {}."),
    "IPP": ("IPP : {}", "Dossier {}", "Étiquette {}"),
}  # fmt: skip


def measure(
    request: Request, released: Path, patients: Mapping[str, kn.Record], options: dict[str, Any]
) -> dict[str, Any]:
    """The figures that go into the report and to the gate; a sample of at most SAMPLE notes is attacked."""
    notes, results = _sample(request.source, released, request.seed)
    made: dict[str, Any] = {"notes_attacked": len(notes)}
    if not notes:
        return made
    progress = not request.quiet and sys.stderr.isatty()
    texts = [r["text"] for r in results]
    placed = [[(s["start"], s["end"]) for s in r["surrogates"]] for r in results]
    known = [names_of(patients.get(str(n.get("patient_id")))) for n in notes]
    if request.canaries:
        made["canaries"] = canary_audit(
            notes, request.key, options, request.canaries, request.seed, [r["entities"] for r in results], progress
        )
    made["second_detector"] = attacks.second_detector(texts, placed)
    persons = [str(n["patient_id"] if n.get("patient_id") is not None else f"note {i}") for i, n in enumerate(notes)]
    made["name_linkage"] = attacks.name_linkage(*by_person(persons, [n["text"] for n in notes], known, texts))
    made["name_lookup"] = attacks.name_lookup(known, texts)
    made["fact_linkage"] = attacks.fact_linkage([n["text"] for n in notes], texts, seed=request.seed)
    return made


def by_person(
    persons: Sequence[Any], originals: Sequence[str], known: Sequence[Iterable[str]], released: Sequence[str]
) -> tuple[list[set[str]], list[str]]:
    """Each person's names, of the record and as the notes give them, and everything released of that person."""
    ordinary = attacks.vocabulary(originals, persons)
    names: dict[Any, set[str]] = {}
    texts: dict[Any, list[str]] = {}
    for person, original, own, text in zip(persons, originals, known, released, strict=True):
        told = (attacks.spoken_of(original) - ordinary) | {
            w for n in own for w in attacks.WORD.findall(attacks.plain(n))
        }
        names.setdefault(person, set()).update(told)
        texts.setdefault(person, []).append(text)
    return list(names.values()), ["\n".join(texts[person]) for person in names]


def names_of(record: kn.Record | None) -> tuple[str, ...]:
    """The names that the hospital's record gives a patient."""
    return () if record is None else (*record.last_names, *record.first_names)


def _sample(source: Path, released: Path, seed: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """A reservoir sample (Vitter 1985) of notes with their results, in one pass over both files."""
    rng = random.Random(int(seeded_rng(seed, "text-sample").integers(1 << 62)))
    pairs: list[tuple[dict[str, Any], dict[str, Any]]] = []
    seen = 0
    documents = files.read_documents(source, lambda *_: None)
    with released.open("rb") as stream:
        for raw in stream:
            result = json.loads(raw)
            note = next(
                (d for d in documents if str(d.get("id")) == result["id"] and isinstance(d.get("text"), str)), None
            )
            if note is None:
                break
            if not note["text"].strip() or len(note["text"]) > 50_000:
                continue
            seen += 1
            if len(pairs) < SAMPLE:
                pairs.append((note, result))
            elif (place := rng.randrange(seen)) < SAMPLE:
                pairs[place] = (note, result)
    return [p[0] for p in pairs], [p[1] for p in pairs]


def canary_audit(
    notes: Sequence[Mapping[str, Any]],
    key: Key,
    options: dict[str, Any],
    count: int,
    seed: int,
    entities: Sequence[list[dict[str, Any]]] | None = None,
    progress: bool = False,
) -> dict[str, Any]:
    """The share of inserted identifiers that are still readable after de-identification, with its 95 % interval.

    entities: what was found in each note, where it is known already; else it is found here. A name leaks with any of
    its words.
    """
    from tqdm import tqdm

    rng = random.Random(int(seeded_rng(seed, "text-canaries").integers(1 << 62)))
    chosen = [rng.randrange(len(notes)) for _ in range(-(-count // TOGETHER))]
    hidden = {**options, "mode": "mask"}
    found: Mapping[int, list[dict[str, Any]]]
    if entities is None:
        asked = [{"id": str(i), "text": notes[i]["text"]} for i in sorted(set(chosen))]
        made = engine.deidentify_documents(asked, key.derive("canaries"), quarantine=_pass_over, **hidden)
        found = {
            int(result["id"]): result["entities"] for result in tqdm(made, "audit", len(asked), disable=not progress)
        }
    else:
        found = dict(enumerate(entities))
    documents: list[dict[str, Any]] = []
    canaries: list[list[tuple[str, set[str]]]] = []
    for number, place in enumerate(chosen):
        kinds = [KINDS[(number * TOGETHER + i) % len(KINDS)] for i in range(min(TOGETHER, count - number * TOGETHER))]
        text, placed = _with_canaries(notes[place]["text"], found.get(place, []), kinds, rng)
        documents.append({"id": str(number), "text": text})
        canaries.append(placed)
    leaks: Counter[str] = Counter()
    total: Counter[str] = Counter()
    results = engine.deidentify_documents(documents, key.derive("canaries"), quarantine=_pass_over, **hidden)
    for result in tqdm(results, "canaries", len(documents), disable=not progress):
        left = attacks.plain(result["text"])
        for kind, traces in canaries[int(result["id"])]:
            total[kind] += 1
            leaks[kind] += any(trace in left for trace in traces)
    return {
        **attacks.figure(sum(leaks.values()), sum(total.values())),
        "by_kind": {k: attacks.figure(leaks[k], total[k]) for k in sorted(total)},
    }


def _pass_over(document: object, reason: str) -> None:
    """A note that cannot be processed did not leave either."""


def _with_canaries(
    text: str, entities: list[dict[str, Any]], kinds: list[str], rng: random.Random
) -> tuple[str, list[tuple[str, set[str]]]]:
    """The part of a note with one canary a kind in it, and what would betray each: its words, or its digits whole."""
    if len(text) > WINDOW:
        start = rng.randrange(len(text) - WINDOW + 1)
        inside = [e for e in entities if start <= e["start"] and e["end"] <= start + WINDOW]
        entities = [{**e, "start": e["start"] - start, "end": e["end"] - start} for e in inside]
        text = text[start : start + WINDOW]
    before = attacks.plain(text)
    edits: list[tuple[int, int, str]] = []
    placed = []
    for kind in kinds:
        canary = _canary(kind, rng)
        words = {w for w in attacks.WORD.findall(attacks.plain(canary)) if len(w) >= 4}
        traces = {trace for trace in words or {attacks.plain(canary)} if trace not in before}
        edit = _edit(text, entities, kind, canary, rng)
        if traces and all(edit[1] <= start or end <= edit[0] for start, end, _ in edits):
            edits.append(edit)
            placed.append((kind, traces))
    for start, end, canary in sorted(edits, reverse=True):
        text = text[:start] + canary + text[end:]
    return text, placed


@lru_cache
def _names(kind: str) -> tuple[str, ...]:
    """Names that the classifier never saw: those held out from its training."""
    from anon_pipeline.modalities.text.training.names import held_out

    pool = items("surnames") if kind == "last" else grouped("first_names")[kind]
    return tuple(name for name in pool if len(name) > 4 and held_out(name))


def _canary(kind: str, rng: random.Random) -> str:
    digits = lambda n: "".join(rng.choice("0123456789") for _ in range(n))  # noqa: E731
    if kind == "LAST_NAME":
        name = rng.choice(_names("last"))
        return name.upper() if rng.random() < 0.5 else name
    if kind == "FIRST_NAME":
        return rng.choice(_names(rng.choice(("female", "male"))))
    if kind == "PHONE":
        return f"0{rng.randrange(1, 8)} {digits(2)} {digits(2)} {digits(2)} {digits(2)}"
    if kind == "DATE":
        return f"{rng.randrange(1, 29):02d}/{rng.randrange(1, 13):02d}/{rng.randrange(1950, 2025)}"
    if kind == "NIR":
        return numbers.surrogate_nir(Key(bytes(range(32))), "canary", digits(15), digits(8))
    if kind == "CITY":
        return rng.choice(items("communes"))[:-6]
    return digits(10)


def _edit(
    text: str, entities: list[dict[str, Any]], kind: str, canary: str, rng: random.Random
) -> tuple[int, int, str]:
    """(start, end, what to write there): an identifier of that kind, or a sentence of its own after a line."""
    places = [e for e in entities if e["label"] == kind or (kind == "DATE" and e["label"] == "BIRTH_DATE")]
    if places and rng.random() < 0.7:
        e = rng.choice(places)
        return e["start"], e["end"], canary
    breaks = [m.start() for m in re.finditer("\n", text)] + [len(text)]
    at = rng.choice(breaks)
    return at, at, "\n" + rng.choice(CARRIERS[kind]).format(canary)
