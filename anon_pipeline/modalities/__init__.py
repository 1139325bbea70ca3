"""The contract that every modality keeps: what an embedding, a draw and a decoded modality are.

A modality is a package with three verbs:

- ``embed(cohort, device) -> Embedding``
- ``synthesize(cohort, draw, seed, out) -> Synthesis``: the avatars of one draw, written below ``out``
- ``deidentify(cohort, key, out) -> Synthesis``: only for modalities with a record-level track

Modalities do not import each other. Numpy is imported here; torch is not.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from anon_pipeline.cohort import Cohort
from anon_pipeline.policy import MODALITIES

__all__ = ["MODALITIES", "Draw", "Embedding", "Modality", "Synthesis"]


@dataclass(frozen=True)
class Embedding:
    """One modality's view of the patients.

    person_ids: (n,) int64, ascending. vectors: (n, d) float32, rows of absent patients are 0.
    present: (n,) bool, whether the patient has the modality at all.
    quality: figures about the embedding (explained variance, probes); never values of a patient.
    facts: the dimensions that say something by themselves (a lesion's diameter) rather than together.
    """

    modality: str
    person_ids: NDArray[np.int64]
    vectors: NDArray[np.float32]
    present: NDArray[np.bool_]
    quality: dict[str, Any] = field(default_factory=dict)
    facts: tuple[int, ...] = ()

    def save(self, path: Path) -> None:
        np.savez(
            path,
            modality=self.modality,
            person_ids=self.person_ids,
            vectors=self.vectors,
            present=self.present,
            facts=np.array(self.facts, np.int64),
        )

    @classmethod
    def load(cls, path: Path) -> Embedding:
        with np.load(path, allow_pickle=False) as content:
            facts = tuple(content["facts"].tolist()) if "facts" in content else ()
            return cls(
                str(content["modality"]), content["person_ids"], content["vectors"], content["present"], facts=facts
            )


@dataclass(frozen=True)
class Draw:
    """Where the avatars are: the only thing that modalities share. A secret: never stored, never reported.

    person_ids: (n,) int64, the patients of the joint embedding, ascending.
    neighbours: (m, k) int64, indices into person_ids; the patient an avatar started from is never among them.
    weights: (m, k) float32, rows sum to 1, no weight over .05, effective k (1 / sum of squares) >= 20 where the
    cohort has the patients for it.
    points: (m, d) float32, the drawn points in the joint embedding.
    parts: modality -> (m, d_m) float32, the same points in that modality's own embedding, in its own scale.
    own: modality -> (n, d_m) float32, the patients themselves there, in the order of person_ids.
    has: modality -> (n,) bool, the patients who have it; the others stand in ``own`` where they are thought to be.
    facts: modality -> the dimensions of ``parts`` that say something by themselves.
    starts: (m,) int64, the row of person_ids each avatar started from; only the attacks ask for it.
    """

    person_ids: NDArray[np.int64]
    neighbours: NDArray[np.int64]
    weights: NDArray[np.float32]
    points: NDArray[np.float32]
    parts: dict[str, NDArray[np.float32]] = field(default_factory=dict)
    own: dict[str, NDArray[np.float32]] = field(default_factory=dict)
    has: dict[str, NDArray[np.bool_]] = field(default_factory=dict)
    facts: dict[str, tuple[int, ...]] = field(default_factory=dict)
    starts: NDArray[np.int64] | None = None

    @property
    def size(self) -> int:
        return len(self.neighbours)

    def having(self, modality: str) -> NDArray[np.bool_]:
        """(m,) whether each avatar has the modality: as most of the patients do that it was drawn from, by weight."""
        if modality not in self.has:
            return np.ones(self.size, bool)
        share = (self.weights * self.has[modality][self.neighbours]).sum(axis=1)
        return share > 0.5 * self.weights.sum(axis=1)


@dataclass(frozen=True)
class Synthesis:
    """What a modality made: ``files`` relative to the folder it was given, ``counts`` and ``checks`` for evidence."""

    files: list[Path]
    counts: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


class Modality(Protocol):
    """What the pipeline calls; a module with these functions satisfies it."""

    def embed(self, cohort: Cohort, device: str) -> Embedding | None: ...

    def synthesize(self, cohort: Cohort, draw: Draw, seed: int, out: Path) -> Synthesis: ...
