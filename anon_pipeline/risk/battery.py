"""All attacks on one candidate table (the synthetic one, its floor or its ceiling), under the same conditions.

Targets, column halves and the reference population are drawn once, so that candidates differ in nothing else.
Verdicts and the layout of the report belong to ``report``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from anon_pipeline.keys import seeded_rng
from anon_pipeline.risk import (
    copies,
    inference,
    linkability,
    membership,
    membership_calibrated,
    membership_classifier,
    membership_domias,
    membership_knn,
    membership_maximum,
    singling_out,
)
from anon_pipeline.risk.distance import nearest_by_subset
from anon_pipeline.risk.encoding import Codebook
from anon_pipeline.risk.intervals import Figure

Results = dict[tuple[str, str, str], Figure]


@dataclass(frozen=True)
class Effort:
    """How many attacks of each kind; ``quick`` serves a generator that looks at its own output.

    predicates: wanted for singling out, of at most ``attempts`` that are tried on the synthetic table (60,000 on one
    of 250 rows or less, and in proportion to its rows above).
    """

    attacks: int = 2000
    predicates: int = 5000
    attempts: int = 600_000
    scored: int = 2000
    pairs: int = 5
    splits: int = 4
    rounds: int = 200

    @classmethod
    def quick(cls) -> Effort:
        return cls(attacks=1000, predicates=1000, attempts=60_000, scored=1500, pairs=2, splits=2, rounds=60)


@dataclass
class Battery:
    """The people under attack. real, holdout: raw encodings (rows, columns)."""

    codebook: Codebook
    real: NDArray[np.float64]
    holdout: NDArray[np.float64] | None
    secrets: list[int]
    pairs: list[linkability.Pair]
    quasi: list[int]
    effort: Effort
    seed: int
    known: membership.Known | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        rng = seeded_rng(self.seed, "targets")
        self.targets = self._sample(self.real, rng)
        self.controls = None if self.holdout is None else self._sample(self.holdout, rng)
        if self.holdout is not None:
            people = np.vstack([self.real, self.holdout])
            self.known = membership.Known.of(
                self.codebook.standardised(self.real, people),
                self.codebook.standardised(self.holdout, people),
                self.effort.scored,
                rng,
            )

    def _sample(self, people: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
        return people[np.sort(rng.permutation(len(people))[: self.effort.attacks])]

    def run(self, candidate: NDArray[np.float64], role: str, tell: Callable[[str], None] = lambda _: None) -> Results:
        """Every attack on ``candidate`` (raw encoding); ``role`` seeds what is random, ``tell`` hears each kind."""
        rng = seeded_rng(self.seed, "attacks", role)
        candidate = candidate[rng.permutation(len(candidate))]
        tell("singling out")
        out = self._singling_out(candidate, rng)
        tell("linkability and inference")
        out |= self._linkability_and_inference(candidate)
        out[("singling_out", "exact_copies", "risk")] = copies.exact_copies(self.real, self.holdout, candidate)
        if self.quasi:
            out[("singling_out", "kmap", "risk")] = copies.kmap(self.real, self.holdout, candidate, self.quasi)[0]
        tell("membership")
        if self.known is not None:
            out |= self._membership(candidate, rng)
        return out

    def _singling_out(self, candidate: NDArray[np.float64], rng: np.random.Generator) -> Results:
        made = singling_out.unique_rows(candidate)
        numeric = self.codebook.numeric
        out: Results = {}
        kinds = {"univariate": singling_out.univariate(made, numeric, self.effort.predicates, rng)}
        if len(numeric) > 1:
            kinds["multivariate"] = singling_out.multivariate(
                made,
                numeric,
                self.effort.predicates,
                rng,
                most_attempts=min(self.effort.attempts, max(60_000, 240 * len(made))),
            )
        for name, predicates in kinds.items():
            figure = singling_out.attack(predicates, self.real, self.holdout, rng, self.effort.splits)
            if figure is not None:
                out[("singling_out", name, "risk")] = figure
        return out

    def _linkability_and_inference(self, candidate: NDArray[np.float64]) -> Results:
        if len(self.codebook.columns) < 2:
            return {}
        made = self.codebook.scaled(candidate)
        subsets = [side for pair in self.pairs for side in pair]
        linked, right = [], []
        for people in (self.targets, self.controls):
            if people is None:
                continue
            nearest = nearest_by_subset(self.codebook.scaled(people), made, subsets, self.secrets)
            linked.append(linkability.linked(nearest, len(self.pairs)))
            right.append(
                inference.right_guesses(
                    people, candidate, nearest[:, len(subsets) :], self.secrets, self.codebook.numeric
                )
            )
        out: Results = {}
        held = len(linked) > 1
        if self.pairs:
            out[("linkability", "nearest_neighbour", "risk")] = linkability.figure(
                linked[0], linked[1] if held else None
            )
        for t, column in enumerate(self.secrets):
            out[("inference", f"secret:{self.codebook.columns[column]}", "risk")] = inference.figure(
                right[0][:, t], right[1][:, t] if held else None
            )
        if self.secrets:
            out[("inference", "all_secrets", "risk")] = inference.pooled(right[0], right[1] if held else None)
        return out

    def _membership(self, candidate: NDArray[np.float64], rng: np.random.Generator) -> Results:
        assert self.known is not None
        assert self.holdout is not None
        made = self.codebook.standardised(candidate, np.vstack([self.real, self.holdout]))
        to_synthetic, to_reference = self.known.to_synthetic(made), self.known.to_reference()
        scores = {
            "calibrated_distance": membership_calibrated.scores(to_synthetic, to_reference),
            "domias": membership_domias.scores(self.known, made, rng),
            "knn_ratio": membership_knn.scores(to_synthetic, to_reference),
        }
        known = membership_classifier.features(to_synthetic, to_reference, list(scores.values()))
        scores["classifier"] = membership_classifier.scores(known, rng)
        out: Results = {}
        for name, score in scores.items():
            for metric, figure in membership.figures(score, rng, self.effort.rounds).items():
                out[("membership", name, metric)] = figure
        for metric, figure in membership_maximum.figures(scores, rng, self.effort.rounds).items():
            out[("membership", "maximum", metric)] = figure
        return out
