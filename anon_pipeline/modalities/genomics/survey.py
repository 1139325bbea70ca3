"""One pass over a packed store before anything is made: what may leave, the release budget, sites for the PCA.

Memory: a few numbers a window, one byte-flag a row and a bounded sample of sites.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from anon_pipeline.modalities.genomics.contigs import plain_name
from anon_pipeline.modalities.genomics.formats import Locus
from anon_pipeline.modalities.genomics.store import Chunk, Sites, Store

WINDOW_BASES = 1_000_000
WINDOW_SITES = 400
PCA_SITES = 6_000


@dataclass
class Window:
    """One megabase of a contig: its effective number of independent sites, and the mean r^2 between its sites."""

    contig: str
    number: int
    effective: float = 0.0
    correlation: float = 0.0
    rows: int = 0
    first_row: int = 0
    last_row: int = 0


@dataclass
class Survey:
    """What was seen in the training people. ``leaves``: one flag a row of the store, whether its allele may leave.

    sites: rows, contigs and training alleles (sites, slots of training people) of the PCA's sample.
    """

    leaves: NDArray[np.bool_]
    windows: list[Window] = field(default_factory=list)
    pca_source: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    pca_contig: list[str] = field(default_factory=list)
    pca_alleles: NDArray[np.uint8] = field(default_factory=lambda: np.zeros((0, 0), np.uint8))
    dropped_rare: int = 0
    kept: int = 0
    loci_windows: dict[str, tuple[str, int]] = field(default_factory=dict)
    loci_rows: dict[str, int] = field(default_factory=dict)
    loci_alleles: dict[str, NDArray[np.uint8]] = field(default_factory=dict)

    @property
    def effective(self) -> float:
        return float(sum(window.effective for window in self.windows))


def mean_r2(alleles: NDArray[np.uint8]) -> float:
    """The mean r^2 of two different sites of ``alleles`` (sites, haplotypes), less its expectation 1 / haplotypes
    under independence."""
    count, size = alleles.shape
    if count < 2:
        return 0.0
    centred = alleles.astype(np.float32)
    centred -= centred.mean(axis=1, keepdims=True)
    spread = np.sqrt((centred**2).sum(axis=1, keepdims=True))
    centred /= np.maximum(spread, 1e-6)
    squares = (centred @ centred.T) ** 2
    return max((float(squares.sum()) - count) / (count * (count - 1)) - 1.0 / size, 1e-6)


def independent(count: int, correlation: float) -> float:
    """The effective number of independent sites among ``count`` of that mean r^2: m^2 / sum of r^2, the participation
    ratio of the correlation matrix's spectrum. A sample of sites gives the mean r^2, but ``count`` is of all that
    leave: where they are hardly linked (rare alleles), it decides."""
    return 1.0 / (1.0 / count + correlation) if count else 0.0


def effective_sites(alleles: NDArray[np.uint8]) -> float:
    """The effective number of independent sites among ``alleles`` (sites, haplotypes)."""
    return independent(len(alleles), mean_r2(alleles))


class Surveyor:
    """Feeds chunks; ``people`` lists the training samples' numbers."""

    def __init__(self, store: Store, people: NDArray[np.int64], minimum_carriers: int, loci: list[Locus]) -> None:
        self.header = store.header
        self.people = people
        self.minimum = minimum_carriers
        self.slots = np.stack([2 * people, 2 * people + 1], axis=1).ravel()
        self.result = Survey(np.zeros(store.rows, dtype=bool))
        self.step = max(1, store.rows // (2 * PCA_SITES))
        self.common = 0
        self.pca: list[tuple[NDArray[np.int64], str, NDArray[np.uint8]]] = []
        self.held: list[NDArray[np.uint8]] = []
        self.leaving = 0
        self.window: Window | None = None
        self.origin = 0
        self.wanted = {locus.key: locus for locus in loci}

    def run(self, store: Store) -> Survey:
        for chunk in store.chunks():
            self._take(chunk)
        self._close_window()
        result = self.result
        if self.pca:
            result.pca_source = np.concatenate([source for source, _, _ in self.pca])
            result.pca_contig = [contig for source, contig, _ in self.pca for _ in source]
            result.pca_alleles = np.concatenate([alleles for _, _, alleles in self.pca])
        return result

    def _take(self, chunk: Chunk) -> None:
        sites = chunk.sites
        present = self.header.present(sites.segment)[self.slots]
        alleles = chunk.alleles()[:, self.slots]
        lost = chunk.missing_mask()
        known = np.broadcast_to(present, alleles.shape)
        if lost is not None:
            known = known & (lost[:, self.slots] == 0)
        other = (alleles == 0) & known
        carriers = (alleles & known).reshape(len(sites), -1, 2).any(axis=2).sum(axis=1)
        holders = other.reshape(len(sites), -1, 2).any(axis=2).sum(axis=1)
        leaves = (carriers >= self.minimum) & (holders >= self.minimum)
        self.result.leaves[sites.source] = leaves
        self.result.dropped_rare += int((~leaves).sum())
        self.result.kept += int(leaves.sum())
        self._loci(chunk, alleles, leaves)
        count = np.maximum(known.sum(axis=1), 1)
        frequency = (alleles & known).sum(axis=1) / count
        common = leaves & (frequency >= 0.02) & (frequency <= 0.98)
        self._windows(sites, leaves, alleles[:, present])
        if present.all():
            often = np.flatnonzero(common & (frequency >= 0.05) & (frequency <= 0.95))
            often = often[(self.common + np.arange(len(often))) % self.step == 0]
            room = PCA_SITES - sum(len(source) for source, _, _ in self.pca)
            often = often[:room]
            if len(often):
                self.pca.append((sites.source[often], sites.contig, alleles[often]))
            self.common += int(np.count_nonzero(common & (frequency >= 0.05) & (frequency <= 0.95)))

    def _loci(self, chunk: Chunk, alleles: NDArray[np.uint8], leaves: NDArray[np.bool_]) -> None:
        if not self.wanted:
            return
        sites = chunk.sites
        contig = plain_name(sites.contig)
        places = {key[1] for key in self.wanted if key[0] == contig}
        for row in np.flatnonzero(np.isin(sites.position, list(places))):
            key = (contig, int(sites.position[row]), sites.ref[row].upper(), sites.alt[row].upper())
            locus = self.wanted.get(key)
            if locus is not None and leaves[row]:
                self.result.loci_rows[locus.name] = int(sites.source[row])
                self.result.loci_alleles[locus.name] = alleles[row].copy()

    def _windows(self, sites: Sites, leaves: NDArray[np.bool_], alleles: NDArray[np.uint8]) -> None:
        contig = sites.contig
        if self.window is None or self.window.contig != contig:
            self.origin = int(sites.position[0])
        numbers = (sites.position - self.origin) // WINDOW_BASES
        for number in np.unique(numbers):
            rows = np.flatnonzero(numbers == number)
            if self.window is None or (self.window.contig, self.window.number) != (contig, int(number)):
                self._close_window()
                self.window = Window(contig, int(number), first_row=int(sites.source[rows[0]]))
            self.window.rows += len(rows)
            self.window.last_row = int(sites.source[rows[-1]])
            part = alleles[rows[leaves[rows]]]
            self.leaving += len(part)
            self.held.append(part[:: max(1, len(part) // WINDOW_SITES)])
            for name, source in self.result.loci_rows.items():
                if self.window.first_row <= source <= self.window.last_row:
                    self.result.loci_windows[name] = (contig, int(number))

    def _close_window(self) -> None:
        if self.window is None:
            return
        width = self.held[0].shape[1]
        sample = np.concatenate([part for part in self.held if part.shape[1] == width])
        self.held, leaving, self.leaving = [], self.leaving, 0
        if len(sample) > WINDOW_SITES:
            sample = sample[np.linspace(0, len(sample) - 1, WINDOW_SITES).astype(int)]
        self.window.correlation = mean_r2(sample)
        self.window.effective = independent(leaving, self.window.correlation)
        self.result.windows.append(self.window)
        self.window = None


def survey(store: Store, people: NDArray[np.int64], minimum_carriers: int, loci: list[Locus] | None = None) -> Survey:
    """Survey the training people of a store."""
    return Surveyor(store, people, minimum_carriers, loci or []).run(store)


def windows_of_rows(store: Store, surveyed: Survey, kept: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """One flag a row of the store: whether its window is kept."""
    rows = np.zeros(store.rows, dtype=bool)
    for window, keep in zip(surveyed.windows, kept, strict=True):
        if keep:
            rows[window.first_row : window.last_row + 1] = True
    return rows
