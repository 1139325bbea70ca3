"""The verdict catches every leaky generator with the default limits, and lets shuffled columns pass."""

import importlib.util
import json
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pandas as pd
import pytest

from anon_pipeline.risk.report import evaluate

spec = importlib.util.spec_from_file_location("leaky", Path(__file__).with_name("leaky.py"))
assert spec is not None
assert spec.loader is not None
leaky = importlib.util.module_from_spec(spec)
spec.loader.exec_module(leaky)

People = tuple[pd.DataFrame, pd.DataFrame]
KEYS = {"name", "criterion", "metric", "value", "low", "high", "attacked", "floor", "ceiling", "limit", "passed"}


def judged(people: People, synthetic: pd.DataFrame) -> dict:
    return evaluate(people[0], synthetic, people[1], quick=True, utility=False)


@pytest.fixture(scope="module")
def reports(people: People) -> Callable[[str], dict]:
    """The report on a generator's table of seed 1, evaluated once."""
    return cache(lambda generator: judged(people, getattr(leaky, generator)(people[0], seed=1)))


@pytest.mark.parametrize("generator", ["dominant_weight_avatars", "bootstrap_copies", "self_included_density"])
def test_leaky_generators_are_caught(reports, generator: str) -> None:
    report = reports(generator)
    assert report["verdict"] == "broken"
    assert any(reason.startswith("membership/") for reason in report["broken"])


def test_shuffled_columns_pass(reports) -> None:
    report = reports("shuffled_columns")
    assert report["broken"] == []
    assert report["verdict"] == "passed"


def test_the_report_has_floor_and_ceiling_beside_every_attack(reports) -> None:
    report = reports("shuffled_columns")
    json.dumps(report)
    assert {a["criterion"] for a in report["attacks"]} == {"singling_out", "linkability", "inference", "membership"}
    assert {a["metric"] for a in report["attacks"]} == {"risk", "auc", "tpr_at_1", "tpr_at_10"}
    for attack in report["attacks"]:
        assert set(attack) >= KEYS
        assert attack["low"] <= attack["value"] <= attack["high"]
        assert attack["floor"] is not None
        assert attack["ceiling"] is not None
    by_name = {(a["name"], a["metric"]): a for a in report["attacks"]}
    distance = by_name["calibrated_distance", "auc"]
    assert distance["ceiling"] > 0.75
    assert abs(distance["floor"] - 0.5) < 0.07


def test_without_holdout_no_membership_and_no_verdict(people: People) -> None:
    report = evaluate(people[0], leaky.shuffled_columns(people[0]), quick=True, utility=False)
    assert report["verdict"] == "not_asked"
    assert not any(a["criterion"] == "membership" for a in report["attacks"])
    assert any("membership attacks cannot be run" in note for note in report["notes"])
    assert all(a["passed"] is None for a in report["attacks"])


def test_same_seed_same_report(people: People, reports) -> None:
    made = leaky.dominant_weight_avatars(people[0], seed=1)
    assert json.dumps(judged(people, made)) == json.dumps(reports("dominant_weight_avatars"))


def test_row_order_is_linked(people: People) -> None:
    report = judged(people, people[0].assign(weight=people[0]["weight"] + 0.3))
    row_order = next(a for a in report["attacks"] if a["name"] == "row_order")
    assert row_order["passed"] is False
    assert row_order["value"] > 0.9
