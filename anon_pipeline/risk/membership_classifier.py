"""Classifier: a model that learns, from people whose membership it knows, what membership looks like.

The strongest attacker of this package: it holds half of the members and of the others, learns a classifier on all
distances and density ratios of those, and attacks the other half; then the halves change places (cross-fitting), so
that nobody is attacked by a model that has seen them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from anon_pipeline.risk.membership import Scores


def features(to_synthetic: Scores, to_reference: Scores, others: list[Scores]) -> Scores:
    """Distances, their logs and differences, and the given scores, side by side: (n, f) and (m, f).

    Distances to the reference set alone are no feature: two held-out people who are each other's nearest share one,
    which tells a model that they are held out without any synthetic record.
    """
    sides = []
    for side in (0, 1):
        s, r = to_synthetic[side], to_reference[side]
        columns = [s[:, [0, 1, -1]], s[:, :1] - r[:, :1], np.log(s[:, :2] + 1e-3)]
        columns += [np.log((r[:, :1] + 1e-3) / (s[:, :1] + 1e-3)), (s[:, :1] + 1e-3) / (s[:, 1:2] + 1e-3)]
        columns += [np.asarray(score[side], dtype=float)[:, None] for score in others]
        sides.append(np.nan_to_num(np.hstack(columns), posinf=1e6, neginf=-1e6))
    return sides[0], sides[1]


def scores(known_features: Scores, rng: np.random.Generator, folds: int = 5) -> Scores:
    """Cross-fitted probabilities of being a member: the mean of a boosted forest and a logistic regression."""
    from threadpoolctl import threadpool_limits

    members, others = known_features
    x = np.vstack([members, others])
    y = np.concatenate([np.ones(len(members)), np.zeros(len(others))])
    fold = np.concatenate([_folds(len(members), folds, rng), _folds(len(others), folds, rng)])
    out = np.zeros(len(x))
    with threadpool_limits(1):
        _cross_fit(x, y, fold, folds, out)
    return out[: len(members)], out[len(members) :]


def _cross_fit(
    x: NDArray[np.float64], y: NDArray[np.float64], fold: NDArray[np.int64], folds: int, out: NDArray[np.float64]
) -> None:
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import QuantileTransformer

    for part in range(folds):
        train, test = fold != part, fold == part
        forest = HistGradientBoostingClassifier(
            max_iter=40,
            max_depth=3,
            learning_rate=0.1,
            min_samples_leaf=20,
            random_state=0,
            early_stopping=False,
            max_bins=64,
        ).fit(x[train], y[train])
        linear = make_pipeline(
            QuantileTransformer(n_quantiles=min(200, int(train.sum())), output_distribution="normal", random_state=0),
            LogisticRegression(C=0.1, max_iter=500),
        ).fit(x[train], y[train])
        out[test] = _ranked(forest.predict_proba(x[test])[:, 1]) + _ranked(linear.predict_proba(x[test])[:, 1])


def _folds(size: int, folds: int, rng: np.random.Generator) -> NDArray[np.int64]:
    return rng.permutation(np.arange(size) % folds)


def _ranked(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ranks in (0, 1]; equal values share one, or the order of the rows would tell who is a member."""
    from scipy.stats import rankdata

    return np.asarray(rankdata(values), dtype=np.float64) / max(len(values), 1)
