"""A small siamese network that learns to recognise one image under changes of pose, grain and brightness.

Two branches with shared weights, trained in the same run on patients' images and their augmentations with a
contrastive loss (Hadsell et al. 2006; normalised temperature-scaled cross entropy, Chen et al. 2020), as an attacker
who holds the hospital's images would. What it is asked afterwards belongs to ``image_attacks``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import torch

BATCH = 32
WIDTH = 32
TEMPERATURE = 0.1


class Siamese:
    """Trained on ``images`` (n, channels, rows, columns) float32 of about unit scale. Same images and seed: the same
    network."""

    def __init__(self, images: NDArray[np.float32], seed: int, steps: int = 80, device: str = "cpu") -> None:
        import torch

        self._device = device
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(seed % 2**31)
                self._train(torch.from_numpy(np.ascontiguousarray(images, np.float32)), steps)
        finally:
            torch.set_num_threads(threads)

    def _train(self, data: torch.Tensor, steps: int) -> None:
        import torch
        from torch import nn

        self._mean, self._sd = data.mean(), data.std() + 1e-6
        self._net = nn.Sequential(
            nn.Conv2d(data.shape[1], 12, 3, stride=2, padding=1), nn.GroupNorm(4, 12), nn.ReLU(),
            nn.Conv2d(12, 24, 3, stride=2, padding=1), nn.GroupNorm(4, 24), nn.ReLU(),
            nn.Conv2d(24, 32, 3, stride=2, padding=1), nn.GroupNorm(4, 32), nn.ReLU(),
            nn.Flatten(), nn.LazyLinear(WIDTH),
        ).to(self._device)  # fmt: skip
        self._net(self._scaled(data[:2]).to(self._device))
        optimiser = torch.optim.Adam(self._net.parameters(), lr=3e-3)
        for _ in range(steps):
            batch = self._scaled(data[torch.randperm(len(data))[:BATCH]])
            both = torch.cat([self.augmented(batch), self.augmented(batch)]).to(self._device)
            z = nn.functional.normalize(self._net(both), dim=1)
            likeness = z @ z.T / TEMPERATURE
            likeness.fill_diagonal_(-1e9)
            other = torch.arange(len(both), device=z.device).roll(len(batch))
            loss = nn.functional.cross_entropy(likeness, other)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()

    def _scaled(self, data: torch.Tensor) -> torch.Tensor:
        return (data - self._mean) / self._sd

    @staticmethod
    def augmented(batch: torch.Tensor) -> torch.Tensor:
        """Each image turned up to 5 degrees, scaled and shifted up to 5 %, with other brightness and grain."""
        import torch
        from torch.nn.functional import affine_grid, grid_sample

        n = len(batch)
        angle = (torch.rand(n) - 0.5) * (np.pi / 18)
        scale = 1 + (torch.rand(n) - 0.5) * 0.1
        shift = (torch.rand(n, 2) - 0.5) * 0.1
        cos, sin = torch.cos(angle) * scale, torch.sin(angle) * scale
        matrix = torch.stack([torch.stack([cos, -sin, shift[:, 0]], 1), torch.stack([sin, cos, shift[:, 1]], 1)], 1)
        moved = grid_sample(
            batch, affine_grid(matrix, list(batch.shape), align_corners=False), padding_mode="border",
            align_corners=False,
        )  # fmt: skip
        brightness = 1 + 0.1 * torch.randn(n, 1, 1, 1)
        return moved * brightness + 0.1 * torch.randn(n, 1, 1, 1) + 0.15 * torch.randn_like(moved)

    def embed(self, images: NDArray[np.float32]) -> NDArray[np.float32]:
        """(n, WIDTH) float32 of length 1."""
        import torch
        from torch.nn.functional import normalize

        out = [np.empty((0, WIDTH), np.float32)]
        with torch.no_grad():
            for low in range(0, len(images), 512):
                part = torch.from_numpy(np.ascontiguousarray(images[low : low + 512], np.float32))
                out.append(normalize(self._net(self._scaled(part).to(self._device)), dim=1).cpu().numpy())
        return np.concatenate(out)

    def power(self, images: NDArray[np.float32], seed: int) -> float:
        """The share of images that are found again (top-1) from a fresh augmentation: what the attack could do."""
        import torch

        with torch.random.fork_rng(devices=[]):
            torch.manual_seed((seed + 1) % 2**31)
            data = torch.from_numpy(np.ascontiguousarray(images, np.float32))
            seen = (self.augmented(self._scaled(data)) * self._sd + self._mean).numpy()
        known, asked = self.embed(images), self.embed(seen)
        return float(((asked @ known.T).argmax(axis=1) == np.arange(len(images))).mean())
