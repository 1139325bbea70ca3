"""Setting the two thresholds on a development set: held-out names and held-out templates, all four variants.

The rule, among thresholds with precision >= .90: the highest precision at which recall is >= .985 for all direct
identifiers together, in each variant, and for last and for first names (all detectors together), and at most 15 % of
the documents leak a direct identifier; where no threshold gives that, the one with the highest recall. For indirect
identifiers: the highest F1 at precision >= .75, since generated circumstances are more alike than real ones. Never run
on a test set.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from anon_pipeline.modalities.text.labels import INDEX, LABELS, NAMES
from anon_pipeline.modalities.text.training.documents import VARIANTS, Document, document, variant
from anon_pipeline.modalities.text.training.names import NamePools

RECALL = 0.985
LEAKING = 0.15
PRECISION = 0.9
INDIRECT_PRECISION = 0.75
GRID = (0.03, 0.05, 0.08, 0.1, 0.12, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
WORD = re.compile(r"[^\W_]+")
FIRST_INDIRECT = INDEX["INDIRECT_PROFESSION"]


def development_set(seed: int, count: int) -> list[Document]:
    """``count`` documents from held-out names and templates, each in one of the four variants in turn."""
    rng = random.Random(seed)
    pools = NamePools(dev=True)
    return [variant(document(rng, pools), VARIANTS[i % 4], rng) for i in range(count)]


def tokens_of(documents: list[Document]) -> list[list[tuple[int, int, int]]]:
    """(start, end, gold label) of every word of every document."""
    out = []
    for made in documents:
        rows = []
        for m in WORD.finditer(made.text):
            inside = [x for x in made.labels[m.start() : m.end()] if x]
            rows.append((m.start(), m.end(), max(set(inside), key=inside.count) if inside else 0))
        out.append(rows)
    return out


def choose(
    documents: list[Document], detect: Callable[[list[Document], float, float], list[list[tuple[int, int, str]]]]
) -> dict[str, Any]:
    """Thresholds and what they give on the development set. ``detect(documents, direct, indirect)`` gives spans."""
    words = tokens_of(documents)
    direct_rows = []
    for threshold in GRID:
        spans = detect(documents, threshold, 0.5)
        recall, precision, _, _ = _measure(documents, words, spans)
        lowest, leaking = _hardest(documents, words, spans)
        direct_rows.append((threshold, recall, precision, min(recall, lowest), leaking))
    precise = [row for row in direct_rows if row[2] >= PRECISION] or direct_rows
    good = [row for row in precise if row[3] >= RECALL and row[4] <= LEAKING]
    direct = max(good, key=lambda row: (row[2], row[0])) if good else max(precise, key=lambda row: row[1])
    indirect_rows = []
    for threshold in GRID[2:]:
        _, _, recall, precision = _measure(documents, words, detect(documents, direct[0], threshold))
        indirect_rows.append((threshold, recall, precision, 2 * recall * precision / max(recall + precision, 1e-9)))
    clean = [row for row in indirect_rows if row[2] >= INDIRECT_PRECISION]
    indirect = max(clean or indirect_rows, key=lambda row: row[3])
    return {
        "rule": "among precisions >= 0.90, the highest at direct recall >= 0.985 on the development set, overall, in "
        "each variant and for names, with at most 15 % of its documents leaking, else the highest recall; highest F1 "
        "at precision >= 0.75 for indirect",
        "direct": direct[0], "direct_recall": round(direct[1], 4), "direct_precision": round(direct[2], 4),
        "direct_leaking": round(direct[4], 4),
        "indirect": indirect[0], "indirect_recall": round(indirect[1], 4), "indirect_precision": round(indirect[2], 4),
        "documents": len(documents),
    }  # fmt: skip


def _hardest(
    documents: list[Document], words: list[Any], spans: list[list[tuple[int, int, str]]]
) -> tuple[float, float]:
    """The lowest recall of a variant, of last and of first names; the share of documents that leak."""
    hit, total, leaking = Counter[str](), Counter[str](), 0
    for index, (made, rows, found) in enumerate(zip(documents, words, spans, strict=True)):
        marks = np.zeros(len(made.text) + 1, bool)
        for start, end, _ in found:
            marks[start:end] = True
        left = False
        for start, end, gold in rows:
            if 0 < gold < FIRST_INDIRECT:
                told = bool(2 * marks[start:end].sum() >= end - start)
                kinds = [VARIANTS[index % len(VARIANTS)], *({LABELS[gold]} & NAMES)]
                total.update(kinds)
                hit.update(kinds if told else ())
                left |= not told
        leaking += left
    return min((hit[k] / total[k] for k in total), default=0.0), leaking / max(len(documents), 1)


def _measure(documents: list[Document], words: list[Any], spans: list[list[tuple[int, int, str]]]) -> tuple[float, ...]:
    hit = total = right = wrong = ihit = itotal = iright = iwrong = 0
    for made, rows, found in zip(documents, words, spans, strict=True):
        marks = np.zeros(len(made.text) + 1, np.int16)
        for start, end, label in found:
            marks[start:end] = LABELS.index(label)
        for start, end, gold in rows:
            inside = marks[start:end]
            covered = inside[inside > 0]
            told = int(np.bincount(covered).argmax()) if 2 * len(covered) >= end - start else 0
            if gold and gold < FIRST_INDIRECT:
                total += 1
                hit += bool(told)
            elif gold:
                itotal += 1
                ihit += bool(told)
            if told and told < FIRST_INDIRECT:
                right += bool(gold)
                wrong += not gold
            elif told:
                iright += bool(gold)
                iwrong += not gold
    ratio = lambda a, b: a / b if b else 0.0  # noqa: E731
    return ratio(hit, total), ratio(right, right + wrong), ratio(ihit, itotal), ratio(iright, iright + iwrong)


def detector(
    weights: Path, device: str = "cpu"
) -> Callable[[list[Document], float, float], list[list[tuple[int, int, str]]]]:
    """Rules and classifier together, with the classifier's probabilities computed once for all thresholds."""
    from anon_pipeline.modalities.text import analyzer, decode, engine
    from anon_pipeline.modalities.text.decode import Thresholds
    from anon_pipeline.modalities.text.plausible import plausible
    from anon_pipeline.modalities.text.tagger import Tagger

    tagger = Tagger(weights, device)
    built = analyzer.build()
    cache: dict[int, list[Any]] = {}

    def detect(documents: list[Document], direct: float, indirect: float) -> list[list[tuple[int, int, str]]]:
        if id(documents) not in cache:
            texts = [d.text for d in documents]
            tags = [t for i in range(0, len(texts), 64) for t in tagger.predict(texts[i : i + 64])]
            rules = [analyzer.analyse(built, t, engine.language_of(t), None) for t in texts]
            cache[id(documents)] = list(zip(tags, rules, strict=True))
        thresholds = Thresholds(direct, indirect)
        out = []
        for made, (tags, rules) in zip(documents, cache[id(documents)], strict=True):
            found = [f for f in decode.spans(made.text, tags, thresholds) if plausible(made.text, f)]
            merged = engine.with_known(made.text, [*rules, *found], None, {}, {})
            out.append([(f.start, f.end, f.label) for f in merged])
        return out

    return detect
