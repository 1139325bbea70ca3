"""Maps of avatars among patients, one a modality: two components, avatars as points, patients as shaded density.

Patients are never drawn one by one: the shading is of cells that at least 11 of them share.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

MOST_CELLS = 14
SMALL_CELL = 11
MOST_POINTS = 1500


def components(avatars: NDArray[np.floating], patients: NDArray[np.floating]) -> tuple[NDArray, NDArray]:
    """Both on the two leading components of the avatars: (m, 2), (n, 2)."""
    mean = avatars.mean(axis=0)
    _, _, axes = np.linalg.svd(avatars - mean, full_matrices=False)
    axes = np.vstack([axes, np.zeros_like(axes)])[:2]
    return (avatars - mean) @ axes.T, (patients - mean) @ axes.T


def shading(points: NDArray, edges: tuple[NDArray, NDArray]) -> NDArray:
    """(cells, cells) shares of patients, NaN in cells of fewer than 11."""
    counts = np.histogram2d(points[:, 0], points[:, 1], edges)[0]
    return np.where(counts >= SMALL_CELL, counts / max(len(points), 1), np.nan)


def embedding_map(views: Mapping[str, tuple[NDArray, NDArray]], path: Path) -> bool:
    """Draw the map. views: modality -> (avatars, patients), rows of numbers; False when there is nothing to draw."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib.figure import Figure

    drawn = {k: v for k, v in views.items() if min(len(v[0]), len(v[1])) > 2}
    if not drawn:
        return False
    figure = Figure(figsize=(2.7 * len(drawn), 2.9))
    for axes, (name, (avatars, patients)) in zip(
        np.atleast_1d(figure.subplots(1, len(drawn))).ravel(), drawn.items(), strict=True
    ):
        made, real = components(avatars, patients)
        cells = int(np.clip(np.sqrt(len(real) / 20), 2, MOST_CELLS))
        low, high = np.quantile(made, 0.005, axis=0), np.quantile(made, 0.995, axis=0)
        edges = tuple(
            np.linspace(a - 0.1 * (b - a), b + 0.1 * (b - a) + 1e-9, cells + 1) for a, b in zip(low, high, strict=True)
        )
        axes.pcolormesh(edges[0], edges[1], shading(real, (edges[0], edges[1])).T, cmap="Blues", vmin=0)
        few = made[:: max(1, len(made) // MOST_POINTS)]
        axes.plot(few[:, 0], few[:, 1], ".", color="#c1701b", ms=2.5, alpha=0.7)
        axes.set_xlim(edges[0][0], edges[0][-1])
        axes.set_ylim(edges[1][0], edges[1][-1])
        axes.set_xticks([])
        axes.set_yticks([])
        axes.set_title(name, fontsize=9)
    figure.suptitle("avatars (points) among patients (shaded; cells under 11 are left out)", fontsize=8)
    figure.tight_layout()
    figure.savefig(path, dpi=110, metadata={"Software": None})
    return True
