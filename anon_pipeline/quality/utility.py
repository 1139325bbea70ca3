"""Utility of a synthetic table: what an analyst would lose by using it. Each measure has its own file.

Privacy belongs to ``anon_pipeline.risk``; schema and integrity checks to the Great Expectations suites.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from anon_pipeline.quality.utility_associations import associations
from anon_pipeline.quality.utility_marginals import marginals
from anon_pipeline.quality.utility_models import detector, targets, train_synthetic_test_real
from anon_pipeline.quality.utility_survival import outcome, survival


def measure(
    real: pd.DataFrame,
    synthetic: pd.DataFrame,
    holdout: pd.DataFrame | None,
    numeric: list[str],
    *,
    schema: dict[str, Any] | None = None,
    seed: int = 0,
    quick: bool = False,
) -> dict[str, Any]:
    """Marginals, associations, survival where there is an outcome, models, detector; plain JSON types.

    The three tables have the same columns, ``numeric`` ones as float64 and the others as text (``risk.tables.align``).
    ``quick`` leaves out the models.
    """
    out: dict[str, Any] = {
        "marginals": marginals(real, synthetic, holdout, numeric),
        "associations": associations(real, synthetic, holdout, numeric, seed),
    }
    names = outcome(list(real.columns), schema, real)
    if names is not None:
        out["survival"] = survival(real, synthetic, holdout, names, numeric)
    if not quick:
        chosen = targets(real, numeric, schema, set())
        out["train_synthetic_test_real"] = train_synthetic_test_real(real, synthetic, holdout, numeric, chosen, seed)
        out["detector"] = detector(real, synthetic, numeric, seed)
    return out
