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
BINS = 20


def is_category(column: pd.Series) -> bool:
    return column.nunique() <= 10


def arf(train: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Adversarial random forests (Watson et al. 2023). The package looks a leaf's patients up again for every column;
    here it is told once."""
    from arfpy import arf as package
    from pandas.core.groupby import DataFrameGroupBy as Groups

    look_up = getattr(Groups, "look_up", Groups.get_group)

    def once(self: Groups, name: object) -> pd.DataFrame:
        held = self.__dict__.setdefault("held", {})
        if name not in held:
            held.clear()
            held[name] = look_up(self, name)
        return held[name]

    Groups.look_up, Groups.get_group = look_up, once
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
    """MST (McKenna et al. 2021) at epsilon 3, delta 1e-6, as dpmm has it: 20 public equal-width bins a number and one
    for missing values; a bin's values are drawn evenly. Its mirror descent takes 250 steps instead of 2,500 to select
    marginals (one-way ones are soon fitted) and 500 instead of 5,000 for the final fit."""
    from dpmm.models import mst as package

    engine = package.FactoredInference
    package.FactoredInference = lambda *a, iters, **k: engine(*a, iters=min(iters, 250), **k)

    rng = np.random.default_rng(seed)
    codes, domain, back = pd.DataFrame(index=train.index), {}, {}
    for name in train.columns:
        known = train[name].dropna()
        if is_category(train[name]):
            levels = np.sort(known.unique())
            place = np.searchsorted(levels, train[name].fillna(levels[0]))
            back[name] = (levels, None)
        else:
            edges = np.linspace(known.min(), known.max(), BINS + 1)
            place = np.clip(np.searchsorted(edges, train[name].fillna(edges[0]), side="right") - 1, 0, BINS - 1)
            back[name] = (edges[:-1], edges[1:])
        codes[name] = np.where(train[name].isna(), len(back[name][0]), place).astype(int)
        domain[name] = len(back[name][0]) + int(train[name].isna().any())
    model = package.MSTGM(epsilon=3, delta=1e-6, n_iters=500, n_jobs=1)
    model.set_random_state(np.random.RandomState(seed))
    model.set_domain(domain)
    model.fit(codes)
    made = model.generate(n_records=len(train))
    made = made if isinstance(made, pd.DataFrame) else made.df
    out = pd.DataFrame(index=range(len(train)))
    for name in train.columns:
        low, high = back[name]
        code = made[name].to_numpy(int)
        at = np.minimum(code, len(low) - 1)
        values = low[at] if high is None else rng.uniform(low[at], high[at])
        whole = bool((train[name].dropna() % 1 == 0).all())
        out[name] = np.where(code == len(low), np.nan, np.round(values) if whole else values)
    return out


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
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--splits", type=int, default=10)
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    for name, peer in PEERS.items():
        if options.only and options.only != name:
            continue
        for i, train in tables(options.part, options.data, options.splits):
            if i < options.first:
                continue
            began = time.process_time()
            try:
                made = peer(train.copy(), i)
            except ImportError as error:
                print(f"{name}: not installed ({error.name})")
                break
            for column in train.columns[train.isna().any() & ~made.isna().any()]:
                gone = np.random.default_rng(i).random(len(made)) < train[column].isna().mean()
                made.loc[gone, column] = np.nan
            made[train.columns].to_csv(options.out / f"{options.part}_{name}_{i}.csv", index=False)
            print(f"{name} {i}: {time.process_time() - began:.1f} CPU s", flush=True)


if __name__ == "__main__":
    main()
