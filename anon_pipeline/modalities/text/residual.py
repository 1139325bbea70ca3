# ruff: noqa: E501
"""The residual risk of one run: a seeded canary audit, and the attacks of ``anon_pipeline.risk.text_attacks``.

A canary is an identifier that we know, put into a real note where one of that kind stood (or at the end of a line),
de-identified with the same settings, and looked for afterwards. Counts only: no canary and no note is reported.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Mapping
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

SAMPLE = 400
KINDS = ("LAST_NAME", "FIRST_NAME", "PHONE", "DATE", "NIR", "CITY", "IPP")
CARRIERS = {
    "LAST_NAME": "Vu par le Dr {}.", "FIRST_NAME": "Sa fille {} est présente.", "PHONE": "Tél : {}", "DATE": "Revu le {}.",
    "NIR": "N° de sécurité sociale : {}", "CITY": "Domicilié à {}.", "IPP": "IPP : {}",
}  # fmt: skip


def measure(
    request: Request, released: Path, patients: Mapping[str, kn.Record], options: dict[str, Any]
) -> dict[str, Any]:
    """The figures that go into the report and to the gate; a sample of at most SAMPLE notes is attacked."""
    notes, results = _sample(request.source, released, request.seed)
    made: dict[str, Any] = {"notes_attacked": len(notes)}
    if not notes:
        return made
    texts = [r["text"] for r in results]
    placed = [[(s["start"], s["end"]) for s in r["surrogates"]] for r in results]
    known = [_names(patients.get(str(n.get("patient_id")))) for n in notes]
    made["canaries"] = canary_audit(notes, results, request.key, options, request.canaries, request.seed)
    made["second_detector"] = attacks.second_detector(texts, placed)
    made["name_lookup"] = attacks.name_lookup(known, texts)
    made["fact_linkage"] = attacks.fact_linkage([n["text"] for n in notes], texts, seed=request.seed)
    return made


def _names(record: kn.Record | None) -> tuple[str, ...]:
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
    notes: list[dict[str, Any]], results: list[dict[str, Any]], key: Key, options: dict[str, Any], count: int, seed: int
) -> dict[str, Any]:
    """The share of inserted identifiers that are still readable after de-identification, with its 95 % interval."""
    rng = random.Random(int(seeded_rng(seed, "text-canaries").integers(1 << 62)))
    documents: list[dict[str, Any]] = []
    canaries: list[tuple[str, str]] = []
    for index in range(count):
        place = rng.randrange(len(notes))
        kind = KINDS[index % len(KINDS)]
        canary = _canary(kind, rng)
        text = _insert(notes[place]["text"], results[place]["entities"], kind, canary, rng)
        if canary.lower() in notes[place]["text"].lower():
            continue
        documents.append({"id": str(len(canaries)), "text": text})
        canaries.append((kind, canary))
    leaks: Counter[str] = Counter()
    total: Counter[str] = Counter()
    made = engine.deidentify_documents(
        documents, key.derive("canaries"), quarantine=lambda *_: None, **{**options, "mode": "mask"}
    )
    for result in made:
        kind, canary = canaries[int(result["id"])]
        total[kind] += 1
        leaks[kind] += canary.lower() in result["text"].lower()
    return {
        **attacks.figure(sum(leaks.values()), sum(total.values())),
        "by_kind": {k: attacks.figure(leaks[k], total[k]) for k in sorted(total)},
    }


def _canary(kind: str, rng: random.Random) -> str:
    digits = lambda n: "".join(rng.choice("0123456789") for _ in range(n))  # noqa: E731
    if kind == "LAST_NAME":
        name = rng.choice([n for n in items("surnames") if len(n) > 4])
        return name.upper() if rng.random() < 0.5 else name
    if kind == "FIRST_NAME":
        return rng.choice(grouped("first_names")[rng.choice(("female", "male"))])
    if kind == "PHONE":
        return f"0{rng.randrange(1, 8)} {digits(2)} {digits(2)} {digits(2)} {digits(2)}"
    if kind == "DATE":
        return f"{rng.randrange(1, 29):02d}/{rng.randrange(1, 13):02d}/{rng.randrange(1950, 2025)}"
    if kind == "NIR":
        return numbers.surrogate_nir(Key(bytes(range(32))), "canary", digits(15), digits(8))
    if kind == "CITY":
        return rng.choice(items("communes"))[:-6]
    return digits(10)


def _insert(text: str, entities: list[dict[str, Any]], kind: str, canary: str, rng: random.Random) -> str:
    """In place of an identifier of that kind, or as a sentence of its own after a line."""
    places = [e for e in entities if e["label"] == kind or (kind == "DATE" and e["label"] == "BIRTH_DATE")]
    if places and rng.random() < 0.7:
        e = rng.choice(places)
        return text[: e["start"]] + canary + text[e["end"] :]
    lines = text.split("\n")
    lines.insert(rng.randrange(len(lines) + 1), CARRIERS[kind].format(canary))
    return "\n".join(lines)
