"""The file that holds a trained classifier: the bucket table as int8 with a scale a row, the rest as float16."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

TABLE = "table.weight"


def pack(arrays: dict[str, NDArray]) -> dict[str, NDArray]:
    """Arrays as they are stored; halves the rounding error of a row to 1/254 of its largest value."""
    out = {n: v.astype(np.float16) if v.dtype == np.float32 else v for n, v in arrays.items() if n != TABLE}
    table = arrays[TABLE].astype(np.float32)
    scale = np.maximum(np.abs(table).max(axis=1, keepdims=True) / 127, 1e-8)
    out["table.scale"] = scale.astype(np.float32)
    out["table.int8"] = np.rint(table / scale).astype(np.int8)
    return out


def load(path: Path) -> dict[str, NDArray]:
    """Float32 arrays by parameter name."""
    with np.load(path, allow_pickle=False) as content:
        arrays = {name: content[name] for name in content.files}
    if "table.int8" in arrays:
        arrays[TABLE] = arrays.pop("table.int8").astype(np.float32) * arrays.pop("table.scale")
    return {n: v.astype(np.float32) if v.dtype == np.float16 else v for n, v in arrays.items()}
