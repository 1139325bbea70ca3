"""What the membership attacks share: the people they know, and how a score becomes figures.

Every attack scores members (training) and people held out before generation; a higher score says "member". The
attacker knows the population from a reference set: the held-out people without the one being scored. A member is
scored against the same number of them, one left out at random, so that nothing but membership tells the two apart.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from anon_pipeline.risk.distance import knn
from anon_pipeline.risk.intervals import Figure, auc, tpr_at

Scores = tuple[NDArray[np.float64], NDArray[np.float64]]
METRICS = ("auc", "tpr_at_1", "tpr_at_10")
NEIGHBOURS = 10
MOST_ALIKE = 0.05
"""Up to this share of the held-out people may have a twin among them; see ``Known._halved``."""


@dataclass(frozen=True)
class Known:
    """The scored members (n, p) and others (m, p), the whole reference set (r, p), all standardised.

    ``own[i]`` is the row of the reference set that other i is; ``dropped[i]`` the one that member i does not see.
    """

    members: NDArray[np.float32]
    others: NDArray[np.float32]
    reference: NDArray[np.float32]
    own: NDArray[np.int64]
    dropped: NDArray[np.int64]
    _cache: dict[str, Scores] = field(default_factory=dict)

    @classmethod
    def of(
        cls, members: NDArray[np.float32], holdout: NDArray[np.float32], most: int, rng: np.random.Generator
    ) -> Known:
        """Score at most ``most`` people of each side, drawn at random."""
        chosen = rng.permutation(len(members))[:most]
        alike = knn(holdout, holdout, 1, exclude=np.arange(len(holdout)))[0][:, 0] <= 0
        if alike.mean() > MOST_ALIKE:
            return cls._halved(members[chosen], holdout, most, rng)
        own = np.sort(rng.permutation(len(holdout))[:most])
        return cls(members[chosen], holdout[own], holdout, own, rng.integers(0, len(holdout), len(chosen)))

    @classmethod
    def _halved(
        cls, members: NDArray[np.float32], holdout: NDArray[np.float32], most: int, rng: np.random.Generator
    ) -> Known:
        """Half of the held-out people as the reference, the other half scored: nobody has to be left out.

        Where many people are alike (few columns, categories), a person left out of the reference lowers the count of
        their own kind by one, which a model can read off without any synthetic record.
        """
        order = rng.permutation(len(holdout))
        half = len(holdout) // 2
        others = holdout[np.sort(order[half:])[:most]]
        nobody = np.full(max(len(members), len(others)), -1, dtype=np.int64)
        return cls(members, others, holdout[np.sort(order[:half])], nobody[: len(others)], nobody[: len(members)])

    def to_reference(self) -> Scores:
        """Distances to the nearest of the reference set, ascending: (n, k) and (m, k)."""
        if "reference" not in self._cache:
            self._cache["reference"] = (
                knn(self.members, self.reference, NEIGHBOURS, exclude=self.dropped)[0].astype(float),
                knn(self.others, self.reference, NEIGHBOURS, exclude=self.own)[0].astype(float),
            )
        return self._cache["reference"]

    def to_synthetic(self, synthetic: NDArray[np.float32]) -> Scores:
        """Distances to the nearest synthetic records, ascending: (n, k) and (m, k)."""
        return (
            knn(self.members, synthetic, NEIGHBOURS)[0].astype(float),
            knn(self.others, synthetic, NEIGHBOURS)[0].astype(float),
        )


def figures(scores: Scores, rng: np.random.Generator, rounds: int = 200) -> dict[str, Figure]:
    """AUC, and the true positive rates at 1 % and 10 % false positives, each with its interval."""
    members, others = (np.nan_to_num(np.asarray(s, dtype=float), nan=0.0, posinf=1e30, neginf=-1e30) for s in scores)
    return {
        "auc": auc(members, others),
        "tpr_at_1": tpr_at(members, others, 0.01, rng, rounds),
        "tpr_at_10": tpr_at(members, others, 0.10, rng, rounds),
    }
