"""A patient's images as a vector: scores of the encoder, the body's shape, and the lesion's few numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anon_pipeline.avatars.marginals import ends
from anon_pipeline.modalities.imaging.synthetic import lesion as lesions
from anon_pipeline.modalities.imaging.synthetic.eigen import EigenImages
from anon_pipeline.modalities.imaging.synthetic.grain import fine_grain
from anon_pipeline.modalities.imaging.synthetic.lesion import Lesion
from anon_pipeline.modalities.imaging.synthetic.shape import (
    Box,
    body_box,
    point_from_frame,
    point_to_frame,
    to_frame,
)
from anon_pipeline.modalities.imaging.synthetic.stacks import Stack

SHAPE = ("x", "y", "half_width", "half_height", "spacing", "step")
LESION = ("diameter", "u", "v", "slice", "contrast", "spread")
# The lesion is what the image is about: it counts as several scores when neighbours are looked for.
LESION_WEIGHT = 2.0
LEAST_WHOLE_MM = 5.0
"""From here on lesions are of whole millimetres, as reports tell them: else rounding in the report would blur what
images and reports say of each other."""


@dataclass
class KindModel:
    """Everything learnt of one kind of image. mean, sd: of the raw features, which are standardised by them. grain: the
    patients' fine grain (see ``grain``)."""

    kind: str
    encoder: EigenImages
    mean: NDArray[np.float64]
    sd: NDArray[np.float64]
    fill: float
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    has_lesion: bool
    body_part: str
    grain: float

    @property
    def width(self) -> int:
        return len(self.encoder.scale) + len(self.mean) + int(self.has_lesion)

    @property
    def diameter(self) -> int:
        """Where the lesion's diameter stands in a vector."""
        return len(self.encoder.scale) + len(SHAPE) + LESION.index("diameter")


def learn(kind: str, stacks: list[Stack]) -> KindModel:
    """The model of a kind of image, from the patients' stacks of one shape."""
    fill = -1000.0 if kind == "CT" else float(np.median([s.volume.min() for s in stacks]))
    boxes = [body_box(s.volume, kind) for s in stacks]
    found = [_lesion(s) for s in stacks]
    has_lesion = sum(item is not None for item in found) >= max(10, len(stacks) // 10)
    encoder = EigenImages.fit(np.stack([_frame(s, box, fill) for s, box in zip(stacks, boxes, strict=True)]))
    raw = np.array([_raw(s, b, f, has_lesion) for s, b, f in zip(stacks, boxes, found, strict=True)])
    mean, sd = np.nanmean(raw, axis=0), np.nanstd(raw, axis=0)
    order = np.sort(np.where(np.isfinite(raw), raw, mean), axis=0)
    tail = min(9, len(stacks) // 4)
    low, high = order[tail], order[-1 - tail]
    if has_lesion:
        at = len(SHAPE) + LESION.index("diameter")
        low[at], high[at] = ends(raw[np.isfinite(raw[:, at]), at])
    return KindModel(
        kind, encoder, mean, np.where(sd > 1e-6, sd, 1.0), fill, low, high, has_lesion,
        max(sorted({s.body_part for s in stacks}), key=lambda part: sum(s.body_part == part for s in stacks)),
        float(np.median([fine_grain(s.volume, kind) for s in stacks])),
    )  # fmt: skip


def vector(model: KindModel, stack: Stack) -> NDArray[np.float32]:
    """(width,) one patient's images by the model."""
    box, found = body_box(stack.volume, model.kind), _lesion(stack)
    raw = np.array(_raw(stack, box, found, model.has_lesion))
    scaled = (np.where(np.isfinite(raw), raw, model.mean) - model.mean) / model.sd
    if model.has_lesion:
        scaled[len(SHAPE) :] *= LESION_WEIGHT
        scaled = np.append(scaled, 2.0 if found is not None else -2.0)
    scores = model.encoder.encode(_frame(stack, box, model.fill)[None])[0]
    return np.concatenate([scores, scaled]).astype(np.float32)


def _lesion(stack: Stack) -> Lesion | None:
    return None if stack.mask is None else lesions.measure(stack.volume, stack.mask, stack.spacing)


def _frame(stack: Stack, box: Box, fill: float) -> NDArray[np.float32]:
    """The body without its lesion, in the common frame."""
    clean = stack.volume if stack.mask is None else lesions.without(stack.volume, stack.mask)
    return to_frame(clean, box, fill)


def _raw(stack: Stack, box: Box, found: Lesion | None, has_lesion: bool) -> list[float]:
    shape = [box.x, box.y, box.half_width, box.half_height, stack.spacing, stack.step]
    if not has_lesion:
        return shape
    if found is None:
        return shape + [np.nan] * len(LESION)
    u, v = point_to_frame(found.x, found.y, box)
    return [*shape, found.diameter, u, v, float(found.slice), found.contrast, found.spread]


def read_back(
    model: KindModel, row: NDArray[np.float32]
) -> tuple[NDArray[np.float32], Box, float, float, Lesion | None]:
    """From a vector: scores, body box, spacing, slice step, lesion (None when there is none)."""
    count = len(model.encoder.scale)
    scaled = row[count : count + len(model.mean)].astype(float)
    if model.has_lesion:
        scaled[len(SHAPE) :] /= LESION_WEIGHT
    raw = np.clip(scaled * model.sd + model.mean, model.low, model.high)
    box = Box(*(float(v) for v in raw[:4]))
    spacing, step = float(np.round(max(raw[4], 1e-3), 3)), float(np.round(raw[5], 1))
    if not model.has_lesion or row[-1] <= 0:
        return row[:count], box, spacing, step, None
    x, y = point_from_frame(float(raw[7]), float(raw[8]), box)
    last = model.encoder.shape[0] - 1
    number = int(np.clip(np.round(raw[9]), 0, last))
    diameter = float(np.round(raw[6])) if raw[6] >= LEAST_WHOLE_MM else float(raw[6])
    return row[:count], box, spacing, step, Lesion(diameter, x, y, number, float(raw[10]), float(raw[11]))
