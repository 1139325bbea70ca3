"""The text of a VCF in large pieces: plain, gzip or BGZF. What it says belongs to ``text_records``.

BGZF blocks are inflated one by one and their checksums compared (SAM specification, section 4.1).
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

PIECE = 4 << 20
_HEADER, _TRAILER = 18, 8


class Broken(Exception):
    """The compressed data are cut or damaged."""


def pieces(path: Path) -> Iterator[bytes]:
    """Consecutive parts of the text, of about 4 MB. Raises Broken where the file is cut or damaged."""
    with path.open("rb") as stream:
        start = stream.read(_HEADER)
        stream.seek(0)
        if start[:2] != b"\x1f\x8b":
            while piece := stream.read(PIECE):
                yield piece
        elif start[12:14] == b"BC":
            yield from _bgzf(stream)
        else:
            yield from _gzip(stream)


def _bgzf(stream: BinaryIO) -> Iterator[bytes]:
    parts: list[bytes] = []
    size = 0
    while header := stream.read(_HEADER):
        if len(header) < _HEADER or header[:4] != b"\x1f\x8b\x08\x04" or header[10:14] != b"\x06\x00BC":
            raise Broken
        body = stream.read(int.from_bytes(header[16:18], "little") + 1 - _HEADER)
        try:
            text = zlib.decompress(body[:-_TRAILER], -15)
        except zlib.error:
            raise Broken from None
        checksum, length = int.from_bytes(body[-8:-4], "little"), int.from_bytes(body[-4:], "little")
        if len(text) != length or zlib.crc32(text) != checksum:
            raise Broken
        parts.append(text)
        size += len(text)
        if size >= PIECE:
            yield b"".join(parts)
            parts, size = [], 0
    if parts:
        yield b"".join(parts)


def _gzip(stream: BinaryIO) -> Iterator[bytes]:
    inflate = zlib.decompressobj(31)
    held = b""
    try:
        while True:
            held = held or stream.read(PIECE // 8)
            if not held:
                break
            if inflate.eof:
                inflate = zlib.decompressobj(31)
            text = inflate.decompress(held, PIECE)
            held = inflate.unused_data if inflate.eof else inflate.unconsumed_tail
            if text:
                yield text
    except zlib.error:
        raise Broken from None
    if not inflate.eof:
        raise Broken
