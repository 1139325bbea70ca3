"""Attacks on gene-level avatars of a somatic panel: nearest avatar, frequencies, exact profiles. Tables of 0 and 1."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from anon_pipeline.risk.genomic_scores import Row, auc, excess, tpr_at


def attack_panel(
    train: NDArray[np.bool_], unseen: NDArray[np.bool_], made: NDArray[np.bool_], most_auc: float, most_tpr: float
) -> list[Row]:
    """Rows of the attacks; each argument is (people, genes)."""
    rows = []
    for name, score in (("frequency_likelihood_ratio", _ratio), ("distance_calibrated", _distance)):
        members, others = score(train, unseen, made)
        copied = score(train, unseen, train)
        count = len(members) + len(others)
        for metric, measure, floor, limit in (("auc", auc, 0.5, most_auc), ("tpr_at_fpr_01", tpr_at, 0.01, most_tpr)):
            value, low, high = measure(members, others)
            top = measure(*copied)[0]
            rows.append(Row(name, "membership", metric, value, low, high, count, floor, top, limit, high <= limit))
    hits, misses = (_isolated(part, made) for part in (train, unseen))
    value, low, high = excess(hits, len(train), misses, len(unseen))
    rows.append(
        Row(
            "unique_profile_matched", "singling_out", "excess_success", value, low, high, len(train), 0.0, None,
            0.15, high <= 0.15,
        )
    )  # fmt: skip
    return rows


def _ratio(
    train: NDArray[np.bool_], unseen: NDArray[np.bool_], made: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    released = (made.sum(axis=0) + 0.5) / (len(made) + 1)
    counts = unseen.sum(axis=0)
    found = []
    for part, own in ((train, 0), (unseen, 1)):
        carried = part.astype(np.float64)
        reference = (counts - own * carried + 0.5) / (len(unseen) - own + 1)
        ratio = carried * np.log(released / reference) + (1 - carried) * np.log((1 - released) / (1 - reference))
        found.append(ratio.sum(axis=1))
    return found[0], found[1]


def _distance(
    train: NDArray[np.bool_], unseen: NDArray[np.bool_], made: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    found = []
    for part, own in ((train, False), (unseen, True)):
        usual = _hamming(part, unseen)
        if own:
            np.fill_diagonal(usual, np.inf)
        found.append(usual.min(axis=1) - _hamming(part, made).min(axis=1))
    return found[0], found[1]


def _hamming(some: NDArray[np.bool_], many: NDArray[np.bool_]) -> NDArray[np.float64]:
    one, other = some.astype(np.float64), many.astype(np.float64)
    return one.sum(axis=1)[:, None] + other.sum(axis=1)[None, :] - 2 * one @ other.T


def _isolated(part: NDArray[np.bool_], made: NDArray[np.bool_]) -> int:
    """How many real people have a profile that nobody else of theirs has and that some avatar has."""
    keys = [row.tobytes() for row in part]
    released = {row.tobytes() for row in made}
    unique: dict[bytes, int] = {}
    for key in keys:
        unique[key] = unique.get(key, 0) + 1
    return sum(unique[key] == 1 and key in released for key in keys)
