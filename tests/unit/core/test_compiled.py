"""A function that numba can cache nowhere is compiled all the same."""

from __future__ import annotations

from typing import Any

import pytest
from numba import njit

from anon_pipeline.compute.compiled import compiled


def test_without_a_place_for_the_cache_it_still_works() -> None:
    space: dict[str, Any] = {}
    exec("def more(x):\n    return x + 1\n", space)  # noqa: S102 (a function of no file)
    with pytest.raises(RuntimeError, match="no locator"):
        njit(cache=True)(space["more"])
    assert compiled(nogil=True)(space["more"])(1) == 2
