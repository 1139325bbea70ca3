"""Frames of a picture: reading stored values, showing them as 8 bits, and writing them back without some boxes.

One frame at a time, so that memory does not depend on their number. Native frames are read from the file itself;
compressed ones are decoded by pydicom's handlers. Which boxes to remove is decided in ``pixels``.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anon_pipeline.modalities.imaging import bulk as through
from anon_pipeline.modalities.imaging import encodings as enc
from anon_pipeline.modalities.imaging import rle, writer
from anon_pipeline.modalities.imaging.detect import Box
from anon_pipeline.modalities.imaging.elements import header
from anon_pipeline.modalities.imaging.quarantine import HeldBack
from anon_pipeline.modalities.imaging.stream import Bulk, Instance

Array = NDArray[Any]


class Frames:
    """``shape``: (rows, columns, samples). Arrays are rows x columns (x 3), of stored values; RGB when decoded."""

    def __init__(self, instance: Instance, values: Mapping[int, bytes], picture: Bulk) -> None:
        little = instance.layout.little
        self.instance, self.picture = instance, picture
        self.count = through.frames(values)
        self.samples = through.number(values, 0x00280002, little, 1)
        rows, columns = through.number(values, 0x00280010, little), through.number(values, 0x00280011, little)
        self.shape = (rows, columns, self.samples)
        self.bits = through.number(values, 0x00280100, little)
        self.stored = through.number(values, 0x00280101, little) or self.bits
        self.signed = bool(through.number(values, 0x00280103, little))
        self.photometric = values.get(0x00280004, b"").decode("latin-1").strip("\0 ")
        self.planar = through.number(values, 0x00280006, little)
        self.native = picture.fragments is None
        self.packed422 = False
        self._lut = _grey_lut(values, little) if self.photometric == "PALETTE COLOR" else None
        if self.native:
            length = through.native_extent(values, picture, instance)
            self.size = length // self.count
            self.packed422 = self.photometric in ("YBR_FULL_422", "YBR_PARTIAL_422") and self.size == rows * columns * 2
        if self.samples not in (1, 3) or (self.native and self.bits not in (8, 16, 32)) or not rows or not columns:
            raise HeldBack("pixel_unreadable")

    @property
    def _dtype(self) -> np.dtype[Any]:
        kind = "i" if self.signed else "u"
        return np.dtype(f"{'<' if self.instance.layout.little else '>'}{kind}{self.bits // 8}")

    def native_frame(self, index: int) -> Array:
        """A native frame's stored values as they lie in the file: flat, writable."""
        data = bytearray(self.instance.read(self.picture.offset + index * self.size, self.size))
        if self.bits == 8 and not self.instance.layout.little and self.picture.vr == b"OW":
            data[: len(data) // 2 * 2] = np.frombuffer(data, "<u2", len(data) // 2).byteswap().tobytes()
        return np.frombuffer(data, self._dtype)

    def view(self, flat: Array) -> Array:
        """A native frame as rows x columns (x samples); planes and packed chroma are views or copies."""
        rows, columns, samples = self.shape
        if self.packed422:
            groups = flat[: rows * columns * 2].reshape(rows, columns // 2, 4)
            return groups[:, :, :2].reshape(rows, columns)
        if samples == 1:
            return flat.reshape(rows, columns)
        if self.planar == 1:
            return flat.reshape(samples, rows, columns).transpose(1, 2, 0)
        return flat.reshape(rows, columns, samples)

    def iterate(self, indices: list[int] | None = None) -> Iterator[Array]:
        """Frames as arrays, all of them or those of ``indices``."""
        if self.native:
            for index in indices if indices is not None else range(self.count):
                yield self.view(self.native_frame(index))
            return
        fragments = (self.picture.fragments or [])[1:]
        if self.samples == 1 and self.instance.transfer_syntax == enc.RLE and len(fragments) == self.count:
            rows, columns, _ = self.shape
            for index in indices if indices is not None else range(self.count):
                data = self.instance.read(*fragments[index])
                yield rle.decode(data, rows, columns, self.bits // 8, self.signed)
            return
        from pydicom.pixels import iter_pixels

        try:
            yield from iter_pixels(self.instance.path, indices=indices)
        except HeldBack:
            raise
        except Exception:
            raise HeldBack("pixel_unreadable") from None

    def show(self, frame: Array) -> NDArray[np.uint8]:
        """A frame as 8 bits, rows x columns x 3, its values stretched between the .5 and 99.9 percentiles."""
        if frame.ndim == 3:
            picture = frame if frame.dtype == np.uint8 else _stretch(frame)
            if self.native and self.photometric.startswith("YBR"):
                picture = np.repeat(picture[:, :, :1], 3, axis=2)
        else:
            grey = self._lut[np.minimum(frame, len(self._lut) - 1)] if self._lut is not None else frame
            grey = grey if grey.dtype == np.uint8 and self.stored == 8 else _stretch(grey)
            picture = np.repeat(grey[:, :, None], 3, axis=2)
        return np.ascontiguousarray(picture)

    def fill_value(self, frame: Array) -> Array:
        """What stands in a removed box: the most frequent value of the frame's border, a sample each."""
        edge = np.concatenate((frame[:4].reshape(-1, *frame.shape[2:]), frame[-4:].reshape(-1, *frame.shape[2:])))
        if edge.ndim == 1:
            found, counts = np.unique(edge, return_counts=True)
            return found[counts.argmax()]
        found, counts = np.unique(edge, axis=0, return_counts=True)
        return found[counts.argmax()]

    def without(self, boxes: list[Box], fill: Array) -> list[writer.Part]:
        """Parts for the writer: the pixel element with the boxes filled in every frame."""
        return self._native_parts(boxes, fill) if self.native else self._decoded_parts(boxes, fill)

    def _native_parts(self, boxes: list[Box], fill: Array) -> list[writer.Part]:
        total = self.size * self.count
        layout = self.instance.layout
        vr = self.picture.vr if self.picture.vr in (b"OB", b"OW") else b"OW"
        start = header(self.picture.tag, vr, total + (total & 1), layout)

        def cleaned(index: int) -> bytes:
            flat = self.native_frame(index)
            if self.packed422:
                rows, columns, _ = self.shape
                groups = flat[: rows * columns * 2].reshape(rows, columns // 2, 4)
                for x, y, w, h in boxes:
                    groups[y : y + h, x // 2 : (x + w + 1) // 2, :2] = fill
                    groups[y : y + h, x // 2 : (x + w + 1) // 2, 2:] = 128
            else:
                fill_boxes(self.view(flat), boxes, fill)
            data = flat.tobytes()
            if self.bits == 8 and not layout.little and vr == b"OW":
                data = np.frombuffer(data, "<u2", len(data) // 2).byteswap().tobytes() + data[len(data) // 2 * 2 :]
            return data

        pad = b"\0" if total & 1 else b""
        if self.instance.memory is not None:
            return [start, *[cleaned(index) for index in range(self.count)], pad]

        def stream_out(target: int) -> None:
            for index in range(self.count):
                writer.write_all(target, cleaned(index))
            writer.write_all(target, pad)

        return [start, stream_out]

    def _decoded_parts(self, boxes: list[Box], fill: Array) -> list[writer.Part]:
        rows, columns, samples = self.shape
        size = rows * columns * samples * (1 if self.bits <= 8 else self.bits // 8)
        total = size * self.count
        if total > 0xFFFFFFF0:
            raise HeldBack("too_large")
        start = header(enc.PIXEL_DATA, b"OW" if self.bits > 8 else b"OB", total + (total & 1), enc.EXPLICIT)

        def stream_out(target: int) -> None:
            written = 0
            for decoded in self.iterate():
                frame = decoded.copy()
                fill_boxes(frame, boxes, fill)
                data = frame.astype(frame.dtype.newbyteorder("<"), copy=False).tobytes()
                if len(data) != size:
                    raise HeldBack("pixel_unreadable")
                writer.write_all(target, data)
                written += 1
            if written != self.count:
                raise HeldBack("pixel_length")
            if total & 1:
                os.write(target, b"\0")

        return [start, stream_out]


def fill_boxes(frame: Array, boxes: list[Box], fill: Array) -> None:
    """Fill boxes in place."""
    for x, y, w, h in boxes:
        frame[y : y + h, x : x + w] = fill


def _stretch(values: Array) -> NDArray[np.uint8]:
    sample = values[:: max(1, values.shape[0] // 256), :: max(1, values.shape[1] // 256)]
    low, high = np.percentile(sample, (0.5, 99.9))
    top = float(values.max())
    if high <= low:
        low, high = float(values.min()), top
    if high <= low:
        return np.zeros(values.shape, np.uint8)
    scaled = (values.astype(np.float32) - low) * (255.0 / (high - low))
    return np.clip(scaled, 0, 255).astype(np.uint8)


def _grey_lut(values: Mapping[int, bytes], little: bool) -> NDArray[np.uint8] | None:
    tables = []
    for descriptor, data in ((0x00281101, 0x00281201), (0x00281102, 0x00281202), (0x00281103, 0x00281203)):
        content, shape = values.get(data), values.get(descriptor, b"")
        if not content or len(shape) < 6:
            return None
        order = "<" if little else ">"
        entries = np.frombuffer(shape[:2], order + "u2")[0] or 65536
        wide = len(content) >= 2 * entries
        table = np.frombuffer(content, order + "u2" if wide else "u1")[:entries]
        tables.append((table >> 8 if wide and table.max() > 255 else table).astype(np.uint8))
    length = min(map(len, tables))
    return np.max([t[:length] for t in tables], axis=0)
