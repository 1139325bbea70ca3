"""An excess over a smaller control group is none where both rates are the same."""

from __future__ import annotations

import pytest

from anon_pipeline.risk.intervals import excess


@pytest.mark.parametrize("rate", [0.0, 0.3, 0.99, 1.0])
@pytest.mark.parametrize("control", [20, 96, 383])
def test_equal_rates_have_no_excess_whatever_the_sizes(rate: float, control: int) -> None:
    found = excess(383 * rate, 383, control * rate, control)
    assert found.value == pytest.approx(0, abs=1e-9)
    assert found.low == 0


def test_an_excess_is_still_one() -> None:
    assert excess(380, 383, 48, 96).low > 0.9
