"""Fine grain is measured inside the body whatever moves there, and given back after resampling."""

from __future__ import annotations

import numpy as np
import pytest

from anon_pipeline.modalities.imaging.synthetic.eigen import EigenImages
from anon_pipeline.modalities.imaging.synthetic.grain import fine_grain, with_grain
from anon_pipeline.modalities.imaging.synthetic.shape import Box, from_frame, to_frame


def body(sd: float, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:96, 0:96]
    image = np.full((2, 96, 96), -1000.0)
    image[:, (x - 48) ** 2 + (y - 48) ** 2 < 40**2] = 60
    image[:, (x - 40) ** 2 + (y - 48) ** 2 < 10**2] = 140
    return np.where(image > -500, image + sd * rng.standard_normal(image.shape), image).astype(np.float32)


@pytest.mark.parametrize("sd", [3.0, 12.0])
def test_grain_is_measured_beside_edges(sd: float) -> None:
    assert fine_grain(body(sd), "CT") == pytest.approx(sd, rel=0.1)


def test_what_resampling_took_is_given_back() -> None:
    image, box = body(10.0), Box(47.3, 48.6, 41.7, 40.2)
    there_and_back = from_frame(to_frame(image, box, -1000), box, -1000)
    assert fine_grain(there_and_back, "CT") < 7
    restored = with_grain(there_and_back, "CT", 10.0, np.random.default_rng(1))
    assert fine_grain(restored, "CT") == pytest.approx(10, rel=0.1)
    assert (restored[there_and_back < -900] == there_and_back[there_and_back < -900]).all()
    assert with_grain(image, "CT", 5.0, np.random.default_rng(1)) is image


def test_moving_edges_put_no_bright_spots_into_dark_organs() -> None:
    rng = np.random.default_rng(2)
    y, x = np.mgrid[0:48, 0:48]
    patients = np.stack([
        np.where((x - 24 - rng.normal(0, 2)) ** 2 + (y - 24) ** 2 < 12**2, 200.0, 0.0)
        + 2 * rng.standard_normal((48, 48))
        for _ in range(120)
    ])[:, None].astype(np.float32)  # fmt: skip
    model = EigenImages.fit(patients)
    made = model.decode(rng.standard_normal((60, len(model.scale))).astype(np.float32), rng)
    assert made.max() < patients.max() + 10
    assert made.min() > patients.min() - 10
