"""Reading text in a picture with RapidOCR, whose weights are in its wheel: no network, one thread.

Detection looks at the picture at its own size (at most LARGEST pixels a side); recognition reads single boxes.
What a text means for the release is decided in ``pixels``.
"""

from __future__ import annotations

import logging
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from anon_pipeline.modalities.imaging.detect import Box

LARGEST = 1152
SMALLEST = 256


class Read(NamedTuple):
    """A box that looks like text, what was read in it and how sure the reader is (0 to 1)."""

    box: Box
    text: str
    score: float


@lru_cache(maxsize=1)
def _models() -> tuple[Any, Any]:
    import cv2
    from rapidocr import RapidOCR

    cv2.setNumThreads(1)
    threads = {f"EngineConfig.onnxruntime.{kind}_op_num_threads": 1 for kind in ("intra", "inter")}
    engine = RapidOCR(params={**threads, "Global.log_level": "error", "Global.use_cls": False})
    logging.getLogger("RapidOCR").setLevel(logging.ERROR)
    detector, reader = engine._load_det_model(), engine._load_rec_model()
    detector.limit_type = "max"
    return detector, reader


def find(picture: NDArray[np.uint8], threshold: float = 0.5) -> list[Box]:
    """Boxes of text in a rows x columns x 3 picture."""
    import cv2

    detector, _ = _models()
    rows, columns = picture.shape[:2]
    scale = 1.0
    longest = max(rows, columns)
    if longest > LARGEST:
        scale = LARGEST / longest
    elif longest < SMALLEST:
        scale = SMALLEST / longest
    if scale != 1.0:
        size = (max(32, round(columns * scale)), max(32, round(rows * scale)))
        method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        picture = np.asarray(cv2.resize(picture, size, interpolation=method), np.uint8)
    detector.limit_side_len = max(picture.shape[:2])
    detector.postprocess_op.box_thresh = threshold
    found = detector(picture)
    if found.boxes is None:
        return []
    out: list[Box] = []
    for corners in found.boxes:
        points = np.asarray(corners) / scale
        x, y = np.floor(points.min(axis=0)).astype(int)
        right, bottom = np.ceil(points.max(axis=0)).astype(int)
        x, y = max(0, x), max(0, y)
        out.append((int(x), int(y), int(min(right, columns) - x), int(min(bottom, rows) - y)))
    return [box for box in out if box[2] > 2 and box[3] > 2]


def read(picture: NDArray[np.uint8], boxes: list[Box]) -> list[Read]:
    """What is written in each box; tall boxes are read turned to either side, and the surer reading counts."""
    if not boxes:
        return []
    from rapidocr.ch_ppocr_rec import TextRecInput

    _, reader = _models()
    crops, places = [], []
    for place, (x, y, w, h) in enumerate(boxes):
        crop = picture[y : y + h, x : x + w]
        turns = (1, 3) if h > 1.8 * w else (0,)
        crops += [np.ascontiguousarray(np.rot90(crop, turn)) for turn in turns]
        places += [place] * len(turns)
    result = reader(TextRecInput(img=crops, return_word_box=False))
    best: dict[int, Read] = {}
    for place, text, score in zip(places, result.txts or [], result.scores or [], strict=False):
        if place not in best or float(score) > best[place].score:
            best[place] = Read(boxes[place], text, float(score))
    return list(best.values())
