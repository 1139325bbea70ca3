"""What replaced notes are checked for: one surrogate a value, exact intervals, the format kept, nothing left as it was."""

from __future__ import annotations

import datetime as dt
import itertools
import random
import re
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from anon_pipeline.keys import Key
from anon_pipeline.modalities.text import engine
from anon_pipeline.modalities.text.known import record
from anon_pipeline.modalities.text.shift import read
from anon_pipeline.modalities.text.training.documents import NamePools, document
from anon_pipeline.surrogates.style import fold

KEY = Key(bytes(range(32)))
NUMBERS = ("NIR", "IPP", "NDA", "RPPS", "FINESS", "ADELI", "PHONE", "POSTAL_CODE", "IBAN", "PLATE", "DEVICE_SERIAL")
NAMES = ("LAST_NAME", "FIRST_NAME", "CITY")


def notes(seed: int, patients: int, each: int = 3) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """``each`` notes of every patient and the patients' records."""
    rng = random.Random(seed)
    pools = NamePools(dev=True)
    documents, records = [], {}
    for index in range(patients):
        made = [document(rng, pools, 0.0) for _ in range(each)]
        known = {"patient_id": f"p{index}", **{k: v for k, v in made[0].patient.items() if k != "birth_date"}}
        records[f"p{index}"] = record(known)
        documents += [{"id": f"{index}-{i}", "text": d.text, "patient_id": f"p{index}", "date": "2022-06-15"} for i, d in enumerate(made)]  # fmt: skip
    return documents, records


def check(documents: list[dict[str, Any]], records: dict[str, Any]) -> dict[str, tuple[int, int]]:
    """(good, of) for each property, over all replaced direct identifiers."""
    out: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    drawn: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    moved: dict[str, list[tuple[dt.date, dt.date]]] = defaultdict(list)
    results = engine.deidentify_documents(documents, KEY, patients=records)
    for note, made in zip(documents, results, strict=True):
        for entity, place in zip(made["entities"], made["surrogates"], strict=True):
            label = entity["label"]
            old = note["text"][entity["start"] : entity["end"]]
            new = made["text"][place["start"] : place["end"]]
            if label.startswith("INDIRECT"):
                continue
            _count(out["differs from the original"], new != old)
            same = _format(label, old, new)
            if same is not None:
                _count(out["format kept"], same)
            if label in ("DATE", "BIRTH_DATE"):
                pair = _full(old), _full(new)
                if all(pair):
                    moved[note["patient_id"]].append(pair)  # type: ignore[arg-type]
            elif label not in ("WARD", "AGE_OVER_89"):
                drawn[(note["patient_id"], label, fold(old))].add(fold(new))
    for surrogates in drawn.values():
        _count(out["one surrogate a value of a patient"], len(surrogates) == 1)
    for pairs in moved.values():
        for (a, x), (b, y) in itertools.pairwise(pairs):
            _count(out["interval kept"], (y - x) == (b - a))
    return {name: (good, of) for name, (good, of) in sorted(out.items())}


def _count(pair: list[int], good: bool) -> None:
    pair[0] += good
    pair[1] += 1


def _full(written: str) -> dt.date | None:
    found = read(written)
    if found is None or None in found[1:]:
        return None
    try:
        return dt.date(*found[1:])  # type: ignore[arg-type]
    except ValueError:
        return None


def _format(label: str, old: str, new: str) -> bool | None:
    """Numbers keep length and punctuation, names their case, dates their punctuation, addresses stay addresses."""
    if label in NUMBERS:
        return re.sub(r"[^\W_]", "0", old) == re.sub(r"[^\W_]", "0", new)
    if label in ("DATE", "BIRTH_DATE"):
        shape = lambda s: re.sub(r"\d+", "0", re.sub(r"[^\W\d_]+\.?", "a", s))  # noqa: E731
        return shape(old) == shape(new)
    if label in NAMES:
        return _case(old) == _case(new) if len(old) > 1 else len(new) == 1
    if label == "EMAIL":
        return bool(re.fullmatch(r"[\w.+-]+@[\w.-]+\.\w+", new))
    return None


def _case(text: str) -> str:
    letters = [c for c in text if c.isalpha()]
    return "upper" if all(c.isupper() for c in letters) else "lower" if all(c.islower() for c in letters) else "title"


def own_name(documents: Iterable[tuple[Any, str]], rng: random.Random) -> tuple[int, int]:
    """(notes where a token of the patient's own name is left, notes that hold one); (document, variant) pairs."""
    from measure import vary

    from anon_pipeline.modalities.text import known as kn

    leaks = total = 0
    for made, kind in documents:
        held = record({"patient_id": "p", **{k: v for k, v in made.patient.items() if k in ("last_name", "first_names", "birth_name")}})  # fmt: skip
        own = {fold(n) for n in (*held.last_names, *held.first_names)}
        gold = [s for s in made.spans() if s[2] in ("LAST_NAME", "FIRST_NAME") and fold(made.text[s[0] : s[1]]) in own]
        if not gold:
            continue
        text, spans = vary(made.text, gold, kind, rng)
        found = engine.detect([text], [engine.language_of(text)], engine.Options())[0]
        marks = [False] * len(text)
        for f in engine.with_known(text, found, held, {}, {}):
            marks[f.start : f.end] = [True] * (f.end - f.start)
        left = any(
            sum(marks[s + m.start() : s + m.end()]) * 2 < m.end() - m.start() and m.end() - m.start() > 1
            for s, e, _ in spans
            for m in kn.WORD.finditer(text[s:e])
        )
        leaks, total = leaks + left, total + 1
    return leaks, total
