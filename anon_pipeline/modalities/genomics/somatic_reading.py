"""MAF and annotated VCF to patients x genes x consequence classes. Variants themselves are read and forgotten."""

from __future__ import annotations

import gzip
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from anon_pipeline.errors import BadInput

CONSEQUENCES = ("missense", "truncating", "splice", "inframe", "other")
_CLASS = {
    "missense_mutation": "missense",
    "missense_variant": "missense",
    "nonsense_mutation": "truncating",
    "frame_shift_del": "truncating",
    "frame_shift_ins": "truncating",
    "translation_start_site": "truncating",
    "nonstop_mutation": "truncating",
    "stop_gained": "truncating",
    "stop_lost": "truncating",
    "start_lost": "truncating",
    "frameshift_variant": "truncating",
    "transcript_ablation": "truncating",
    "splice_site": "splice",
    "splice_region": "splice",
    "splice_acceptor_variant": "splice",
    "splice_donor_variant": "splice",
    "in_frame_del": "inframe",
    "in_frame_ins": "inframe",
    "inframe_insertion": "inframe",
    "inframe_deletion": "inframe",
    "protein_altering_variant": "inframe",
}
_SILENT = frozenset(
    [
        "silent",
        "synonymous_variant",
        "intron",
        "intron_variant",
        "igr",
        "intergenic_variant",
        "intergenic_region",
        "rna",
        "3'utr",
        "5'utr",
        "3'flank",
        "5'flank",
        "upstream_gene_variant",
        "downstream_gene_variant",
        "lincrna",
        "non_coding_transcript_exon_variant",
        "3_prime_utr_variant",
        "5_prime_utr_variant",
        "targeted_region",
        "de_novo_start_inframe",
        "de_novo_start_outofframe",
    ]
)
_GENE = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]{0,29}$")


@dataclass(frozen=True)
class Mutations:
    """table: (patients, genes, consequences) bool; private_share: share of patients with a variant of their own."""

    people: list[str]
    genes: list[str]
    table: NDArray[np.bool_]
    private_share: float
    counts: dict[str, int] = field(default_factory=dict)


def read_mutations(path: Path, person_of: dict[str, str] | None = None) -> Mutations:
    """Read a MAF (any GDC or TCGA dialect with its three needed columns) or a VCF annotated by VEP or SnpEff.

    Silent and non-coding mutations are counted and left out. Raises BadInput naming what is missing.
    """
    counts: Counter[str] = Counter(records=0, silent=0, no_gene=0)
    people: dict[str, int] = {}
    genes: dict[str, int] = {}
    found: set[tuple[int, int, int]] = set()
    holders: dict[str, set[int]] = {}
    with_records = _vcf(path) if ".vcf" in path.name or path.name.endswith(".bcf") else _maf(path)
    for sample, gene, kind, variant in with_records:
        person = people.setdefault((person_of or {}).get(sample, sample), len(people))
        if variant is None:
            continue
        counts["records"] += 1
        holders.setdefault(variant, set()).add(person)
        if kind.lower() in _SILENT:
            counts["silent"] += 1
        elif not _GENE.match(gene) or gene.lower() == "unknown":
            counts["no_gene"] += 1
        else:
            number = genes.setdefault(gene, len(genes))
            found.add((person, number, CONSEQUENCES.index(_CLASS.get(kind.lower(), "other"))))
    if not people:
        raise BadInput(f"{path.name}: no record")
    if not genes:
        raise BadInput(f"{path.name}: no mutation has a gene; a VCF needs CSQ (VEP) or ANN (SnpEff)")
    table = np.zeros((len(people), len(genes), len(CONSEQUENCES)), dtype=bool)
    if found:
        table[tuple(np.array(sorted(found)).T)] = True
    alone = {next(iter(own)) for own in holders.values() if len(own) == 1}
    return Mutations(list(people), list(genes), table, len(alone) / len(people), dict(counts))


def _maf(path: Path) -> Iterator[tuple[str, str, str, str | None]]:
    try:
        opener = gzip.open if path.open("rb").read(2) == b"\x1f\x8b" else open
        with opener(path, "rt", encoding="utf-8", errors="replace") as stream:
            columns: list[str] | None = None
            for number, line in enumerate(stream, start=1):
                if line.startswith("#") or not line.strip():
                    continue
                parts = line.rstrip("\r\n").split("\t")
                if columns is None:
                    columns = [part.lower() for part in parts]
                    place = _places(path, columns)
                    continue
                if len(parts) < len(columns):
                    raise BadInput(
                        f"{path.name}, line {number}: {len(columns)} columns were expected, {len(parts)} found"
                    )
                gene, kind, sample, *where = (parts[index] for index in place)
                yield sample, gene, kind, "\t".join(where)
    except OSError as error:
        raise BadInput(f"{path.name}: {error.strerror or 'truncated or not gzip'}") from None
    except EOFError:
        raise BadInput(f"{path.name}: truncated") from None


def _places(path: Path, columns: list[str]) -> list[int]:
    needed = ["hugo_symbol", "variant_classification", "tumor_sample_barcode"]
    missing = [name for name in needed if name not in columns]
    if missing:
        raise BadInput(f"{path.name}: not a MAF, columns {missing} are missing")
    variant = ["chromosome", "start_position", "reference_allele", "tumor_seq_allele2"]
    return [columns.index(name) for name in needed] + [columns.index(name) for name in variant if name in columns]


def _vcf(path: Path) -> Iterator[tuple[str, str, str, str | None]]:
    import cyvcf2

    from anon_pipeline.modalities.genomics.reading import check_whole, silent_htslib

    check_whole(path)
    with silent_htslib():
        try:
            vcf = cyvcf2.VCF(str(path))
        except Exception:
            raise BadInput(f"{path.name}: not a VCF or BCF file that can be read") from None
        gene_place, kind_place, tag = _annotation(path, vcf.raw_header)
        samples = list(vcf.samples)
        for sample in samples:
            yield sample, "", "", None
        records = iter(vcf)
        last = "the header"
        while True:
            try:
                variant = next(records)
            except StopIteration:
                return
            except Exception:
                raise BadInput(f"{path.name}: unreadable or truncated after {last}") from None
            last = f"{variant.CHROM}:{variant.POS}"
            annotation = variant.INFO.get(tag)
            if annotation is None or variant.FILTER is not None:
                continue
            parts = str(annotation).split(",")[0].split("|")
            gene = parts[gene_place] if len(parts) > gene_place else ""
            kind = parts[kind_place].split("&")[0] if len(parts) > kind_place else ""
            carriers = (variant.genotype.array()[:, :-1] > 0).any(axis=1)
            name = f"{last}\t{variant.REF}\t{','.join(variant.ALT)}"
            for number in np.flatnonzero(carriers):
                yield samples[number], gene, kind, name


def _annotation(path: Path, header: str) -> tuple[int, int, str]:
    """Where the gene and the consequence stand in the annotation."""
    described = re.search(r"ID=CSQ[^\n]*Format: ([^\"\n]+)", header)
    if described:
        fields = [part.strip() for part in described.group(1).split("|")]
        if "SYMBOL" in fields and "Consequence" in fields:
            return fields.index("SYMBOL"), fields.index("Consequence"), "CSQ"
    if "ID=ANN," in header:
        return 3, 1, "ANN"
    raise BadInput(f"{path.name}: a somatic VCF needs gene annotations: CSQ (VEP) or ANN (SnpEff)")
