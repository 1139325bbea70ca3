"""Tasks that need two modalities: models trained on avatars and on patients, both tested on people held out.

A fact of one modality (a diagnosis, an analyte, a lesion's diameter, death) is predicted from the views of all others.
Which views there are, and how patients became numbers, does not belong here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Sides = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]
MOST_TASKS = 8
LEAST = 20
INFORMATIVE = 0.6
RIDGE = (10.0, 100.0, 1000.0)


def tasks(
    facts: Mapping[str, tuple[str, Sides]], views: Mapping[str, Sides], most: int = MOST_TASKS
) -> list[dict[str, Any]]:
    """The best-predicted facts, of every modality in turn. facts: name -> (its modality, values of patients learnt
    from, held out, avatars; NaN where not known); views: modality -> (rows, columns) of the same people.

    Each task: ``target``, ``from`` (modalities), ``people`` it was tested on, concordances ``real`` and ``avatars``
    (area under the ROC curve, or the share of pairs in the right order), ``best_single`` (trained on patients, one
    modality) and the relative ``loss``. Facts that patients themselves do not predict (under .6) are no task.
    """
    by_modality: dict[str, list[dict[str, Any]]] = {}
    for name, (modality, values) in sorted(facts.items()):
        others = sorted(set(views) - {modality})
        if not others or not _usable(values):
            continue
        sides = [np.hstack([views[o][side] for o in others]) for side in range(3)]
        real = _score(sides[0], values[0], sides[1], values[1])
        if not np.isfinite(real) or real < INFORMATIVE:
            continue
        made = _score(sides[2], values[2], sides[1], values[1])
        alone = max(_score(views[o][0], values[0], views[o][1], values[1]) for o in others)
        by_modality.setdefault(modality, []).append(
            {
                "target": name,
                "from": others,
                "people": int(np.isfinite(values[1]).sum()),
                "real": round(real, 4),
                "avatars": round(made, 4),
                "best_single": round(alone, 4),
                "loss": round((real - made) / real, 4),
            }
        )
    found: list[dict[str, Any]] = []
    ranked = [sorted(own, key=lambda t: (-t["real"], t["target"])) for _, own in sorted(by_modality.items())]
    while any(ranked) and len(found) < most:
        for own in ranked:
            if own and len(found) < most:
                found.append(own.pop(0))
    return found


def _usable(values: Sides) -> bool:
    known = [v[np.isfinite(v)] for v in values]
    if min(len(k) for k in known) < LEAST:
        return False
    if set(np.unique(known[0])) <= {0.0, 1.0}:
        return (
            all(10 <= k.sum() <= len(k) - 10 for k in (known[0], known[2])) and 5 <= known[1].sum() <= len(known[1]) - 5
        )
    return min(len(np.unique(k)) for k in known) > 10


def _score(train: NDArray, target: NDArray, test: NDArray, truth: NDArray) -> float:
    """Concordance of a ridge regression (its strength chosen on the training side) with the truth."""
    from scipy.stats import rankdata
    from sklearn.linear_model import RidgeCV

    rows, asked = np.isfinite(target), np.isfinite(truth)
    if rows.sum() < LEAST or asked.sum() < LEAST:
        return float("nan")
    mean, sd = train[rows].mean(axis=0), train[rows].std(axis=0) + 1e-6
    goal = rankdata(target[rows]) if len(np.unique(target[rows])) > 2 else target[rows]
    model = RidgeCV(RIDGE).fit((train[rows] - mean) / sd, goal)
    return concordance(truth[asked], model.predict((test[asked] - mean) / sd))


def concordance(truth: NDArray, guess: NDArray) -> float:
    """The share of pairs with different truths that the guess orders alike; ties of the guess count half."""
    order = np.sign(truth[:, None] - truth[None, :])
    agree = order * np.sign(guess[:, None] - guess[None, :])
    pairs = np.abs(order).sum()
    return float("nan") if pairs == 0 else float((agree.sum() / pairs + 1) / 2)


def told(found: list[dict[str, Any]]) -> dict[str, Any]:
    """For the report: each task's figures, how many there are, and the mean and the worst relative loss."""
    if not found:
        return {"tasks": 0}
    losses = [task["loss"] for task in found]
    return {
        "tasks": len(found),
        "mean_loss": round(float(np.mean(losses)), 4),
        "worst_loss": round(float(np.max(losses)), 4),
        "each": found,
    }
