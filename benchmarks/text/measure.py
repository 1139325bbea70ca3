"""Scoring detectors: token recall by class, precision, leaking documents, in four variants. No detector is defined here."""

from __future__ import annotations

import random
import re
from collections import Counter, defaultdict
from collections.abc import Callable
from typing import Any

WORD = re.compile(r"[^\W_]+")
Detector = Callable[[list[str]], list[list[tuple[int, int, str]]]]
VARIANTS = ("clean", "ocr", "upper", "lower")


def vary(
    text: str, spans: list[tuple[int, int, str]], kind: str, rng: random.Random
) -> tuple[str, list[tuple[int, int, str]]]:
    """The text in one variant with its spans moved along."""
    if kind == "clean":
        return text, spans
    if kind in ("upper", "lower"):
        new = "".join(
            c.upper()
            if kind == "upper" and len(c.upper()) == 1
            else c.lower()
            if kind == "lower" and len(c.lower()) == 1
            else c
            for c in text
        )
        return new, spans
    from anon_pipeline.modalities.text.training.noise import ocr

    marks = [0] * len(text)
    for n, (start, end, _) in enumerate(spans, 1):
        marks[start:end] = [n] * (end - start)
    new, marks = ocr(text, marks, rng, 0.03)
    where: dict[int, list[int]] = defaultdict(list)
    for i, mark in enumerate(marks):
        if mark:
            where[mark].append(i)
    return new, [(w[0], w[-1] + 1, spans[n - 1][2]) for n, w in sorted(where.items())]


def score(
    documents: list[tuple[str, list[tuple[int, int, str]]]], detect: Detector, misses: Counter | None = None
) -> dict[str, Any]:
    """Recall by class (a gold token is found when findings cover half of it), precision over direct findings."""
    found_by, total_by = Counter(), Counter()
    right = wrong = indirect_right = indirect_wrong = leaks = 0
    for (text, gold), found in zip(documents, detect([t for t, _ in documents]), strict=True):
        goldmark, foundmark = [""] * len(text), [""] * len(text)
        for s, e, label in gold:
            goldmark[s:e] = [label] * (e - s)
        for s, e, label in found:
            foundmark[s:e] = [label] * (e - s)
        leak = False
        for m in WORD.finditer(text):
            s, e = m.span()
            g = Counter(x for x in goldmark[s:e] if x).most_common(1)
            f = Counter(x for x in foundmark[s:e] if x).most_common(1)
            gl = g[0][0] if g else ""
            fl = f[0][0] if f and 2 * sum(map(bool, foundmark[s:e])) >= e - s else ""
            if gl:
                total_by[gl] += 1
                found_by[gl] += bool(fl)
                if not fl and not gl.startswith("INDIRECT"):
                    leak = True
                if not fl and misses is not None:
                    misses[(gl, text[max(0, s - 25) : e + 15].replace("\n", "⏎"))] += 1
            if fl:
                if fl.startswith("INDIRECT"):
                    indirect_right += bool(gl)
                    indirect_wrong += not gl
                else:
                    right += bool(gl)
                    wrong += not gl
                if not gl and misses is not None:
                    misses[("FP " + fl, text[max(0, s - 25) : e + 15].replace("\n", "⏎"))] += 1
        leaks += leak
    direct = [k for k in total_by if not k.startswith("INDIRECT")]
    indirect = [k for k in total_by if k.startswith("INDIRECT")]
    ratio = lambda a, b: a / b if b else float("nan")  # noqa: E731
    return {
        "recall": {k: found_by[k] / total_by[k] for k in sorted(total_by)},
        "direct_recall": ratio(sum(found_by[k] for k in direct), sum(total_by[k] for k in direct)),
        "precision": ratio(right, right + wrong),
        "indirect_recall": ratio(sum(found_by[k] for k in indirect), sum(total_by[k] for k in indirect)),
        "indirect_precision": ratio(indirect_right, indirect_right + indirect_wrong),
        "leaking_documents": ratio(leaks, len(documents)),
        "documents": len(documents),
    }
