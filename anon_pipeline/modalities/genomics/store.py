"""Packed haplotypes on disk: one Parquet row per (record, ALT allele), its haplotypes as bits. Read by row group.

Slot 2i is the first haplotype of sample i, slot 2i+1 the second (absent where the sample is haploid). Bit order is
that of ``numpy.packbits``. Nothing here knows VCF.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from anon_pipeline.errors import BadInput

SCHEMA_NAME = b"anon-pipeline/packed-haplotypes/1"
ALLELES_A_CHUNK = 4_000_000


@dataclass(frozen=True)
class Sites:
    """Where the rows of one chunk are. ``record`` groups the rows of a multi-allelic record, in order; ``source`` is
    a row's number in the store that was read first, so that a released row is found again."""

    contig: str
    segment: int
    position: NDArray[np.int64]
    record: NDArray[np.int64]
    source: NDArray[np.int64]
    ref: list[str]
    alt: list[str]
    identifier: list[str]

    def __len__(self) -> int:
        return len(self.position)

    def take(self, keep: NDArray[Any]) -> Sites:
        """The rows that a mask or an index names."""
        rows = np.flatnonzero(keep) if keep.dtype == bool else keep
        return Sites(
            self.contig,
            self.segment,
            self.position[rows],
            self.record[rows],
            self.source[rows],
            [self.ref[i] for i in rows],
            [self.alt[i] for i in rows],
            [self.identifier[i] for i in rows],
        )


@dataclass(frozen=True)
class Chunk:
    """Consecutive rows of one segment. bits: (rows, bytes) uint8; missing: the same shape, or None."""

    sites: Sites
    bits: NDArray[np.uint8]
    missing: NDArray[np.uint8] | None
    slots: int

    def alleles(self) -> NDArray[np.uint8]:
        """(rows, slots) uint8 of 0 and 1; missing calls read 0."""
        return np.unpackbits(self.bits, axis=1, count=self.slots)

    def missing_mask(self) -> NDArray[np.uint8] | None:
        """(rows, slots) uint8, 1 where the call is missing."""
        return None if self.missing is None else np.unpackbits(self.missing, axis=1, count=self.slots)


@dataclass(frozen=True)
class Header:
    """What holds for a whole store. ``segments`` lists, per stretch of constant ploidy, its contig and the slots
    that exist there (None: all). ``contigs`` maps names to lengths (0: unknown), in the order of the file."""

    samples: list[str]
    contigs: dict[str, int]
    build: str | None
    segments: list[dict[str, Any]] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    phased: bool = True

    @property
    def slots(self) -> int:
        return 2 * len(self.samples)

    def present(self, segment: int) -> NDArray[np.bool_]:
        """(slots,) which haplotype slots exist in a segment."""
        packed = self.segments[segment]["present"]
        if packed is None:
            return np.ones(self.slots, dtype=bool)
        return np.unpackbits(np.frombuffer(bytes.fromhex(packed), np.uint8), count=self.slots).astype(bool)

    def reordered(self, people: NDArray[np.int64]) -> Header:
        """The same header for the samples in another order."""
        slots = np.stack([2 * people, 2 * people + 1], axis=1).ravel()
        segments = [
            {"contig": segment["contig"], "present": packed_presence(self.present(number)[slots])}
            for number, segment in enumerate(self.segments)
        ]
        samples = [self.samples[number] for number in people]
        return Header(samples, self.contigs, self.build, segments, self.counts, self.phased)


def packed_presence(present: NDArray[np.bool_]) -> str | None:
    """How ``Header.segments`` holds a presence mask."""
    return None if present.all() else np.packbits(present).tobytes().hex()


class StoreWriter:
    """Writes chunks in order; the header goes into the file's metadata at the end, so that counts are final."""

    def __init__(self, path: Path, slots: int) -> None:
        self.path = path
        self.width = (slots + 7) // 8
        bits = pa.binary(self.width)
        self.schema = pa.schema(
            [
                ("contig", pa.string()),
                ("segment", pa.int32()),
                ("position", pa.int64()),
                ("record", pa.int64()),
                ("source", pa.int64()),
                ("ref", pa.string()),
                ("alt", pa.string()),
                ("identifier", pa.string()),
                ("bits", bits),
                ("missing", bits),
            ]
        )
        self.writer = pq.ParquetWriter(
            path, self.schema, compression="lz4", use_dictionary=False, write_statistics=False
        )
        self.rows = 0

    def write(self, sites: Sites, bits: NDArray[np.uint8], missing: NDArray[np.uint8] | None = None) -> None:
        rows = len(sites)
        if not rows:
            return
        columns = [
            pa.array([sites.contig] * rows),
            pa.array(np.full(rows, sites.segment, np.int32)),
            pa.array(sites.position),
            pa.array(sites.record),
            pa.array(sites.source),
            pa.array(sites.ref),
            pa.array(sites.alt),
            pa.array(sites.identifier),
            _fixed(bits, self.width),
            pa.nulls(rows, pa.binary(self.width)) if missing is None else _fixed(missing, self.width),
        ]
        self.writer.write_table(pa.Table.from_arrays(columns, schema=self.schema), row_group_size=rows)
        self.rows += rows

    def close(self, header: Header) -> None:
        content = json.dumps(header.__dict__, sort_keys=True).encode()
        self.writer.add_key_value_metadata({b"anon_pipeline": content, b"schema_name": SCHEMA_NAME})
        self.writer.close()


def _fixed(bits: NDArray[np.uint8], width: int) -> pa.Array:
    data = pa.py_buffer(np.ascontiguousarray(bits))
    return pa.Array.from_buffers(pa.binary(width), len(bits), [None, data])


class Store:
    """A packed store, read by row group: memory does not grow with the number of variants."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.file = pq.ParquetFile(path)
        metadata = self.file.schema_arrow.metadata or {}
        metadata = {**metadata, **(self.file.metadata.metadata or {})}
        if metadata.get(b"schema_name") != SCHEMA_NAME:
            raise BadInput(f"{path.name}: not a packed haplotype store")
        self.header = Header(**json.loads(metadata[b"anon_pipeline"]))

    @property
    def rows(self) -> int:
        return self.file.metadata.num_rows

    def chunks(self) -> Iterator[Chunk]:
        """Every row group in order; a row group never spans two segments."""
        for group in range(self.file.metadata.num_row_groups):
            yield self._chunk(self.file.read_row_group(group))

    def group(self, number: int) -> Chunk:
        """One row group."""
        return self._chunk(self.file.read_row_group(number))

    def spans(self) -> Iterator[tuple[str, int, int]]:
        """Contig, first and last position of every row group."""
        for number in range(self.file.metadata.num_row_groups):
            table = self.file.read_row_group(number, columns=["contig", "position"])
            yield table["contig"][0].as_py(), table["position"][0].as_py(), table["position"][-1].as_py()

    def _chunk(self, table: pa.Table) -> Chunk:
        column = {name: table.column(name).combine_chunks() for name in table.column_names}
        sites = Sites(
            column["contig"][0].as_py(),
            column["segment"][0].as_py(),
            column["position"].to_numpy(),
            column["record"].to_numpy(),
            column["source"].to_numpy(),
            column["ref"].to_pylist(),
            column["alt"].to_pylist(),
            column["identifier"].to_pylist(),
        )
        missing = column["missing"]
        return Chunk(
            sites,
            _bytes(column["bits"]),
            None if missing.null_count == len(missing) else _bytes(missing),
            self.header.slots,
        )


def _bytes(column: pa.Array) -> NDArray[np.uint8]:
    width = column.type.byte_width
    flat = np.frombuffer(column.buffers()[1], np.uint8)
    return flat[column.offset * width : (column.offset + len(column)) * width].reshape(len(column), width)
