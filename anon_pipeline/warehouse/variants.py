"""The members' genotypes out of a multi-sample VCF: samples renamed to person_id, both parts in one pass.

Samples are found by name (see ``identifiers``) and come out in ascending order of person_id; all sites are kept, so
that both parts have the same ones. What a header or an INFO column may say about patients who are not in the part does
not leave: headers other than definitions, counts over all samples and INFO or FORMAT keys that are not listed here.

Input: VCF 4.x, plain, gzip or BGZF, or BCF. Output: BGZF, which tabix and bcftools read.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anon_pipeline.errors import BadInput
from anon_pipeline.warehouse.progress import progress

if TYPE_CHECKING:
    from anon_pipeline.cohort import Cohort
    from anon_pipeline.keys import Key
    from anon_pipeline.warehouse.extraction import ExtractionReport
    from anon_pipeline.warehouse.identifiers import PersonFinder

INFO_KEYS = frozenset(b"END SVTYPE SVLEN CIPOS CIEND IMPRECISE AA RS VT VRT GENE GENEINFO ANN CSQ EFF CLNSIG".split())
FORMAT_KEYS = frozenset(b"GT GQ DP AD PL GL GP DS PS HQ FT".split())
FIXED_COLUMNS = b"#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT"
BGZF_END = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")
SUFFIXES = (".vcf", ".vcf.gz", ".vcf.bgz", ".bcf")


def extract_variants(
    path: Path, finder: PersonFinder, parts: list[Cohort], report: ExtractionReport, quiet: bool
) -> None:
    """Write ``genomics/cohort.vcf.gz`` of both parts, and fill the report. Raises BadInput for a broken or cut file."""
    lines = _Lines(path)
    try:
        header = _header(lines)
        columns = _columns(header[-1], finder, report.counts, report.quarantined)
        if not any(columns):
            report.absent["genomics"] = "no sample of the VCF is a member"
            return
        _write(lines, header, columns, parts, report, quiet)
    finally:
        lines.close()


def vcf_digest(path: Path, key: Key) -> str:
    """Keyed digest of the whole file."""
    with path.open("rb") as stream:
        own = hashlib.file_digest(stream, "sha256").hexdigest()
    return key.derive("vcf-digests").digest("vcf", own).hex()


def member_samples(path: Path, finder: PersonFinder) -> int:
    """How many samples of the file are members."""
    lines = _Lines(path)
    try:
        return sum(map(len, _columns(_header(lines)[-1], finder, {}, {})))
    finally:
        lines.close()


def vcf_file(source: Path) -> Path:
    """The file itself, or the only VCF of a folder. Raises BadInput when there is none, or more than one."""
    if source.is_dir():
        found = sorted(path for path in source.iterdir() if path.name.lower().endswith(SUFFIXES))
        if len(found) != 1:
            raise BadInput(f"VCF source {source}: one VCF file was expected in the folder, {len(found)} are there")
        return found[0]
    if not source.is_file():
        raise BadInput(f"VCF source {source}: no such file")
    return source


class _Lines:
    """The lines of a VCF, without their ends, whatever its compression. Raises BadInput where it is cut or broken."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.number = 0
        with path.open("rb") as stream:
            magic = stream.read(18)
            self._compressed = magic[:2] == b"\x1f\x8b"
            if magic[12:14] == b"BC" and self._compressed:
                stream.seek(-min(len(BGZF_END), path.stat().st_size), os.SEEK_END)
                if stream.read() != BGZF_END:
                    raise BadInput(f"VCF {path}: cut short (the end mark of BGZF is missing)")
        self._close: list[Any] = []
        self._lines = self._read()

    def _read(self) -> Iterator[bytes]:
        stream = gzip.open(self.path, "rb") if self._compressed else self.path.open("rb")  # noqa: SIM115 (see close)
        self._close.append(stream)
        first = stream.read(3)
        stream.seek(0)
        if first == b"BCF":
            yield from self._read_bcf()
            return
        for line in stream:
            if not line.endswith(b"\n"):
                raise BadInput(f"VCF {self.path}: cut short at line {self.number + 1} (its end is missing)")
            yield line.rstrip(b"\r\n")

    def _read_bcf(self) -> Iterator[bytes]:
        import pysam

        before = pysam.set_verbosity(0)
        try:
            with pysam.VariantFile(str(self.path)) as stream:
                yield from str(stream.header).encode().splitlines()
                for record in stream:
                    yield str(record).encode().rstrip(b"\r\n")
        finally:
            pysam.set_verbosity(before)

    def __iter__(self) -> Iterator[bytes]:
        try:
            for line in self._lines:
                self.number += 1
                yield line
        except (EOFError, zlib.error, gzip.BadGzipFile, OSError, ValueError) as error:
            raise BadInput(
                f"VCF {self.path}: cut short or broken after line {self.number} ({type(error).__name__})"
            ) from None

    def close(self) -> None:
        for stream in self._close:
            stream.close()


def _header(lines: _Lines) -> list[bytes]:
    """The definitions that may leave, rebuilt, and the line of columns."""
    kept = [b"##fileformat=VCFv4.2"]
    for line in lines:
        if lines.number == 1 and not line.startswith(b"##fileformat=VCF"):
            raise BadInput(f"VCF {lines.path}: the first line is not ##fileformat=VCF")
        if line.startswith(FIXED_COLUMNS + b"\t"):
            return [*kept, line]
        if line.startswith(b"#CHROM"):
            raise BadInput(f"VCF {lines.path}: no sample, or other columns than a VCF has (line {lines.number})")
        if not line.startswith(b"##"):
            break
        if definition := _definition(line):
            kept.append(definition)
    raise BadInput(f"VCF {lines.path}: no #CHROM line")


def _definition(line: bytes) -> bytes | None:
    if found := re.match(rb"##contig=<ID=([\w.*:-]+)", line):
        known = re.findall(rb"[,<](length=\d+|assembly=[\w.]+)", line)
        return b"##contig=<" + b",".join([b"ID=" + found.group(1), *known]) + b">"
    if found := re.match(rb"##(INFO|FORMAT)=<ID=([\w.]+),Number=([\w.]+),Type=(\w+)", line):
        kind, name, number, type_ = found.groups()
        if name in (INFO_KEYS if kind == b"INFO" else FORMAT_KEYS):
            return b'##%s=<ID=%s,Number=%s,Type=%s,Description="%s">' % (kind, name, number, type_, name)
        return None
    if found := re.match(rb"##(FILTER|ALT)=<ID=([\w.:*-]+)", line):
        kind, name = found.groups()
        return b'##%s=<ID=%s,Description="%s">' % (kind, name, name)
    return None


def _columns(
    line: bytes, finder: PersonFinder, counts: dict[str, int], quarantined: dict[str, int]
) -> list[list[tuple[int, int]]]:
    """For each part: (person_id, column), ascending. A person who has two samples has none that can be trusted."""
    found: dict[int, list[int]] = {}
    others = ambiguous = 0
    for column, sample in enumerate(line.split(b"\t")[9:], 9):
        name = sample.decode("utf-8", "replace")
        person = finder.find(name)
        if name in finder.ambiguous:
            ambiguous += 1
        elif person is None:
            others += 1
        else:
            found.setdefault(person, []).append(column)
    twice = {person for person, columns in found.items() if len(columns) > 1}
    if ambiguous:
        quarantined["genomics: sample name of two members"] = ambiguous
    if twice:
        quarantined["genomics: member with two samples"] = len(twice)
    counts["genomics/other_samples"] = others
    chosen: list[list[tuple[int, int]]] = [[], []]
    for person in sorted(set(found) - twice):
        chosen[finder.parts[person]].append((person, found[person][0]))
    return chosen


def _write(
    lines: _Lines,
    header: list[bytes],
    columns: list[list[tuple[int, int]]],
    parts: list[Cohort],
    report: ExtractionReport,
    quiet: bool,
) -> None:
    from pysam import BGZFile

    width = header[-1].count(b"\t") + 1
    outputs: list[tuple[Any, list[int]]] = []
    try:
        for part, own in zip(parts, columns, strict=True):
            report.counts[f"genomics/samples_{part.root.name}"] = len(own)
            if own:
                part.vcf.parent.mkdir(mode=0o700)
                stream = BGZFile(str(part.vcf), "wb", None)
                names = b"\t".join(str(person).encode() for person, _ in own)
                stream.write(b"\n".join([*header[:-1], FIXED_COLUMNS + b"\t" + names]) + b"\n")
                outputs.append((stream, [column for _, column in own]))
        records = 0
        for line in progress(lines, "variants", "record", quiet):
            fields = line.split(b"\t")
            if len(fields) != width:
                raise BadInput(f"VCF {lines.path}: line {lines.number} has {len(fields)} columns, not {width}")
            if not fields[1].isdigit():
                raise BadInput(f"VCF {lines.path}: line {lines.number} has no position")
            fields[7] = _info(fields[7])
            if not FORMAT_KEYS.issuperset(fields[8].split(b":")):
                _narrow(fields)
            records += 1
            start = b"\t".join(fields[:9]) + b"\t"
            for stream, chosen in outputs:
                stream.write(start + b"\t".join([fields[column] for column in chosen]) + b"\n")
        report.counts["genomics/variants"] = records
    finally:
        for stream, _ in outputs:
            stream.close()


def _info(text: bytes) -> bytes:
    if text == b".":
        return text
    return b";".join(item for item in text.split(b";") if item.split(b"=", 1)[0] in INFO_KEYS) or b"."


def _narrow(fields: list[bytes]) -> None:
    """Keep the listed FORMAT keys of every sample, in place."""
    keys = fields[8].split(b":")
    kept = [place for place, name in enumerate(keys) if name in FORMAT_KEYS]
    fields[8] = b":".join(keys[place] for place in kept) or b"GT"
    for column in range(9, len(fields)):
        values = fields[column].split(b":")
        fields[column] = b":".join(values[place] for place in kept if place < len(values)) or b"."
