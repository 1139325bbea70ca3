"""One bar that renames itself with each stage: on stderr, on a terminal only, off when quiet. Nothing else."""

from __future__ import annotations

import sys
from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""Called with a stage in words (the empty one ends), how much of it is done, and how much there is."""


def silent(stage: str, done: int, total: int) -> None:
    """Tells nothing."""


def stage_bar(quiet: bool) -> Progress:
    """A tqdm bar on stderr; ``silent`` when quiet or when stderr is no terminal."""
    if quiet or not sys.stderr.isatty():
        return silent
    from tqdm import tqdm

    bar = tqdm(total=1, leave=False, file=sys.stderr)

    def tell(stage: str, done: int, total: int) -> None:
        bar.set_description(stage, refresh=False)
        bar.total, bar.n = max(total, 1), done
        bar.refresh()
        if not stage:
            bar.close()

    return tell
