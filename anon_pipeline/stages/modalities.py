"""Finding a modality's verbs. A modality without a verb has not that track, and the evidence says so."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any


def verb(modality: str, name: str) -> Callable[..., Any] | None:
    """``embed``, ``synthesize`` or ``deidentify`` of a modality, or None when it has none."""
    return getattr(importlib.import_module(f"anon_pipeline.modalities.{modality}"), name, None)
