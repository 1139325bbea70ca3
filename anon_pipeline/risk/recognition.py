"""Recognising the patients behind an avatar: is the patient nearest to it one of those it was made from?

The attacker holds every patient's data of one kind or several and takes the nearest patient; who an avatar was made
from is known only inside the pipeline. Two figures, both over what guessing gives: how often the nearest patient is any
of those that the avatar was drawn from, or its start, and how often it is its start. The first has as many chances as
there are such patients, so that its interval is narrow, but cannot be over n / (1 + k); the second is one hit in
expectation in any cohort, and is what shows copies of starts in a small one.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from anon_pipeline.risk.cross_modal import ALL, View, joined
from anon_pipeline.risk.distance import knn
from anon_pipeline.risk.intervals import Figure

SOURCES, START = "top1_over_chance", "start_over_chance"


def recognised(guessed: NDArray[np.int64], made_from: NDArray[np.int64], gallery: int) -> dict[str, Figure]:
    """Metric -> hits over chance (1: no better than a guess among ``gallery`` people).

    guessed: (q,) the patient that the attacker names for each avatar. made_from: (q, 1 + k) the patients it was made
    from, its start first; -1: none that could be guessed. Avatars without a start in the gallery count for the first
    figure only.
    """
    ordered = np.sort(made_from, axis=1)
    distinct = (ordered >= 0).sum(axis=1) - ((np.diff(ordered, axis=1) == 0) & (ordered[:, 1:] >= 0)).sum(axis=1)
    hits = (made_from == guessed[:, None]).any(axis=1)
    started = made_from[:, 0] >= 0
    found = {SOURCES: _over(hits, guessed, float(distinct.mean()) / gallery)}
    if started.sum() > 1:
        found[START] = _over((made_from[:, 0] == guessed)[started], guessed[started], 1 / gallery)
    return found


def _over(hits: NDArray[np.bool_], guessed: NDArray[np.int64], chance: float) -> Figure:
    """The rate of hits over ``chance``; hits on one patient, who may be the nearest to many avatars, are not taken for
    independent."""
    rate = float(hits.mean())
    _, patient = np.unique(guessed, return_inverse=True)
    excess = np.bincount(patient, hits - rate)
    spread, alone = float(excess @ excess) / len(hits), rate * (1 - rate)
    return over_chance(int(hits.sum()), len(hits), 1 / chance, design=spread / alone if alone else 1.0)


def over_chance(hits: int, queries: int, odds: float, *, design: float = 1.0) -> Figure:
    """A top-1 rate over its chance of one in ``odds``, with Clopper and Pearson's exact interval (1934).

    design: how much wider than of independent queries the variance is, at least 1; queries count for so many fewer
    (Korn and Graubard 1998, Survey Methodology 24:193).
    """
    from scipy.stats import beta

    design = max(design, 1.0)
    some, all_ = hits / design, queries / design
    low = float(beta.ppf(0.025, some, all_ - some + 1)) if hits else 0.0
    high = float(beta.ppf(0.975, some + 1, all_ - some)) if hits < queries else 1.0
    return Figure(hits / queries * odds, low * odds, high * odds, queries)


def reidentification(view: View, made_from: NDArray[np.int64]) -> dict[str, Figure]:
    """Metric -> figure (see ``recognised``) of one view; made_from: (m, 1 + k) rows of ``real``. Empty when fewer than
    two can be compared."""
    with_view = np.where(view.has_real[np.maximum(made_from, 0)], made_from, -1)
    rows, people = np.flatnonzero(view.has_synthetic & (with_view >= 0).any(axis=1)), np.flatnonzero(view.has_real)
    if len(rows) < 2 or len(people) < 2:
        return {}
    guessed = people[knn(view.synthetic[rows], view.real[people], 1, metric="l2")[1][:, 0]]
    return recognised(guessed, with_view[rows], len(people))


def reidentifications(views: Mapping[str, View], made_from: NDArray[np.int64]) -> dict[str, dict[str, Figure]]:
    """Of each view, each pair of views and all together."""
    found: dict[str, dict[str, Figure]] = {}
    sets: list[tuple[str, ...]] = [(v,) for v in sorted(views)] + list(combinations(sorted(views), 2))
    if len(views) > 2:
        sets.append(tuple(sorted(views)))
    for names in sets:
        figures = reidentification(joined([views[n] for n in names]), made_from)
        if figures:
            found[ALL if len(names) > 2 else "+".join(names)] = figures
    return found
