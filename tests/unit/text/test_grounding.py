"""What a number in a shared phrase is: an exact fact, or one that is measured again with its own error."""

from __future__ import annotations

import numpy as np
import pandas as pd

from anon_pipeline.modalities.text.synthetic.grounding import Ground, ground
from anon_pipeline.modalities.text.synthetic.templates import Phrase

PEOPLE = 300


def said(values: np.ndarray) -> Phrase:
    rows = {i: (f"{value:.0f}",) for i, value in enumerate(values)}
    return Phrase("nodule de ⟨N⟩ mm", ("N",), PEOPLE, 0.5, "", rows=rows)


def test_a_diameter_measured_on_the_image_is_the_one_that_was_said() -> None:
    rng = np.random.default_rng(0)
    size = rng.uniform(12, 60, PEOPLE)
    pixels = size + rng.normal(0, 0.4, PEOPLE)
    facts = pd.DataFrame({"imaging/lesion_diameter_mm": pixels, "other": rng.uniform(12, 60, PEOPLE)})
    assert (np.abs(pixels - np.round(size)) <= 0.51).mean() < 0.97
    assert ground(said(size), facts, {}, 11) == [Ground("imaging/lesion_diameter_mm", 1.0, 0)]


def test_an_exact_fact_is_preferred_and_a_near_one_that_does_not_vary_with_it_is_none() -> None:
    rng = np.random.default_rng(1)
    size = np.round(rng.uniform(12, 60, PEOPLE))
    near = size * (1 + rng.uniform(-0.03, 0.03, PEOPLE))
    facts = pd.DataFrame({"near": near, "own": size})
    assert ground(said(size), facts, {}, 11) == [Ground("own", 1.0, 0)]
    narrow = np.round(rng.normal(40, 0.6, PEOPLE))
    assert ground(said(narrow), pd.DataFrame({"other": rng.normal(40, 0.3, PEOPLE)}), {}, 11) is None
