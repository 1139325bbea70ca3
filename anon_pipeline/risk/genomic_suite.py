"""All attacks on released genotypes, against people held out before generation, as rows with intervals and limits.

One pass over the sites feeds every attack, with all released people that are given; only those that compare pairs of
people take ``MOST_PAIRED`` of them. A second, short one attacks a plain copy of the training people, so that
each row says what the same attack gives when everything leaks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anon_pipeline.keys import seeded_rng
from anon_pipeline.risk.genomic_data import Chunks, GenomicChunk
from anon_pipeline.risk.genomic_frequency import FrequencyAttack
from anon_pipeline.risk.genomic_nearest import FIRST_DEGREE, SECOND_DEGREE, Nearest
from anon_pipeline.risk.genomic_pairs import PairCounts
from anon_pipeline.risk.genomic_runs import RunAttack
from anon_pipeline.risk.genomic_scores import Row, auc, excess, tpr_at
from anon_pipeline.risk.genomic_singling import SinglingOut

LEAST_UNSEEN = 30
CEILING_SITES = 4_000
MOST_PAIRED = 1_000
Scores = dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]]


@dataclass(frozen=True)
class Limits:
    """Largest upper bounds that pass."""

    auc: float = 0.65
    tpr: float = 0.10
    excess: float = 0.15
    privacy_loss: float = 0.10
    kinship: float = 0.05


@dataclass(frozen=True)
class Outcome:
    """rows: one an attack and metric; figures: what has no limit; scores: of every membership attack."""

    rows: list[Row]
    figures: dict[str, Any]
    scores: Scores

    @property
    def passed(self) -> bool:
        return all(row.passed for row in self.rows)

    def worst_auc(self) -> float:
        return max(row.value for row in self.rows if row.metric == "auc")


def combined(
    scores: Scores, rng: np.random.Generator, folds: int = 5
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Cross-fitted logistic regression on all scores: each person is scored by a model that never saw them."""
    train = np.stack([pair[0] for pair in scores.values()], axis=1)
    unseen = np.stack([pair[1] for pair in scores.values()], axis=1)
    features = np.concatenate([train, unseen])
    features = (features - features.mean(axis=0)) / np.maximum(features.std(axis=0), 1e-9)
    features = np.clip(features, -6, 6)
    truth = np.r_[np.ones(len(train)), np.zeros(len(unseen))]
    fold = np.concatenate([rng.permutation(np.arange(len(part)) % folds) for part in (train, unseen)])
    found = np.empty(len(truth))
    for number in range(folds):
        inside = fold != number
        weights = _logistic(features[inside], truth[inside])
        linear = features[~inside] @ weights[1:]
        base = features[inside] @ weights[1:]
        found[~inside] = (linear - base.mean()) / max(float(base.std()), 1e-9)
    return found[: len(train)], found[len(train) :]


def _logistic(features: NDArray[np.float64], truth: NDArray[np.float64], ridge: float = 10.0) -> NDArray[np.float64]:
    """Ridge-penalised logistic regression by Newton's method: intercept first."""
    design = np.column_stack([np.ones(len(features)), features])
    penalty = np.diag([0.0] + [ridge] * features.shape[1])
    weights = np.zeros(design.shape[1])
    for _ in range(25):
        chance = 1 / (1 + np.exp(-np.clip(design @ weights, -30, 30)))
        gradient = design.T @ (truth - chance) - penalty @ weights
        curvature = (design * (chance * (1 - chance))[:, None]).T @ design + penalty
        step = np.linalg.solve(curvature + 1e-9 * np.eye(len(weights)), gradient)
        weights += step
        if np.abs(step).max() < 1e-8:
            break
    return weights


def run_attacks(
    chunks: Chunks, limits: Limits, seed: int, *, ceiling: bool = True, progress: Callable[[int], Any] | None = None
) -> Outcome:
    """Attack what was released. chunks: a function that starts a new pass over the sites.

    Raises ValueError when there are fewer than 30 unseen people, or no site at all.
    """
    outcome = _attack(chunks, limits, seed, None, progress)
    if not ceiling:
        return outcome
    copied = _attack(_copies(chunks), limits, seed, CEILING_SITES, None)
    top = {(row.name, row.metric): row.value for row in copied.rows}
    rows = [replace(row, ceiling=top.get((row.name, row.metric))) for row in outcome.rows]
    return Outcome(rows, outcome.figures, outcome.scores)


def _copies(chunks: Chunks) -> Chunks:
    def again() -> Any:
        for chunk in chunks():
            yield replace(chunk, released=chunk.train)

    return again


def _paired(chunk: GenomicChunk) -> GenomicChunk:
    """With ``MOST_PAIRED`` of the released people, spread evenly over them."""
    people = chunk.released.shape[1] // 2
    if people <= MOST_PAIRED:
        return chunk
    chosen = np.linspace(0, people - 1, MOST_PAIRED).astype(np.int64)
    return replace(chunk, released=chunk.released[:, np.stack([2 * chosen, 2 * chosen + 1], axis=1).ravel()])


def _attack(
    chunks: Chunks, limits: Limits, seed: int, most: int | None, progress: Callable[[int], Any] | None
) -> Outcome:
    attacks: tuple[FrequencyAttack, RunAttack, PairCounts, SinglingOut] | None = None
    sites = released = 0
    for chunk in chunks():
        if not len(chunk):
            continue
        if attacks is None:
            sizes = [part.shape[1] // 2 for part in (chunk.train, chunk.unseen, chunk.released)]
            if sizes[1] < LEAST_UNSEEN:
                raise ValueError(f"the attacks need at least {LEAST_UNSEEN} unseen people, {sizes[1]} given")
            released = sizes[2]
            attacks = (
                FrequencyAttack(sizes[0], sizes[1]),
                RunAttack(*sizes),
                PairCounts(sizes[0], sizes[1], min(sizes[2], MOST_PAIRED)),
                SinglingOut(seeded_rng(seed, "genomics", "singling out")),
            )
        for attack in attacks:
            attack.update(_paired(chunk) if isinstance(attack, PairCounts) else chunk)
        sites += len(chunk)
        if progress is not None:
            progress(len(chunk))
        if most is not None and sites >= most:
            break
    if attacks is None:
        raise ValueError("the attacks were given no site")
    frequency, runs, counts, singling = attacks
    nearest = Nearest(counts)
    scores: Scores = {**frequency.scores(), **runs.scores(), **nearest.scores()}
    scores["combined"] = combined(scores, seeded_rng(seed, "genomics", "combined"))
    rows = _membership(scores, limits)
    rows += _from_pairs(nearest, limits)
    tried, hits, misses = singling.attack()
    rows.append(_excess_row("singling_out", "singling_out", tried, hits, tried, misses, limits.excess))
    figures = {
        "sites": sites,
        "attacked": {"training": counts.sizes[0], "unseen": counts.sizes[1], "released": released},
        "adversarial_accuracy": nearest.adversarial_accuracy(),
        "kinship": nearest.kinship(),
    }
    return Outcome(rows, figures, scores)


def _membership(scores: Scores, limits: Limits) -> list[Row]:
    rows = []
    for name, (members, others) in scores.items():
        attacked = len(members) + len(others)
        value, low, high = auc(members, others)
        rows.append(
            Row(name, "membership", "auc", value, low, high, attacked, 0.5, None, limits.auc, high <= limits.auc)
        )
        value, low, high = tpr_at(members, others)
        passed = high <= limits.tpr
        rows.append(
            Row(name, "membership", "tpr_at_fpr_01", value, low, high, attacked, 0.01, None, limits.tpr, passed)
        )
    return rows


def _excess_row(name: str, criterion: str, tried: int, hits: int, controls: int, misses: int, limit: float) -> Row:
    value, low, high = excess(hits, tried, misses, controls)
    return Row(name, criterion, "excess_success", value, low, high, tried, 0.0, None, limit, high <= limit)


def _from_pairs(nearest: Nearest, limits: Limits) -> list[Row]:
    linked, control = nearest.linked()
    rows = [
        _excess_row("linkability_halves", "linkability", nearest.train, linked, nearest.unseen, control, limits.excess)
    ]
    for name, degree in (("kinship_first_degree", FIRST_DEGREE), ("kinship_second_degree", SECOND_DEGREE)):
        value, half_width = nearest.kinship_excess(degree)
        high = value + half_width
        rows.append(
            Row(
                name, "linkability", "excess_share_of_pairs", value, value - half_width, high,
                nearest.train, 0.0, None, limits.kinship, high <= limits.kinship,
            )
        )  # fmt: skip
    accuracy = nearest.adversarial_accuracy()
    count = min(nearest.train, nearest.unseen, nearest.released)
    loss = accuracy["privacy_loss"]
    half = 1.96 * np.sqrt(sum(accuracy[key] * (1 - accuracy[key]) for key in ("train", "unseen")) / (2 * count))
    high = abs(loss) + float(half)
    rows.append(
        Row(
            "adversarial_accuracy", "membership", "privacy_loss", loss, loss - float(half), loss + float(half), count,
            0.0, None, limits.privacy_loss, high <= limits.privacy_loss,
        )
    )  # fmt: skip
    copies, by_chance = nearest.exact_copies()
    rows.append(
        Row(
            "exact_copies", "singling_out", "count", float(copies), float(copies), float(copies), nearest.released,
            float(by_chance), None, float(by_chance), copies <= by_chance,
        )
    )  # fmt: skip
    return rows
