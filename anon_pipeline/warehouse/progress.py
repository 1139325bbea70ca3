"""One progress bar for the area: on stderr, only on a terminal, off when asked."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TypeVar

T = TypeVar("T")


def progress(items: Iterable[T], what: str, unit: str, quiet: bool) -> Iterable[T]:
    from tqdm import tqdm

    return tqdm(items, desc=what, unit=unit, file=sys.stderr, disable=quiet or not sys.stderr.isatty(), leave=False)
