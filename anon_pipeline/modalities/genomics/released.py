"""The released people's haplotypes: walkers put in their slots, too rare alleles left out, new names."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from anon_pipeline.modalities.genomics.generate import paired_chunks
from anon_pipeline.modalities.genomics.store import Header, Store, StoreWriter


def finish(
    walkers: Store, pairing: dict[int, NDArray[np.int64]], path: Path, minimum_carriers: int, people: int | None = None
) -> int:
    """Write the final store, of the first ``people`` (default: all); returns how many alleles were left out since
    fewer people carry them than may."""
    own = walkers.header if people is None else walkers.header.reordered(np.arange(people))
    header = Header(own.samples, own.contigs, own.build, own.segments, {}, own.phased)
    writer = StoreWriter(path, own.slots)
    dropped = 0
    for chunk, walked in paired_chunks(walkers, pairing):
        present = own.present(chunk.sites.segment)
        alleles = walked[:, : own.slots] & present.astype(np.uint8)
        carriers = alleles.reshape(len(alleles), -1, 2).any(axis=2).sum(axis=1)
        others = ((alleles == 0) & present).reshape(len(alleles), -1, 2).any(axis=2).sum(axis=1)
        keep = (carriers >= minimum_carriers) & (others >= minimum_carriers)
        dropped += int((~keep).sum())
        if keep.any():
            writer.write(chunk.sites.take(keep), np.packbits(alleles[keep], axis=1))
    writer.close(header)
    return dropped


def sample_names(count: int, seed: int) -> list[str]:
    """The avatars' identifiers, the same as in every other modality of the same seed."""
    try:
        from anon_pipeline.avatars.identity import avatar_ids
    except ImportError:
        return [f"AV{number + 1:07d}" for number in range(count)]
    return [str(name) for name in avatar_ids(count, seed)]
