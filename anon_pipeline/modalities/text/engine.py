# ruff: noqa: E501
"""De-identifying documents: a stream in, a stream out, in batches, with memory that does not grow with the stream.

Finding is in ``analyzer``, ``merge`` and ``known``; replacing in ``replace``. This file says in which order, and what
happens to a document that cannot be processed: it is quarantined with a reason, never passed and never dropped.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

from anon_pipeline.errors import BadInput
from anon_pipeline.keys import Key
from anon_pipeline.modalities.text import known as kn
from anon_pipeline.modalities.text.composed import Composed, compose, restore
from anon_pipeline.modalities.text.folding import fold_text
from anon_pipeline.modalities.text.labels import INDIRECT, NAMES
from anon_pipeline.modalities.text.merge import merge
from anon_pipeline.modalities.text.replace import MODES, Scene, replace
from anon_pipeline.modalities.text.rules.found import Found

CHUNK = 6000
BATCH_CHARACTERS = 200_000
BATCH_DOCUMENTS = 64
CERTAIN_NAME = 0.9
BINARY_SHARE = 0.05
LONE = re.compile("[\ud800-\udfff]")
CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
INDIRECT_ACTIONS = ("generalise", "remove", "keep")
ENGLISH_WORDS = re.compile(r"\b(?:the|and|with|was|of|for|patient|history|is|on|no|to|she|he|her|his)\b")
FRENCH_WORDS = re.compile(
    r"\b(?:le|la|les|de|des|du|et|une|un|est|pour|dans|avec|sans|par|au|patiente?|pas|il|elle|sur)\b"
)


class Quarantined(Exception):
    """A document that cannot be made safe; the reason names no value."""


@dataclass
class Tally:
    """Counts for the report; never a value."""

    documents: int = 0
    characters: int = 0
    quarantined: int = 0
    labels: Counter[str] = field(default_factory=Counter)
    sources: Counter[str] = field(default_factory=Counter)
    languages: Counter[str] = field(default_factory=Counter)
    cleaned: int = 0


@dataclass(frozen=True)
class Options:
    """``indirect``: what happens to indirect identifiers; ``transformer``: a folder with a token classifier."""

    language: str = "auto"
    mode: str = "surrogate"
    indirect: str = "generalise"
    transformer: str | None = None
    device: str = "cpu"

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise BadInput(f"mode {self.mode!r} is not one of {list(MODES)}")
        if self.language not in ("auto", "fr", "en"):
            raise BadInput(f"language {self.language!r} is not one of ['auto', 'en', 'fr']")
        if self.indirect not in INDIRECT_ACTIONS:
            raise BadInput(f"indirect identifiers: {self.indirect!r} is not one of {list(INDIRECT_ACTIONS)}")


@lru_cache(maxsize=2)
def _tagger(device: str) -> Any:
    from anon_pipeline.modalities.text.tagger import Tagger

    return Tagger(device=device)


@lru_cache(maxsize=2)
def _analyser(transformer: str | None) -> Any:
    from anon_pipeline.modalities.text import analyzer

    extra = []
    if transformer:
        from anon_pipeline.modalities.text.transformer import recognisers

        extra = recognisers(Path(transformer))
    return analyzer.build(extra)


def language_of(text: str) -> str:
    """'en' where English function words clearly outnumber French ones, else 'fr'."""
    head = text[:6000].lower()
    return "en" if len(ENGLISH_WORDS.findall(head)) > 1.5 * len(FRENCH_WORDS.findall(head)) else "fr"


def make_readable(text: str) -> tuple[str, bool]:
    """The text that is processed: NULs, other control characters and lone surrogates each become one space or '?'.

    Lengths do not change, so offsets hold. Raises Quarantined where so much is unreadable that it is not text.
    """
    controls = len(CONTROL.findall(text)) + text.count("\ufffd")
    if len(text) >= 20 and controls > BINARY_SHARE * len(text):
        raise Quarantined("binary content")
    clean = CONTROL.sub(" ", LONE.sub("\ufffd", text)) if controls or LONE.search(text) else text
    return clean, clean != text


def chunks(text: str) -> list[tuple[int, str]]:
    """(offset, piece) of at most CHUNK characters, cut at a line break or a space where there is one."""
    if len(text) <= CHUNK:
        return [(0, text)]
    out = []
    start = 0
    while start < len(text):
        end = min(start + CHUNK, len(text))
        if end < len(text):
            for mark in ("\n\n", "\n", ". ", " "):
                cut = text.rfind(mark, start + CHUNK // 2, end)
                if cut > 0:
                    end = cut + len(mark)
                    break
        out.append((start, text[start:end]))
        start = end
    return out


def detect(texts: list[str], languages: list[str], options: Options) -> list[list[Found]]:
    """Merged spans of each text by classifier and rules, without records. Offsets are in the text as given."""
    from anon_pipeline.modalities.text import analyzer

    pieces = [(i, offset, piece) for i, text in enumerate(texts) for offset, piece in chunks(text)]
    engine = _analyser(options.transformer)
    tagger = _tagger(options.device)
    out: list[list[Found]] = [[] for _ in texts]
    for begin in range(0, len(pieces), BATCH_DOCUMENTS):
        part = pieces[begin : begin + BATCH_DOCUMENTS]
        for (i, offset, piece), tags in zip(part, tagger.predict([p for _, _, p in part]), strict=True):
            for f in analyzer.analyse(engine, piece, languages[i], tags):
                out[i].append(f._replace(start=f.start + offset, end=f.end + offset) if offset else f)
    return out


def _row(document: Any, number: int) -> tuple[str, str, str | None, str | None]:
    if not isinstance(document, Mapping) or not isinstance(document.get("text"), str):
        raise Quarantined("no text")
    if document.get("id") is None:
        raise Quarantined("no id")
    patient = document.get("patient_id")
    date = document.get("date")
    if date is not None:
        try:
            dt.date.fromisoformat(str(date)[:10])
        except ValueError:
            raise Quarantined("date is not YYYY-MM-DD") from None
    return (
        str(document["id"]),
        document["text"],
        None if patient is None else str(patient),
        None if date is None else str(date)[:10],
    )


def deidentify_documents(
    documents: Iterable[Mapping[str, Any]],
    key: Key,
    *,
    patients: Mapping[str, kn.Record] | None = None,
    staff: Iterable[str] = (),
    language: str = "auto",
    mode: str = "surrogate",
    indirect: str = "generalise",
    transformer: str | None = None,
    device: str = "cpu",
    tally: Tally | None = None,
    quarantine: Callable[[Mapping[str, Any], str], None] | None = None,
) -> Iterator[dict[str, Any]]:
    """One result for each document that could be processed, in the order of the input.

    documents: ``{"id", "text", "patient_id"?, "date"?}``. Results: ``{"id", "text", "entities": [{"start", "end",
    "label", "source", "score"}], "surrogates": [{"start", "end"}]}``, offsets in code points. What cannot be processed
    goes to ``quarantine(document, reason)``; without one, BadInput is raised.
    """
    options = Options(language, mode, indirect, transformer, device)
    tally = tally if tally is not None else Tally()
    memory = kn.Memory()
    staff_names: dict[str, str] = {}
    for person in staff:
        for word, label in kn.record({"patient_id": "", "relatives": [person]}).names.items():
            staff_names.setdefault(word, label)
    source = iter(documents)
    number = 0
    while batch := _take(source):
        ready: list[tuple[str, str, str | None, str | None]] = []
        written: list[tuple[str, Composed | None]] = []
        for document in batch:
            number += 1
            try:
                identifier, text, patient, date = _row(document, number)
                text, cleaned = make_readable(text)
                tally.cleaned += cleaned
                read = compose(text)
                written.append((text, read))
                ready.append((identifier, read.text if read else text, patient, date))
            except Quarantined as reason:
                tally.quarantined += 1
                if quarantine is None:
                    raise BadInput(f"document {number}: {reason}") from None
                quarantine(document, str(reason))
        languages = [options.language if options.language != "auto" else language_of(t) for _, t, _, _ in ready]
        found = detect([t for _, t, _, _ in ready], languages, options)
        rows = zip(ready, written, languages, found, strict=True)
        for (identifier, text, patient, date), (original, read), spoken, spans in rows:
            record = (patients or {}).get(patient) if patient is not None else None
            merged = with_known(text, spans, record, memory.of(patient) if patient else {}, staff_names)
            if patient:
                memory.add(patient, certain_names(text, merged))
            result = _finish(identifier, text, patient, date, spoken, merged, record, key, options, tally)
            if read is not None:
                left = [e for e in result["entities"] if options.indirect != "keep" or e["label"] not in INDIRECT]
                result = restore(result, original, read, left)
            yield result


def _take(source: Iterator[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The next documents: at most BATCH_DOCUMENTS, fewer when they are long."""
    out: list[Mapping[str, Any]] = []
    size = 0
    for document in islice(source, BATCH_DOCUMENTS):
        out.append(document)
        text = document.get("text") if isinstance(document, Mapping) else None
        size += len(text) if isinstance(text, str) else 0
        if size > BATCH_CHARACTERS:
            break
    return out


def certain_names(text: str, spans: list[Found]) -> list[tuple[str, str]]:
    """Folded names that are sure enough to look for elsewhere: four letters or more, not ordinary words."""
    out = []
    for f in spans:
        if f.label in NAMES and f.score >= CERTAIN_NAME:
            word = kn.fold(text[f.start : f.end])
            if len(word) >= 4 and word.isalpha() and word not in kn.ORDINARY and word not in kn.SMALL:
                out.append((word, f.label))
    return out


def with_known(
    text: str, spans: list[Found], record: kn.Record | None, earlier: Mapping[str, str], staff: Mapping[str, str]
) -> list[Found]:
    """Spans completed by the record, the staff list, earlier documents and the document's own certain names."""
    folded = fold_text(text)
    more = list(spans)
    if record is not None:
        more += kn.find_record(text, folded, record)
    if staff:
        more += kn.find_names(text, folded, dict(staff), "staff", fuzzy=False)
    own = dict(certain_names(text, spans))
    again = {**earlier, **own}
    if again:
        more += [
            f
            for f in kn.find_names(text, folded, again, "repeat", fuzzy=False)
            if text[f.start].isupper() or text.islower()
        ]
    return merge(text, more)


def _finish(
    identifier: str, text: str, patient: str | None, date: str | None, language: str, merged: list[Found],
    record: kn.Record | None, key: Key, options: Options, tally: Tally,
) -> dict[str, Any]:  # fmt: skip
    scope = patient if patient is not None else f"document:{identifier}"
    scene = Scene.open(key, scope, identifier, language=language, mode=options.mode, date=date, record=record)
    if date is None:
        scene.anchor = _anchor(text, merged)
    changed = [f for f in merged if options.indirect != "keep" or f.label not in INDIRECT]
    new, placed = replace(text, changed, scene)
    if options.indirect == "remove":
        new, placed = _remove(text, changed, scene)
    tally.documents += 1
    tally.characters += len(text)
    tally.languages[language] += 1
    tally.labels.update(f.label for f in merged)
    tally.sources.update(f.rule.split("-")[0] for f in merged)
    return {
        "id": identifier,
        "text": new,
        "entities": [{"start": f.start, "end": f.end, "label": f.label, "source": f.rule, "score": round(f.score, 4)} for f in merged],
        "surrogates": [{"start": a, "end": b} for a, b in placed],
    }  # fmt: skip


def _remove(text: str, spans: list[Found], scene: Scene) -> tuple[str, list[tuple[int, int]]]:
    from anon_pipeline.modalities.text import replace as rp

    out: list[str] = []
    placed: list[tuple[int, int]] = []
    position = length = 0
    for index, f in enumerate(spans):
        value = "" if f.label in INDIRECT else rp.surrogate(text[f.start : f.end], f, scene, text, spans, index)
        before = text[position : f.start]
        out += [before, value]
        length += len(before)
        placed.append((length, length + len(value)))
        length += len(value)
        position = f.end
    out.append(text[position:])
    return "".join(out), placed


def _anchor(text: str, spans: list[Found]) -> dt.date:
    """The date that incomplete dates refer to where the input names none: the latest complete date of the text."""
    from anon_pipeline.modalities.text.shift import read

    best = None
    for f in spans:
        if f.label == "DATE" and f.end - f.start >= 6:
            found = read(text[f.start : f.end])
            if found and all(found[1:]):
                try:
                    value = dt.date(found[1], found[2], found[3])  # type: ignore[arg-type]
                except ValueError:
                    continue
                best = value if best is None or value > best else best
    return best or dt.date(2020, 1, 1)


def text_cleaner(key: Key, **options: Any) -> Callable[[str, str], str]:
    """``clean_text(text, patient_id) -> text`` for free text in other modalities (DICOM descriptions)."""

    def clean_text(text: str, patient_id: str) -> str:
        document = {"id": "free-text", "text": text, "patient_id": patient_id}
        return next(deidentify_documents([document], key, **options))["text"]

    return clean_text
