"""Functions compiled by numba, kept on disk where that is possible. What they compute is elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from numba import njit

F = TypeVar("F", bound=Callable[..., Any])


def compiled(**options: Any) -> Callable[[F], F]:
    """``numba.njit`` with these options. The machine code is cached beside the source or in the user's cache.

    A service account may be able to write to neither; numba would then refuse the function, so it is compiled anew in
    each process instead.
    """

    def decorate(function: F) -> F:
        try:
            return njit(cache=True, **options)(function)
        except RuntimeError:
            return njit(**options)(function)

    return decorate
