"""Limits: the packaged ones equal the default policy's, and a broken one is named."""

from pathlib import Path

import pytest

from anon_pipeline.errors import BadInput
from anon_pipeline.policy import Limit, Policy, load_policy
from anon_pipeline.risk.limits import default_limits, judge, limits_for, limits_of
from anon_pipeline.risk.options import read_limits

DEFAULT = Path(__file__).parents[3] / "policies" / "default.yaml"
PREFIXES = ("membership/", "singling_out/", "linkability/", "inference/", "deidentified/")


def attack(**changes: object) -> dict:
    return {
        "criterion": "membership",
        "name": "domias",
        "metric": "auc",
        "value": 0.55,
        "low": 0.5,
        "high": 0.6,
        **changes,
    }


def test_a_policy_that_names_no_limit_has_the_packaged_ones() -> None:
    silent = Policy.model_validate({"schema": "anon-pipeline/policy/1"})
    assert limits_of(silent) == list(default_limits())
    decided = Policy.model_validate({"schema": "anon-pipeline/policy/1", "limits": []})
    assert {limit.check.split("/")[0] for limit in limits_of(decided)} == {"deidentified"}


def test_the_default_policy_repeats_the_packaged_limits() -> None:
    policy = load_policy(DEFAULT)
    packaged = list(default_limits())
    assert [limit for limit in policy.limits if limit in packaged] == packaged


def test_every_default_limit_says_why_and_from_where() -> None:
    for limit in default_limits():
        assert len(limit.reason) > 30
        assert limit.source
        assert (limit.maximum is None) != (limit.minimum is None)
        assert limit.check.startswith(PREFIXES)


@pytest.mark.parametrize(("high", "passed"), [(0.61, True), (0.63, False)])
def test_the_upper_bound_is_compared_by_default(high: float, passed: bool) -> None:
    attacks = [attack(high=high)]
    broken = judge(attacks, default_limits())
    assert attacks[0]["passed"] is passed
    assert attacks[0]["limit"] == 0.62
    assert len(broken) == (not passed)


def test_an_exact_check_takes_precedence_over_a_pattern() -> None:
    wide = Limit(check="membership/*/auc", maximum=0.6, reason="r", source="s")
    own = Limit(check="membership/domias/auc", maximum=0.9, reason="r", source="s")
    assert limits_for("membership/domias/auc", [wide, own]) == [own]
    assert limits_for("membership/other/auc", [wide, own]) == [wide]


def test_a_minimum_is_broken_from_below() -> None:
    limit = Limit(check="membership/domias/auc", minimum=0.52, bound="low", reason="r", source="s")
    attacks = [attack()]
    assert judge(attacks, [limit]) == ["membership/domias/auc: lower bound 0.500 is below the limit 0.52"]


def test_an_attack_without_a_limit_is_told_and_not_judged() -> None:
    attacks = [attack(name="other", metric="f")]
    assert judge(attacks, default_limits()) == []
    assert attacks[0]["passed"] is None


def test_limits_are_read_from_a_policy_and_from_a_bare_list(tmp_path: Path) -> None:
    assert read_limits(DEFAULT)
    bare = tmp_path / "limits.yaml"
    bare.write_text("- {check: a/b/c, maximum: 1, reason: r, source: s}\n")
    assert read_limits(bare) == [Limit(check="a/b/c", maximum=1, reason="r", source="s")]
    bare.write_text("limits: {a: 1}\n")
    with pytest.raises(BadInput):
        read_limits(bare)


@pytest.mark.parametrize(("secrets", "passed"), [(1, False), (40, True)])
def test_bounds_of_many_figures_hold_together(secrets: int, passed: bool) -> None:
    """One too high by chance among forty is kept; alone, the same figure is a finding."""
    limit = Limit(check="inference/secret:*/risk", maximum=0.1, bound="low_together", reason="r", source="s")
    others = [
        attack(criterion="inference", name=f"secret:{i}", metric="risk", value=0.0, low=0.0) for i in range(secrets - 1)
    ]
    chance = attack(criterion="inference", name="secret:x", metric="risk", value=0.217, low=0.118)
    broken = judge([*others, chance], [limit])
    assert chance["passed"] is passed
    assert len(broken) == (not passed)


def test_a_real_leak_among_many_figures_is_found() -> None:
    limit = Limit(check="inference/secret:*/risk", maximum=0.1, bound="low_together", reason="r", source="s")
    attacks = [attack(criterion="inference", name=f"secret:{i}", metric="risk", value=0.0, low=0.0) for i in range(39)]
    leak = attack(criterion="inference", name="secret:year_of_birth", metric="risk", value=0.757, low=0.414)
    assert len(judge([*attacks, leak], [limit])) == 1
