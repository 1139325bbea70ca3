"""One table in, avatars out: the engine of ``anon-pipeline tables``.

The parts are elsewhere: ``columns`` (what each column is), ``marginals`` (values to scores and back), ``decode``
(the chain of local densities), ``lonely`` (records too close to one person), ``formal`` (differential privacy). Files
belong to ``tablefile``; attacks to ``anon_pipeline.risk``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from anon_pipeline.avatars.columns import RARE, Column, infer
from anon_pipeline.avatars.decode import Decoder
from anon_pipeline.avatars.lonely import LonelyGuard
from anon_pipeline.avatars.marginals import Encoded, Marginal, decode, learn
from anon_pipeline.avatars.steps import DecoderOptions
from anon_pipeline.avatars.tablefile import ColumnTable
from anon_pipeline.errors import BadInput
from anon_pipeline.keys import seeded_rng

DEFAULT_K = 60
"""Chosen on the front of privacy and utility (docs/tables.md); a quarter of the rows when there are fewer than 240."""
GAIN = 14.0
"""What a split has to bring: with fewer predictors, chance splits are what is left to follow the members (0111)."""
FIT_ROWS = 50_000
"""The chain is learnt on a random sample of at most this many patients, so that time is linear above it."""
CHUNK = 100_000
ROUNDS = 6

Progress = Callable[[str, int, int], None]


@dataclass
class TableAvatars:
    """frame: the avatars, in random order. account: counts for the report (never a value of a patient)."""

    frame: pd.DataFrame
    account: dict[str, Any] = field(default_factory=dict)


@dataclass
class TableGenerator:
    """What was learnt of a table; ``frames`` draws the avatars in parts of at most ``CHUNK`` rows, so that memory does
    not grow with their number. ``account``: counts for the report, complete when the last part is drawn."""

    account: dict[str, Any]
    frames: Iterator[pd.DataFrame]

    def all(self) -> TableAvatars:
        """Every avatar in memory."""
        parts = list(self.frames)
        return TableAvatars(parts[0] if len(parts) == 1 else pd.concat(parts, ignore_index=True), self.account)


def synthesize_table(frame: pd.DataFrame | ColumnTable, **options: Any) -> TableAvatars:
    """Avatars of a table, in memory: see ``learn_table`` for the options."""
    return learn_table(frame, **options).all()


def learn_table(
    frame: pd.DataFrame | ColumnTable,
    *,
    schema: dict[str, Any] | None = None,
    k: int | None = None,
    size: int | None = None,
    seed: int = 0,
    epsilon: float | None = None,
    progress: Progress | None = None,
) -> TableGenerator:
    """A generator of avatars of a table, one row a patient; a ``ColumnTable`` is read a column at a time.

    k: the least number of patients that any local density is fitted to (20 or more; None: 60, or a quarter of
    the rows but at least 20). size: avatars wanted, the number of patients by default. epsilon: differential privacy
    instead (see ``formal``). The same frame, arguments and seed give the same avatars. Raises BadInput for a table or
    an argument that cannot be used.
    """
    k = min(DEFAULT_K, max(RARE, len(frame) // 4)) if k is None else k
    if k < RARE:
        raise BadInput(f"k is {k}; at least {RARE} (no patient may weigh more than 1/{RARE})")
    if size is not None and size < 1:
        raise BadInput("n must be at least 1")
    if len(frame) < 2 * k:
        raise BadInput(f"{len(frame)} rows; k = {k} needs at least {2 * k}")
    tell = progress or (lambda *_: None)
    columns = infer(frame, schema, tell)
    if all(column.kind == "dropped" for column in columns):
        raise BadInput("no column may leave: all are direct identifiers or free text")
    if epsilon is not None:
        from anon_pipeline.avatars.formal import synthesize_formal

        whole = frame if isinstance(frame, pd.DataFrame) else frame.frame()
        made = synthesize_formal(whole, columns, schema=schema, size=size, seed=seed, epsilon=epsilon)
        return TableGenerator(made.account, iter([made.frame]))
    size = size or len(frame)
    rng = seeded_rng(seed, "tables", len(frame), k)
    account = _account(columns, len(frame), size, k, seed)
    active = [column for column in columns if column.kind in ("number", "category")]
    if not active:
        return TableGenerator(account, iter([_assemble(columns, {}, size)]))
    rows = np.sort(rng.choice(len(frame), FIT_ROWS, replace=False)) if len(frame) > FIT_ROWS else None
    marginals, encoded = [], []
    for i, column in enumerate(active):
        tell("learning marginals", i, len(active))
        marginal, one = learn(column, pd.Series(frame[column.name]), rng)
        if rows is not None:
            one = Encoded(one.cls[rows], one.score[rows], one.inner[rows])
        marginals.append(marginal)
        encoded.append(one)
    account["merged_rare"] = {m.column.name: m.merged for m in marginals if m.merged}
    account["learnt_on"] = len(frame) if rows is None else FIT_ROWS
    account["lonely"] = {"checked": 0, "redrawn": 0, "suppressed": 0}
    decoder = Decoder(marginals, encoded, DecoderOptions(min_leaf=k, gain=GAIN, selected=True), progress=tell)
    guard = LonelyGuard(marginals, encoded)
    return TableGenerator(account, _draw(columns, marginals, decoder, guard, size, rng, account["lonely"], tell))


def _draw(
    columns: list[Column],
    marginals: list[Marginal],
    decoder: Decoder,
    guard: LonelyGuard,
    size: int,
    rng: np.random.Generator,
    counts: dict[str, int],
    tell: Progress,
) -> Iterator[pd.DataFrame]:
    """Sample in chunks; what is too close to one lone patient is drawn again, then given up to a common record."""
    for low in range(0, size, CHUNK):
        tell("drawing avatars", low, size)
        part = decoder.sample(min(CHUNK, size - low), rng)
        part = guard.settle(part, lambda rows: decoder.sample(rows, rng), counts, ROUNDS)
        order = rng.permutation(len(part[0][0]))
        out = {}
        for marginal, (cls, position) in zip(marginals, part, strict=True):
            out[marginal.column.name] = decode(marginal, cls[order], position[order])
        yield _assemble(columns, out, len(order))


def _assemble(columns: list[Column], made: dict[str, pd.Series], size: int) -> pd.DataFrame:
    out = {}
    for column in columns:
        if column.kind == "dropped":
            continue
        if column.kind == "constant":
            out[column.name] = _repeat(column, column.constant, size)
        elif column.kind == "missing":
            out[column.name] = _repeat(column, None, size)
        else:
            out[column.name] = made[column.name].reset_index(drop=True)
    return pd.DataFrame(out)


def _repeat(column: Column, value: Any, size: int) -> pd.Series:
    series = pd.Series([value] * size, dtype=object)
    return series.astype(column.dtype) if value is not None or column.dtype != object else series


def _account(columns: list[Column], rows: int, size: int, k: int, seed: int) -> dict[str, Any]:
    return {
        "generator": "adaptive-density",
        "rows_in": rows,
        "rows_out": size,
        "k": k,
        "seed": seed,
        "columns_in": len(columns),
        "columns_out": sum(column.kind != "dropped" for column in columns),
        "dropped": [{"column": c.name, "reason": c.reason} for c in columns if c.kind == "dropped"],
        "constant": [c.name for c in columns if c.kind == "constant"],
        "all_missing": [c.name for c in columns if c.kind == "missing" and not c.reason],
        "too_few_values": [c.name for c in columns if c.kind == "missing" and c.reason],
        "survival_outcome": {c.outcome: c.name for c in columns if c.outcome},
    }
