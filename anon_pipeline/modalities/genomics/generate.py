"""Synthetic haplotypes of every stratum, chunk by chunk. What leaves was decided by ``survey``.

Two files are written: the walkers' haplotypes as they come, then, once a segment's pairing is known, the people's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anon_pipeline.keys import seeded_rng
from anon_pipeline.modalities.genomics.formats import GeneticMap
from anon_pipeline.modalities.genomics.options import USUAL_BLOCK
from anon_pipeline.modalities.genomics.panel import Panel
from anon_pipeline.modalities.genomics.store import Chunk, Header, Sites, Store, StoreWriter, packed_presence
from anon_pipeline.modalities.genomics.strata import Strata
from anon_pipeline.modalities.genomics.survey import Survey
from anon_pipeline.modalities.genomics.walking import AHEAD, Walkers, common_rows, walk


@dataclass(frozen=True)
class Plan:
    """Who is made: ``stratum`` (m,) of each synthetic person, ``pattern`` (m,) the training person whose ploidy
    pattern (so sex) the synthetic person has."""

    stratum: NDArray[np.int64]
    pattern: NDArray[np.int64]

    @property
    def size(self) -> int:
        return len(self.stratum)


def make_plan(header: Header, people: NDArray[np.int64], strata: Strata, size: int, seed: int) -> Plan:
    """Strata in the training's proportions, ploidy patterns too (those of at least 5 people)."""
    rng = seeded_rng(seed, "genomics", "plan")
    sizes = np.array(strata.sizes, dtype=float)
    exact = sizes / sizes.sum() * size
    counts = np.floor(exact).astype(int)
    for index in np.argsort(counts - exact, kind="stable")[: size - int(counts.sum())]:
        counts[index] += 1
    stratum = np.repeat(np.arange(len(counts)), counts)
    signature = ploidy_classes(header, people)
    common = np.isin(signature, [value for value in np.unique(signature) if (signature == value).sum() >= 5])
    pattern = np.empty(size, np.int64)
    for label in range(len(strata.names)):
        members = strata.members(label)
        usable = members[common[members]] if common[members].any() else members
        mine = np.flatnonzero(stratum == label)
        ordered = usable[np.argsort(signature[usable], kind="stable")]
        pattern[mine] = rng.permutation(_spread(ordered, len(mine), rng))
    return Plan(stratum, pattern)


def ploidy_classes(header: Header, people: NDArray[np.int64]) -> NDArray[np.int64]:
    """(n,) int64: people with the same ploidy in every segment share a number."""
    columns = []
    for number in range(len(header.segments)):
        present = header.present(number)
        columns.append(present[2 * people].astype(int) + 2 * present[2 * people + 1])
    table = np.stack(columns, axis=1) if columns else np.zeros((len(people), 1), int)
    return np.unique(table, axis=0, return_inverse=True)[1].ravel()


def _spread(pool: NDArray[np.int64], size: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """``size`` of the pool, each as often as any other to within one."""
    place = ((np.arange(size) + rng.random()) * len(pool) / max(size, 1)).astype(int) % len(pool)
    return pool[place]


@dataclass
class _Walk:
    """The walkers of one stratum on one segment, from its pool (sample slots, or people without phase)."""

    pool: NDArray[np.int64]
    slots: NDArray[np.int64]
    walkers: Walkers


@dataclass(frozen=True)
class _Ready:
    """A chunk's rows that leave, as the walks of its segment take them: a pool's alleles and missing calls each."""

    sites: Sites
    first: NDArray[np.uint8]
    where: NDArray[np.float64]
    planes: list[tuple[NDArray[np.uint8], NDArray[np.uint8]]]


@dataclass
class Generator:
    """Streams a store's training haplotypes into synthetic ones.

    block, limit_cm: as in ``options.Options`` (a block of None: the largest). panel: public haplotypes, aligned with
    the store's rows, that walk in every stratum's pool, or None.
    """

    store: Store
    people: NDArray[np.int64]
    survey: Survey
    strata: Strata
    plan: Plan
    genetic: GeneticMap
    block: int | None
    limit_cm: float
    seed: int
    panel: Panel | None = None
    progress: Any = None
    walks: list[_Walk] = field(default_factory=list)

    def run(self, path: Path) -> Header:
        """Write the walkers' haplotypes: slots 2j, 2j+1 of synthetic person j, not yet paired."""
        size = self.plan.size
        header = Header(
            [f"w{number}" for number in range(size)],
            dict(self.store.header.contigs),
            self.store.header.build,
            [],
            {},
            self.store.header.phased,
        )
        header.segments.extend(self._presence(number) for number in range(len(self.store.header.segments)))
        writer = StoreWriter(path, 2 * size)
        for ready, following in self._pairs():
            writer.write(ready.sites, np.packbits(self._emit(ready, following), axis=1))
        writer.close(header)
        return header

    def _pairs(self) -> Iterator[tuple[_Ready, _Ready | None]]:
        """Every chunk with rows that leave, and the next one of its segment."""
        segment, held = -1, None
        if self.panel is not None:
            self.panel.rewind()
        for chunk in self.store.chunks():
            if chunk.sites.segment != segment:
                if held is not None:
                    yield held, None
                segment, held = chunk.sites.segment, None
                self._start(segment)
            keep = self.survey.leaves[chunk.sites.source]
            if self.progress is not None:
                self.progress(len(keep))
            if not keep.any():
                continue
            ready = self._ready(chunk, keep)
            if held is not None:
                yield held, ready
            held = ready
        if held is not None:
            yield held, None

    def _presence(self, segment: int) -> dict[str, Any]:
        present = self.store.header.present(segment)
        people = self.people[self.plan.pattern]
        mine = np.empty(2 * self.plan.size, dtype=bool)
        mine[0::2], mine[1::2] = present[2 * people], present[2 * people + 1]
        contig = self.store.header.segments[segment]["contig"]
        return {"contig": contig, "present": packed_presence(mine)}

    def _start(self, segment: int) -> None:
        present = self.store.header.present(segment)
        self.walks = []
        phased = self.store.header.phased
        for label in range(len(self.strata.names)):
            members = self.people[self.strata.members(label)]
            mine = np.flatnonzero(self.plan.stratum == label)
            rng = seeded_rng(self.seed, "genomics", "walk", segment, label)
            if phased:
                pool = np.stack([2 * members, 2 * members + 1], axis=1).ravel()
                pool = pool[present[pool]]
                slots = np.stack([2 * mine, 2 * mine + 1], axis=1).ravel()
            else:
                pool, slots = members, mine
            extra = 2 * self.panel.people if self.panel is not None else 0
            if len(pool) and len(slots):
                self.walks.append(_Walk(pool, slots, Walkers.begin(len(pool) + extra, len(slots), rng)))

    def _ready(self, chunk: Chunk, keep: NDArray[np.bool_]) -> _Ready:
        rows = np.flatnonzero(keep)
        sites = chunk.sites.take(rows)
        alleles, lost = chunk.alleles()[rows], chunk.missing_mask()
        lost = lost[rows] if lost is not None else None
        where = self.genetic.centimorgans(sites.contig, sites.position)
        first = np.ones(len(rows), np.uint8)
        first[1:] = sites.record[1:] != sites.record[:-1]
        public = self.panel.rows(sites) if self.panel is not None else None
        if self.store.header.phased:
            planes = [_of_pool(alleles, lost, walk_.pool, public) for walk_ in self.walks]
        else:
            first, where = np.repeat(first, 2), np.repeat(where, 2)
            first[1::2] = 0
            planes = [
                (_interleaved(alleles, walk_.pool), _NONE if lost is None else _interleaved(lost, walk_.pool))
                for walk_ in self.walks
            ]
        return _Ready(sites, first, where, planes)

    def _emit(self, ready: _Ready, following: _Ready | None) -> NDArray[np.uint8]:
        emitted = np.zeros((len(ready.sites), 2 * self.plan.size), np.uint8)
        for number, walk_ in enumerate(self.walks):
            planes, lost = ready.planes[number]
            after = planes[:0], ready.where[:0]
            if following is not None:
                ahead, missing = following.planes[number]
                rows = np.flatnonzero(common_rows(ahead, missing))[:AHEAD]
                after = ahead[rows], following.where[rows]
            out = walk(
                walk_.walkers, planes, lost, ready.first, ready.where, after, self.block or USUAL_BLOCK, self.limit_cm
            )
            if self.store.header.phased:
                emitted[:, walk_.slots] = out
            else:
                emitted[:, 2 * walk_.slots] = out[0::2]
                emitted[:, 2 * walk_.slots + 1] = out[1::2]
        return emitted


_NONE = np.zeros((0, 0), np.uint8)


def _of_pool(
    alleles: NDArray[np.uint8],
    lost: NDArray[np.uint8] | None,
    pool: NDArray[np.int64],
    public: NDArray[np.uint8] | None,
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """The alleles and missing calls of a pool's haplotypes, then of a panel's."""
    planes = alleles[:, pool]
    gone = _NONE if lost is None else np.ascontiguousarray(lost[:, pool])
    if public is not None:
        planes = np.concatenate([planes, public], axis=1)
        gone = gone if lost is None else np.pad(gone, ((0, 0), (0, public.shape[1])))
    return np.ascontiguousarray(planes), gone


def _interleaved(planes: NDArray[np.uint8], people: NDArray[np.int64]) -> NDArray[np.uint8]:
    """(rows, slots) to (2 rows, people): a row's first slot of everyone, then its second."""
    both = np.empty((2 * len(planes), len(people)), np.uint8)
    both[0::2] = planes[:, 2 * people]
    both[1::2] = planes[:, 2 * people + 1]
    return both


def paired_chunks(walkers: Store, pairing: dict[int, NDArray[np.int64]]) -> Iterator[tuple[Chunk, NDArray[np.uint8]]]:
    """Each chunk of the walkers with its alleles put in the people's slots."""
    for chunk in walkers.chunks():
        alleles = chunk.alleles()
        order = pairing.get(chunk.sites.segment)
        yield chunk, alleles if order is None else alleles[:, order]
