"""Maps of avatars among patients, one a modality: two components, avatars as points, patients as shaded density.

Patients are never drawn one by one: their density is smoothed over the distance to the 11th nearest of them, and shaded
where the denser six sevenths of them lie, so that nobody far from the others shows.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

SMALL_CELL = 11
GRID = 60
MOST_POINTS, MOST_PATIENTS = 1500, 4000
SHARES = (0.85, 0.7, 0.5, 0.3)


def components(avatars: NDArray[np.floating], patients: NDArray[np.floating]) -> tuple[NDArray, NDArray]:
    """Both on the two leading components of the avatars: (m, 2), (n, 2)."""
    mean = avatars.mean(axis=0)
    _, _, axes = np.linalg.svd(avatars - mean, full_matrices=False)
    axes = np.vstack([axes, np.zeros_like(axes)])[:2]
    return (avatars - mean) @ axes.T, (patients - mean) @ axes.T


def density(points: NDArray, low: NDArray, high: NDArray) -> tuple[NDArray, list[float]] | None:
    """(GRID, GRID) density of patients between the corners, and the levels within which SHARES of them lie; None of
    fewer than 11 patients, who are not drawn."""
    points = points[:: max(1, len(points) // MOST_PATIENTS)]
    if len(points) < SMALL_CELL:
        return None
    gaps = ((points[:, None, :] - points[None, :500, :]) ** 2).sum(axis=2)
    rank = min(SMALL_CELL, gaps.shape[1]) - 1
    width = float(np.quantile(np.partition(gaps, rank, axis=1)[:, rank], 0.8)) + 1e-12

    def at(places: NDArray) -> NDArray:
        square = ((places[:, None, :] - points[None, :, :]) ** 2).sum(axis=2)
        return np.exp(-square / (2 * width)).mean(axis=1)

    axes = [np.linspace(low[i], high[i], GRID) for i in range(2)]
    grid = np.stack(np.meshgrid(*axes), axis=-1).reshape(-1, 2)
    own = np.concatenate([at(points[i : i + 500]) for i in range(0, len(points), 500)])
    levels = [float(np.quantile(own, 1 - share)) for share in SHARES]
    return np.concatenate([at(grid[i : i + 500]) for i in range(0, len(grid), 500)]).reshape(GRID, GRID), levels


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
        low, high = np.quantile(made, 0.005, axis=0), np.quantile(made, 0.995, axis=0)
        low, high = low - 0.1 * (high - low) - 1e-9, high + 0.1 * (high - low) + 1e-9
        shaded = density(real, low, high)
        if shaded is not None:
            x, y = (np.linspace(low[i], high[i], GRID) for i in range(2))
            levels = np.unique([*shaded[1], max(float(shaded[0].max()), shaded[1][-1]) * 1.01])
            if len(levels) > 1:
                axes.contourf(x, y, shaded[0], levels=levels, cmap="Blues", alpha=0.8)
        few = made[:: max(1, len(made) // MOST_POINTS)]
        axes.plot(few[:, 0], few[:, 1], ".", color="#c1701b", ms=2.5, alpha=0.7)
        axes.set_xlim(low[0], high[0])
        axes.set_ylim(low[1], high[1])
        axes.set_xticks([])
        axes.set_yticks([])
        axes.set_title(name, fontsize=9)
    figure.suptitle(
        "avatars (points) among patients (shaded: the denser six sevenths, smoothed over 11 of them)", fontsize=8
    )
    figure.tight_layout()
    figure.savefig(path, dpi=110, metadata={"Software": None})
    return True
