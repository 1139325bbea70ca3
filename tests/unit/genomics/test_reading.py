"""Reading VCF: what is kept, what is refused, and that no message holds a sample."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pysam
import pytest

from anon_pipeline.errors import BadInput
from anon_pipeline.modalities.genomics import reading
from anon_pipeline.modalities.genomics.reading import read_vcf
from anon_pipeline.modalities.genomics.store import Store
from anon_pipeline.modalities.genomics.text_records import Unusual

HEAD = (
    "##fileformat=VCFv4.2\n##contig=<ID=1,length=248956422>\n##contig=<ID=X,length=156040895>\n"
    '##FILTER=<ID=low,Description="low">\n##FORMAT=<ID=GT,Number=1,Type=String,Description="G">\n'
    "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tCANARY1\tCANARY2\tCANARY3\n"
)


def record(position: int, calls: str, contig: str = "1", ref: str = "A", alt: str = "G", kept: str = "PASS") -> str:
    return "\t".join([contig, str(position), ".", ref, alt, ".", kept, ".", "GT", *calls.split()]) + "\n"


def read(tmp_path: Path, body: str, **options: str) -> Store:
    source = tmp_path / "in.vcf"
    source.write_text(HEAD + body)
    read_vcf(source, tmp_path / "s.parquet", **options)
    return Store(tmp_path / "s.parquet")


def test_biallelic_bits_and_build(tmp_path: Path) -> None:
    store = read(tmp_path, record(10, "0|1 1|1 0|0"))
    chunk = next(store.chunks())
    assert chunk.alleles().tolist() == [[0, 1, 1, 1, 0, 0]]
    assert store.header.build == "GRCh38"


def test_multiallelic_and_indel_become_planes_of_one_record(tmp_path: Path) -> None:
    chunk = next(read(tmp_path, record(10, "0|1 2|1 0|2", ref="AT", alt="A,ATG")).chunks())
    assert chunk.alleles().tolist() == [[0, 1, 0, 1, 0, 0], [0, 0, 1, 0, 0, 1]]
    assert chunk.sites.record[0] == chunk.sites.record[1]
    assert chunk.sites.alt == ["A", "ATG"]


def test_filtered_symbolic_and_missing_are_counted(tmp_path: Path) -> None:
    body = record(5, "0|1 1|1 0|0") + record(6, "0|1 0|0 0|0", kept="low") + record(7, "0|1 0|0 0|0", alt="<DEL>")
    store = read(tmp_path, body + record(8, ".|. 0|1 0|0"))
    assert store.header.counts["filtered"] == 1
    assert store.header.counts["symbolic"] == 1
    assert store.header.counts["missing"] == 1
    assert store.rows == 1


def test_unphased_is_refused_with_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="--unphased free"):
        read(tmp_path, record(5, "0/1 1/1 0/0"))


def test_phase_free_sorts_each_genotype(tmp_path: Path) -> None:
    store = read(tmp_path, record(5, "1/0 1/1 0/1"), unphased="free")
    assert next(store.chunks()).alleles().tolist() == [[0, 1, 1, 1, 0, 1]]
    assert not store.header.phased


def test_haploid_x_starts_a_segment(tmp_path: Path) -> None:
    body = record(5, "0|1 1|1 0|0", contig="X") + record(9, "0 1|1 1", contig="X")
    store = read(tmp_path, body)
    assert [segment["contig"] for segment in store.header.segments] == ["X", "X"]
    assert store.header.present(0).all()
    assert store.header.present(1).tolist() == [True, False, True, True, True, False]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (record(9, "0|1 1|1 0|0") + record(5, "0|1 1|1 0|0"), "1:5 comes after 1:9"),
        (
            record(9, "0|1 1|1 0|0") + record(5, "0|1 1|1 0|0", contig="X") + record(11, "0|1 1|1 0|0"),
            "contig 1 comes back",
        ),
        ("", "no records"),
    ],
)
def test_order_and_emptiness(tmp_path: Path, body: str, said: str) -> None:
    with pytest.raises(BadInput, match=said) as caught:
        read(tmp_path, body)
    assert "CANARY" not in str(caught.value)


def test_truncated_bgzip(tmp_path: Path) -> None:
    whole = tmp_path / "whole.vcf.gz"
    with pysam.BGZFile(str(whole), "wb", None) as stream:
        stream.write((HEAD + "".join(record(n, "0|1 1|1 0|0") for n in range(1, 5000))).encode())
    content = whole.read_bytes()
    (tmp_path / "cut.vcf.gz").write_bytes(content[: len(content) // 2])
    with pytest.raises(BadInput, match="truncated"):
        read_vcf(tmp_path / "cut.vcf.gz", tmp_path / "s.parquet")


def test_truncated_plain_text_and_not_a_vcf(tmp_path: Path) -> None:
    (tmp_path / "cut.vcf").write_text((HEAD + record(5, "0|1 1|1 0|0"))[:-4])
    with pytest.raises(BadInput, match="truncated"):
        read_vcf(tmp_path / "cut.vcf", tmp_path / "s.parquet")
    (tmp_path / "other.vcf").write_text("hello\n")
    with pytest.raises(BadInput, match="not a VCF"):
        read_vcf(tmp_path / "other.vcf", tmp_path / "s.parquet")


def test_plain_gzip_is_read(tmp_path: Path) -> None:
    with gzip.open(tmp_path / "in.vcf.gz", "wt") as stream:
        stream.write(HEAD + record(5, "0|1 1|1 0|0"))
    header = read_vcf(tmp_path / "in.vcf.gz", tmp_path / "s.parquet")
    assert header.counts["rows"] == 1


def test_a_row_group_is_bounded(tmp_path: Path) -> None:
    store = read(tmp_path, "".join(record(n, "0|1 1|1 0|0") for n in range(1, 9001)))
    sizes = [len(chunk.sites) for chunk in store.chunks()]
    assert max(sizes) <= 8192
    assert sum(sizes) == 9000
    assert np.array_equal(np.concatenate([c.sites.source for c in store.chunks()]), np.arange(9000))


PLAIN = (
    record(5, "0|1 1|1 0|0")
    + record(6, "0|1 .|. 0|0", ref="AT", alt="A,ATG")
    + record(7, "0|2 1|1 2|0", ref="AT", alt="A,<DEL>")
    + record(8, "0|1 0|0 0|0", kept="low;other")
    + record(9, "0|1 10|1 0|11", alt=",".join("CGTACGTACGTA"))
    + record(10, "0|. 1|1 0|1", kept=".").replace(".\t.\t.\tGT", "rs7\t.\t.\tGT")
    + record(11, "0|1:7 1|1:. 0|0:12").replace("\tGT\t", "\tGT:DP\t")
    + record(12, "0|1 0|0 0|0", alt=".")
    + record(13, "0/0 1|1 0|1")
    + record(3, "0 1|1 1", contig="X")
    + record(4, "1 0|1 .", contig="X")
)


@pytest.mark.parametrize("unphased", ["refuse", "free"])
def test_text_and_htslib_give_the_same_store(tmp_path: Path, unphased: str) -> None:
    for suffix, kind in ((".vcf.gz", "bgzf"), (".vcf", "plain"), (".gz.vcf.gz", "gzip")):
        source = tmp_path / f"in{suffix}"
        text = (HEAD + PLAIN).encode()
        if kind == "bgzf":
            with pysam.BGZFile(str(source), "wb", None) as stream:
                stream.write(text)
        else:
            source.write_bytes(text if kind == "plain" else gzip.compress(text[:400]) + gzip.compress(text[400:]))
        stores = [tmp_path / f"{name}.parquet" for name in ("text", "htslib")]
        for target, plain in zip(stores, (True, False), strict=True):
            reading._read(source, target, unphased, None, plain=plain)
        assert stores[0].read_bytes() == stores[1].read_bytes()
        assert Store(stores[0]).header.counts["records"] == 11


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (record(5, "0|1|1 1|1|0 0|0|1"), "ploidy 3"),
        (record(5, "7 7 7").replace("\tGT\t", "\tDP\t"), "no genotypes"),
        (record(5, "0|1 1|1"), "truncated after 1:4"),
        (record(5, "0|1 1|1 0|0 0|0"), ""),
        (record(5, "7:0|1 8:1|1 9:0|0").replace("\tGT\t", "\tDP:GT\t"), ""),
        (record(5, "0|1 1|1 0|0").replace("\n", "\r\n"), ""),
    ],
)
def test_what_is_unusual_is_left_to_htslib(tmp_path: Path, line: str, said: str) -> None:
    source = tmp_path / "in.vcf"
    source.write_text(HEAD + record(4, "0|1 1|1 0|0") + line)
    with pytest.raises(Unusual):
        reading._read(source, tmp_path / "s.parquet", "refuse", None, plain=True)
    if said:
        with pytest.raises(BadInput, match=said):
            read_vcf(source, tmp_path / "s.parquet")
        assert not (tmp_path / "s.parquet").exists()
    else:
        assert read_vcf(source, tmp_path / "s.parquet").counts["records"] >= 1


def test_a_lone_dot_is_a_missing_call_of_the_known_ploidy(tmp_path: Path) -> None:
    calls = " ".join(["0|1"] * 3)
    store = read(tmp_path, record(4, calls) + record(5, calls).replace("0|1\t0|1\n", "0|1\t.\n") + record(6, calls))
    assert len(store.header.segments) == 1
    assert store.header.counts["missing"] == 1


def test_a_damaged_block_is_told_with_its_place(tmp_path: Path) -> None:
    source = tmp_path / "in.vcf.gz"
    with pysam.BGZFile(str(source), "wb", None) as stream:
        stream.write((HEAD + "".join(record(n, "0|1 1|1 0|0") for n in range(1, 9000))).encode())
    content = bytearray(source.read_bytes())
    content[-60] ^= 255
    source.write_bytes(bytes(content))
    with pytest.raises(BadInput, match="truncated"):
        read_vcf(source, tmp_path / "s.parquet")


def test_bcf_and_the_older_build(tmp_path: Path) -> None:
    text = HEAD.replace("248956422", "249250621") + record(5, "0|1 1|1 0|0") + record(9, "0|1 .|. 0|0", alt="T")
    (tmp_path / "in.vcf").write_text(text)
    with (
        pysam.VariantFile(str(tmp_path / "in.vcf")) as source,
        pysam.VariantFile(str(tmp_path / "in.bcf"), "wb", header=source.header) as target,
    ):
        for line in source:
            target.write(line)
    header = read_vcf(tmp_path / "in.bcf", tmp_path / "s.parquet")
    assert header.build == "GRCh37"
    assert header.counts["records"] == 2
    assert next(Store(tmp_path / "s.parquet").chunks()).alleles().tolist() == [[0, 1, 1, 1, 0, 0]]
    (tmp_path / "cut.bcf").write_bytes((tmp_path / "in.bcf").read_bytes()[:-40])
    with pytest.raises(BadInput, match="truncated"):
        read_vcf(tmp_path / "cut.bcf", tmp_path / "s.parquet")
