"""The new ids of avatars: the same in every modality of a release, and in random order."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from anon_pipeline.keys import seeded_rng


def avatar_ids(size: int, seed: int) -> NDArray[np.int64]:
    """The person_id of avatar i of a draw, for every i: a permutation of 1..size that depends on the seed only.

    Rows of a released table are ordered by these ids, so that their order says nothing about the draw's.
    """
    return seeded_rng(seed, "avatar-ids", size).permutation(size).astype(np.int64) + 1
