"""Blocked gzip and its tabix index, as the SAM and tabix specifications (hts-specs) define them.

Written here so that building a hospital needs no htslib and its bytes do not depend on one. VCF content is made
in ``vcf``.
"""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from types import TracebackType

_BLOCK = 0xFF00
_EOF = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")


def _block(data: bytes, level: int) -> bytes:
    deflate = zlib.compressobj(level, zlib.DEFLATED, -15)
    body = deflate.compress(data) + deflate.flush()
    head = b"\x1f\x8b\x08\x04\0\0\0\0\0\xff\x06\0BC\x02\0" + struct.pack("<H", len(body) + 25)
    return head + body + struct.pack("<II", zlib.crc32(data), len(data))


class BgzfWriter:
    """Writes BGZF; ``tell`` gives the virtual offset of the next byte."""

    def __init__(self, path: Path, level: int = 6) -> None:
        self._stream = path.open("wb")
        self._level = level
        self._pending = bytearray()
        self._written = 0

    def tell(self) -> int:
        return self._written << 16 | len(self._pending)

    def write(self, data: bytes) -> None:
        self._pending += data
        while len(self._pending) >= _BLOCK:
            self._flush(_BLOCK)

    def _flush(self, size: int) -> None:
        block = _block(bytes(self._pending[:size]), self._level)
        del self._pending[:size]
        self._stream.write(block)
        self._written += len(block)

    def __enter__(self) -> BgzfWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pending:
            self._flush(len(self._pending))
        self._stream.write(_EOF)
        self._stream.close()


def _bin(begin: int, end: int) -> int:
    """The smallest bin that holds [begin, end), UCSC scheme with 14 bits."""
    end -= 1
    for shift, offset in ((14, 4681), (17, 585), (20, 73), (23, 9), (26, 1)):
        if begin >> shift == end >> shift:
            return offset + (begin >> shift)
    return 0


class TabixIndex:
    """Collects records in file order and writes a .tbi of VCF preset."""

    def __init__(self) -> None:
        self._names: list[str] = []
        self._bins: list[dict[int, list[list[int]]]] = []
        self._linear: list[dict[int, int]] = []

    def add(self, contig: str, position: int, length: int, start: int, end: int) -> None:
        """A record at 1-based ``position`` of ``length`` bases between two virtual offsets."""
        if not self._names or self._names[-1] != contig:
            self._names.append(contig)
            self._bins.append({})
            self._linear.append({})
        begin = position - 1
        chunks = self._bins[-1].setdefault(_bin(begin, begin + length), [])
        if chunks and chunks[-1][1] == start:
            chunks[-1][1] = end
        else:
            chunks.append([start, end])
        for window in range(begin >> 14, (begin + length - 1 >> 14) + 1):
            self._linear[-1].setdefault(window, start)

    def write(self, path: Path) -> None:
        names = b"".join(name.encode() + b"\0" for name in self._names)
        out = [b"TBI\x01", struct.pack("<8i", len(self._names), 2, 1, 2, 0, ord("#"), 0, len(names)), names]
        for bins, linear in zip(self._bins, self._linear, strict=True):
            out.append(struct.pack("<i", len(bins)))
            for number in sorted(bins):
                out.append(struct.pack("<Ii", number, len(bins[number])))
                out.extend(struct.pack("<QQ", *chunk) for chunk in bins[number])
            size = max(linear) + 1
            offsets, last = [], 0
            for window in range(size):
                last = linear.get(window, last)
                offsets.append(last)
            out.append(struct.pack("<i", size) + struct.pack(f"<{size}Q", *offsets))
        with BgzfWriter(path) as stream:
            stream.write(b"".join(out))
