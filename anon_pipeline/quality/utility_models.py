"""Models: train on synthetic, test on real people, against train on real; and a detector of synthetic rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from anon_pipeline.keys import seeded_rng
from anon_pipeline.quality.frames import Encoder

MOST_ROWS = 6000
MOST_TARGETS = 5


def _models(seed: int) -> dict[str, Any]:
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.neighbors import KNeighborsClassifier

    return {
        "logistic": LogisticRegression(max_iter=300, C=0.5),
        "boosting": HistGradientBoostingClassifier(max_iter=60, max_depth=4, random_state=seed, early_stopping=False),
        "neighbours": KNeighborsClassifier(n_neighbors=25),
    }


def targets(real: pd.DataFrame, numeric: list[str], schema: dict[str, Any] | None, exclude: set[str]) -> list[str]:
    """The declared target (``target`` of the schema), else up to 5 columns with two values, each 5 % or more."""
    declared = (schema or {}).get("target")
    if declared:
        return [c for c in ([declared] if isinstance(declared, str) else declared) if c in real.columns]
    found = []
    for column in real.columns:
        shares = real[column].value_counts(normalize=True)
        if len(shares) == 2 and shares.min() >= 0.05 and column not in exclude:
            found.append((float(shares.min()), column))
    if found:
        return [c for _, c in sorted(found, key=lambda f: (-f[0], f[1]))][:MOST_TARGETS]
    spread = [c for c in numeric if real[c].nunique() > 10]
    return spread[:1]


def _labels(column: pd.Series, real: pd.Series) -> NDArray[np.float64]:
    shares = real.value_counts()
    if len(shares) == 2:
        positive = sorted(shares.index, key=str)[1]
        return (column == positive).to_numpy(dtype=float)
    if pd.api.types.is_numeric_dtype(real):
        return (column.to_numpy(dtype=float) > float(real.median())).astype(float)
    return (column == shares.index[0]).to_numpy(dtype=float)


def train_synthetic_test_real(
    real: pd.DataFrame,
    synthetic: pd.DataFrame,
    holdout: pd.DataFrame | None,
    numeric: list[str],
    names: list[str],
    seed: int,
) -> dict[str, Any]:
    """AUC of three model families on held-out people (else on real ones), by target; loss: real - synthetic."""
    from sklearn.metrics import roc_auc_score
    from threadpoolctl import threadpool_limits

    test = real if holdout is None else holdout
    frames = [f.sample(min(len(f), MOST_ROWS), random_state=seed) for f in (real, synthetic)]
    out: dict[str, Any] = {"tested_on": "real" if holdout is None else "holdout", "targets": {}}
    losses = []
    with threadpool_limits(1):
        for name in names:
            encoder = Encoder.of(frames[0].drop(columns=name), [c for c in numeric if c != name])
            truth = _labels(test[name], real[name])
            sides = [_labels(f[name], real[name]) for f in frames]
            if any(len(np.unique(y)) < 2 for y in (truth, *sides)):
                continue
            held = encoder.matrix(test)
            result: dict[str, dict[str, float]] = {}
            for family, model in _models(seed).items():
                scores = [
                    float(roc_auc_score(truth, model.fit(encoder.matrix(f), y).predict_proba(held)[:, 1]))
                    for f, y in zip(frames, sides, strict=True)
                ]
                result[family] = {"real": round(scores[0], 6), "synthetic": round(scores[1], 6)}
                losses.append(scores[0] - scores[1])
            out["targets"][name] = result
    out["mean_loss"] = round(float(np.mean(losses)), 6) if losses else None
    return out


def detector(real: pd.DataFrame, synthetic: pd.DataFrame, numeric: list[str], seed: int) -> dict[str, Any]:
    """Cross-validated AUC of boosting and of a logistic model that tell synthetic rows from real ones; 0.5 is ideal."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import StratifiedKFold
    from threadpoolctl import threadpool_limits

    size = min(len(real), len(synthetic), MOST_ROWS // 2)
    frames = [f.sample(size, random_state=seed) for f in (real, synthetic)]
    together = pd.concat(frames, ignore_index=True)
    x = Encoder.of(together, numeric, most_levels=30).matrix(together)
    y = np.repeat([0, 1], size)
    folds = StratifiedKFold(3, shuffle=True, random_state=int(seeded_rng(seed, "detector").integers(1 << 31)))
    out = {}
    with threadpool_limits(1):
        for family, model in {
            "boosting": HistGradientBoostingClassifier(max_iter=80, random_state=seed, early_stopping=False),
            "logistic": LogisticRegression(max_iter=300),
        }.items():
            score = np.zeros(len(y))
            for train, test in folds.split(x, y):
                score[test] = model.fit(x[train], y[train]).predict_proba(x[test])[:, 1]
            out[family] = round(float(roc_auc_score(y, score)), 6)
    return {"auc": max(out.values()), **out}
