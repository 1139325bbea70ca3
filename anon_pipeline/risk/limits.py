"""The limits of a verdict: which figure each one compares, and whether it holds.

Default limits are the ``limits`` of ``default_limits.yaml`` beside this file, which ``policies/default.yaml`` repeats.
Refusing a release belongs to ``anon_pipeline.release.gate``.
"""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from statistics import NormalDist
from typing import Any

import yaml

from anon_pipeline.policy import Limit, Policy
from anon_pipeline.risk.intervals import Z95

# What is named so leaves as real records: never unjudged.
REAL_RECORDS = "deidentified/"
BOUNDS = {
    "high": "upper bound",
    "low": "lower bound",
    "value": "value",
    "low_together": "lower bound over all figures of the limit",
}
DEFAULTS = Path(__file__).with_name("default_limits.yaml")


@cache
def default_limits() -> tuple[Limit, ...]:
    """The packaged limits."""
    content = yaml.safe_load(DEFAULTS.read_text(encoding="utf-8"))
    return tuple(Limit.model_validate(entry) for entry in content["limits"])


def limits_of(policy: Policy) -> list[Limit]:
    """The policy's limits, and the packaged ones on real records for the figures that it does not name; all packaged
    ones when the policy names none."""
    if policy.limits is None:
        return list(default_limits())
    own = policy.limits
    packaged = (limit for limit in default_limits() if limit.check.startswith(REAL_RECORDS))
    return [*own, *(p for p in packaged if not any(fnmatchcase(p.check, limit.check) for limit in own))]


def check_name(attack: dict[str, Any]) -> str:
    """``<criterion>/<name>/<metric>``, what a limit's ``check`` is compared with (``*`` and ``?`` allowed there)."""
    return f"{attack['criterion']}/{attack['name']}/{attack['metric']}"


def limits_for(name: str, limits: Iterable[Limit]) -> list[Limit]:
    """The limits whose check names the attack; an exact name takes precedence over patterns."""
    limits = list(limits)
    exact = [limit for limit in limits if limit.check == name]
    return exact or [limit for limit in limits if fnmatchcase(name, limit.check)]


def compared(limit: Limit, value: float, low: float, high: float, together: int) -> float:
    """The figure that the limit compares; ``together`` is how many figures it names in one judgement.

    ``low_together`` widens the 95 % interval so that all of them hold with 95 % (Bonferroni): of forty lower bounds
    that each fail one time in forty, one fails by chance in most releases.
    """
    if limit.bound == "low_together":
        widened = NormalDist().inv_cdf(1 - 0.025 / max(together, 1)) / Z95
        return value - (value - low) * widened
    return {"high": high, "low": low, "value": value}[limit.bound]


def judge(attacks: list[dict[str, Any]], limits: Iterable[Limit]) -> list[str]:
    """Fill ``limit``, ``bound`` and ``passed`` of every attack; returns one sentence for every broken limit."""
    limits = list(limits)
    named = [limits_for(check_name(attack), limits) for attack in attacks]
    broken = []
    for attack, applying in zip(attacks, named, strict=True):
        attack["limit"], attack["bound"], attack["passed"] = None, None, None
        for limit in applying:
            together = sum(any(other is limit for other in others) for others in named)
            figure = compared(limit, attack["value"], attack["low"], attack["high"], together)
            above = limit.maximum is not None and figure > limit.maximum
            below = limit.minimum is not None and figure < limit.minimum
            number = limit.maximum if above or limit.minimum is None else limit.minimum
            kept = not (above or below)
            if attack["passed"] is None or (attack["passed"] and not kept):
                attack["limit"], attack["bound"] = number, limit.bound
            attack["passed"] = kept and attack["passed"] is not False
            if not kept:
                broken.append(
                    f"{check_name(attack)}: {BOUNDS[limit.bound]} {figure:.3f} is {'above' if above else 'below'} the "
                    f"limit {number}"
                )
    return broken
