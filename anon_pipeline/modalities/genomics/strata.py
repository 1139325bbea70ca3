"""Ancestry: principal components of the training people, and the strata that haplotypes are pooled in.

A stratum given by the user is merged with its nearest neighbour in the components until it holds enough people;
without given strata, people are split along the components only where they fall into clearly separate groups.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from anon_pipeline.errors import ReleaseRefused
from anon_pipeline.keys import seeded_rng
from anon_pipeline.modalities.genomics.survey import Survey

COMPONENTS = 6
SEPARATION = 0.85  # share of variance between two groups; one uniform group gives .75, one normal group .64
LEAST_INDEPENDENT = 200.0


@dataclass
class Ancestry:
    """Components of the training people, from standardised dosages (Patterson 2006, doi:10.1371/journal.pgen.0020190).

    scores: (n, K) float64, unit variance a component. loadings: (sites, K): ``(dosage - mean) @ loadings`` gives
    scores. explained: (K,) share of variance. mean: (sites,) of dosages.
    """

    scores: NDArray[np.float64]
    loadings: NDArray[np.float64]
    mean: NDArray[np.float64]
    explained: NDArray[np.float64]


def components(survey: Survey, people: int, number: int = COMPONENTS) -> Ancestry:
    """PCA of the survey's sampled sites (n x sites, bounded), by the eigenvectors of the n x n matrix."""
    alleles = survey.pca_alleles
    if len(alleles) < 2:
        empty = np.zeros((len(alleles), 0))
        return Ancestry(np.zeros((people, 0)), empty, np.zeros(len(alleles)), np.zeros(0))
    dosage = alleles.reshape(len(alleles), people, 2).sum(axis=2).astype(np.float64)
    mean = dosage.mean(axis=1)
    scale = 1.0 / np.maximum(dosage.std(axis=1), 1e-6)
    standard = (dosage - mean[:, None]) * scale[:, None]
    values, vectors = np.linalg.eigh(standard.T @ standard)
    top = np.argsort(values)[::-1][: min(number, people - 1, len(alleles))]
    values, vectors = np.maximum(values[top], 1e-9), vectors[:, top]
    vectors *= np.where(vectors.sum(axis=0) < 0, -1, 1)
    scores = vectors * np.sqrt(people)
    loadings = (standard @ vectors) / values * np.sqrt(people) * scale[:, None]
    total = float((standard**2).sum())
    return Ancestry(scores, loadings, mean, values / max(total, 1e-9))


@dataclass
class Strata:
    """labels: (n,) int64 of the training people; names by label; merged: sentences on what was merged."""

    labels: NDArray[np.int64]
    names: list[str]
    merged: list[str] = field(default_factory=list)
    source: str = "one"

    def members(self, label: int) -> NDArray[np.int64]:
        return np.flatnonzero(self.labels == label)

    @property
    def sizes(self) -> list[int]:
        return [int((self.labels == label).sum()) for label in range(len(self.names))]


def find_strata(
    ancestry: Ancestry, given: list[str] | None, minimum: int, effective: float, seed: int, people: int
) -> Strata:
    """Strata of at least ``minimum`` people. Raises ReleaseRefused when the whole cohort is smaller than that."""
    if people < minimum:
        raise ReleaseRefused(
            [
                f"{people} people to learn from, and a stratum needs {minimum}: haplotypes of so few people cannot be "
                "released; add people, dilute with a public panel (--panel), or release aggregates"
            ]
        )
    if given is not None:
        return _merge(ancestry, given, minimum)
    if effective < LEAST_INDEPENDENT or not ancestry.scores.shape[1]:
        return Strata(np.zeros(people, np.int64), ["all"], ["too few independent sites to see ancestry: one stratum"])
    labels = np.zeros(people, np.int64)
    _split(ancestry.scores, np.arange(people), labels, minimum, seeded_rng(seed, "genomics", "strata"))
    found, labels = np.unique(labels, return_inverse=True)
    names = [f"cluster{number + 1}" for number in range(len(found))] if len(found) > 1 else ["all"]
    return Strata(labels.astype(np.int64), names, [], "pca")


def _split(
    scores: NDArray[np.float64],
    who: NDArray[np.int64],
    labels: NDArray[np.int64],
    minimum: int,
    rng: np.random.Generator,
) -> None:
    if len(who) < 2 * minimum:
        return
    for component in range(scores.shape[1]):
        line = scores[who, component]
        order = np.argsort(line, kind="stable")
        ordered = line[order]
        total = float(((ordered - ordered.mean()) ** 2).sum())
        left = np.arange(minimum, len(who) - minimum + 1)
        sums = np.cumsum(ordered)
        left_mean = sums[left - 1] / left
        right_mean = (sums[-1] - sums[left - 1]) / (len(who) - left)
        between = left * (left_mean - ordered.mean()) ** 2 + (len(who) - left) * (right_mean - ordered.mean()) ** 2
        best = int(np.argmax(between))
        if total > 0 and between[best] / total >= SEPARATION:
            groups = who[order[: left[best]]], who[order[left[best] :]]
            labels[groups[1]] = labels.max() + 1
            for group in groups:
                _split(scores, group, labels, minimum, rng)
            return


def _merge(ancestry: Ancestry, given: list[str], minimum: int) -> Strata:
    names = sorted(set(given))
    place = {name: index for index, name in enumerate(names)}
    labels = np.array([place[name] for name in given])
    groups = {index: [name] for index, name in enumerate(names)}
    said = []
    weight = np.sqrt(ancestry.explained)
    scores = ancestry.scores * weight
    while len(groups) > 1:
        sizes = {index: int((labels == index).sum()) for index in groups}
        small = min(groups, key=lambda index: (sizes[index], index))
        if sizes[small] >= minimum:
            break
        centre = {index: scores[labels == index].mean(axis=0) for index in groups}
        near = min(
            (index for index in groups if index != small),
            key=lambda index: (float(((centre[index] - centre[small]) ** 2).sum()), index),
        )
        said.append(f"a stratum of fewer than {minimum} people was merged with its nearest in the components")
        labels[labels == small] = near
        groups[near] += groups.pop(small)
    found, labels = np.unique(labels, return_inverse=True)
    joined = ["+".join(sorted(groups[index])) for index in found]
    return Strata(labels.astype(np.int64), joined, said, "given")
