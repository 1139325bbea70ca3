"""Attacks from pair counts: calibrated distance, AATS with its privacy loss, linkability, kinship, exact copies."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from anon_pipeline.risk.genomic_pairs import PairCounts

DUPLICATE, FIRST_DEGREE, SECOND_DEGREE = 0.354, 0.177, 0.0884


class Nearest:
    """Reads finished counts once."""

    def __init__(self, counts: PairCounts) -> None:
        self.train, self.unseen, self.released = counts.sizes
        self.halves = counts.halves
        self.distance = counts.distances().astype(np.float64)
        np.fill_diagonal(self.distance, np.inf)
        self.king = counts.kinship()
        targets = self.train + self.unseen
        self.to_released = self.distance[:targets, targets:]
        self.to_unseen = self.distance[:targets, self.train : targets]

    def scores(self) -> dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]]:
        """Distance to the released people, calibrated by that to the unseen (never to oneself)."""
        near = self.to_released.min(axis=1)
        usual = self.to_unseen.min(axis=1)
        few = min(5, self.released - 1, self.unseen - 2)
        near_few = np.partition(self.to_released, few, axis=1)[:, :few].mean(axis=1)
        usual_few = np.partition(self.to_unseen, few, axis=1)[:, :few].mean(axis=1)
        found = {
            "distance_nearest": -near,
            "distance_calibrated": usual - near,
            "distance_calibrated_five": usual_few - near_few,
            "kinship_highest": self.king.max(axis=1),
        }
        return {name: (value[: self.train], value[self.train :]) for name, value in found.items()}

    def adversarial_accuracy(self) -> dict[str, float]:
        """AATS (Yale 2020, doi:10.1016/j.neucom.2019.12.136) against the training and the unseen people, on equal
        numbers; their difference is the privacy loss."""
        count = min(self.train, self.unseen, self.released)
        targets = self.train + self.unseen
        made = np.arange(targets, targets + count)
        within_made = self.distance[np.ix_(made, made)].min(axis=1)
        found = {}
        for name, start in (("train", 0), ("unseen", self.train)):
            real = np.arange(start, start + count)
            across = self.distance[np.ix_(real, made)]
            within = self.distance[np.ix_(real, real)].min(axis=1)
            truth = float((across.min(axis=1) > within).mean())
            synthetic = float((across.min(axis=0) > within_made).mean())
            found[name] = (truth + synthetic) / 2
        found["privacy_loss"] = found["unseen"] - found["train"]
        return found

    def linked(self) -> tuple[int, int]:
        """How many training and unseen people have the same nearest released person in both halves of the sites."""
        targets = self.train + self.unseen
        first = self.halves[0][:targets, targets:].argmin(axis=1)
        second = self.halves[1][:targets, targets:].argmin(axis=1)
        same = first == second
        return int(same[: self.train].sum()), int(same[self.train :].sum())

    def kinship(self) -> dict[str, Any]:
        """Pairs with a released person and people above KING's limits, in the training and in the unseen."""
        best = self.king.max(axis=1)
        king_train, king_unseen = self.king[: self.train], self.king[self.train :]
        return {
            "people_over_second_degree": (
                int((best[: self.train] > SECOND_DEGREE).sum()),
                int((best[self.train :] > SECOND_DEGREE).sum()),
            ),
            "people_over_first_degree": (
                int((best[: self.train] > FIRST_DEGREE).sum()),
                int((best[self.train :] > FIRST_DEGREE).sum()),
            ),
            "pairs": (king_train.size, king_unseen.size),
            "count_over_first_degree": (
                int((king_train > FIRST_DEGREE).sum()),
                int((king_unseen > FIRST_DEGREE).sum()),
            ),
            "pairs_over_first_degree": (
                float((king_train > FIRST_DEGREE).mean()),
                float((king_unseen > FIRST_DEGREE).mean()),
            ),
            "pairs_over_second_degree": (
                float((king_train > SECOND_DEGREE).mean()),
                float((king_unseen > SECOND_DEGREE).mean()),
            ),
        }

    def kinship_excess(self, degree: float) -> tuple[float, float]:
        """Share of (training, released) pairs over ``degree`` minus that of (unseen, released) pairs, and the half
        width of its 95 % interval over people. Over a short region unrelated people exceed it too: only the excess
        says something."""
        share = (self.king > degree).mean(axis=1)
        train, unseen = share[: self.train], share[self.train :]
        error = np.sqrt(train.var(ddof=1) / len(train) + unseen.var(ddof=1) / len(unseen))
        return float(train.mean() - unseen.mean()), float(1.96 * error)

    def exact_copies(self) -> tuple[int, int]:
        """Released people whose whole genotype equals a training, an unseen person's."""
        return (
            int((self.to_released[: self.train] == 0).any(axis=0).sum()),
            int((self.to_released[self.train :] == 0).any(axis=0).sum()),
        )
