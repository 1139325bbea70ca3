"""Factor analysis of mixed data against a small autoencoder: whose neighbourhoods say more about a patient?

    python benchmarks/tables/embedding.py [--tables 3]

On simulated trials and WDBC: the leading 12 dimensions of each; the 60 nearest other patients; how much of every
column's variance their mean explains (R2, left-out patient), on columns that the embedding saw and on one that it did
not (the outcome); and how uneven neighbourhoods are (largest in-degree over k; patients who are nobody's neighbour).
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import pandas as pd
from simulated import trial


def design(frame: pd.DataFrame) -> np.ndarray:
    filled = frame.fillna(frame.median())
    parts = []
    for name in filled:
        column = filled[name].to_numpy(float)
        if filled[name].nunique() <= 10:
            parts += [(column == v) / np.sqrt((column == v).mean()) for v in np.unique(column)]
        else:
            rank = filled[name].rank().to_numpy() / (len(filled) + 1)
            from scipy.special import ndtri

            parts.append(ndtri(rank))
    matrix = np.stack(parts, axis=1)
    return (matrix - matrix.mean(0)).astype(np.float32)


def autoencoder(matrix: np.ndarray, dimensions: int, seed: int, epochs: int = 150) -> np.ndarray:
    """A bottleneck of ``dimensions`` between two layers of 64, noise on the input, Adam."""
    import torch

    torch.manual_seed(seed)
    data = torch.from_numpy(matrix)
    width = data.shape[1]
    encode = torch.nn.Sequential(torch.nn.Linear(width, 64), torch.nn.GELU(), torch.nn.Linear(64, dimensions))
    decode = torch.nn.Sequential(torch.nn.Linear(dimensions, 64), torch.nn.GELU(), torch.nn.Linear(64, width))
    optimiser = torch.optim.Adam([*encode.parameters(), *decode.parameters()], lr=3e-3, weight_decay=1e-5)
    for _ in range(epochs):
        for rows in torch.randperm(len(data)).split(128):
            batch = data[rows]
            loss = ((decode(encode(batch + 0.2 * torch.randn_like(batch))) - batch) ** 2).mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    with torch.no_grad():
        return encode(data).numpy()


def explained(points: np.ndarray, frame: pd.DataFrame, columns: list[str], k: int = 60) -> tuple[float, float, float]:
    from sklearn.neighbors import NearestNeighbors

    near = NearestNeighbors(n_neighbors=k).fit(points).kneighbors(return_distance=False)
    filled = frame[columns].fillna(frame[columns].median()).rank().to_numpy(float)
    guess = filled[near].mean(axis=1)
    found = [np.corrcoef(guess[:, j], filled[:, j])[0, 1] ** 2 for j in range(len(columns)) if filled[:, j].std() > 0]
    degree = np.bincount(near.ravel(), minlength=len(points))
    return float(np.mean(found)), degree.max() / k, float((degree == 0).mean())


def main() -> None:
    from sklearn.datasets import load_breast_cancer

    from anon_pipeline.avatars.embedding import principal

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tables", type=int, default=3)
    options = parser.parse_args()
    tables = {f"trial {i}": (trial(1500, 500 + i), ["cens", "days"]) for i in range(options.tables - 1)}
    tables["WDBC"] = (load_breast_cancer(as_frame=True).frame, ["target"])
    print("| table | embedding | R2 of its columns | R2 of the outcome, not seen | in-degree / k | no one's | CPU s |")
    print("|---|---|---|---|---|---|---|")
    for name, (frame, kept_out) in tables.items():
        seen = [c for c in frame.columns if c not in kept_out]
        matrix = design(frame[seen])
        for kind in ("FAMD", "autoencoder"):
            began = time.process_time()
            points = principal(matrix).vectors[:, :12] if kind == "FAMD" else autoencoder(matrix, 12, 0)
            if kind == "autoencoder":
                points = principal(points).vectors
            spent = time.process_time() - began
            own, hub, alone = explained(points, frame, seen)
            other, _, _ = explained(points, frame, kept_out)
            print(f"| {name} | {kind} | {own:.3f} | {other:.3f} | {hub:.1f} | {alone:.3f} | {spent:.1f} |", flush=True)


if __name__ == "__main__":
    main()
