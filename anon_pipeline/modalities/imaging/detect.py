"""Finding what may be burned-in text, cheaply and without reading it: OpenCV only, about .02 CPU-s a frame.

Two looks at an 8-bit grey picture (rows x columns): small marks on a flat background (``flat_groups``), which outside
the anatomy are text or graphics, and strokes of high gradient that line up (``stroke_lines``), also inside it. Boxes
are (x, y, width, height) in pixels. Reading belongs to ``ocr``, deciding to ``pixels``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Box = tuple[int, int, int, int]
Grey = NDArray[np.uint8]
CONTRAST = 28
SMALLEST, TALLEST = 5, 72


def background(grey: Grey) -> int:
    """The value of the flat background: the most frequent one on the picture's border, else in all of it."""
    edge = np.concatenate((grey[:4].ravel(), grey[-4:].ravel(), grey[:, :4].ravel(), grey[:, -4:].ravel()))
    counts = np.bincount(edge, minlength=256)
    return int(counts.argmax())


def flat_groups(grey: Grey) -> list[Box]:
    """Lines of small marks that stand on the flat background."""
    import cv2

    flat = background(grey)
    share = np.count_nonzero(np.abs(grey[::4, ::4].astype(np.int16) - flat) < 8) / grey[::4, ::4].size
    if share < 0.05:
        return []
    marks = (cv2.absdiff(grey, np.full_like(grey, flat)) > CONTRAST).astype(np.uint8)
    _, _, stats, _ = cv2.connectedComponentsWithStats(marks, connectivity=8)
    height, width, area = stats[:, cv2.CC_STAT_HEIGHT], stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_AREA]
    glyph = (height >= 3) & (height <= TALLEST) & (width <= 3 * TALLEST) & (area >= 4)
    glyph &= ~((area > 0.9 * height * width) & (np.minimum(height, width) > 7))  # solid blocks are no glyphs
    glyph[0] = False
    if not glyph.any():
        return []
    lines = np.zeros_like(marks)
    chosen = np.flatnonzero(glyph)
    if len(chosen) > 6000:
        return []
    for mark in chosen:
        x, y, w, h = stats[mark, :4]
        reach = max(2, min(12, int(h * 0.7)))
        lines[y : y + h, x : min(x + w + reach, lines.shape[1])] = 1
    joined, groups, spans, _ = cv2.connectedComponentsWithStats(lines, connectivity=8)
    members = np.bincount(groups[stats[chosen, 1], stats[chosen, 0]], minlength=joined)
    out: list[Box] = []
    for index in range(1, joined):
        x, y, w, h = (int(v) for v in spans[index, :4])
        alone = members[index] == 1 and w > 1.8 * h and 7 <= h <= 40 and w >= 16  # letters that touch
        if (h < SMALLEST or w < 6 or h > TALLEST + 20 or members[index] < 2) and not alone:
            continue
        if w < 0.6 * h and members[index] < 3:
            continue
        out.append((x, y, w, h))
    return _merge(out)


def stroke_lines(grey: Grey) -> list[Box]:
    """Lines of strokes of high gradient, wherever they are."""
    import cv2

    gradient = cv2.morphologyEx(grey, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    strong = (gradient > 90).astype(np.uint8)
    closed = cv2.morphologyEx(strong, cv2.MORPH_CLOSE, np.ones((1, 11), np.uint8))
    closed = cv2.morphologyEx(closed, cv2.MORPH_OPEN, np.ones((3, 5), np.uint8))
    count, _, stats, _ = cv2.connectedComponentsWithStats(closed, connectivity=8)
    out: list[Box] = []
    for index in range(1, min(count, 4000)):
        x, y, w, h, area = (int(v) for v in stats[index, :5])
        if SMALLEST + 1 <= h <= TALLEST and w >= 1.3 * h and w >= 12 and area >= 0.45 * w * h:
            density = float(strong[y : y + h, x : x + w].mean())
            if density > 0.35:
                out.append((x, y, w, h))
    return out


def plateau_text(values: NDArray[np.generic]) -> bool:
    """Whether a scanner's frame may hold burned-in text: many pixels at the very maximum that make glyph-like marks.

    ``values``: rows x columns of stored values. Costs about .1 ms, so that every frame can be screened.
    """
    top = values.max()
    mask = values == top
    count = int(np.count_nonzero(mask))
    if count < 30 or count > values.size // 4:
        return False
    import cv2

    _, _, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    h, w, area = stats[1:, cv2.CC_STAT_HEIGHT], stats[1:, cv2.CC_STAT_WIDTH], stats[1:, cv2.CC_STAT_AREA]
    glyph = (h >= SMALLEST) & (h <= 48) & (w <= 60) & (area >= 6) & (area <= 0.85 * h * w)
    return int(np.count_nonzero(glyph)) >= 3


def _merge(boxes: list[Box]) -> list[Box]:
    """Boxes of the same line that are close become one."""
    out: list[Box] = []
    for box in sorted(boxes, key=lambda b: (b[0], b[1])):
        x, y, w, h = box
        for number, (a, b, c, d) in enumerate(out):
            overlap = min(y + h, b + d) - max(y, b)
            if overlap > 0.5 * min(h, d) and x - (a + c) < 1.2 * max(h, d):
                left, top = min(a, x), min(b, y)
                out[number] = (left, top, max(a + c, x + w) - left, max(b + d, y + h) - top)
                break
        else:
            out.append(box)
    return out


def grow(box: Box, rows: int, columns: int) -> Box:
    """A box with a margin, inside the picture."""
    x, y, w, h = box
    margin = max(2, round(0.15 * h))
    left, top = max(0, x - margin), max(0, y - margin)
    return left, top, min(columns, x + w + margin) - left, min(rows, y + h + margin) - top


def covered(box: Box, others: list[Box], share: float = 0.6) -> bool:
    """Whether ``share`` of a box lies in one or several of the others (taken one by one)."""
    x, y, w, h = box
    inside = 0
    for a, b, c, d in others:
        across, down = min(x + w, a + c) - max(x, a), min(y + h, b + d) - max(y, b)
        if across > 0 and down > 0:
            inside += across * down
    return inside >= share * w * h
