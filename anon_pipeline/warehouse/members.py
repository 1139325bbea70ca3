"""Who is in a cohort, and which members are held out.

The hold-out is a keyed function of the person alone: the same in every cohort, run and release, so that nobody is held
out of one release and learnt from in the next.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from anon_pipeline.keys import Key

TRAINING = 0
HOLDOUT = 1
PARTS = ("training", "holdout")


@dataclass(frozen=True)
class MemberQuery:
    """The statement that gives a cohort's members: ``origin`` is "cohort table" or "policy SQL"."""

    name: str
    statement: str
    origin: str
    tables: tuple[str, ...] = ("cohort",)
    definition_id: int | None = None


@dataclass(frozen=True)
class Members:
    """person_ids: (n,) int64, ascending, all known to the person table. unknown: ids that it does not know, counted.
    parts: (n,) int8, TRAINING or HOLDOUT."""

    person_ids: NDArray[np.int64]
    parts: NDArray[np.int8]
    unknown: int = 0

    def __len__(self) -> int:
        return len(self.person_ids)

    def of(self, part: int) -> NDArray[np.int64]:
        return self.person_ids[self.parts == part]

    def arrow(self) -> pa.Table:
        return pa.table({"person_id": pa.array(self.person_ids, pa.int64()), "part": pa.array(self.parts, pa.int8())})

    def split(self, key: Key, fraction: float) -> Members:
        """The same members with ``fraction`` of them held out, each by a keyed hash of its own id.

        When chance leaves a part empty, the member nearest to the threshold moves: with two members or more, both
        parts have one. A fraction of 0 holds nobody out.
        """
        own = key.derive("holdout")
        draws = [int.from_bytes(own.digest("holdout", int(person))[:8], "big") for person in self.person_ids]
        values = np.array(draws, dtype=np.uint64) / float(2**64)
        held = values < fraction
        if fraction > 0 and len(values) > 1 and not held.any():
            held[np.argmin(values)] = True
        if len(values) > 1 and held.all():
            held[np.argmax(values)] = False
        return Members(self.person_ids, np.where(held, HOLDOUT, TRAINING).astype(np.int8), self.unknown)
