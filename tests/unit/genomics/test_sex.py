"""X, Y and MT: a synthetic person is haploid or diploid as real people are, and X agrees with Y."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pysam
from numpy.typing import NDArray

from anon_pipeline.modalities.genomics.engine import Request, synthesize_vcf


def test_ploidy_is_consistent(tmp_path: Path, small: NDArray[np.uint8]) -> None:
    people = 510
    male = np.arange(people) % 2 == 0
    lines = [
        "##fileformat=VCFv4.2",
        '##FORMAT=<ID=GT,Number=1,Type=String,Description="G">',
        "##contig=<ID=X>",
        "##contig=<ID=Y>",
        "##contig=<ID=MT>",
        "\t".join(
            ["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT"] + [f"s{n}" for n in range(people)]
        ),
    ]
    for contig in ("X", "Y", "MT"):
        for site in range(25):
            pairs = small[site].reshape(-1, 2)[:people]
            if contig == "X":
                calls = [f"{a}" if man else f"{a}|{b}" for (a, b), man in zip(pairs, male, strict=True)]
            elif contig == "Y":
                calls = [f"{a}" if man else "." for (a, _), man in zip(pairs, male, strict=True)]
            else:
                calls = [f"{a}" for a, _ in pairs]
            lines.append("\t".join([contig, str(10 + site), ".", "A", "G", ".", "PASS", ".", "GT", *calls]))
    source = tmp_path / "in.vcf"
    source.write_text("\n".join(lines) + "\n")
    report = synthesize_vcf(Request(source, tmp_path / "out.vcf.gz", seed=1))
    assert report["verdict"]["passed"]
    ploidy: dict[str, set[tuple[int, ...]]] = {}
    with pysam.VariantFile(str(tmp_path / "out.vcf.gz")) as vcf:
        for record in vcf:
            row = tuple(sum(a is not None for a in sample.allele_indices or ()) for sample in record.samples.values())
            ploidy.setdefault(record.chrom, set()).add(row)
    assert all(len(rows) == 1 for rows in ploidy.values())
    on_x, on_y, on_mt = (np.array(next(iter(ploidy[contig]))) for contig in ("X", "Y", "MT"))
    assert set(on_mt) == {1}
    assert set(on_x) == {1, 2}
    assert np.array_equal(on_x == 1, on_y == 1)
    assert abs(int((on_x == 1).sum()) - int(male.sum())) <= 3
