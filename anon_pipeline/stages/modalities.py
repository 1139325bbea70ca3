"""Finding and calling a modality's verbs. A modality without a verb has not that track, and the evidence says so."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable
from typing import Any


def verb(modality: str, name: str) -> Callable[..., Any] | None:
    """``embed``, ``synthesize`` or ``deidentify`` of a modality, or None when it has none.

    The function returned takes any named option and passes on those that the modality's own function knows.
    """
    function = getattr(importlib.import_module(f"anon_pipeline.modalities.{modality}"), name, None)
    if function is None:
        return None
    known = inspect.signature(function).parameters

    def call(*arguments: Any, **options: Any) -> Any:
        return function(*arguments, **{key: value for key, value in options.items() if key in known})

    return call
