"""VCF or BCF to a packed store, in one streaming pass. Nothing is learnt from the genotypes here.

Text is parsed by ``text_records``; BCF, and text with anything unusual in it, by cyvcf2, with the same result.

Refused with ``BadInput``: a truncated file, records out of order, duplicate samples, unphased genotypes unless asked
for. Left out and counted: filtered records, symbolic and breakend alleles, records with too many missing calls.
"""

from __future__ import annotations

import contextlib
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anon_pipeline.errors import BadInput
from anon_pipeline.modalities.genomics.contigs import build_of, length_of, plain_name
from anon_pipeline.modalities.genomics.inflating import Broken, pieces
from anon_pipeline.modalities.genomics.store import ALLELES_A_CHUNK, Header, Sites, StoreWriter, packed_presence
from anon_pipeline.modalities.genomics.text_records import Fixed, Record, Unusual, records

MAXIMUM_MISSING = 0.1
MAXIMUM_UNPHASED = 0.001
MAXIMUM_SEGMENTS = 16
_BGZF_END = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")
_PLAIN = frozenset("ACGTN")


def read_vcf(source: Path, target: Path, *, unphased: str = "refuse", progress: Any = None) -> Header:
    """Read ``source`` into a packed store at ``target``.

    unphased: ``refuse`` raises BadInput when more than 0.1 % of the heterozygous calls have no phase; ``free`` keeps
    genotypes without phase (the store then holds, per sample, the two bits of its dosage). progress: called with the
    number of records read. Raises BadInput saying what is wrong and at which contig and position.
    """
    if check_whole(source):
        try:
            return _read(source, target, unphased, progress, plain=True)
        except Unusual:
            pass
    return _read(source, target, unphased, progress, plain=False)


def _read(source: Path, target: Path, unphased: str, progress: Any, *, plain: bool) -> Header:
    import cyvcf2

    with silent_htslib():
        try:
            vcf = cyvcf2.VCF(str(source))
        except Exception:
            raise BadInput(f"{source.name}: not a VCF or BCF file that can be read") from None
        reader = _Reader(source.name, vcf, target, unphased, progress)
        try:
            return reader.run(records(source, reader.size) if plain else _through_htslib(vcf))
        except (BadInput, Unusual):
            reader.writer.writer.close()
            target.unlink(missing_ok=True)
            raise
        finally:
            vcf.close()


def check_whole(source: Path) -> bool:
    """Refuse a file that is empty, cut or neither VCF nor BCF; whether it is text."""
    try:
        with source.open("rb") as stream:
            start = stream.read(18)
            stream.seek(0, os.SEEK_END)
            size = stream.tell()
            stream.seek(max(size - len(_BGZF_END), 0))
            end = stream.read()
    except OSError as error:
        raise BadInput(f"{source}: {error.strerror}") from None
    if not start:
        raise BadInput(f"{source.name}: empty file")
    if start[:2] == b"\x1f\x8b":
        if start[12:14] == b"BC" and end != _BGZF_END:
            raise BadInput(f"{source.name}: truncated (the end-of-file block of bgzip is missing)")
        with contextlib.suppress(Broken):
            return next(pieces(source), b"").startswith(b"##fileformat=VCF")
        return False
    if start.startswith(b"##fileformat=VCF"):
        if not end.endswith(b"\n"):
            raise BadInput(f"{source.name}: truncated (the last line has no end)")
        return True
    if start[:3] != b"BCF":
        raise BadInput(f"{source.name}: not a VCF or BCF file")
    return False


@contextmanager
def silent_htslib() -> Iterator[None]:
    """htslib writes to file descriptor 2 and may quote the file's content: keep that out of logs."""
    import sys

    sys.stderr.flush()
    saved = os.dup(2)
    sink = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(sink, 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(sink)


class NoGenotypes(Exception):
    """A record without GT."""


class ManyFold(Exception):
    """A record of more than two alleles a sample; the first argument is how many."""


@dataclass
class _Htslib(Fixed):
    """A record as cyvcf2 gives it, with the same method as ``text_records.Record``."""

    variant: Any

    def calls(self, into: NDArray[np.int8]) -> tuple[int, int]:
        try:
            calls = self.variant.genotype.array()
        except Exception:
            raise NoGenotypes from None
        ploidy = calls.shape[1] - 1
        if ploidy > 2:
            raise ManyFold(ploidy)
        into[0::2] = calls[:, 0]
        into[1::2] = calls[:, 1] if ploidy == 2 else -2
        if ploidy < 2:
            return 0, 0
        het = (calls[:, 0] != calls[:, 1]) & (calls[:, 0] >= 0) & (calls[:, 1] >= 0)
        return int(np.count_nonzero(het)), int(np.count_nonzero(het & (calls[:, 2] == 0)))


def _through_htslib(vcf: Any) -> Iterator[_Htslib]:
    """Every record by cyvcf2. Raises Broken where it cannot go on."""
    iterator = iter(vcf)
    while True:
        try:
            variant = next(iterator)
        except StopIteration:
            return
        except Exception:
            raise Broken from None
        yield _Htslib(
            variant.CHROM, variant.POS, variant.ID or ".", variant.REF, list(variant.ALT), variant.FILTER is None,
            variant,
        )  # fmt: skip


class _Reader:
    def __init__(self, name: str, vcf: Any, target: Path, unphased: str, progress: Any) -> None:
        self.name = name
        self.unphased = unphased
        self.progress = progress
        samples = list(vcf.samples)
        if not samples:
            raise BadInput(f"{name}: no samples")
        if len(set(samples)) != len(samples):
            raise BadInput(f"{name}: two samples have the same name")
        try:
            lengths = dict(zip(vcf.seqnames, vcf.seqlens, strict=True))
        except (AttributeError, ValueError):
            lengths = {}
        build = build_of(lengths)
        self.lengths = lengths
        self.header = Header(samples, {}, build, [], {}, unphased != "free")
        self.size = len(samples)
        self.rows = max(64, min(8192, ALLELES_A_CHUNK // max(2 * self.size, 1)))
        self.calls = np.zeros((self.rows, 2 * self.size), dtype=np.int8)
        self.everyone = np.ones(2 * self.size, dtype=bool)
        self.on_y = False
        self.writer = StoreWriter(target, 2 * self.size)
        self.counts: Counter[str] = Counter()
        self.pending: list[tuple[int, str, list[str], str]] = []
        self.contig: str | None = None
        self.present: NDArray[np.bool_] | None = None
        self.last = 0
        self.het = self.het_unphased = 0

    def run(self, found: Iterable[Record | _Htslib]) -> Header:
        self.counts.update(dict.fromkeys(("records", "filtered", "symbolic", "missing", "rows"), 0))
        try:
            for record in found:
                self._take(record)
        except Broken:
            raise BadInput(f"{self.name}: unreadable or truncated after {self._place()}") from None
        self._flush()
        if not self.counts["records"]:
            raise BadInput(f"{self.name}: no records, or truncated before the first one")
        if not self.counts["rows"]:
            raise BadInput(f"{self.name}: no record can be used (filtered, symbolic or missing: {self._left_out()})")
        if self.unphased == "refuse" and self.het_unphased > MAXIMUM_UNPHASED * max(self.het, 1):
            share = self.het_unphased / max(self.het, 1)
            raise BadInput(
                f"{self.name}: {share:.1%} of the heterozygous genotypes are unphased; phase them first, or ask for "
                "the phase-free mode (--unphased free), which releases unphased genotypes and keeps less LD"
            )
        self.counts["het_unphased"] = int(self.het_unphased)
        self.header.counts.update({key: int(value) for key, value in self.counts.items()})
        self.writer.close(self.header)
        return self.header

    def _left_out(self) -> str:
        return ", ".join(f"{key} {self.counts[key]}" for key in ("filtered", "symbolic", "missing"))

    def _place(self) -> str:
        return f"{self.contig}:{self.last}" if self.contig else "the header"

    def _take(self, record: Record | _Htslib) -> None:
        self.counts["records"] += 1
        if self.progress is not None and not self.counts["records"] & 1023:
            self.progress(1024)
        contig, position = record.contig, record.position
        if contig != self.contig:
            self._flush()
            if contig in self.header.contigs:
                raise BadInput(f"{self.name}: contig {contig} comes back at position {position}: not sorted")
            self.header.contigs[contig] = int(self.lengths.get(contig) or 0) or (
                length_of(contig, self.header.build) or 0
            )
            self.contig, self.present, self.last = contig, None, 0
            self.on_y = plain_name(contig) == "Y"
        if position < self.last:
            raise BadInput(f"{self.name}: {contig}:{position} comes after {contig}:{self.last}: not sorted")
        self.last = position
        if not record.passed:
            self.counts["filtered"] += 1
            return
        if not record.alts or not _PLAIN.issuperset(record.ref.upper()):
            self.counts["symbolic"] += 1
            return
        row = self.calls[len(self.pending)]
        try:
            het, unphased = record.calls(row)
        except NoGenotypes:
            raise BadInput(f"{self.name}: no genotypes (GT) at {contig}:{position}") from None
        except ManyFold as error:
            raise BadInput(
                f"{self.name}: ploidy {error.args[0]} at {contig}:{position}; only haploid and diploid are known"
            ) from None
        present = self._presence(row)
        if present is not self.present and (self.present is None or not np.array_equal(present, self.present)):
            held = row.copy()
            self._flush()
            self._segment(present)
            self.calls[0] = held
        self.het += het
        self.het_unphased += unphased
        self.pending.append((position, record.ref, record.alts, record.identifier))
        if len(self.pending) == self.rows:
            self._flush()

    def _presence(self, row: NDArray[np.int8]) -> NDArray[np.bool_]:
        if row.min() > -2 and not self.on_y:
            return self.everyone
        present = row != -2
        if self.on_y:
            if self.present is not None:
                return self.present
            calls = row >= 0
            keep = calls if calls.any() else present
            keep[1::2] &= row[1::2] >= 0
            return keep
        if self.present is not None:
            alone = (row[0::2] == -1) & ~present[1::2] & self.present[1::2]
            row[1::2][alone] = -1
            present[1::2] |= alone
        return present

    def _segment(self, present: NDArray[np.bool_]) -> None:
        own = sum(segment["contig"] == self.contig for segment in self.header.segments)
        if own >= MAXIMUM_SEGMENTS:
            raise BadInput(f"{self.name}: the ploidy of contig {self.contig} changes from record to record")
        self.present = present
        self.header.segments.append({"contig": self.contig, "present": packed_presence(present)})

    def _flush(self) -> None:
        if not self.pending or self.present is None:
            return
        calls = self.calls[: len(self.pending)]
        absent = calls < 0
        lost = absent & self.present[None, :]
        usable = lost.sum(axis=1) <= MAXIMUM_MISSING * max(int(self.present.sum()), 1)
        self.counts["missing"] += int((~usable).sum())
        if not self.header.phased:
            calls, lost = _without_phase(calls, lost)
        self._write(calls, lost, usable)
        self.pending = []

    def _write(self, calls: NDArray[np.int8], lost: NDArray[np.bool_], usable: NDArray[np.bool_]) -> None:
        rows, numbers = [], []
        base = self.counts["rows_records"]
        for index in np.flatnonzero(usable):
            position, ref, alts, identifier = self.pending[index]
            for number, alt in enumerate(alts, start=1):
                if not _PLAIN.issuperset(alt.upper()):
                    self.counts["symbolic"] += 1
                    continue
                rows.append((position, base + int(index), ref, alt, identifier))
                numbers.append((index, number))
        self.counts["rows_records"] += len(self.pending)
        if not rows:
            return
        where = np.array([index for index, _ in numbers])
        allele = np.array([number for _, number in numbers], dtype=np.int8)
        bits = np.packbits(calls[where] == allele[:, None], axis=1)
        missing = np.packbits(lost[where], axis=1) if lost[where].any() else None
        positions, records, refs, alts_, identifiers = zip(*rows, strict=True)
        sites = Sites(
            self.contig or "",
            len(self.header.segments) - 1,
            np.array(positions, np.int64),
            np.array(records, np.int64),
            np.arange(self.counts["rows"], self.counts["rows"] + len(rows), dtype=np.int64),
            list(refs),
            list(alts_),
            [_public(identifier) for identifier in identifiers],
        )
        self.writer.write(sites, bits, missing)
        self.counts["rows"] += len(rows)
        self.counts["multiallelic"] += int((np.bincount(where)[where] > 1).sum())


def _public(identifier: str) -> str:
    """dbSNP names are public; anything else may be a laboratory's own."""
    return identifier if identifier.startswith("rs") and identifier[2:].isdigit() else "."


def _without_phase(calls: NDArray[np.int8], lost: NDArray[np.bool_]) -> tuple[NDArray[np.int8], NDArray[np.bool_]]:
    """Sort each diploid genotype (0|1 and 1|0 read the same); a half-missing one is missing."""
    first, second = calls[:, 0::2], calls[:, 1::2]
    diploid = (first >= 0) & (second >= 0)
    calls = calls.copy()
    calls[:, 0::2] = np.where(diploid, np.minimum(first, second), first)
    calls[:, 1::2] = np.where(diploid, np.maximum(first, second), second)
    lost = lost.copy()
    either = lost[:, 0::2] | lost[:, 1::2]
    lost[:, 0::2] |= either
    lost[:, 1::2] |= either & (second != -2)
    return calls, lost
