"""The hospital's phased multi-sample VCF: GRCh38 coordinates, samples named by IPP, a header as laboratories leave it.

REF alleles away from the declared loci are drawn, not read from the reference genome. Who inherits what belongs to
``genome`` and ``founders``.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from anon_pipeline.fictional import places
from anon_pipeline.fictional.bgzf import BgzfWriter, TabixIndex
from anon_pipeline.fictional.founders import LOCI, REGIONS, founders
from anon_pipeline.fictional.genome import haplotypes, rare_sites
from anon_pipeline.fictional.population import Population
from anon_pipeline.keys import seeded_rng

CONTIG_LENGTHS = {"chr6": 170_805_979, "chr22": 50_818_468}
INDEL_SHARE = 0.08
_BASES = "ACGT"
_TRANSITION = {"A": "G", "G": "A", "C": "T", "T": "C"}
_FIELDS = np.frombuffer(b"\t0|0\t0|1\t1|0\t1|1", np.uint8).reshape(4, 4)


def header(samples: list[str]) -> bytes:
    """With what a real header betrays: paths, commands, the study, the samples' own lines."""
    lines = [
        "##fileformat=VCFv4.2",
        '##FILTER=<ID=PASS,Description="All filters passed">',
        "##fileDate=20260109",
        "##source=ValbrumeGenotyper-2.3",
        "##reference=file:///srv/genomique/valbrume/refs/GRCh38.p14.fa",
        *(f"##contig=<ID={name},length={length},assembly=GRCh38>" for name, length in CONTIG_LENGTHS.items()),
        '##INFO=<ID=AC,Number=A,Type=Integer,Description="Allele count in genotypes">',
        '##INFO=<ID=AN,Number=1,Type=Integer,Description="Total number of alleles in called genotypes">',
        '##INFO=<ID=AF,Number=A,Type=Float,Description="Allele frequency">',
        '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">',
        f"##cohort={places.HOSPITAL}, projet HEPACARD-7",
        "##bcftools_mergeCommand=merge -l /srv/genomique/valbrume/lots/lot_2026_01.txt -O z",
        "\t".join(["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT", *samples]),
    ]
    return ("\n".join(lines) + "\n").encode()


def alleles(seed: int, contig: str, positions: NDArray[np.int64]) -> list[tuple[str, str, str]]:
    """(ID, REF, ALT) of each position, independent of who carries it."""
    rng = seeded_rng(seed, "alleles", contig)
    known = {locus.position: locus for locus in LOCI.values() if locus.contig == contig}
    base, kind, other = (
        rng.integers(0, 4, len(positions)),
        rng.random(len(positions)),
        rng.integers(1, 4, len(positions)),
    )
    lengths = rng.geometric(0.5, len(positions))
    out = []
    for i, position in enumerate(positions.tolist()):
        if position in known:
            out.append((known[position].rsid, known[position].ref, known[position].alt))
            continue
        ref = _BASES[base[i]]
        if kind[i] < INDEL_SHARE:
            tail = "".join(_BASES[(base[i] + step * other[i]) % 4] for step in range(1, min(lengths[i], 12) + 1))
            out.append((".", ref + tail, ref) if kind[i] < INDEL_SHARE / 2 else (".", ref, ref + tail))
        elif kind[i] < INDEL_SHARE + 0.62:
            out.append((".", ref, _TRANSITION[ref]))
        else:
            alt = _BASES[(base[i] + other[i]) % 4]
            out.append((".", ref, alt))
    return out


def write_vcf(people: list[Population], patients: int, target: Path) -> int:
    """Write ``target`` (.vcf.gz) and its index for the first patients of the blocks; returns the number of variants.

    Variants that nobody carries are left out, so the sites, not the genotypes, depend on the number of patients.
    """
    takes = [min(patients - int(block.number[0]), len(block)) for block in people]
    samples = [str(ipp) for block, take in zip(people, takes, strict=True) for ipp in block.ipp[:take]]
    index, written = TabixIndex(), 0
    with BgzfWriter(target) as stream:
        stream.write(header(samples))
        for number, region in enumerate(REGIONS):
            pool = founders(people[0].seed, number)
            rare, _ = rare_sites(people[0].seed, number)
            positions = np.concatenate([pool.positions, rare])
            labels = alleles(people[0].seed, region.contig, positions)
            genotypes = np.concatenate(
                [haplotypes(b.genomes, number, take) for b, take in zip(people, takes, strict=True)]
            )
            codes = np.ascontiguousarray((2 * genotypes[:, 0] + genotypes[:, 1]).T)
            counts = genotypes.sum(axis=(0, 1), dtype=np.int64)
            for site in np.argsort(positions, kind="stable").tolist():
                if counts[site] == 0:
                    continue
                rsid, ref, alt = labels[site]
                total = 2 * len(samples)
                info = f"AC={counts[site]};AN={total};AF={counts[site] / total:.6g}"
                head = f"{region.contig}\t{positions[site]}\t{rsid}\t{ref}\t{alt}\t.\tPASS\t{info}\tGT"
                start = stream.tell()
                stream.write(head.encode() + _FIELDS[codes[site]].tobytes() + b"\n")
                index.add(region.contig, int(positions[site]), len(ref), start, stream.tell())
                written += 1
    index.write(target.with_name(target.name + ".tbi"))
    return written
