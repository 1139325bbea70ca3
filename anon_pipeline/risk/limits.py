"""The limits of a verdict: which figure each one compares, and whether it holds.

Default limits are the ``limits`` of ``default_limits.yaml`` beside this file, which ``policies/default.yaml`` repeats.
Refusing a release belongs to ``anon_pipeline.release.gate``.
"""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from anon_pipeline.policy import Limit

DEFAULTS = Path(__file__).with_name("default_limits.yaml")


@cache
def default_limits() -> tuple[Limit, ...]:
    """The packaged limits."""
    content = yaml.safe_load(DEFAULTS.read_text(encoding="utf-8"))
    return tuple(Limit.model_validate(entry) for entry in content["limits"])


def check_name(attack: dict[str, Any]) -> str:
    """``<criterion>/<name>/<metric>``, what a limit's ``check`` is compared with (``*`` and ``?`` allowed there)."""
    return f"{attack['criterion']}/{attack['name']}/{attack['metric']}"


def limits_for(name: str, limits: Iterable[Limit]) -> list[Limit]:
    """The limits whose check names the attack; an exact name takes precedence over patterns."""
    limits = list(limits)
    exact = [limit for limit in limits if limit.check == name]
    return exact or [limit for limit in limits if fnmatchcase(name, limit.check)]


def holds(attack: dict[str, Any], limit: Limit) -> bool:
    """Whether the attack's figure named by ``limit.bound`` keeps the limit."""
    figure = attack[limit.bound]
    if limit.maximum is not None and figure > limit.maximum:
        return False
    return limit.minimum is None or figure >= limit.minimum


def judge(attacks: list[dict[str, Any]], limits: Iterable[Limit]) -> list[str]:
    """Fill ``limit``, ``bound`` and ``passed`` of every attack; returns one sentence for every broken limit."""
    limits = list(limits)
    broken = []
    for attack in attacks:
        attack["limit"], attack["bound"], attack["passed"] = None, None, None
        for limit in limits_for(check_name(attack), limits):
            kept = holds(attack, limit)
            if attack["passed"] is None or (attack["passed"] and not kept):
                attack["limit"] = limit.maximum if limit.maximum is not None else limit.minimum
                attack["bound"] = limit.bound
            attack["passed"] = kept and attack["passed"] is not False
            if not kept:
                side = "above" if limit.maximum is not None and attack[limit.bound] > limit.maximum else "below"
                figure = {"high": "upper bound", "low": "lower bound", "value": "value"}[limit.bound]
                number = limit.maximum if side == "above" else limit.minimum
                broken.append(f"{check_name(attack)}: {figure} {attack[limit.bound]:.3f} is {side} the limit {number}")
    return broken
