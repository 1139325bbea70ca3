"""Pixels: an abdomen with a liver nodule, an ultrasound frame, a chest film, and text burned into them.

Shapes are analytic and edges are anti-aliased, so that the nodule's diameter in the pixels is the patient's. Headers
belong to ``dicom``; how the diameter is read back to ``variables``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

SIZE = 128
SLICES = 5
SLICE_STEP_MM = 8.0
LIVER_HU, NODULE_HU = 80.0, 140.0
Image = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Abdomen:
    """volume: (SLICES, SIZE, SIZE) int16 Hounsfield units; mask: the nodule, bool, same shape; spacing in mm."""

    volume: NDArray[np.int16]
    mask: NDArray[np.bool_]
    spacing: float


def _inside(x: Image, y: Image, centre: tuple[float, float], radii: tuple[float, float], pixel: float) -> Image:
    """Coverage (0 to 1) of an ellipse, anti-aliased over one pixel."""
    scaled = np.hypot((x - centre[0]) / radii[0], (y - centre[1]) / radii[1])
    return np.clip((1 - scaled) * min(radii) / pixel + 0.5, 0, 1)


def _mix(image: Image, value: float, cover: Image) -> Image:
    return image + (value - image) * cover


def abdomen(lesion_mm: float, rng: np.random.Generator) -> Abdomen:
    """Axial slices through the liver, the middle one through the nodule's centre."""
    spacing = float(np.round(rng.uniform(330, 400) / SIZE, 4))
    axis = (np.arange(SIZE) - (SIZE - 1) / 2) * spacing
    x, y = np.meshgrid(axis, axis)
    wide, deep = rng.uniform(138, 155), rng.uniform(98, 112)
    liver_hu = LIVER_HU + rng.normal(0, 2)
    radius = lesion_mm / 2
    liver = (-64 + rng.normal(0, 2), -12 + rng.normal(0, 2))
    room = (66 - radius) * 0.45, (56 - radius) * 0.45
    angle, distance = rng.uniform(0, 2 * np.pi), np.sqrt(rng.random())
    centre = liver[0] + room[0] * distance * np.cos(angle), liver[1] + room[1] * distance * np.sin(angle)
    volume = np.empty((SLICES, SIZE, SIZE), np.int16)
    mask = np.zeros((SLICES, SIZE, SIZE), bool)
    for k in range(SLICES):
        z = (k - SLICES // 2) * SLICE_STEP_MM
        shrink = 1 - 0.0025 * abs(z)
        image = np.full((SIZE, SIZE), -1000.0)
        image = _mix(image, -100, _inside(x, y, (0, 0), (wide, deep), spacing))
        image = _mix(image, 55, _inside(x, y, (0, 0), (wide - 14, deep - 12), spacing))
        image = _mix(image, -95, _inside(x, y, (0, 0), (wide - 22, deep - 20), spacing))
        image = _mix(image, liver_hu, _inside(x, y, liver, (68 * shrink, 62 * shrink), spacing))
        image = _mix(image, 100, _inside(x, y, (82, 22), (26 * shrink, 36 * shrink), spacing))
        image = _mix(image, 30, _inside(x, y, (48, -42), (34 * shrink, 24 * shrink), spacing))
        image = _mix(image, 260, _inside(x, y, (4, 62), (14, 16), spacing))
        image = _mix(image, 200, _inside(x, y, (8, 34), (11, 11), spacing))
        if abs(z) < radius:
            r = float(np.sqrt(radius**2 - z**2))
            cover = _inside(x, y, centre, (r, r), spacing)
            image = _mix(image, liver_hu + NODULE_HU - LIVER_HU, cover)
            mask[k] = cover >= 0.5
        volume[k] = np.round(image + rng.normal(0, 6, image.shape))
    return Abdomen(volume, mask, spacing)


def ultrasound(lesion_mm: float, rng: np.random.Generator, lines: list[str]) -> NDArray[np.uint8]:
    """(240, 320) 8-bit sector with speckle, a dark nodule, and lines of text burned in."""
    y, x = np.mgrid[0:240, 0:320].astype(float)
    depth = np.hypot(x - 160, y + 30)
    sector = (np.abs(np.arctan2(x - 160, y + 30)) < 0.72) & (depth > 60) & (depth < 255)
    speckle = rng.rayleigh(38, (240, 320)) * (1.15 - depth / 400)
    nodule = np.hypot(x - 160 - rng.uniform(-30, 30), y - 130) < lesion_mm / 2 * 1.2
    image = np.where(sector, np.where(nodule, speckle * 0.35, speckle), 4)
    return _burn(np.clip(image, 0, 255).astype(np.uint8), lines, 250)


def chest(rng: np.random.Generator, large_heart: bool) -> NDArray[np.uint16]:
    """(160, 128) 12-bit film: two lungs, a heart, a spine."""
    y, x = np.mgrid[0:160, 0:128].astype(float)
    image = np.full((160, 128), 2600.0)
    for side in (-1, 1):
        image = _mix(image, 900, _inside(x, y, (64 + side * 27, 78), (20, 48), 2))
    heart = rng.uniform(27, 32) if large_heart else rng.uniform(20, 26)
    image = _mix(image, 2900, _inside(x, y, (70, 98), (heart, 24), 2))
    image = _mix(image, 3200, _inside(x, y, (64, 80), (6, 80), 2))
    image += 60 * np.sin(y / 4.5) * (np.abs(x - 64) < 50)
    return np.clip(image + rng.normal(0, 40, image.shape), 0, 4095).astype(np.uint16)


def screen(lines: list[str]) -> NDArray[np.uint8]:
    """(200, 320) 8-bit secondary capture: white lines of text on black, as a dose report."""
    return _burn(np.zeros((200, 320), np.uint8), lines, 235)


@lru_cache(maxsize=4096)
def _line(text: str) -> NDArray[np.bool_]:
    from PIL import Image as PillowImage
    from PIL import ImageDraw, ImageFont

    font = ImageFont.load_default(size=13)
    width = int(font.getlength(text)) + 4
    canvas = PillowImage.new("L", (width, 17), 0)
    ImageDraw.Draw(canvas).text((1, 0), text, fill=255, font=font)
    return np.asarray(canvas) > 110


def _burn(image: NDArray[np.uint8], lines: list[str], value: int) -> NDArray[np.uint8]:
    for number, text in enumerate(lines):
        drawn = _line(text)[:, : image.shape[1] - 8]
        top = 4 + 18 * number
        drawn = drawn[: max(0, image.shape[0] - top)]
        area = image[top : top + drawn.shape[0], 6 : 6 + drawn.shape[1]]
        area[drawn] = value
    return image
