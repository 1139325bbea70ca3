"""Founder haplotypes: a coalescent with recombination, then drift in four populations.

The sequential Markov coalescent (McVean and Cardin 2005, doi:10.1098/rstb.2005.1673) gives one ancestral pool a region
its allele-frequency spectrum and linkage disequilibrium; a few generations of Wright-Fisher sampling with crossing-over
and new mutations make each population's own. Patients' genomes are drawn from these pools in ``genome``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from anon_pipeline.keys import seeded_rng

ANCESTRAL = 320
POOL = 400
POPULATION_SIZE = 10_000
MUTATION_RATE = 1.25e-8  # a base pair and generation
RECOMBINATION_RATE = 1e-8
DRIFT_GENERATIONS = (14, 24, 8, 40)  # one a stratum: europe, north_africa, west_africa, east_asia
NEW_SITES_A_GENERATION = 6


@dataclass(frozen=True)
class Locus:
    """A declared causal variant (GRCh38, dbSNP)."""

    name: str
    rsid: str
    contig: str
    position: int
    ref: str
    alt: str
    frequency: float


@dataclass(frozen=True)
class Region:
    contig: str
    start: int
    length: int


REGIONS = (Region("chr6", 25_590_000, 1_000_000), Region("chr22", 43_430_000, 1_000_000))
LOCI = {
    "HFE": Locus("HFE", "rs1799945", "chr6", 26_090_951, "C", "G", 0.22),
    "PNPLA3": Locus("PNPLA3", "rs738409", "chr22", 43_928_847, "C", "G", 0.30),
}


@dataclass(frozen=True)
class Founders:
    """One region's pools. positions: (v,) int64 ascending; pools: one (POOL, v) uint8 array a stratum."""

    region: Region
    positions: NDArray[np.int64]
    pools: tuple[NDArray[np.uint8], ...]
    causal: dict[str, int]


class _Tree:
    """A coalescent tree of n leaves as arrays; node 2n-2 need not be the root after recombinations."""

    def __init__(self, n: int, rng: np.random.Generator) -> None:
        self.n = n
        self.rng = rng
        size = 2 * n - 1
        self.parent = np.full(size, -1)
        self.time = np.zeros(size)
        self.children: list[list[int]] = [[] for _ in range(size)]
        active, now = list(range(n)), 0.0
        for node in range(n, size):
            k = len(active)
            now += rng.exponential(2 / (k * (k - 1)))
            self.time[node] = now
            for _ in range(2):
                child = active.pop(int(rng.integers(len(active))))
                self.parent[child] = node
                self.children[node].append(child)
            active.append(node)

    def lengths(self) -> NDArray[np.float64]:
        return np.where(self.parent >= 0, self.time[self.parent] - self.time, 0.0)

    def leaves(self, node: int) -> list[int]:
        found, stack = [], [node]
        while stack:
            current = stack.pop()
            if current < self.n:
                found.append(current)
            else:
                stack.extend(self.children[current])
        return found

    def recombine(self, cumulative: NDArray[np.float64]) -> None:
        """Detach a uniformly chosen point of the tree and let it coalesce again with what remains."""
        rng, parent, time = self.rng, self.parent, self.time
        branch = int(np.searchsorted(cumulative, rng.random() * cumulative[-1], side="right"))
        cut = time[branch] + rng.random() * (time[parent[branch]] - time[branch])
        node = int(parent[branch])
        above = int(parent[node])
        sibling = next(child for child in self.children[node] if child != branch)
        parent[sibling] = above
        if above >= 0:
            self.children[above][self.children[above].index(node)] = sibling
        parent[node] = parent[branch] = -1
        time[node] = -1.0

        later = np.sort(time[self.n :])
        later = later[np.searchsorted(later, cut, side="right") :]
        lineages = np.arange(len(later) + 1, 0, -1)
        edges = np.concatenate([[cut], later])
        hazard = np.concatenate([[0.0], np.cumsum(np.diff(edges) * lineages[:-1])])
        drawn = rng.exponential()
        step = int(np.searchsorted(hazard, drawn, side="right")) - 1
        when = edges[step] + (drawn - hazard[step]) / lineages[step]
        tops = np.where(parent >= 0, time[parent], np.inf)
        present = (time <= when) & (when < tops)
        present[[branch, node]] = False
        target = int(rng.choice(np.flatnonzero(present)))

        over = int(parent[target])
        time[node] = when
        parent[node] = over
        if over >= 0:
            self.children[over][self.children[over].index(target)] = node
        parent[target] = parent[branch] = node
        self.children[node] = [target, branch]


def _ancestral(region: Region, rng: np.random.Generator) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """Positions and alleles (ANCESTRAL, v) of one region under the sequential Markov coalescent."""
    tree = _Tree(ANCESTRAL, rng)
    recombination = 2 * POPULATION_SIZE * RECOMBINATION_RATE  # a base pair and unit of branch (2 N generations)
    mutation = 2 * POPULATION_SIZE * MUTATION_RATE
    place, positions, columns = 0.0, [], []
    while place < region.length:
        cumulative = np.cumsum(tree.lengths())
        step = rng.exponential(1 / (recombination * cumulative[-1]))
        span = min(step, region.length - place)
        count = rng.poisson(mutation * cumulative[-1] * span)
        branches = np.searchsorted(cumulative, rng.random(count) * cumulative[-1], side="right")
        for branch, offset in zip(branches, rng.random(count), strict=True):
            column = np.zeros(ANCESTRAL, np.uint8)
            column[tree.leaves(int(branch))] = 1
            columns.append(column)
            positions.append(region.start + int(place + offset * span))
        place += step
        if place < region.length:
            tree.recombine(cumulative)
    unique, first = np.unique(positions, return_index=True)
    return unique.astype(np.int64), np.array(columns)[first].T.copy()


def _drift(
    ancestral: NDArray[np.uint8], fresh: list[int], generations: int, rng: np.random.Generator
) -> NDArray[np.uint8]:
    """Wright-Fisher generations of POOL haplotypes with one crossing-over in 30 % of them."""
    pool = ancestral[rng.integers(0, len(ancestral), POOL)]
    sites = pool.shape[1]
    for _ in range(generations):
        left, right = rng.integers(0, POOL, (2, POOL))
        cut = np.where(rng.random(POOL) < 0.3, rng.integers(0, sites, POOL), sites)
        pool = np.where(np.arange(sites) < cut[:, None], pool[left], pool[right])
        for _ in range(min(NEW_SITES_A_GENERATION, len(fresh))):
            pool[rng.integers(POOL), fresh.pop()] = 1
    return pool


def _place_causal(locus: Locus, positions: NDArray[np.int64], pools: tuple[NDArray[np.uint8], ...]) -> int:
    """The site near the causal position whose frequencies suit it best; it takes the causal position."""
    frequencies = np.array([pool.mean(axis=0) for pool in pools])
    misfit = np.abs(frequencies - locus.frequency).max(axis=0) + np.abs(positions - locus.position) / 4e5
    return int(np.argmin(misfit))


def free_positions(region: Region, taken: NDArray[np.int64]) -> NDArray[np.int64]:
    """The region's positions without those taken, ascending."""
    free = np.ones(region.length, bool)
    free[taken[(taken >= region.start) & (taken < region.start + region.length)] - region.start] = False
    return region.start + np.flatnonzero(free)


@lru_cache(maxsize=16)
def founders(seed: int, region_number: int) -> Founders:
    """The pools of one region; every hospital with this seed has the same."""
    region = REGIONS[region_number]
    rng = seeded_rng(seed, "founders", region_number)
    positions, ancestral = _ancestral(region, rng)
    free = free_positions(region, positions)
    new = rng.choice(free, sum(DRIFT_GENERATIONS) * NEW_SITES_A_GENERATION, replace=False)
    order = np.argsort(np.concatenate([positions, new]))
    all_positions = np.concatenate([positions, new])[order]
    alleles = np.concatenate([ancestral, np.zeros((ANCESTRAL, len(new)), np.uint8)], axis=1)[:, order]
    fresh = list(rng.permutation(np.flatnonzero(order >= len(positions))))
    pools = tuple(_drift(alleles, fresh, generations, rng) for generations in DRIFT_GENERATIONS)

    kept = np.any([pool.any(axis=0) for pool in pools], axis=0)
    all_positions, pools = all_positions[kept], tuple(pool[:, kept] for pool in pools)
    causal = {}
    for locus in LOCI.values():
        if locus.contig != region.contig:
            continue
        site = _place_causal(locus, all_positions, pools)
        all_positions = all_positions.copy()
        clash = np.flatnonzero(all_positions == locus.position)
        all_positions[clash] += 1
        all_positions[site] = locus.position
        order = np.argsort(all_positions, kind="stable")
        all_positions, pools = all_positions[order], tuple(pool[:, order] for pool in pools)
        causal[locus.name] = int(np.flatnonzero(all_positions == locus.position)[0])
    unique = np.concatenate([[True], np.diff(all_positions) > 0])
    if not unique.all():  # a shifted neighbour met another site: drop the later one
        all_positions, pools = all_positions[unique], tuple(pool[:, unique] for pool in pools)
        causal = {name: int(np.searchsorted(all_positions, LOCI[name].position)) for name in causal}
    return Founders(region, all_positions, pools, causal)
