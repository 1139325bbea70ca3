"""A public phased panel that dilutes the pool: its haplotypes walk beside the training people's, row by row.

Only alleles that the panel has too serve; others are dropped from the release when a panel is used, since a haplotype
pool with holes would mark the training people. Memory: one chunk of the panel at a time.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from anon_pipeline.errors import BadInput
from anon_pipeline.modalities.genomics.contigs import plain_name
from anon_pipeline.modalities.genomics.reading import read_vcf
from anon_pipeline.modalities.genomics.store import Chunk, Sites, Store, StoreWriter

Row = tuple[tuple[int, str, str], NDArray[np.uint8]]


class Panel:
    """A panel aligned with a store. ``people``: how many; ``shared``: one flag a row of the store."""

    def __init__(self, aligned: Store, shared: NDArray[np.bool_], people: int) -> None:
        self.store = aligned
        self.shared = shared
        self.people = people
        self.chunks: Iterator[Chunk] = iter(())
        self.held: Chunk | None = None

    def rewind(self) -> None:
        self.chunks = self.store.chunks()
        self.held = next(self.chunks, None)

    def rows(self, sites: Sites) -> NDArray[np.uint8]:
        """(rows, 2 x people) the panel's alleles at ``sites``, which must be asked for in order."""
        parts, start = [], 0
        while start < len(sites):
            held = self.held
            if held is None:
                raise BadInput("panel: a site was asked for out of order")
            if held.sites.source[-1] < sites.source[start]:
                self.held = next(self.chunks, None)
                continue
            end = int(np.searchsorted(sites.source, held.sites.source[-1], side="right"))
            rows = np.searchsorted(held.sites.source, sites.source[start:end])
            parts.append(np.unpackbits(held.bits[rows], axis=1, count=held.slots))
            start = end
        return np.concatenate(parts)


def read_panel(path: Path, store: Store, work: Path) -> Panel:
    """Read a panel and align it with a store: by contig, position and alleles, in one pass over both.

    Raises BadInput when it is unphased, shares no allele, or has haploid contigs where the store is diploid.
    """
    if not path.is_file():
        raise BadInput(f"panel {path}: no such file")
    raw = work / "panel-read.parquet"
    header = read_vcf(path, raw)
    panel = Store(raw)
    shared = np.zeros(store.rows, dtype=bool)
    writer = StoreWriter(work / "panel.parquet", header.slots)
    ahead = _ByContig(panel)
    for chunk in store.chunks():
        sites = chunk.sites
        found = ahead.between(plain_name(sites.contig), int(sites.position[0]), int(sites.position[-1]))
        keep, bits = [], []
        for row in range(len(sites)):
            held = found.get((int(sites.position[row]), sites.ref[row], sites.alt[row]))
            if held is not None:
                keep.append(row)
                bits.append(held)
        if keep:
            rows = np.array(keep)
            shared[sites.source[rows]] = True
            writer.write(sites.take(rows), np.stack(bits))
    writer.close(header)
    raw.unlink()
    if not shared.any():
        raise BadInput(f"panel {path.name}: no allele in common with the input (another build?)")
    return Panel(Store(work / "panel.parquet"), shared, len(header.samples))


class _ByContig:
    """Looks ahead in a panel that has its contigs in any order: one index of row groups, one group read at a time."""

    def __init__(self, panel: Store) -> None:
        self.panel = panel
        self.groups: list[tuple[str, int, int]] = []
        for chunk in panel.chunks():
            sites = chunk.sites
            if not panel.header.present(sites.segment).all():
                self.groups.append(("", 0, 0))
                continue
            self.groups.append((plain_name(sites.contig), int(sites.position[0]), int(sites.position[-1])))
        self.read: dict[int, dict[tuple[int, str, str], NDArray[np.uint8]]] = {}

    def between(self, contig: str, first: int, last: int) -> dict[tuple[int, str, str], NDArray[np.uint8]]:
        found: dict[tuple[int, str, str], NDArray[np.uint8]] = {}
        wanted = [
            n for n, (name, low, high) in enumerate(self.groups) if name == contig and low <= last and high >= first
        ]
        self.read = {number: held for number, held in self.read.items() if number in wanted}
        for number in wanted:
            if number not in self.read:
                chunk = self.panel.group(number)
                sites = chunk.sites
                self.read[number] = {
                    (int(sites.position[row]), sites.ref[row], sites.alt[row]): chunk.bits[row]
                    for row in range(len(sites))
                }
            found.update(self.read[number])
        return found
