"""Following a DICOM byte stream, element by element, without interpreting any value.

``read`` turns a file into a list of top-level elements; the pixels stay where they are, as ranges of the file, so
that memory does not depend on their size. ``items`` and ``elements`` follow nested data sets that are in memory.
What an element means, and whether it may leave, is decided in ``headers``.
"""

from __future__ import annotations

import os
import stat
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from anon_pipeline.modalities.imaging import encodings as enc
from anon_pipeline.modalities.imaging.dictionary import vr_of
from anon_pipeline.modalities.imaging.encodings import Layout
from anon_pipeline.modalities.imaging.quarantine import HeldBack

WHOLE_FILE = 8 << 20
WINDOW = 1 << 20
LARGEST_VALUE = 128 << 20
LARGEST_DEFLATED = 512 << 20
DEEPEST = 24
_TIFF = (b"II*\0", b"II+\0", b"MM\0*", b"MM\0+")  # scanners' own slide formats are TIFF files


class Element(NamedTuple):
    """``raw`` is header and value as in the file (empty for bulk), ``at`` where the value starts in ``raw``."""

    tag: int
    vr: bytes
    raw: bytes
    at: int

    @property
    def value(self) -> bytes:
        return self.raw[self.at :]


class Bulk(NamedTuple):
    """Pixels or another large binary value, left in the file. ``fragments`` is None when native, else (offset, length)
    of each item, the offset table first."""

    tag: int
    vr: bytes
    offset: int
    length: int
    fragments: list[tuple[int, int]] | None


@dataclass
class Instance:
    """One file: its transfer syntax, its top-level elements in ascending order, and its pixels' place."""

    path: Path
    fd: int
    size: int
    transfer_syntax: str
    layout: Layout
    elements: list[Element]
    bulk: list[Bulk] = field(default_factory=list)
    memory: bytes | None = None

    def read(self, offset: int, length: int) -> bytes:
        """Bytes of the (inflated) file."""
        if self.memory is not None:
            return self.memory[offset : offset + length]
        return os.pread(self.fd, length, offset)


class _Window:
    """A view of the file that moves forward; small files are held whole."""

    def __init__(self, fd: int, size: int, memory: bytes | None = None) -> None:
        self.fd, self.size, self.base = fd, size, 0
        if memory is None:
            memory = os.pread(fd, size if size <= WHOLE_FILE else WINDOW, 0)
        self.data = memory

    def need(self, start: int, length: int) -> int:
        """Make [start, start + length) available; returns start's place in ``data``."""
        place = start - self.base
        if place >= 0 and place + length <= len(self.data):
            return place
        if start + length > self.size:
            raise HeldBack("truncated")
        if length > LARGEST_VALUE:
            raise HeldBack("too_large")
        self.data = os.pread(self.fd, max(WINDOW, length), start)
        self.base = start
        if len(self.data) < length:
            raise HeldBack("truncated")
        return 0


def _meta(window: _Window, start: int) -> tuple[str | None, int]:
    """The transfer syntax of the file meta information (PS3.10 section 7.1) and where the data set starts."""
    position, syntax = start, None
    unpack = enc.EXPLICIT.short.unpack_from
    while position + 8 <= window.size:
        place = window.need(position, min(12, window.size - position))
        group, element, vr, length = unpack(window.data, place)
        if group != 2:
            break
        header = 8
        if vr in enc.LONG_VRS:
            place = window.need(position, 12)
            (length,) = enc.EXPLICIT.long.unpack_from(window.data, place + 8)
            header = 12
        elif vr not in enc.SHORT_VRS:
            raise HeldBack("malformed")
        place = window.need(position, header + length)
        if element == 0x10:
            value = window.data[place + header : place + header + length]
            syntax = value.rstrip(b"\0 ").decode("ascii", "replace")
        position += header + length
    return syntax, position


def _sniff(window: _Window, position: int, announced: Layout | None) -> Layout:
    """The layout that the first element really has; some files announce another one."""
    place = window.need(position, 8)
    head = window.data[place : place + 8]
    explicit = head[4:6] in enc.LONG_VRS or head[4:6] in enc.SHORT_VRS
    group = int.from_bytes(head[:2], "little")
    if announced is not None and explicit == announced.explicit:
        plausible = int.from_bytes(head[:2], "little" if announced.little else "big") < 0x0100
        if plausible or group == 0:
            return announced
    little = not (head[0] == 0 and head[1] in (2, 4, 8, 16))
    if not explicit and not little:
        raise HeldBack("malformed")
    return Layout(explicit, little)


def _inflate(fd: int, size: int, start: int) -> bytes:
    engine = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        content = engine.decompress(os.pread(fd, size - start, start), LARGEST_DEFLATED)
    except zlib.error:
        raise HeldBack("malformed") from None
    if engine.unconsumed_tail:
        raise HeldBack("too_large")
    if not engine.eof:
        raise HeldBack("truncated")
    return content


def read(path: Path, fd: int) -> Instance:
    """Follow a whole file. Raises HeldBack when any part of it cannot be understood."""
    status = os.fstat(fd)
    size = status.st_size
    if not stat.S_ISREG(status.st_mode):
        raise HeldBack("unopened")
    if size < 16:
        raise HeldBack("not_dicom")
    window = _Window(fd, size)
    if size >= 132 and window.data[128:132] == b"DICM":
        syntax, start = _meta(window, 132)
        if syntax is None and start >= size:
            raise HeldBack("truncated")
    elif window.data[:2] == b"\x02\0" and window.data[4:6] == b"UL":
        syntax, start = _meta(window, 0)
    elif window.data[:2] in (b"\x08\0", b"\0\x08") or window.data[:6] in (b"\x04\0\0\0UL",):
        syntax, start = None, 0
    else:
        raise HeldBack("whole_slide" if window.data[:4] in _TIFF else "not_dicom")
    if syntax is not None and syntax not in enc.NATIVE and syntax not in enc.ENCAPSULATED:
        raise HeldBack("video" if syntax in enc.VIDEO else "unknown_transfer_syntax")
    if start + 8 > size:
        raise HeldBack("truncated")
    memory = None
    if syntax == enc.DEFLATED:
        memory = _inflate(fd, size, start)
        start, size = 0, len(memory)
        window = _Window(fd, size, memory)
        if size < 8:
            raise HeldBack("truncated")
    elif size <= WHOLE_FILE:
        memory = window.data
    layout = _sniff(window, start, enc.layout_of(syntax) if syntax else None)
    if syntax is None or (syntax in enc.NATIVE and layout != enc.layout_of(syntax) and syntax != enc.DEFLATED):
        syntax = enc.IMPLICIT_LITTLE if not layout.explicit else enc.EXPLICIT_LITTLE
        syntax = syntax if layout.little else enc.EXPLICIT_BIG
    elif layout != enc.layout_of(syntax):
        raise HeldBack("malformed")
    instance = Instance(path, fd, size, syntax, layout, [], [], memory)
    _follow(instance, window, start)
    return instance


def _follow(instance: Instance, window: _Window, position: int) -> None:
    layout, size, out = instance.layout, instance.size, instance.elements
    explicit = layout.explicit
    short, long, implicit = layout.short.unpack_from, layout.long.unpack_from, layout.implicit.unpack_from
    long_vrs, short_vrs, undefined = enc.LONG_VRS, enc.SHORT_VRS, enc.UNDEFINED
    data, base, last, ordered = window.data, window.base, -1, True
    limit = len(data)
    while position < size:
        place = position - base
        if place + 12 > limit or place < 0:
            if position + 8 > size:
                _tail(instance, position)
                break
            place = window.need(position, min(12, size - position))
            data, base = window.data, window.base
            limit = len(data)
        if explicit:
            group, element, vr, length = short(data, place)
            header = 8
            if vr in long_vrs:
                if place + 12 > limit:
                    raise HeldBack("truncated")
                (length,) = long(data, place + 8)
                header = 12
            elif vr not in short_vrs:
                if out and _tail(instance, position):
                    break
                raise HeldBack("unknown_vr")
            tag = group << 16 | element
        else:
            group, element, length = implicit(data, place)
            tag = group << 16 | element
            vr, header = vr_of(tag), 8
        if tag <= last:
            ordered = False
            if group in (0, 0xFFFE) and _tail(instance, position):
                break
        last = tag
        start = position + header
        if group == 0x7FE0 and element != 0:
            bulk, position = _pixels(instance, window, tag, vr, start, length)
            instance.bulk.append(bulk)
            data, base = window.data, window.base
            limit = len(data)
            continue
        if length == undefined:
            end = _undefined_end(window, start, layout if vr != b"UN" else enc.IMPLICIT)
        else:
            end = start + length
        if end - base > limit:
            if end > size:
                raise HeldBack("truncated")
            if vr in enc.BULK_VRS and end - start > WINDOW:
                if vr != b"UN" and group != 0x6000 and not group & 1:
                    raise HeldBack("too_large")
                position = end
                continue  # private or unknown bulk: it would be dropped anyway
            place = window.need(position, end - position)
            data, base = window.data, window.base
            limit = len(data)
        out.append(Element(tag, vr, data[place : end - base], header))
        position = end
    if not ordered:
        first: dict[int, Element] = {}
        for item in out:
            first.setdefault(item.tag, item)
        instance.elements = [first[tag] for tag in sorted(first)]


def _tail(instance: Instance, position: int) -> bool:
    """Whether the rest of the file is mere filling (it is dropped); anything else is held."""
    rest = instance.read(position, min(instance.size - position, 1 << 20))
    if position + len(rest) == instance.size and not rest.strip(b"\0 "):
        return True
    raise HeldBack("trailing_bytes" if instance.bulk or instance.elements else "malformed")


def _pixels(instance: Instance, window: _Window, tag: int, vr: bytes, start: int, length: int) -> tuple[Bulk, int]:
    if length != enc.UNDEFINED:
        if start + length > instance.size:
            raise HeldBack("truncated")
        return Bulk(tag, vr, start, length, None), start + length
    fragments: list[tuple[int, int]] = []
    unpack = instance.layout.implicit.unpack_from
    position = start
    while True:
        place = window.need(position, 8)
        group, element, size = unpack(window.data, place)
        position += 8
        name = group << 16 | element
        if name == enc.SEQUENCE_END:
            return Bulk(tag, vr, start, position - start, fragments), position
        if name != enc.ITEM or size == enc.UNDEFINED:
            raise HeldBack("malformed")
        if position + size > instance.size:
            raise HeldBack("truncated")
        fragments.append((position, size))
        position += size


def _undefined_end(window: _Window, start: int, layout: Layout) -> int:
    """Where a sequence of undefined length ends; the window is grown until it holds the whole of it."""
    length = min(WINDOW, window.size - start)
    while True:
        place = window.need(start, length)
        try:
            return window.base + skip_sequence(window.data, place, layout, 0)
        except HeldBack:
            if start + length >= window.size or window.base + len(window.data) >= window.size:
                raise
            length = min(length * 4, window.size - start)
            if length > LARGEST_VALUE:
                raise HeldBack("too_large") from None


def skip_sequence(data: bytes, position: int, layout: Layout, depth: int) -> int:
    """The end (after the delimiter) of a sequence of undefined length that starts at ``position``."""
    if depth > DEEPEST:
        raise HeldBack("too_deep")
    unpack, limit = layout.implicit.unpack_from, len(data)
    while True:
        if position + 8 > limit:
            raise HeldBack("truncated")
        group, element, length = unpack(data, position)
        position += 8
        name = group << 16 | element
        if name == enc.SEQUENCE_END:
            return position
        if name != enc.ITEM:
            raise HeldBack("malformed")
        position = _skip_item(data, position, layout, depth) if length == enc.UNDEFINED else position + length


def _skip_item(data: bytes, position: int, layout: Layout, depth: int) -> int:
    limit = len(data)
    while True:
        if position + 8 > limit:
            raise HeldBack("truncated")
        tag, vr, header, length = _header(data, position, limit, layout)
        if tag == enc.ITEM_END:
            return position + 8
        position += header
        if length == enc.UNDEFINED:
            position = skip_sequence(data, position, layout if vr != b"UN" else enc.IMPLICIT, depth + 1)
        else:
            position += length


def _header(data: bytes, position: int, limit: int, layout: Layout) -> tuple[int, bytes, int, int]:
    if position + 8 > limit:
        raise HeldBack("truncated")
    group, element, length = layout.implicit.unpack_from(data, position)
    tag = group << 16 | element
    if group == 0xFFFE:
        return tag, b"", 8, length
    if not layout.explicit:
        return tag, vr_of(tag), 8, length
    _, _, vr, length = layout.short.unpack_from(data, position)
    if vr in enc.LONG_VRS:
        if position + 12 > limit:
            raise HeldBack("truncated")
        return tag, vr, 12, layout.long.unpack_from(data, position + 8)[0]
    if vr not in enc.SHORT_VRS:
        raise HeldBack("unknown_vr")
    return tag, vr, 8, length


def elements(data: bytes, layout: Layout, depth: int) -> list[Element]:
    """The elements of one item's data set, in ascending order, the first of each tag."""
    out: list[Element] = []
    position, limit, last, ordered = 0, len(data), -1, True
    while position < limit:
        tag, vr, header, length = _header(data, position, limit, layout)
        if tag >> 16 == 0xFFFE:
            if tag == enc.ITEM_END:
                break
            raise HeldBack("malformed")
        start = position + header
        if length == enc.UNDEFINED:
            end = skip_sequence(data, start, layout if vr != b"UN" else enc.IMPLICIT, depth + 1)
        else:
            end = start + length
        if end > limit:
            raise HeldBack("truncated")
        ordered = ordered and tag > last
        last = tag
        out.append(Element(tag, vr, data[position:end], header))
        position = end
    if not ordered:
        first: dict[int, Element] = {}
        for item in out:
            first.setdefault(item.tag, item)
        return [first[tag] for tag in sorted(first)]
    return out


def items(value: bytes, layout: Layout, depth: int) -> list[bytes]:
    """The data sets of a sequence's items, from the sequence's value (with or without its delimiter)."""
    if depth > DEEPEST:
        raise HeldBack("too_deep")
    out: list[bytes] = []
    position, limit = 0, len(value)
    unpack = layout.implicit.unpack_from
    while position < limit:
        if position + 8 > limit:
            raise HeldBack("truncated")
        group, element, length = unpack(value, position)
        position += 8
        name = group << 16 | element
        if name == enc.SEQUENCE_END:
            break
        if name != enc.ITEM:
            raise HeldBack("malformed")
        if length == enc.UNDEFINED:
            end = _skip_item(value, position, layout, depth)
            out.append(value[position : end - 8])
        else:
            end = position + length
            if end > limit:
                raise HeldBack("truncated")
            out.append(value[position:end])
        position = end
    return out
