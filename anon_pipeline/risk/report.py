"""The whole evaluation of a synthetic table: every attack with floor and ceiling, utility, and the verdict."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pandas as pd

from anon_pipeline.errors import BadInput
from anon_pipeline.keys import seeded_rng
from anon_pipeline.policy import Limit
from anon_pipeline.risk import copies, linkability
from anon_pipeline.risk.battery import Battery, Effort, Results
from anon_pipeline.risk.descriptive import describe
from anon_pipeline.risk.disclosure import disclosure, few_valued
from anon_pipeline.risk.encoding import Codebook, bootstrap_copy, shuffled_columns
from anon_pipeline.risk.intervals import Figure
from anon_pipeline.risk.limits import default_limits, judge
from anon_pipeline.risk.progress import Progress, silent
from anon_pipeline.risk.quasi_identifiers import quasi_identifiers
from anon_pipeline.risk.tables import Aligned, align

SCHEMA = "anon-pipeline/risk/1"
SMALLEST_HOLDOUT = 20
MOST_SECRETS = 40

FitSample = Callable[[pd.DataFrame, int], pd.DataFrame]


def evaluate(
    real: pd.DataFrame,
    synthetic: pd.DataFrame,
    holdout: pd.DataFrame | None = None,
    *,
    schema: dict[str, Any] | None = None,
    secrets: list[str] | None = None,
    aux_cols: list[Any] | None = None,
    seed: int = 0,
    limits: Iterable[Limit] | None = None,
    quick: bool = False,
    origin: list[int] | None = None,
    fit_sample: FitSample | None = None,
    utility: bool = True,
    progress: Progress = silent,
) -> dict[str, Any]:
    """Attack ``synthetic``, which was made from ``real``, with ``holdout`` people who were set apart before.

    secrets: columns to infer (default: all, at most 40). aux_cols: one pair of column lists, or a list of pairs, for
    linkability (default: random halves). origin: the row of ``real`` each synthetic row started from, used only for
    the hidden rate. fit_sample: the generator itself, for the shadow-model attack. limits: default the packaged ones.
    progress: told each stage.

    Returns the report as plain JSON types: ``attacks``, ``utility``, ``descriptive``, ``disclosure``, ``notes``,
    ``verdict`` ("passed", "broken" or "not_asked"), ``broken``. Raises BadInput when the tables cannot be compared.
    """
    stages = _Stages(progress, 10 + (holdout is not None and fit_sample is not None) + utility)
    stages("reading columns")
    tables = align(real, synthetic, holdout, schema)
    notes = list(tables.notes)
    codebook = Codebook.of(tables)
    battery = _battery(tables, codebook, schema, secrets, aux_cols, seed, quick, notes)
    raw_real, raw_made = battery.real, codebook.raw(tables.synthetic)
    rng = seeded_rng(seed, "references")
    found = battery.run(raw_made, "synthetic", stages)
    floor = battery.run(shuffled_columns(raw_real, rng), "floor", stages.of("floor"))
    ceiling = battery.run(bootstrap_copy(raw_real, rng, len(raw_made)), "ceiling", stages.of("ceiling"))
    scaled_real, scaled_made = codebook.scaled(raw_real), codebook.scaled(raw_made)
    key = ("linkability", "row_order", "risk")
    found[key] = copies.row_order(scaled_real, scaled_made, rng)
    floor[key] = copies.row_order(scaled_real, codebook.scaled(shuffled_columns(raw_real, rng)), rng)
    ceiling[key] = copies.row_order(scaled_real, scaled_real, rng)
    if fit_sample is not None and holdout is not None:
        stages("shadow models")
        from anon_pipeline.risk.shadow import shadow_attacks

        for name, figures in shadow_attacks(tables, fit_sample, seed=seed, quick=quick).items():
            for metric, figure in figures.items():
                found[("membership", name, metric)] = figure
    attacks = [_entry(name, found[name], floor.get(name), ceiling.get(name)) for name in found]
    broken = judge(attacks, default_limits() if limits is None else limits)
    scaled_held = None if battery.holdout is None else codebook.scaled(battery.holdout)
    start = None if origin is None else np.asarray(origin, dtype=np.int64)
    report: dict[str, Any] = {
        "schema": SCHEMA,
        "seed": seed,
        "quick": quick,
        "rows": {
            "real": len(real),
            "synthetic": len(synthetic),
            "holdout": 0 if holdout is None else len(holdout),
        },
        "columns": {"numeric": tables.numeric, "categorical": tables.categorical},
        "attacks": attacks,
        "descriptive": describe(scaled_real, scaled_held, scaled_made, start, seeded_rng(seed, "descriptive")),
        "disclosure": disclosure(
            raw_real, raw_made, codebook.columns, codebook.numeric, battery.quasi or few_valued(raw_real)[:8]
        ),
        "notes": notes,
        "broken": broken if holdout is not None else [],
        "verdict": "not_asked" if holdout is None else ("broken" if broken else "passed"),
    }
    if battery.quasi:
        report["disclosure"]["kmap"] = {
            "quasi_identifiers": [codebook.columns[j] for j in battery.quasi],
            "plain_risk": copies.kmap(raw_real, None, raw_made, battery.quasi)[1],
        }
    if holdout is None:
        for attack in attacks:
            attack["limit"], attack["bound"], attack["passed"] = None, None, None
    if utility:
        stages("utility")
    report["utility"] = _utility(tables, schema, seed, quick) if utility else {}
    return report


class _Stages:
    """Counts the stages for a progress bar."""

    def __init__(self, progress: Progress, total: int) -> None:
        self.progress, self.total, self.done = progress, total, 0

    def __call__(self, stage: str) -> None:
        self.progress(stage, self.done, self.total)
        self.done += 1

    def of(self, role: str) -> Callable[[str], None]:
        return lambda stage: self(f"{stage} ({role})")


def _utility(tables: Aligned, schema: dict[str, Any] | None, seed: int, quick: bool) -> dict[str, Any]:
    from anon_pipeline.quality.utility import measure

    return measure(tables.real, tables.synthetic, tables.holdout, tables.numeric, schema=schema, seed=seed, quick=quick)


def _battery(
    tables: Aligned,
    codebook: Codebook,
    schema: dict[str, Any] | None,
    secrets: list[str] | None,
    aux_cols: list[Any] | None,
    seed: int,
    quick: bool,
    notes: list[str],
) -> Battery:
    place = {c: i for i, c in enumerate(codebook.columns)}

    def indices(names: list[str], option: str) -> list[int]:
        if unknown := [n for n in names if n not in place]:
            raise BadInput(f"{option}: no such column in all tables: {', '.join(unknown)}")
        return [place[n] for n in names]

    effort = Effort.quick() if quick else Effort()
    if secrets is None:
        chosen = list(range(len(codebook.columns)))[:MOST_SECRETS]
        if len(codebook.columns) > MOST_SECRETS:
            notes.append(f"inference: only the first {MOST_SECRETS} columns were taken as secrets; name others")
    else:
        chosen = indices(secrets, "secrets")
    if aux_cols is None:
        pairs = linkability.random_pairs(len(codebook.columns), effort.pairs, seeded_rng(seed, "halves"))
        pairs = pairs if len(codebook.columns) >= 2 else []
    else:
        pairs = [
            (indices(first, "aux-cols"), indices(second, "aux-cols")) for first, second in normalised_pairs(aux_cols)
        ]
    if tables.holdout is None:
        notes.append(
            "no holdout: membership attacks cannot be run, the other attacks are bare success rates that hold what "
            "is true of the whole population, and no verdict is given"
        )
    elif len(tables.holdout) < SMALLEST_HOLDOUT:
        raise BadInput(f"the holdout has {len(tables.holdout)} rows; at least {SMALLEST_HOLDOUT} are needed to judge")
    quasi = [place[c] for c in quasi_identifiers(codebook.columns, schema)]
    holdout = None if tables.holdout is None else codebook.raw(tables.holdout)
    return Battery(codebook, codebook.raw(tables.real), holdout, chosen, pairs, quasi, effort, seed)


def normalised_pairs(aux_cols: list[Any]) -> list[tuple[list[str], list[str]]]:
    """One pair ``[[a, b], [c]]`` or several ``[[[a, b], [c]], ...]`` as a list of pairs. Raises BadInput otherwise."""
    single = len(aux_cols) == 2 and all(isinstance(side, (list, tuple)) for side in aux_cols)
    if single and all(isinstance(name, str) for side in aux_cols for name in side):
        aux_cols = [aux_cols]
    for pair in aux_cols:
        if len(pair) != 2 or not all(len(side) for side in pair) or any(isinstance(side, str) for side in pair):
            raise BadInput("aux-cols: two non-empty lists of columns are needed, as in a,b/c,d")
    return [(list(first), list(second)) for first, second in aux_cols]


def _entry(name: tuple[str, str, str], figure: Figure, floor: Figure | None, ceiling: Figure | None) -> dict[str, Any]:
    return {
        "criterion": name[0],
        "name": name[1],
        "metric": name[2],
        "value": _rounded(figure.value),
        "low": _rounded(figure.low),
        "high": _rounded(figure.high),
        "attacked": int(figure.attacked),
        "floor": None if floor is None else _rounded(floor.value),
        "ceiling": None if ceiling is None else _rounded(ceiling.value),
    }


def _rounded(value: float) -> float:
    return round(float(value), 6)


__all__ = ["SCHEMA", "Results", "evaluate", "normalised_pairs"]
