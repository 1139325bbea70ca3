"""Choosing among several draws of an outcome so that it keeps its relation to the columns drawn before it.

Each avatar has a few candidate values, all drawn from the same local density. Which one it takes is decided so that
sums over all avatars of (predictor x outcome) come near those that the patients' rates predict: for the event of a
survival outcome the number of events in each group, for its time the cumulative hazard spent in each group. These are
the terms of Cox's score (Cox 1972), so hazard ratios keep their size without any avatar coming nearer to a patient.
Drawing the candidates belongs to ``decode``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anon_pipeline.avatars.marginals import MISSING, Encoded, Marginal
from anon_pipeline.compute.compiled import compiled

Floats = NDArray[np.float32]
Draw = tuple[NDArray[np.int16], Floats, Floats]
"""Classes, inner scores and overall scores of one column, one entry an avatar."""
CANDIDATES = 4
SWEEPS = 3
SMALLEST_GROUP = 0.05
"""A group under this share of the patients is no target: its rate would be a statement about few people."""
NEAR_ENOUGH = 0.05
"""A sum is kept when it is within this many standard errors of its target."""


@dataclass(frozen=True)
class Balance:
    """rate: (q,) mean outcome of the patients in each group. spread: standard deviation of the outcome.
    keep: (q,) which groups are targets."""

    rate: NDArray[np.float64]
    spread: float
    keep: NDArray[np.bool_]

    @classmethod
    def of(cls, groups: Floats, outcome: NDArray[np.floating[Any]]) -> Balance:
        """groups: (n, q) memberships of the patients, 0 or 1; outcome: (n,)."""
        size = groups.sum(axis=0)
        rate = (groups.T.astype(float) @ np.asarray(outcome, dtype=float)) / np.maximum(size, 1)
        return cls(rate, float(np.std(outcome)) or 1.0, size >= SMALLEST_GROUP * len(groups))

    def choose(
        self, groups: Floats, candidates: NDArray[np.floating[Any]], rng: np.random.Generator
    ) -> NDArray[np.int64]:
        """Which of ``candidates`` (avatars, c) each avatar takes, given its ``groups`` (avatars, q)."""
        member = np.ascontiguousarray(groups[:, self.keep], dtype=np.float32)
        size = member.sum(axis=0, dtype=float)
        use = size > 0
        member = np.ascontiguousarray(member[:, use])
        goal = self.rate[self.keep][use] * size[use]
        scale = 1.0 / (self.spread * np.sqrt(size[use]))
        return _choose(
            member, np.ascontiguousarray(candidates, dtype=np.float64), goal, scale, rng.permutation(len(member))
        )


@compiled(nogil=True)
def _choose(member, candidates, goal, scale, order):  # pragma: no cover - compiled
    rows, q = member.shape
    chosen = np.zeros(rows, np.int64)
    gap = goal.copy()
    for i in range(rows):
        for j in range(q):
            gap[j] -= member[i, j] * candidates[i, 0]
    for _ in range(SWEEPS):
        for i in order:
            worst = 0.0
            for j in range(q):
                worst = max(worst, abs(gap[j]) * scale[j])
            if worst < NEAR_ENOUGH:
                return chosen
            best, best_gain = chosen[i], 0.0
            now = candidates[i, chosen[i]]
            for c in range(candidates.shape[1]):
                step = candidates[i, c] - now
                if step == 0.0:
                    continue
                gain = 0.0
                for j in range(q):
                    if member[i, j] != 0.0:
                        after = gap[j] - member[i, j] * step
                        gain += (gap[j] * gap[j] - after * after) * scale[j] * scale[j]
                if gain > best_gain:
                    best, best_gain = c, gain
            if best != chosen[i]:
                step = candidates[i, best] - now
                for j in range(q):
                    gap[j] -= member[i, j] * step
                chosen[i] = best
    return chosen


def groups_of(marginal: Marginal, cls: NDArray[Any], score: Floats) -> Floats:
    """A column's groups: its categories or atoms, at most ten; a number's lower and upper third."""
    parts = [cls == 2 + level for level in range(len(marginal.levels))] if len(marginal.levels) <= 10 else []
    if len(marginal.knots) or not parts:
        known = cls != MISSING
        parts += [known & (score < -0.43), known & (score > 0.43)]
    return np.stack(parts, axis=1).astype(np.float32)


def cumulative_hazard(time: Encoded, event: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Nelson's estimate by the score of the time: (scores ascending, cumulative hazard at each)."""
    order = np.argsort(time.score, kind="stable")
    at_risk = len(order) - np.arange(len(order))
    hazard = np.cumsum(event[order] / at_risk)
    return time.score[order], hazard.astype(np.float32)


class OutcomeBalance:
    """The balance of a survival outcome's two columns, which are drawn last: the event, then the time."""

    def __init__(self, marginals: list[Marginal], encoded: list[Encoded], others: list[int], event: int, time: int):
        self.marginals, self.others, self.event, self.time = marginals, others, event, time
        happened = encoded[event].cls == 3
        self.scores, self.hazard = cumulative_hazard(encoded[time], happened)
        groups = self._groups([(encoded[j].cls, encoded[j].score) for j in others])
        self.of_event = Balance.of(groups, happened.astype(float))
        groups = np.concatenate([groups, _sides(happened)], axis=1)
        self.of_time = Balance.of(groups, self._spent(encoded[time].score))

    @classmethod
    def of(cls, marginals: list[Marginal], encoded: list[Encoded], order: list[int]) -> OutcomeBalance | None:
        """None without a survival outcome of an event with two values and a time, or without another column."""
        place = {marginals[j].column.outcome: j for j in order if marginals[j].column.outcome}
        others = [j for j in order if j not in place.values()]
        if set(place) != {"event", "time"} or len(marginals[place["event"]].levels) != 2 or not others:
            return None
        return cls(marginals, encoded, others, place["event"], place["time"])

    def covers(self, column: int) -> bool:
        return column in (self.event, self.time)

    def settle(
        self, column: int, draws: list[Draw], made: dict[int, tuple[NDArray[Any], Floats]], rng: np.random.Generator
    ) -> Draw:
        """One of the draws of ``column`` for each avatar; ``made`` are the columns drawn before it."""
        groups = self._groups([made[j] for j in self.others])
        if column == self.event:
            chosen = self.of_event.choose(groups, np.stack([cls == 3 for cls, _, _ in draws], axis=1), rng)
        else:
            groups = np.concatenate([groups, _sides(made[self.event][0] == 3)], axis=1)
            chosen = self.of_time.choose(groups, np.stack([self._spent(score) for _, _, score in draws], axis=1), rng)
        rows = np.arange(len(chosen))
        return (
            np.stack([cls for cls, _, _ in draws])[chosen, rows],
            np.stack([inner for _, inner, _ in draws])[chosen, rows],
            np.stack([score for _, _, score in draws])[chosen, rows],
        )

    def _groups(self, columns: list[tuple[NDArray[Any], Floats]]) -> Floats:
        parts = [groups_of(self.marginals[j], *column) for j, column in zip(self.others, columns, strict=True)]
        return np.concatenate(parts, axis=1)

    def _spent(self, score: Floats) -> NDArray[np.float64]:
        return np.interp(score, self.scores, self.hazard)


def _sides(event: NDArray[np.bool_]) -> Floats:
    return np.stack([event, ~event], axis=1).astype(np.float32)
