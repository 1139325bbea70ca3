"""The shadow-model attack finds a generator that copies and not one that shuffles columns."""

import importlib.util
from pathlib import Path

import pandas as pd

from anon_pipeline.risk.shadow import shadow_attacks
from anon_pipeline.risk.tables import align

spec = importlib.util.spec_from_file_location("leaky", Path(__file__).with_name("leaky.py"))
assert spec is not None
assert spec.loader is not None
leaky = importlib.util.module_from_spec(spec)
spec.loader.exec_module(leaky)


def test_copies_are_found_and_shuffled_columns_are_not(people: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    real, held = people[0].head(300), people[1].head(200)
    tables = align(real, real, held)
    found = {
        name: shadow_attacks(tables, generator, seed=0, quick=True, targets=100)
        for name, generator in (
            ("copies", leaky.bootstrap_copies),
            ("shuffled", leaky.shuffled_columns),
        )
    }
    for target in ("shadow_random", "shadow_outliers"):
        assert found["copies"][target]["auc"].value > 0.7
        assert found["shuffled"][target]["auc"].value < 0.58
