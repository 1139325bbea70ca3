"""The bytes of a text file as clean UTF-8: decompressed, decoded, and watched for irregular quotes.

Encodings are told by a byte-order mark, else line by line: what is not UTF-8 is taken as Windows-1252 (a superset of
the printable part of Latin-1). A compressed file that ends too early gives what it has and says so. Splitting into
records does not belong here.
"""

from __future__ import annotations

import bz2
import codecs
import gzip
import io
import lzma
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from anon_pipeline.errors import BadInput

CHUNK_BYTES = 4 << 20
LONGEST_LINE = 256 << 20
MAGIC = (
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"PK\x03\x04", "zip"),
)
MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
QUOTE, NEWLINE, RETURN = 34, 10, 13
LITERAL_DELIMITERS = ("\t", "|")


def compression_of(path: Path) -> str | None:
    """By content, not by name: a .csv may be compressed and a .csv.gz may not."""
    with path.open("rb") as stream:
        start = stream.read(6)
    return next((name for magic, name in MAGIC if start.startswith(magic)), None)


def _open(path: Path, compression: str | None) -> Any:
    if compression == "gzip":
        return gzip.open(path, "rb")
    if compression == "bzip2":
        return bz2.open(path, "rb")
    if compression == "xz":
        return lzma.open(path, "rb")
    if compression == "zstd":
        import pyarrow as pa

        return pa.CompressedInputStream(pa.OSFile(str(path)), "zstd")
    if compression is not None:
        raise BadInput(f"{path.name}: {compression} archives are not read")
    return path.open("rb")


class TextBytes(io.RawIOBase):
    """A readable stream of UTF-8 whole lines.

    After reading: ``cut`` (the compressed data ended too early), ``recoded_lines`` (not UTF-8, taken as Windows-1252),
    ``encoding`` ("utf-8", "utf-16", "windows-1252 in part"), ``irregular`` (a quote where CSV does not allow one: what
    a plain reader makes of the file cannot be trusted).
    """

    def __init__(self, path: Path, delimiter: str = "", watch_quotes: bool = False) -> None:
        self.path = path
        self.compression = compression_of(path)
        self.encoding = "utf-8"
        self.cut = False
        self.recoded_lines = 0
        self.irregular = False
        self._stream = _open(path, self.compression)
        self._decoder: codecs.IncrementalDecoder | None = None
        self._rest = b""
        self._ready = b""
        self._position = 0
        self._done = False
        self._started = False
        self._delimiter = ord(delimiter) if delimiter else 0
        self._watch = watch_quotes
        self._quotes = 0
        self._last = NEWLINE
        self._pending_close = False
        self.newlines = 0

    def at_end(self) -> bool:
        """Whether nothing but empty lines is left."""
        while not self._ready[self._position :].strip():
            if self._done:
                return True
            self._ready, self._position = self._next(), 0
        return False

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        if not self.closed:
            self._stream.close()
        super().close()

    def readinto(self, buffer: Any) -> int:
        content = self.read(len(buffer))
        buffer[: len(content)] = content
        return len(content)

    def read(self, size: int | None = -1) -> bytes:
        if size is None or size < 0:
            pieces = []
            while piece := self.read(CHUNK_BYTES):
                pieces.append(piece)
            return b"".join(pieces)
        while self._position >= len(self._ready) and not self._done:
            self._ready, self._position = self._next(), 0
        piece = self._ready[self._position : self._position + size]
        self._position += len(piece)
        return piece

    def readline(self, size: int | None = -1) -> bytes:
        """One line with its end; lines end with a newline only (the streams given out hold whole lines)."""
        while self._position >= len(self._ready):
            if self._done:
                return b""
            self._ready, self._position = self._next(), 0
        end = self._ready.find(b"\n", self._position)
        stop = end + 1 if end >= 0 else len(self._ready)
        piece = self._ready[self._position : stop]
        self._position = stop
        return piece

    def _raw(self) -> bytes:
        """About a chunk; in small reads, so that what comes before a fault in compressed data is not lost with it."""
        pieces: list[bytes] = []
        size = 0
        if self.cut:
            return b""
        try:
            while size < CHUNK_BYTES and (piece := self._stream.read1(CHUNK_BYTES)):
                pieces.append(piece)
                size += len(piece)
        except (EOFError, zlib.error, gzip.BadGzipFile, lzma.LZMAError, OSError, ValueError):
            self.cut = True
        return b"".join(pieces)

    def _next(self) -> bytes:
        """The next whole lines as UTF-8; everything that is left at the end."""
        raw = self._raw()
        if not self._started:
            self._started = True
            for mark, name in MARKS:
                if raw.startswith(mark):
                    self.encoding = name
                    if name == "utf-8":
                        raw = raw[len(mark) :]
                    else:
                        self._decoder = codecs.getincrementaldecoder(name)("replace")
                    break
        ended = not raw
        if self._decoder is not None:
            raw = self._decoder.decode(raw, ended).encode()
        if ended:
            self._done = True
            whole, self._rest = self._rest + raw, b""
        else:
            joined = self._rest + raw
            end = joined.rfind(b"\n") + 1
            whole, self._rest = joined[:end], joined[end:]
            if len(self._rest) > LONGEST_LINE:
                raise BadInput(f"{self.path.name}: a line is longer than {LONGEST_LINE >> 20} MiB")
        whole = self._utf8(whole)
        if b"\r" in whole:
            whole = self._newlines(whole)
        self.newlines += whole.count(b"\n") + (ended and bool(whole) and not whole.endswith(b"\n"))
        if self._watch:
            self._check_quotes(whole, ended)
        return whole

    def _newlines(self, whole: bytes) -> bytes:
        """Old Macintosh ends of lines become newlines; \\r\\n stays."""
        return whole if b"\n" in whole else whole.replace(b"\r", b"\n")

    def _utf8(self, whole: bytes) -> bytes:
        try:
            whole.decode("utf-8")
            return whole
        except UnicodeDecodeError:
            return b"".join(map(self._line, whole.splitlines(keepends=True)))

    def _line(self, line: bytes) -> bytes:
        try:
            line.decode("utf-8")
            return line
        except UnicodeDecodeError:
            self.recoded_lines += 1
            self.encoding = "windows-1252 in part"
            try:
                return line.decode("cp1252").encode()
            except UnicodeDecodeError:
                return line.decode("latin-1").encode()

    def _check_quotes(self, whole: bytes, ended: bool) -> None:
        """Opening quotes follow a delimiter or a line's end, closing ones precede one; doubled quotes are both."""
        content = np.frombuffer(whole, np.uint8)
        places = np.flatnonzero(content == QUOTE) if b'"' in whole else np.empty(0, np.int64)
        if chr(self._delimiter) in LITERAL_DELIMITERS and (len(places) or self._quotes % 2):
            before = np.searchsorted(places, np.flatnonzero(content == NEWLINE)) + self._quotes
            if (before % 2 == 1).any():  # a line break inside quotes: a name that begins with a quote, perhaps
                self.irregular = True
        if self._pending_close and len(content):
            self._pending_close = False
            if content[0] not in (QUOTE, self._delimiter, NEWLINE, RETURN):
                self.irregular = True
        if len(places):
            opening = places[(np.arange(len(places)) + self._quotes) % 2 == 0]
            closing = places[(np.arange(len(places)) + self._quotes) % 2 == 1]
            before = np.where(opening > 0, content[opening - 1], self._last)
            inside = closing[closing + 1 < len(content)]
            after = content[inside + 1]
            fine_open = np.isin(before, (QUOTE, self._delimiter, NEWLINE, RETURN)).all()
            fine_close = np.isin(after, (QUOTE, self._delimiter, NEWLINE, RETURN)).all()
            if not (fine_open and fine_close):
                self.irregular = True
            self._pending_close = bool(len(closing)) and int(closing[-1]) == len(content) - 1
            self._quotes += len(places)
        if len(content):
            self._last = int(content[-1])
        if ended and self._quotes % 2:
            self.irregular = True
