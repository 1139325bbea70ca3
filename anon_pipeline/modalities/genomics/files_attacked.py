"""The attacks on a cohort's released VCF, against its training and held-out people, each in a file of its own.

Sites are found again by contig, position and alleles; those that a real file lacks (too many missing calls there) are
left out. The attacks themselves are in ``risk``.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from anon_pipeline.errors import BadInput
from anon_pipeline.keys import seeded_rng
from anon_pipeline.modalities.genomics.attacking import MOST_PEOPLE, MOST_RELEASED, doubled, limits_of, slots_of
from anon_pipeline.modalities.genomics.contigs import plain_name
from anon_pipeline.modalities.genomics.formats import GeneticMap
from anon_pipeline.modalities.genomics.options import Access, Options
from anon_pipeline.modalities.genomics.reading import read_vcf
from anon_pipeline.modalities.genomics.store import Chunk, Store
from anon_pipeline.risk.genomic_data import GenomicChunk
from anon_pipeline.risk.genomic_suite import LEAST_UNSEEN, Outcome, run_attacks

Group = tuple[str, int, int]


class Lookup:
    """Finds a store's rows by contig, position and alleles; asked in the genome's order, it holds few row groups."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.groups: list[Group] = list(store.spans())
        self.held: dict[int, tuple[Chunk, dict[tuple[int, str, str], int]]] = {}

    def alleles(self, chunk: Chunk) -> tuple[NDArray[np.bool_], NDArray[np.uint8]]:
        """(rows of ``chunk``, whether they are here too), and the alleles of those, haploid calls doubled."""
        sites = chunk.sites
        contig, first, last = plain_name(sites.contig), int(sites.position[0]), int(sites.position[-1])
        near = [
            number
            for number, (name, low, high) in enumerate(self.groups)
            if plain_name(name) == contig and low <= last and high >= first
        ]
        self.held = {number: held for number, held in self.held.items() if number in near}
        found = np.zeros(len(sites), dtype=bool)
        alleles = np.zeros((len(sites), self.store.header.slots), np.uint8)
        keys = list(zip(sites.position.tolist(), sites.ref, sites.alt, strict=True))
        for number in near:
            if number not in self.held:
                own = self.store.group(number)
                rows = zip(own.sites.position.tolist(), own.sites.ref, own.sites.alt, strict=True)
                self.held[number] = own, {key: row for row, key in enumerate(rows)}
            own, place = self.held[number]
            pairs = [(row, place[key]) for row, key in enumerate(keys) if key in place and not found[row]]
            if pairs:
                here, there = np.array(pairs).T
                bits = np.unpackbits(own.bits[there], axis=1, count=own.slots)
                alleles[here] = doubled(bits, self.store.header.present(own.sites.segment))
                found[here] = True
        return found, alleles[found]


def attack_files(
    training: Path, held_out: Path, released: Path, options: Options, access: Access, seed: int
) -> Outcome:
    """Run every attack of ``risk.genomic_suite`` on at most 1,000 real people of each file and 10,000 released
    ones, sampled by the seed.

    Raises BadInput when fewer than 30 people are held out or the files share no site.
    """
    work = Path(tempfile.mkdtemp(prefix="anon-pipeline-genomics-"))
    try:

        def read(path: Path, name: str) -> Store:
            read_vcf(path, work / name, unphased=options.unphased)
            return Store(work / name)

        stores = read(training, "training"), read(held_out, "held_out"), read(released, "released")
        return _attack(*stores, options, access, seed)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _attack(training: Store, held_out: Store, released: Store, options: Options, access: Access, seed: int) -> Outcome:
    sizes = [len(store.header.samples) for store in (training, held_out, released)]
    if sizes[1] < LEAST_UNSEEN:
        raise BadInput(f"genomics: {sizes[1]} people are held out, the attacks need at least {LEAST_UNSEEN}")
    rng = seeded_rng(seed, "genomics", "attacked people")
    most = MOST_PEOPLE, MOST_PEOPLE, MOST_RELEASED
    chosen = [slots_of(np.sort(rng.permutation(size)[:few])) for size, few in zip(sizes, most, strict=True)]
    genetic = GeneticMap.read(Path(options.genetic_map)) if options.genetic_map else GeneticMap()

    def chunks() -> Iterator[GenomicChunk]:
        real = Lookup(training), Lookup(held_out)
        for chunk in released.chunks():
            sites = chunk.sites
            found, made = zip(*(lookup.alleles(chunk) for lookup in real), strict=True)
            both = found[0] & found[1]
            if not both.any():
                continue
            own = doubled(chunk.alleles(), released.header.present(sites.segment))[both]
            first, second = (alleles[both[here]] for here, alleles in zip(found, made, strict=True))
            yield GenomicChunk(
                sites.contig,
                genetic.centimorgans(sites.contig, sites.position[both]),
                np.ascontiguousarray(first[:, chosen[0]]),
                np.ascontiguousarray(second[:, chosen[1]]),
                np.ascontiguousarray(own[:, chosen[2]]),
            )

    try:
        return run_attacks(chunks, limits_of(options, access), seed)
    except ValueError:
        raise BadInput("genomics: the released VCF shares no site with the real ones") from None
