"""A grid of avatars' images, for a person to look at. Real images never appear in a report."""

from __future__ import annotations

from pathlib import Path

import numpy as np

ROWS, COLUMNS = 3, 8


def image_grid(folder: Path, path: Path) -> bool:
    """Draw the middle images of the first avatars below ``folder``; False when there are none."""
    import matplotlib as mpl
    import pydicom

    mpl.use("Agg")
    from matplotlib.figure import Figure

    pictures = []
    for series in sorted({p.parent for p in folder.rglob("*.dcm")}):
        slices = sorted(p for p in series.glob("*.dcm") if p.stem.isdigit())
        if slices:
            pictures.append(slices[len(slices) // 2])
    if not pictures:
        return False
    figure = Figure(figsize=(COLUMNS * 1.4, ROWS * 1.4))
    grid = np.atleast_1d(figure.subplots(ROWS, COLUMNS)).ravel()
    for axes in grid:
        axes.axis("off")
    for axes, each in zip(grid, pictures, strict=False):
        data = pydicom.dcmread(each)
        pixels = data.pixel_array
        window: dict[str, float] = {"vmin": 0, "vmax": 4095}
        if data.Modality == "CT":
            centre, width = float(data.WindowCenter) - float(data.RescaleIntercept), float(data.WindowWidth)
            window = {"vmin": centre - width / 2, "vmax": centre + width / 2}
        axes.imshow(pixels, cmap="gray", **window)
    figure.tight_layout(pad=0.2)
    figure.savefig(path, dpi=110, metadata={"Software": None})
    return True
