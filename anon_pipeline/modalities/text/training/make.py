"""``anon-pipeline text --train``: weights, then thresholds, written where the package reads them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from anon_pipeline.modalities.text.decode import THRESHOLDS
from anon_pipeline.modalities.text.tagger import WEIGHTS
from anon_pipeline.modalities.text.training.thresholds import choose, detector, development_set
from anon_pipeline.modalities.text.training.train import train


def make(
    weights: Path | None = None, *, seed: int = 0, steps: int = 4000, seconds: float | None = None,
    progress: bool = True, development: int = 400,
) -> dict[str, Any]:  # fmt: skip
    """Train, choose thresholds on the development set, and return what both report."""
    out = weights or WEIGHTS
    trained = train(out, seed=seed, steps=steps, seconds=seconds, progress=progress)
    return {**trained, **set_thresholds(out, seed=seed + 1, count=development)}


def set_thresholds(weights: Path, *, seed: int = 1, count: int = 400) -> dict[str, Any]:
    """Choose and write the thresholds that go with ``weights``, beside them."""
    chosen = choose(development_set(seed, count), detector(weights))
    path = THRESHOLDS if weights == WEIGHTS else weights.with_suffix(".thresholds.json")
    path.write_text(json.dumps(chosen, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    return chosen
