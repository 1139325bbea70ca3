"""Fusion compared at equal dimension: multiple factor analysis, and joint autoencoders that see all blocks at once.

Both get the blocks as the pipeline scales them (each by its first singular value), so that both minimise the same loss.
What is judged: the share of each block's variance restored on people not learnt from, a linear probe of known
variables from the code, and CPU time.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Coder = Callable[[Floats], tuple[Floats, Floats]]
"""People's blocks side by side -> (their codes, the blocks restored)."""
DIMENSIONS, OTHERS, SEEDS = 16, 480, 3


def compare(root: Path, sizes: tuple[int, ...] = (80, 1500)) -> list[dict[str, Any]]:
    """root: a cohort's work folder with every embedding done. One row a size and method, means over ``SEEDS`` splits."""
    from anon_pipeline.modalities import MODALITIES, Embedding

    found = [Embedding.load(root / f"embedding/{modality}/embedding.npz") for modality in MODALITIES]
    present = np.logical_and.reduce([e.present for e in found])
    raw = [e.vectors[present] for e in found]
    known = variables(root, found[0].person_ids[present])
    rows = []
    methods = {"multiple factor analysis": factors, "autoencoder, linear": linear_network, "autoencoder": network}
    for size in sizes:
        for name, fit in methods.items():
            parts = [_one(raw, known, [e.modality for e in found], size, fit, seed) for seed in range(SEEDS)]
            row = {key: round(float(np.mean([p[key] for p in parts])), 3) for key in parts[0]}
            rows.append({"people": size, "fusion": name, **row})
            print(rows[-1], flush=True)
    return rows


def _one(
    raw: list[Floats], known: dict[str, NDArray[Any]], names: list[str], size: int, fit: Any, seed: int
) -> dict[str, float]:
    order = np.random.default_rng(seed).permutation(len(raw[0]))
    train, test = order[:size], order[-OTHERS:]
    mean = [block[train].mean(axis=0) for block in raw]
    first = [np.linalg.svd(b[train] - m, compute_uv=False)[0] / np.sqrt(size) for b, m in zip(raw, mean, strict=True)]
    whole = np.concatenate([(b - m) / f for b, m, f in zip(raw, mean, first, strict=True)], axis=1).astype(np.float32)
    cpu = time.process_time()
    code = fit(whole[train], seed)
    spent = time.process_time() - cpu
    own, _ = code(whole[train])
    other, restored = code(whole[test])
    out: dict[str, float] = {"cpu": spent}
    at = 0
    for name, block in zip(names, raw, strict=True):
        part = slice(at, at + block.shape[1])
        at = part.stop
        out[name] = 1 - float(
            ((whole[test][:, part] - restored[:, part]) ** 2).sum() / (whole[test][:, part] ** 2).sum()
        )
    out["mean"] = float(np.mean([out[name] for name in names]))
    out["all"] = 1 - float(((whole[test] - restored) ** 2).sum() / (whole[test] ** 2).sum())
    return out | probes(own, other, {k: (v[train], v[test]) for k, v in known.items()})


def variables(root: Path, ids: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
    """Year of birth and sex of the patients learnt from."""
    import pyarrow.parquet as pq

    table = pq.read_table(root / "extraction/cohort/training/observational/person.parquet").to_pandas()
    own = table.set_index("person_id").loc[ids]
    return {"year": own["year_of_birth"].to_numpy(float), "female": (own["gender_concept_id"] == 8532).to_numpy(float)}


def probes(own: Floats, other: Floats, known: dict[str, tuple[NDArray[Any], NDArray[Any]]]) -> dict[str, float]:
    """Ridge regressions on the codes of those learnt from, told on the others: R2, or AUC where there are two values."""
    from sklearn.linear_model import RidgeCV
    from sklearn.metrics import r2_score, roc_auc_score

    scale = own.std(axis=0) + 1e-9
    out = {}
    for name, (y, truth) in known.items():
        guess = RidgeCV(np.logspace(-1, 4, 11)).fit(own / scale, y).predict(other / scale)
        two = len(np.unique(y)) == 2
        out[f"probe_{name}"] = float(roc_auc_score(truth, guess) if two else r2_score(truth, guess))
    return out


def factors(train: Floats, seed: int) -> Coder:
    axes = np.linalg.svd(train, full_matrices=False)[2][:DIMENSIONS]
    return lambda people: (people @ axes.T, people @ axes.T @ axes)


def linear_network(train: Floats, seed: int) -> Coder:
    return _trained(train, seed, hidden=0)


def network(train: Floats, seed: int) -> Coder:
    return _trained(train, seed, hidden=128)


def _trained(train: Floats, seed: int, hidden: int, most_epochs: int = 600, patience: int = 40) -> Coder:
    """A denoising autoencoder with weight decay, stopped when a sixth of the people, set apart, are restored no better;
    of three strengths of noise the one that restores them best."""
    import torch
    from torch import nn

    torch.manual_seed(seed)
    torch.set_num_threads(1)
    width, apart = train.shape[1], max(10, len(train) // 6)
    data = torch.from_numpy(train)
    learnt, watched = data[:-apart], data[-apart:]
    spread = learnt.std(dim=0)
    best: tuple[float, Any, Any] = (np.inf, None, None)
    for noise in (0.0, 0.3, 0.8):
        if hidden:
            down: nn.Module = nn.Sequential(nn.Linear(width, hidden), nn.SiLU(), nn.Linear(hidden, DIMENSIONS))
            up: nn.Module = nn.Sequential(nn.Linear(DIMENSIONS, hidden), nn.SiLU(), nn.Linear(hidden, width))
        else:
            down, up = nn.Linear(width, DIMENSIONS), nn.Linear(DIMENSIONS, width)
        optimiser = torch.optim.AdamW([*down.parameters(), *up.parameters()], lr=2e-3, weight_decay=1e-2)
        since, lowest = 0, np.inf
        for _ in range(most_epochs):
            for part in torch.randperm(len(learnt)).split(64):
                clean = learnt[part]
                loss = ((up(down(clean + noise * spread * torch.randn_like(clean))) - clean) ** 2).sum(dim=1).mean()
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
            with torch.no_grad():
                now = float(((up(down(watched)) - watched) ** 2).sum(dim=1).mean())
            since = 0 if now < lowest else since + 1
            lowest = min(lowest, now)
            if now < best[0]:
                states = [{k: v.clone() for k, v in part.state_dict().items()} for part in (down, up)]
                best = (now, (down, up), states)
            if since >= patience:
                break
    for part, state in zip(best[1], best[2], strict=True):
        part.load_state_dict(state)

    def code(people: Floats) -> tuple[Floats, Floats]:
        with torch.no_grad():
            inner = best[1][0](torch.from_numpy(people))
            return inner.numpy(), best[1][1](inner).numpy()

    return code
