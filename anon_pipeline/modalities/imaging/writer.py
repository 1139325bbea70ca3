"""Writing a cleaned instance: zero preamble, new file meta information (PS3.10 section 7.1), elements, pixels.

The engine writes into a temporary folder that it renames; a file that fails is removed. What the bytes are is decided
before they come here.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path

from anon_pipeline.modalities.imaging import encodings as enc
from anon_pipeline.modalities.imaging.elements import encode

IMPLEMENTATION_UID = "2.25.209742116316846529934402216410586135041"
IMPLEMENTATION_VERSION = b"ANON_PIPELINE"
_CHUNK = 4 << 20
Part = bytes | tuple[int, int] | Callable[[int], None]


def file_meta(sop_class: str, sop_instance: str, transfer_syntax: str) -> bytes:
    """Preamble, prefix and group 0002; nothing of the original's is kept."""
    layout = enc.EXPLICIT
    group = b"".join(
        (
            encode(0x00020001, b"OB", b"\0\1", layout),
            encode(0x00020002, b"UI", sop_class.encode(), layout),
            encode(0x00020003, b"UI", sop_instance.encode(), layout),
            encode(0x00020010, b"UI", transfer_syntax.encode(), layout),
            encode(0x00020012, b"UI", IMPLEMENTATION_UID.encode(), layout),
            encode(0x00020013, b"SH", IMPLEMENTATION_VERSION, layout),
        )
    )
    return bytes(128) + b"DICM" + encode(0x00020000, b"UL", len(group).to_bytes(4, "little"), layout) + group


def write(path: Path, meta: bytes, parts: Iterable[Part], source: int, deflate: bool) -> None:
    """Write a file. A part is bytes, a range (offset, length) of the open file ``source``, or a function that writes
    to a file descriptor itself. Raises FileExistsError rather than replace a file."""
    target = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        if deflate:
            # literals only: dicom3tools cannot inflate many streams that hold long matches
            engine = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS, 9, zlib.Z_HUFFMAN_ONLY)
            body = engine.compress(b"".join(p for p in parts if isinstance(p, bytes))) + engine.flush()
            write_all(target, meta + body + (b"\0" if len(body) & 1 else b""))
        else:
            pending = [meta]
            for part in parts:
                if isinstance(part, bytes):
                    pending.append(part)
                    continue
                write_all(target, b"".join(pending))
                pending = []
                if isinstance(part, tuple):
                    copy_range(source, target, *part)
                else:
                    part(target)
            if pending:
                write_all(target, b"".join(pending))
    except BaseException:
        os.close(target)
        path.unlink(missing_ok=True)
        raise
    os.close(target)


def write_all(target: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(target, view) :]


def copy_range(source: int, target: int, offset: int, length: int) -> None:
    """Copy bytes between files without bringing them into this process where the system can."""
    end = offset + length
    while offset < end:
        try:
            done = os.sendfile(target, source, offset, min(_CHUNK * 16, end - offset))
        except OSError:
            done = 0
        if not done:
            block = os.pread(source, min(_CHUNK, end - offset), offset)
            if not block:
                raise OSError("the source file shrank while it was read")
            write_all(target, block)
            done = len(block)
        offset += done
