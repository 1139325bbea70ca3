"""Brings stores before the attacks of ``risk``: the same sites of training, unseen and released people."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anon_pipeline.errors import BadInput
from anon_pipeline.keys import seeded_rng
from anon_pipeline.modalities.genomics.formats import GeneticMap
from anon_pipeline.modalities.genomics.options import Access, Options
from anon_pipeline.modalities.genomics.store import Chunk, Store
from anon_pipeline.risk.genomic_data import GenomicChunk
from anon_pipeline.risk.genomic_suite import LEAST_UNSEEN, Limits, Outcome, run_attacks

MOST_PEOPLE, MOST_RELEASED = 1_000, 10_000


def slots_of(people: NDArray[np.int64]) -> NDArray[np.int64]:
    """The haplotype slots of samples, in order."""
    return np.stack([2 * people, 2 * people + 1], axis=1).ravel()


def aligned(store: Store, released: Store) -> Iterator[tuple[Chunk, NDArray[np.uint8], NDArray[np.uint8]]]:
    """(released chunk, source alleles, released alleles) of the same rows; missing source calls read 0."""
    source = store.chunks()
    held = next(source, None)
    for chunk in released.chunks():
        wanted = chunk.sites.source
        while held is not None and held.sites.source[-1] < wanted[0]:
            held = next(source, None)
        if held is None:
            return
        rows = np.searchsorted(held.sites.source, wanted)
        yield chunk, np.unpackbits(held.bits[rows], axis=1, count=held.slots), chunk.alleles()


def attack_release(
    store: Store,
    released: Store,
    training: NDArray[np.int64],
    unseen: NDArray[np.int64],
    genetic: GeneticMap,
    options: Options,
    access: Access,
    seed: int,
    progress: Callable[[int], Any] | None = None,
) -> Outcome:
    """Run every attack of ``risk.genomic_suite``, on at most 1,000 training and 1,000 unseen people and 10,000
    released ones, sampled by the seed.

    Haploid calls are doubled; people without the contig (Y) are left out of its sites by reading the reference.
    """
    if len(unseen) < LEAST_UNSEEN:
        raise BadInput(f"holdout: {len(unseen)} people are held out, the attacks need at least {LEAST_UNSEEN}")
    rng = seeded_rng(seed, "genomics", "attacked people")
    made = np.arange(len(released.header.samples))
    parts = (training, MOST_PEOPLE), (unseen, MOST_PEOPLE), (made, MOST_RELEASED)
    chosen = [np.sort(rng.permutation(part)[:most]) for part, most in parts]

    def chunks() -> Iterator[GenomicChunk]:
        for chunk, source, made_ in aligned(store, released):
            segment = chunk.sites.segment
            real = doubled(source, store.header.present(segment))
            synthetic = doubled(made_, released.header.present(segment))
            yield GenomicChunk(
                chunk.sites.contig,
                genetic.centimorgans(chunk.sites.contig, chunk.sites.position),
                np.ascontiguousarray(real[:, slots_of(chosen[0])]),
                np.ascontiguousarray(real[:, slots_of(chosen[1])]),
                np.ascontiguousarray(synthetic[:, slots_of(chosen[2])]),
            )

    return run_attacks(chunks, limits_of(options, access), seed, progress=progress)


def limits_of(options: Options, access: Access) -> Limits:
    """The limits of an access class."""
    _, most_auc, most_tpr = options.limits(access)
    return Limits(auc=most_auc, tpr=most_tpr)


def doubled(alleles: NDArray[np.uint8], present: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """A haploid person's one allele in both slots."""
    if present.all():
        return alleles
    alleles = alleles * present.astype(np.uint8)
    single = np.flatnonzero(present[0::2] & ~present[1::2])
    alleles[:, 2 * single + 1] = alleles[:, 2 * single]
    return alleles
