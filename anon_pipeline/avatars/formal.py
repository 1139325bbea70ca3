"""Differential privacy: avatars from noisy marginals only, with OpenDP's Gaussian mechanism and zCDP accountant.

Every column's fine histogram is measured, then either each column jointly with the survival outcome (a star), or,
without one, the pairs of a spanning tree chosen by the exponential mechanism (McKenna, Miklau and Sheldon 2021).
Covered: adding or removing one patient, over everything that the avatars depend on, except what ``assumed_public``
lists (names and types of columns; and bounds or categories that no schema declares). The noise comes from OpenDP's
secure generator, so a formal run cannot be repeated bit by bit: with a known seed the noise would hide nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from anon_pipeline.avatars.columns import Column
from anon_pipeline.avatars.marginals import numeric, restore
from anon_pipeline.errors import BadInput

DELTA = 1e-6
FINE = 32
COARSE = 5
TIME_BINS = 4
ONE_WAY_SHARE = 0.15
SELECT_SHARE = 0.15


@dataclass
class Domain:
    """One column on fine bins. edges: bounds of number bins; levels: categories. Bin ``bins - 1`` is missing."""

    column: Column
    edges: NDArray[np.float64] | None
    levels: list[Any]
    from_data: bool

    @property
    def nullable(self) -> bool:
        """Whether the column's type, which is public, has a missing value."""
        return not isinstance(self.column.dtype, np.dtype) or self.column.dtype.kind not in "iub"

    @property
    def bins(self) -> int:
        return (len(self.edges) - 1 if self.edges is not None else len(self.levels)) + 1


class Accountant:
    """zCDP budget of one run; ``measure`` spends of it through OpenDP."""

    def __init__(self, epsilon: float, delta: float = DELTA) -> None:
        root = np.sqrt(np.log(1 / delta) + epsilon) - np.sqrt(np.log(1 / delta))
        self.epsilon, self.delta, self.rho, self.spent = epsilon, delta, float(root**2), 0.0

    def measure(self, counts: NDArray[np.int64], rho: float) -> tuple[NDArray[np.float64], float]:
        """Counts of disjoint cells plus discrete Gaussian noise for ``rho``; returns them and the noise's scale.

        One patient changes one cell by one, so the L2 sensitivity is 1.
        """
        import opendp.prelude as dp

        dp.enable_features("contrib")
        scale = float(np.sqrt(1 / (2 * rho)))
        space = dp.vector_domain(dp.atom_domain(T=int)), dp.l2_distance(T=float)
        mechanism = space >> dp.m.then_gaussian(scale)
        self._spend(float(mechanism.map(d_in=1.0)))
        noisy = mechanism([int(c) for c in counts.ravel()])
        return np.array(noisy, dtype=float).reshape(counts.shape), scale

    def choose(self, scores: NDArray[np.float64], sensitivity: float, rho: float) -> int:
        """The exponential mechanism (report noisy max with Gumbel noise) of OpenDP."""
        import opendp.prelude as dp

        dp.enable_features("contrib")
        epsilon = float(np.sqrt(8 * rho))
        space = dp.vector_domain(dp.atom_domain(T=float, nan=False)), dp.linf_distance(T=float)
        mechanism = space >> dp.m.then_noisy_max(dp.zero_concentrated_divergence(), 2 * sensitivity / epsilon)
        self._spend(float(mechanism.map(d_in=sensitivity)))
        return int(mechanism([float(s) for s in scores]))

    def _spend(self, rho: float) -> None:
        self.spent += rho
        if self.spent > self.rho * (1 + 1e-6):
            raise RuntimeError("privacy budget overspent")


def synthesize_formal(
    frame: pd.DataFrame,
    columns: list[Column],
    *,
    schema: dict[str, Any] | None,
    size: int | None,
    seed: int,
    epsilon: float,
) -> Any:
    """Avatars with (epsilon, 1e-6)-differential privacy. ``size`` None: the noisy number of patients."""
    from anon_pipeline.avatars.tables import TableAvatars, _account, _assemble

    if not 0 < epsilon <= 100:
        raise BadInput("epsilon must be above 0 and at most 100")
    active = [column for column in columns if column.kind in ("number", "category")]
    rules = (schema or {}).get("columns") or {}
    domains = [_domain(c, pd.Series(frame[c.name]), rules.get(c.name, {})) for c in active]
    codes = np.stack([_codes(d, pd.Series(frame[d.column.name])) for d in domains], axis=1)
    accountant = Accountant(epsilon)
    rng = np.random.default_rng()
    ones, total = _one_way(domains, codes, accountant)
    rows = size or max(1, round(total))
    maps = [
        _coarsen(d, one, TIME_BINS if d.column.outcome == "time" else COARSE)
        for d, one in zip(domains, ones, strict=True)
    ]
    coarse = np.stack([maps[j][codes[:, j]] for j in range(len(domains))], axis=1)
    sizes = [int(m.max()) + 1 for m in maps]
    centre = [j for j, d in enumerate(domains) if d.column.outcome in ("event", "time")]
    drawn = (
        _star(coarse, sizes, centre, accountant, rows, rng)
        if len(centre) == 2
        else _spanning(coarse, sizes, ones, maps, accountant, rows, rng)
    )
    out = {}
    for j, domain in enumerate(domains):
        fine = _refine(drawn[:, j], maps[j], ones[j], rng)
        out[domain.column.name] = _values(domain, fine, rng)
    account = _account(columns, len(frame), rows, 0, seed)
    account["generator"] = "differential-privacy"
    account["rows_in"] = round(total)
    account["formal"] = {
        "epsilon": epsilon,
        "delta": DELTA,
        "rho_budget": accountant.rho,
        "rho_spent": accountant.spent,
        "unit": "adding or removing one row",
        "structure": "star on the survival outcome" if len(centre) == 2 else "spanning tree",
        "assumed_public": {
            "always": "column names, types and which columns are dropped or constant",
            "bounds_or_categories_from_data": [d.column.name for d in domains if d.from_data],
        },
        "not_covered": "attacks' figures computed from the real table, and everything assumed public",
        "reproducible": False,
    }
    return TableAvatars(_assemble(columns, out, rows), account)


def _domain(column: Column, values: pd.Series, rule: dict[str, Any]) -> Domain:
    if column.kind == "category":
        given = rule.get("values")
        levels = list(given) if given else sorted(values.dropna().unique().tolist(), key=str)
        if column.ordered and not given:
            levels = sorted(levels)
        return Domain(column, None, levels, not given)
    numbers = numeric(column, values)
    declared = column.minimum is not None and column.maximum is not None
    low, high = (column.minimum, column.maximum) if declared else (np.nanmin(numbers), np.nanmax(numbers))
    low, high = float(low or 0.0), float(high or 0.0)
    if not declared:
        step = 10.0 ** np.floor(np.log10(max(high - low, 1e-9)) - 1)
        low, high = np.floor(low / step) * step, np.ceil(high / step) * step
    edges = np.linspace(low, high + (column.unit if column.unit == 1 else 0), FINE + 1)
    return Domain(column, edges, [], not declared)


def _codes(domain: Domain, values: pd.Series) -> NDArray[np.int64]:
    last = domain.bins - 1
    if domain.edges is None:
        index = {level: i for i, level in enumerate(domain.levels)}
        return np.array(
            [index.get(v, last) if known else last for v, known in zip(values.tolist(), values.notna(), strict=True)]
        )
    numbers = numeric(domain.column, values)
    code = np.clip(np.searchsorted(domain.edges, np.nan_to_num(numbers), side="right") - 1, 0, last - 1)
    return np.where(np.isnan(numbers), last, code)


def _one_way(
    domains: list[Domain], codes: NDArray[np.int64], accountant: Accountant
) -> tuple[list[NDArray[np.float64]], float]:
    rho = accountant.rho * ONE_WAY_SHARE / len(domains)
    noisy = [accountant.measure(np.bincount(codes[:, j], minlength=d.bins), rho)[0] for j, d in enumerate(domains)]
    cells = np.array([len(one) for one in noisy], dtype=float)
    total = float(np.sum([one.sum() for one in noisy] / cells) / np.sum(1 / cells))
    total = max(total, 1.0)
    for one, domain in zip(noisy, domains, strict=True):
        if not domain.nullable:
            one[-1] = one.min() - total
    return [_simplex(one, total) for one in noisy], total


def _simplex(counts: NDArray[np.float64], total: float) -> NDArray[np.float64]:
    """The nearest counts that are not negative and sum to ``total``."""
    flat = np.sort(counts.ravel())[::-1]
    running = np.cumsum(flat) - total
    keep = np.flatnonzero(flat - running / np.arange(1, len(flat) + 1) > 0)[-1]
    return np.maximum(counts - running[keep] / (keep + 1), 0)


def _coarsen(domain: Domain, one: NDArray[np.float64], most: int) -> NDArray[np.int64]:
    """Fine bin -> coarse bin: numbers into about equal parts of the noisy histogram; missing keeps its own bin when
    the noisy count says that there is any."""
    last = domain.bins - 1
    if domain.edges is None and len(domain.levels) <= 12:
        inner = np.arange(last)
    elif domain.edges is None:
        rank = np.argsort(np.argsort(-one[:last]))
        inner = np.minimum(rank, 11)
    else:
        share = np.cumsum(one[:last]) / max(one[:last].sum(), 1e-9)
        middle = share - one[:last] / max(one[:last].sum(), 1e-9) / 2
        inner = np.unique(np.minimum((middle * most).astype(int), most - 1), return_inverse=True)[1]
    missing = inner.max() + 1 if one[last] > 0.01 * one.sum() else inner.max()
    return np.append(inner, missing).astype(np.int64)


def _star(
    coarse: NDArray[np.int64],
    sizes: list[int],
    centre: list[int],
    accountant: Accountant,
    rows: int,
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    """Each column with (event, time); the outcome's own distribution is pooled over all the tables."""
    a, b = centre
    outcome = coarse[:, a] * sizes[b] + coarse[:, b]
    classes = sizes[a] * sizes[b]
    others = [j for j in range(coarse.shape[1]) if j not in centre]
    rho = (accountant.rho - accountant.spent) * 0.999 / max(len(others), 1)
    tables = []
    for j in others:
        counts = np.bincount(coarse[:, j] * classes + outcome, minlength=sizes[j] * classes)
        tables.append(accountant.measure(counts.reshape(sizes[j], classes), rho)[0])
    if tables:
        weight = np.array([1 / len(t) for t in tables])
        pooled = np.einsum("t,tc->c", weight / weight.sum(), np.stack([t.sum(axis=0) for t in tables]))
    else:
        pooled = accountant.measure(np.bincount(outcome, minlength=classes), rho)[0]
    pooled = _simplex(pooled, max(pooled.sum(), 1.0))
    drawn = np.empty((rows, coarse.shape[1]), np.int64)
    y = _spread(pooled / pooled.sum(), rows, rng)
    drawn[:, a], drawn[:, b] = y // sizes[b], y % sizes[b]
    for j, table in zip(others, tables, strict=True):
        # make the table agree with the pooled outcome before cutting at zero
        agreed = table + (pooled - table.sum(axis=0)) / len(table)
        for value in range(classes):
            at = np.flatnonzero(y == value)
            if len(at):
                part = _simplex(agreed[:, value], max(pooled[value], 1e-6)) + 1e-9
                drawn[at, j] = _spread(part / part.sum(), len(at), rng)
    return drawn


def _spread(shares: NDArray[np.float64], rows: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """``rows`` classes with counts as close to the shares as can be, in random order."""
    places = (np.arange(rows) + rng.random()) / rows
    found = np.searchsorted(np.cumsum(shares), places).clip(0, len(shares) - 1)
    return rng.permutation(found)


def _spanning(
    coarse: NDArray[np.int64],
    sizes: list[int],
    ones: list[NDArray[np.float64]],
    maps: list[NDArray[np.int64]],
    accountant: Accountant,
    rows: int,
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    """A tree of pairs whose joint counts are farthest from independence, chosen privately, then measured."""
    p = coarse.shape[1]
    single = [np.bincount(maps[j], weights=ones[j], minlength=sizes[j]) for j in range(p)]
    drawn = np.empty((rows, p), np.int64)
    root = 0
    drawn[:, root] = _spread(single[root] / single[root].sum(), rows, rng)
    if p == 1:
        return drawn
    pairs = [(i, j) for i in range(p) for j in range(i + 1, p)]
    far = {}
    for i, j in pairs:
        joint = np.bincount(coarse[:, i] * sizes[j] + coarse[:, j], minlength=sizes[i] * sizes[j])
        free = np.outer(single[i], single[j] / single[j].sum()).ravel()
        far[(i, j)] = float(np.abs(joint - free).sum())
    inside, edges = {root}, []
    select = accountant.rho * SELECT_SHARE / (p - 1)
    while len(inside) < p:
        open_pairs = [pair for pair in pairs if (pair[0] in inside) != (pair[1] in inside)]
        best = open_pairs[accountant.choose(np.array([far[pair] for pair in open_pairs]), 1.0, select)]
        parent, child = best if best[0] in inside else best[::-1]
        inside.add(child)
        edges.append((parent, child))
    rho = (accountant.rho - accountant.spent) * 0.999 / len(edges)
    for parent, child in edges:
        counts = np.bincount(
            coarse[:, parent] * sizes[child] + coarse[:, child], minlength=sizes[parent] * sizes[child]
        )
        table = accountant.measure(counts.reshape(sizes[parent], sizes[child]), rho)[0]
        for value in range(sizes[parent]):
            at = np.flatnonzero(drawn[:, parent] == value)
            if len(at):
                part = _simplex(table[value], max(table[value].sum(), 1.0)) + 1e-9
                drawn[at, child] = _spread(part / part.sum(), len(at), rng)
    return drawn


def _refine(
    coarse: NDArray[np.int64], to_coarse: NDArray[np.int64], one: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.int64]:
    """A fine bin for each coarse one, by the noisy fine histogram."""
    fine = np.empty(len(coarse), np.int64)
    for value in np.unique(coarse):
        at = np.flatnonzero(coarse == value)
        bins = np.flatnonzero(to_coarse == value)
        shares = one[bins] + 1e-9 * (bins < len(one) - 1)
        shares = shares if shares.sum() > 0 else np.ones(len(bins))
        fine[at] = bins[_spread(shares / shares.sum(), len(at), rng)]
    return fine


def _values(domain: Domain, fine: NDArray[np.int64], rng: np.random.Generator) -> pd.Series:
    column, last = domain.column, domain.bins - 1
    if domain.edges is None:
        levels = np.array([*domain.levels, None], dtype=object)
        return restore(column, pd.Series(levels[fine], dtype=object))
    low, high = domain.edges[:-1], domain.edges[1:]
    at = np.minimum(fine, last - 1)
    values = low[at] + rng.random(len(fine)) * (high - low)[at]
    if column.unit >= 1:
        values = np.floor(values / column.unit) * column.unit
    else:
        values = np.round(values, round(-np.log10(column.unit)))
    values = np.clip(values, domain.edges[0], domain.edges[-1])
    return restore(column, pd.Series(np.where(fine == last, np.nan, values)))
