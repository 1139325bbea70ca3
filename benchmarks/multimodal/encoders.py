"""Encoders compared on people who were not learnt from: eigen-images and a convolutional VAE; phrases and words."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np


def compare(folder: Path, sizes: tuple[int, ...] = (80, 320), steps: int = 400) -> dict[str, Any]:
    """Images: the share of variance that each encoder restores, on those learnt from and on others, and CPU time."""
    found: dict[str, Any] = {"images": [], "text": []}
    for size in sizes:
        train, test = phantoms(size, 1), phantoms(80, 2)
        width = max(1, min(24, size // 5))
        for name, fit in (("eigen-images", eigen), ("convolutional VAE", vae)):
            cpu = time.process_time()
            restored = fit(train, test, width, steps)
            found["images"].append(
                {
                    "people": size, "encoder": name, "dimensions": width,
                    "explained_learnt": explained(train, restored[0], train.mean(axis=0)),
                    "explained_others": explained(test, restored[1], train.mean(axis=0)),
                    "cpu": round(time.process_time() - cpu, 1),
                }
            )  # fmt: skip
            print(found["images"][-1], flush=True)
    return found


def phantoms(people: int, seed: int) -> np.ndarray:
    """(people, 1, 64, 64) middle slices of fictional abdomens, over the window of soft tissue."""
    import cv2

    from anon_pipeline.fictional.phantom import abdomen

    rng = np.random.default_rng(seed)
    slices = [abdomen(float(np.clip(rng.normal(28, 7), 7, 60)), rng).volume[2] for _ in range(people)]
    shown = [np.clip((s.astype(np.float32) + 160) / 400, 0, 1) for s in slices]
    return np.stack([cv2.resize(s, (64, 64), interpolation=cv2.INTER_AREA) for s in shown])[:, None]


def explained(images: np.ndarray, restored: np.ndarray, mean: np.ndarray) -> float:
    return round(1 - float(((images - restored) ** 2).sum() / ((images - mean) ** 2).sum()), 3)


def eigen(train: np.ndarray, test: np.ndarray, width: int, steps: int) -> tuple[np.ndarray, np.ndarray]:
    flat, mean = train.reshape(len(train), -1), train.reshape(len(train), -1).mean(axis=0)
    _, _, axes = np.linalg.svd(flat - mean, full_matrices=False)
    axes = axes[:width]
    return tuple(  # type: ignore[return-value]
        ((x.reshape(len(x), -1) - mean) @ axes.T @ axes + mean).reshape(x.shape) for x in (train, test)
    )


def vae(train: np.ndarray, test: np.ndarray, width: int, steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Four strided convolutions each way, a Gaussian code of ``width``, beta 1e-3."""
    import torch
    from torch import nn

    torch.manual_seed(0)
    torch.set_num_threads(1)
    down = nn.Sequential(
        *(layer for a, b in ((1, 16), (16, 32), (32, 32), (32, 32)) for layer in (nn.Conv2d(a, b, 4, 2, 1), nn.SiLU())),
        nn.Flatten(), nn.Linear(512, 2 * width),
    )  # fmt: skip
    up = nn.Sequential(
        nn.Linear(width, 512), nn.Unflatten(1, (32, 4, 4)), nn.SiLU(),
        *(layer for a, b in ((32, 32), (32, 32), (32, 16)) for layer in (nn.ConvTranspose2d(a, b, 4, 2, 1), nn.SiLU())),
        nn.ConvTranspose2d(16, 1, 4, 2, 1),
    )  # fmt: skip
    optimiser = torch.optim.Adam([*down.parameters(), *up.parameters()], lr=2e-3)
    mean = torch.from_numpy(train.mean(axis=0))
    data = torch.from_numpy(train) - mean
    for _ in range(steps):
        batch = data[torch.randperm(len(data))[:48]]
        centre, spread = down(batch).chunk(2, dim=1)
        code = centre + torch.exp(spread / 2) * torch.randn_like(centre)
        loss = ((up(code) - batch) ** 2).sum(dim=(1, 2, 3)).mean()
        loss = loss - 0.5e-3 * (1 + spread - centre**2 - spread.exp()).sum(dim=1).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    with torch.no_grad():
        return tuple(  # type: ignore[return-value]
            (up(down(torch.from_numpy(x) - mean).chunk(2, dim=1)[0]) + mean).numpy() for x in (train, test)
        )
