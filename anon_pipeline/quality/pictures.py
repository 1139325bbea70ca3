"""The report of a synthetic table as pictures: aggregates only, cells under 11 left out. Deterministic SVG and PNG."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

SMALL_CELL = 11
MOST_COLUMNS = 24


METADATA: dict[str, dict[str, Any]] = {"svg": {"Date": None, "Creator": None}, "png": {"Software": None}}


def pictures(
    report: dict[str, Any],
    real: pd.DataFrame,
    synthetic: pd.DataFrame,
    out: Path,
    formats: tuple[str, ...] = ("svg", "png"),
) -> list[Path]:
    """Write ``attacks``, ``marginals`` and ``associations`` in each of the formats into ``out``; returns the files."""
    import matplotlib as mpl

    mpl.use("Agg")
    mpl.rcParams.update({"svg.hashsalt": "anon-pipeline", "font.size": 8, "svg.fonttype": "none"})
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    columns = [c for c in real.columns if c in synthetic.columns][:MOST_COLUMNS]
    numeric = [c for c in report["columns"]["numeric"] if c in columns]
    files = []
    for name, figure in (
        ("attacks", _attacks(report)),
        ("marginals", _marginals(real, synthetic, columns, numeric)),
        ("associations", _associations(report, real, synthetic)),
    ):
        for suffix in formats:
            path = out / f"{name}.{suffix}"
            figure.savefig(path, metadata=METADATA[suffix], dpi=110, bbox_inches="tight" if name == "attacks" else None)
            files.append(path)
        figure.clear()
    return files


def _attacks(report: dict[str, Any]) -> Any:
    from matplotlib.figure import Figure

    attacks = [a for a in report["attacks"] if not a["name"].startswith("secret:")]
    figure = Figure(figsize=(7, 0.28 * len(attacks) + 1))
    axes = figure.subplots()
    for i, attack in enumerate(reversed(attacks)):
        colour = {True: "#2a7f3f", False: "#b3261e", None: "#555555"}[attack["passed"]]
        axes.plot([attack["low"], attack["high"]], [i, i], color=colour, lw=2)
        axes.plot(attack["value"], i, "o", color=colour, ms=4)
        for key, mark in (("floor", "|"), ("ceiling", "x")):
            if attack[key] is not None:
                axes.plot(attack[key], i, mark, color="#888888", ms=6)
        if attack["limit"] is not None:
            axes.plot(attack["limit"], i, "D", mfc="none", mec="black", ms=4)
    axes.set_yticks(range(len(attacks)), [f"{a['criterion']} / {a['name']} / {a['metric']}" for a in reversed(attacks)])
    axes.set_xlim(-0.02, 1.02)
    axes.set_xlabel("value and 95 % interval; | floor, x ceiling, diamond limit")
    return figure


def _marginals(real: pd.DataFrame, synthetic: pd.DataFrame, columns: list[str], numeric: list[str]) -> Any:
    from matplotlib.figure import Figure

    wide = 4
    high = max(1, -(-len(columns) // wide))
    figure = Figure(figsize=(11, 2.2 * high))
    grid = np.atleast_1d(figure.subplots(high, wide)).ravel()
    for axes, column in zip(grid, columns, strict=False):
        if column in numeric:
            known = [pd.to_numeric(f[column], errors="coerce").dropna().to_numpy(float) for f in (real, synthetic)]
            if not all(len(k) for k in known):
                continue
            edges = np.unique(np.quantile(known[0], [0.02, 0.98]))
            edges = (
                np.linspace(edges[0], edges[-1], 16) if len(edges) > 1 else np.array([edges[0] - 0.5, edges[0] + 0.5])
            )
            for values, colour in zip(known, ("#1f4e79", "#d9822b"), strict=True):
                counts = np.histogram(values, edges)[0].astype(float)
                counts[counts < SMALL_CELL] = 0
                axes.stairs(counts / len(values), edges, color=colour)
        else:
            tallies = [f[column].astype(str).value_counts() for f in (real, synthetic)]
            kept = [v for v in tallies[0].index if tallies[0][v] >= SMALL_CELL][:8]
            for shift, (count, colour) in enumerate(zip(tallies, ("#1f4e79", "#d9822b"), strict=True)):
                heights = [count.get(v, 0) / count.sum() if count.get(v, 0) >= SMALL_CELL else 0 for v in kept]
                axes.bar(np.arange(len(kept)) + 0.4 * shift, heights, 0.4, color=colour)
            axes.set_xticks(range(len(kept)), [v[:8] for v in kept], rotation=45)
        axes.set_title(column[:28])
    for axes in grid[len(columns) :]:
        axes.set_visible(False)
    figure.suptitle("real (blue) and synthetic (orange); cells under 11 are left out")
    figure.subplots_adjust(left=0.04, right=0.99, wspace=0.25, top=0.93, hspace=0.75)
    return figure


def _associations(report: dict[str, Any], real: pd.DataFrame, synthetic: pd.DataFrame) -> Any:
    from matplotlib.figure import Figure

    from anon_pipeline.quality.utility_associations import association_matrix
    from anon_pipeline.risk.tables import align

    tables = align(real, synthetic, None)
    figure = Figure(figsize=(11, 3.6))
    found = [association_matrix(f, tables.numeric) for f in (tables.real, tables.synthetic)]
    for axes, matrix, title in zip(
        figure.subplots(1, 3), [*found, found[1] - found[0]], ("real", "synthetic", "difference"), strict=True
    ):
        axes.imshow(matrix, vmin=-1, vmax=1, cmap="RdBu_r", interpolation="nearest")
        axes.set_title(title)
        axes.set_xticks([])
        axes.set_yticks([])
    error = report.get("utility", {}).get("associations", {}).get("mean_absolute_error")
    if error is not None:
        figure.suptitle(f"associations; mean absolute error {error:.3f}")
    return figure
