"""Releases of peers from PyPI on the benchmark's training tables, written as CSV for ``run.py --peers``.

    python -m venv .venv-peers && .venv-peers/bin/pip install torch==2.13.0 -r benchmarks/requirements-peers.txt
    .venv-peers/bin/python benchmarks/tables/peers.py --out FOLDER --part aids --splits 10 [--only arf]

Every peer runs with its own defaults. This file imports nothing of the package, so that the peers' environment needs
none of its dependencies; a peer that is not installed is told and left out.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd

HERE = Path(__file__).parent


def is_category(column: pd.Series) -> bool:
    return column.nunique() <= 10


def arf(train: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Adversarial random forests (Watson et al. 2023)."""
    from arfpy import arf as package

    frame = train.fillna(train.median())
    for name in frame.columns:
        frame[name] = frame[name].astype("category" if is_category(train[name]) else float)
    model = package.arf(x=frame, num_trees=30, random_state=seed, verbose=False)
    model.forde()
    np.random.seed(seed)
    return model.forge(n=len(train)).apply(pd.to_numeric)


def ctgan(train: pd.DataFrame, seed: int) -> pd.DataFrame:
    """CTGAN (Xu et al. 2019)."""
    import torch
    from ctgan import CTGAN

    torch.manual_seed(seed)
    np.random.seed(seed)
    frame = train.fillna(train.median())
    model = CTGAN(epochs=300, verbose=False, enable_gpu=False)
    model.fit(frame, [c for c in frame.columns if is_category(train[c])])
    return model.sample(len(train))


def mst(train: pd.DataFrame, seed: int) -> pd.DataFrame:
    """MST (McKenna et al. 2021) at epsilon 3, numbers in 20 public equal-width bins, as dpmm has it."""
    from dpmm.pipelines import MSTPipeline

    frame = train.fillna(train.median()).astype(float)
    numeric = [c for c in frame.columns if not is_category(train[c])]
    domain = {}
    for name in frame.columns:
        if name in numeric:
            domain[name] = {"lower": float(frame[name].min()), "upper": float(frame[name].max())}
        else:
            frame[name] = frame[name].astype(int).astype("category")
            domain[name] = {"categories": [int(c) for c in frame[name].cat.categories]}
    np.random.seed(seed)
    model = MSTPipeline(epsilon=3, delta=1e-6, disable_processing=False)
    model.fit(frame, domain)
    return model.generate(len(train)).apply(pd.to_numeric)


PEERS: dict[str, Callable[[pd.DataFrame, int], pd.DataFrame]] = {"arf": arf, "ctgan": ctgan, "mst": mst}


def tables(part: str, data: Path, splits: int) -> Iterator[tuple[int, pd.DataFrame]]:
    if part == "aids":
        for i in range(splits):
            yield i, pd.read_csv(data / f"train_{i}.csv")
        return
    from sklearn.datasets import load_breast_cancer

    table = load_breast_cancer(as_frame=True).frame
    for i in range(splits):
        yield i, table.sample(frac=1, random_state=i).reset_index(drop=True).iloc[: int(0.7 * len(table))]


def main() -> None:
    warnings.filterwarnings("ignore")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--part", choices=("aids", "wdbc"), default="aids")
    parser.add_argument("--data", type=Path, default=HERE.parents[2] / "shared" / "data" / "aids" / "splits")
    parser.add_argument("--splits", type=int, default=10)
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    for name, peer in PEERS.items():
        if options.only and options.only != name:
            continue
        for i, train in tables(options.part, options.data, options.splits):
            began = time.process_time()
            try:
                made = peer(train.copy(), i)
            except ImportError as error:
                print(f"{name}: not installed ({error.name})")
                break
            for column in train.columns[train.isna().any()]:
                gone = np.random.default_rng(i).random(len(made)) < train[column].isna().mean()
                made.loc[gone, column] = np.nan
            made[train.columns].to_csv(options.out / f"{options.part}_{name}_{i}.csv", index=False)
            print(f"{name} {i}: {time.process_time() - began:.1f} CPU s", flush=True)


if __name__ == "__main__":
    main()
