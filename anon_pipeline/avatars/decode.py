"""Learn each column given the columns before it (and drawn points), and sample avatars from what was learnt.

How one column is learnt and sampled belongs to ``steps``, what a column is to ``columns`` and ``marginals``; where the
points come from to ``density``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from anon_pipeline.avatars.balance import CANDIDATES, OutcomeBalance
from anon_pipeline.avatars.marginals import CONTINUOUS, MISSING, Encoded, Marginal
from anon_pipeline.avatars.selection import forward, strongest
from anon_pipeline.avatars.steps import Binner, ClassStep, DecoderOptions, Floats, NumberStep

CLASSES_TOLD = 3


def features(marginal: Marginal, cls: NDArray[Any], score: Floats) -> Floats:
    """A known column as predictors: (rows, q), missing as -9 in the first and as a flag in the last."""
    missing = cls == MISSING
    parts = []
    if marginal.ordered:
        parts.append(np.where(missing, -9, score))
    elif len(marginal.levels) <= 2:
        parts.append(np.where(missing, -9, cls == 3))
    else:
        parts.extend(cls == 2 + level for level in range(min(len(marginal.levels), 16)))
    parts.append(missing)
    return np.stack(parts, axis=1).astype(np.float32)


class Decoder:
    """The fitted chain of steps. ``order`` is the order in which columns are decoded. facts: the columns of ``points``
    that are expected to matter, as the columns of ``options.expected`` are."""

    def __init__(
        self,
        marginals: list[Marginal],
        encoded: list[Encoded],
        options: DecoderOptions,
        points: Floats | None = None,
        workers: int = 2,
        progress: Callable[[str, int, int], None] | None = None,
        facts: Sequence[int] = (),
    ) -> None:
        self.marginals, self.options = marginals, options
        self.order = _order(marginals, options.first)
        n = len(encoded[0].cls) if encoded else 0
        blocks = [] if points is None else [points.astype(np.float32)]
        widths = [0 if points is None else points.shape[1]]
        for j in self.order:
            blocks.append(features(marginals[j], encoded[j].cls, encoded[j].score))
            widths.append(widths[-1] + blocks[-1].shape[1])
        raw = np.concatenate(blocks, axis=1) if blocks else np.zeros((n, 0), np.float32)
        self.binner = Binner(raw)
        bins = self.binner(raw)
        self.widths = widths
        expected = np.zeros(widths[-1], bool)
        expected[list(facts)] = True
        for step, j in enumerate(self.order):
            expected[widths[step] : widths[step + 1]] |= marginals[j].column.name in options.expected
        self.score_of = [_score_table(marginals[j], encoded[j]) for j in range(len(marginals))]

        def fit(step: int) -> tuple[Any, Any, Any]:
            j = self.order[step]
            if progress is not None:
                progress("learning local densities", step, len(self.order))
            column = encoded[j]
            loose = column.cls == CONTINUOUS
            derived = marginals[j].column.derived
            before = raw[:, : widths[step]]
            if options.selected:
                named = expected[: widths[step]] if marginals[j].column.name in options.asked else None
                use = _adding(before, column, derived, options, named)
            else:
                use = strongest(before, column.score, options.predictors)
            part, cut = raw[:, use], bins[:, use]
            classes = ClassStep(marginals[j], column.cls, part, cut, options)
            number = NumberStep(column.inner[loose], part[loose], cut[loose], options) if loose.any() else None
            return use, classes, number

        if workers > 1 and n > 5000:
            with ThreadPoolExecutor(workers) as pool:
                self.steps = list(pool.map(fit, range(len(self.order))))
        else:
            self.steps = [fit(step) for step in range(len(self.order))]
        self.outcome = OutcomeBalance.of(marginals, encoded, self.order)

    def sample(
        self, rows: int, rng: np.random.Generator, points: Floats | None = None
    ) -> list[tuple[NDArray[np.int16], NDArray[np.float64]]]:
        """For each column, in the table's order, (classes, quantile within the continuous part)."""
        raw = np.zeros((rows, self.widths[-1]), np.float32)
        bins = np.zeros((rows, self.widths[-1]), np.uint8)
        if points is not None:
            raw[:, : self.widths[0]] = points
            bins[:, : self.widths[0]] = self._bin(points, 0, self.widths[0])
        out: list[Any] = [None] * len(self.order)
        made: dict[int, tuple[NDArray[Any], Floats]] = {}
        for step, j in enumerate(self.order):
            use, classes, number = self.steps[step]
            part, cut = raw[:, use], bins[:, use]
            derived = self.marginals[j].column.derived
            cls, inner = self._one(classes, number, part, cut, rng, always=derived)
            score = self.score_of[j](cls, inner)
            if self.outcome is not None and self.outcome.covers(j):
                draws = [(cls, inner, score)]
                for _ in range(CANDIDATES - 1):
                    cls, inner = self._one(classes, number, part, cut, rng)
                    draws.append((cls, inner, self.score_of[j](cls, inner)))
                cls, inner, score = self.outcome.settle(j, draws, made, rng)
            out[j] = (np.full_like(cls, CONTINUOUS) if derived else cls, ndtr(inner.astype(float)))
            made[j] = (cls, score)
            low, high = self.widths[step], self.widths[step + 1]
            raw[:, low:high] = features(self.marginals[j], cls, score)
            bins[:, low:high] = self._bin(raw[:, low:high], low, high)
        return out

    @staticmethod
    def _one(
        classes: ClassStep,
        number: NumberStep | None,
        part: Floats,
        cut: NDArray[np.uint8],
        rng: np.random.Generator,
        *,
        always: bool = False,
    ) -> tuple[NDArray[np.int16], Floats]:
        cls = classes.sample(part, cut, rng)
        inner = np.zeros(len(part), np.float32)
        loose = (cls == CONTINUOUS) | always
        if number is not None and loose.any():
            inner[loose] = number.sample(part[loose], cut[loose], rng)
        return cls, inner

    def _bin(self, raw: Floats, low: int, high: int) -> NDArray[np.uint8]:
        part = Binner.__new__(Binner)
        part.edges = self.binner.edges[low:high]
        return part(raw)


def _score_table(marginal: Marginal, encoded: Encoded) -> Any:
    """How an avatar's class and inner score become the overall score that patients' columns have."""
    atoms = np.zeros(marginal.classes, np.float32)
    for c in np.unique(encoded.cls):
        atoms[c] = encoded.score[encoded.cls == c][0]
    loose = encoded.cls == CONTINUOUS
    inner, score = np.sort(encoded.inner[loose]), np.sort(encoded.score[loose])
    if len(inner) > 500:
        keep = np.linspace(0, len(inner) - 1, 500).astype(int)
        inner, score = inner[keep], score[keep]

    def convert(cls: NDArray[Any], new: Floats) -> Floats:
        out = atoms[cls]
        at = cls == CONTINUOUS
        if at.any():
            out[at] = np.interp(new[at], inner, score)
        return out

    return convert


def _order(marginals: list[Marginal], first: Sequence[str] = ()) -> list[int]:
    """The named columns, categories (few classes before many), numbers, the survival outcome (event, then time)."""

    def rank(j: int) -> tuple[int, int, int]:
        column = marginals[j].column
        if column.name in first:
            return (-1, list(first).index(column.name), j)
        if column.outcome:
            return (2, 0 if column.outcome == "event" else 1, j)
        return (0, marginals[j].classes, j) if len(marginals[j].knots) == 0 else (1, 0, j)

    return sorted(range(len(marginals)), key=rank)


def _adding(
    before: Floats, column: Encoded, derived: bool, options: DecoderOptions, expected: NDArray[np.bool_] | None
) -> NDArray[np.int64]:
    """The features that add something to a column's score or to which of its commonest classes it is."""
    most = options.predictors
    classes = np.argsort(-np.bincount(column.cls), kind="stable")[:CLASSES_TOLD]
    classes = classes[: len(np.unique(column.cls)) - 1]
    member = (column.cls[:, None] == classes[None, :]).astype(np.float32)
    if not derived:
        return forward(before, np.column_stack([column.score, member]), most, expected=expected, expected_z=0)
    loose = column.cls == CONTINUOUS
    return np.union1d(
        forward(before[loose], column.score[loose, None], most, expected=expected, expected_z=0),
        forward(before, member, most, expected=expected, expected_z=0),
    )
