"""How many haplotypes a group has, where that was not asked for: the most that keeps enough LD. Never by an attack, so
that the people held out stay unseen. Making and measuring a release is the caller's business.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from anon_pipeline.modalities.genomics.options import BLOCKS

Made = TypeVar("Made")
WANTED_LD = 0.972
"""A little over what is asked of a release (.97): other pairs of sites than those measured here may say less."""
USUAL_LARGEST, RAREST = 24, 0.02


def blocks(asked: int | None, pool: int, least: int = BLOCKS[-1]) -> Sequence[int]:
    """The sizes to try, the largest first, none under ``least``. pool: haplotypes of the smallest stratum.

    Groups of more haplotypes than carry an allele of 2 % could not keep its linkage: they are tried up to that.
    """
    if asked is not None:
        return (asked,)
    return [block for block in BLOCKS if least <= block <= max(USUAL_LARGEST, RAREST * pool)]


def keeping_ld(
    sizes: Sequence[int], make: Callable[[int], tuple[Made, dict[str, Any]]]
) -> tuple[int, Made, dict[str, Any]]:
    """(block, release, utility) of the first of ``sizes`` whose ``ld_r`` is enough (or cannot be told), or the last.

    make: a block to a release and its ``utility`` figures; each call may overwrite the files of the one before.
    """
    for block in sizes:
        release, utility = make(block)
        if utility["ld_r"] is None or utility["ld_r"] >= WANTED_LD:
            break
    return block, release, utility
