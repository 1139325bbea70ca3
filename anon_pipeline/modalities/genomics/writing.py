"""The released VCF: bgzipped, indexed, with a fresh header, new sample names, and AC, AN and AF counted again.

Nothing of the input's header is carried over but contig names and lengths; of its records, only position, alleles and
dbSNP names. What may leave was decided before.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from anon_pipeline.modalities.genomics.store import Chunk, Header

_DIPLOID = {True: "|", False: "/"}


def header_lines(header: Header, samples: list[str]) -> str:
    """The whole VCF 4.3 header."""
    lines = ["##fileformat=VCFv4.3", '##FILTER=<ID=PASS,Description="All filters passed">']
    lines.append("##source=anon-pipeline, synthetic genotypes")
    for contig, length in header.contigs.items():
        extra = f",length={length}" if length else ""
        assembly = f",assembly={header.build}" if header.build and length else ""
        lines.append(f"##contig=<ID={contig}{extra}{assembly}>")
    lines += [
        '##INFO=<ID=AC,Number=A,Type=Integer,Description="Allele count in genotypes">',
        '##INFO=<ID=AN,Number=1,Type=Integer,Description="Total number of alleles in called genotypes">',
        '##INFO=<ID=AF,Number=A,Type=Float,Description="Allele frequency">',
        '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">',
        "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t" + "\t".join(samples),
    ]
    return "\n".join(lines) + "\n"


def write_vcf(
    path: Path, header: Header, samples: list[str], chunks: Iterator[tuple[Chunk, NDArray[np.uint8]]]
) -> dict[str, int]:
    """Write ``path`` (.vcf.gz) and ``path``.tbi. chunks: each chunk with its (rows, slots) alleles in sample order."""
    import pysam

    counts = {"records": 0, "rows": 0}
    with pysam.BGZFile(str(path), "wb", None) as stream:
        stream.write(header_lines(header, samples).encode())
        for chunk, alleles in chunks:
            present = header.present(chunk.sites.segment)
            written = _records(chunk, alleles, present, header.phased)
            counts["records"] += len(written)
            counts["rows"] += len(alleles)
            stream.write(b"".join(written))
    pysam.tabix_index(str(path), preset="vcf", force=True)
    return counts


def _records(chunk: Chunk, alleles: NDArray[np.uint8], present: NDArray[np.bool_], phased: bool) -> list[bytes]:
    sites = chunk.sites
    starts = np.flatnonzero(np.r_[True, sites.record[1:] != sites.record[:-1]])
    ends = np.r_[starts[1:], len(sites)]
    codes = np.zeros((len(starts), alleles.shape[1]), np.uint8)
    for number, (start, end) in enumerate(zip(starts, ends, strict=True)):
        codes[number] = alleles[start]
        for extra in range(start + 1, end):
            codes[number] = np.where(alleles[extra] == 1, extra - start + 1, codes[number])
    text = _genotypes(codes, present, phased)
    total = int(present.sum())
    lines = []
    for number, (start, end) in enumerate(zip(starts, ends, strict=True)):
        counted = alleles[start:end][:, present].sum(axis=1)
        numbers = ",".join(str(int(count)) for count in counted)
        shares = ",".join(f"{count / total:.6g}" for count in counted)
        fixed = (
            f"{sites.contig}\t{sites.position[start]}\t{sites.identifier[start]}\t{sites.ref[start]}\t"
            f"{','.join(sites.alt[start:end])}\t.\tPASS\tAC={numbers};AN={total};AF={shares}\tGT"
        )
        lines.append(fixed.encode() + text[number])
    return lines


def _genotypes(codes: NDArray[np.uint8], present: NDArray[np.bool_], phased: bool) -> list[bytes]:
    """One ``\\t0|1\\t...\\n`` a record, for alleles of one digit by array, otherwise by value."""
    first, second = codes[:, 0::2], codes[:, 1::2]
    has_first, has_second = present[0::2], present[1::2]
    mark = _DIPLOID[phased]
    if codes.max(initial=0) > 9:
        return [_by_value(row, has_first, has_second, mark) for row in codes]
    people = first.shape[1]
    width = np.where(has_second, 4, 2)
    ends = np.cumsum(width)
    begin = ends - width
    text = np.empty((len(codes), int(ends[-1]) + 1 if people else 1), np.uint8)
    text[:, begin] = ord("\t")
    text[:, begin + 1] = np.where(has_first[None, :], first + ord("0"), ord("."))
    both = np.flatnonzero(has_second)
    text[:, begin[both] + 2] = ord(mark)
    text[:, begin[both] + 3] = second[:, both] + ord("0")
    text[:, -1] = ord("\n")
    return [row.tobytes() for row in text]


def _by_value(row: NDArray[np.uint8], has_first: NDArray[np.bool_], has_second: NDArray[np.bool_], mark: str) -> bytes:
    parts = []
    for person in range(len(has_first)):
        if not has_first[person]:
            parts.append(".")
        elif has_second[person]:
            parts.append(f"{row[2 * person]}{mark}{row[2 * person + 1]}")
        else:
            parts.append(str(row[2 * person]))
    return ("\t" + "\t".join(parts) + "\n").encode()
