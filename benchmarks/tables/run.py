"""Privacy against utility: avatars at several k, the formal mode, published rivals and peers from PyPI.

    python benchmarks/tables/run.py --part aids [--splits 10] [--models 3] [--only NAME]
    python benchmarks/tables/run.py --part wdbc | simulated | report | front
    python benchmarks/tables/peers.py --out FOLDER     # in an environment that has the peers; then --peers FOLDER

Every row is measured with the same attack and models (``measures``); ``results.json`` keeps the figures of every
split, so that parts can be run apart; RESULTS.md and the figure of the front are drawn from it. ACTG175's splits are
read from --data, WDBC comes with scikit-learn, ``simulated`` are the trials that settings are chosen on.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import measures
import numpy as np
import pandas as pd
from render import draw_front, write_results

HERE = Path(__file__).parent
Release = Callable[[int, pd.DataFrame], pd.DataFrame]
Split = tuple[int, pd.DataFrame, pd.DataFrame]
FLOOR = "columns shuffled (floor)"
NEVER_SEEN = "ours, people never seen (nothing to find)"


def aids(data: Path, splits: int) -> Iterator[Split]:
    for i in range(splits):
        yield i, pd.read_csv(data / f"train_{i}.csv"), pd.read_csv(data / f"control_{i}.csv")


def wdbc(splits: int) -> Iterator[Split]:
    from sklearn.datasets import load_breast_cancer

    table = load_breast_cancer(as_frame=True).frame
    for i in range(splits):
        shuffled = table.sample(frac=1, random_state=i).reset_index(drop=True)
        cut = int(0.7 * len(table))
        yield i, shuffled.iloc[:cut].reset_index(drop=True), shuffled.iloc[cut:].reset_index(drop=True)


def simulated(splits: int) -> Iterator[Split]:
    from simulated import trial

    for i in range(splits):
        people = trial(2139, 1000 + i)
        yield i, people.iloc[:1497].reset_index(drop=True), people.iloc[1497:].reset_index(drop=True)


def shuffled(i: int, train: pd.DataFrame) -> pd.DataFrame:
    rng = np.random.default_rng([i, 5])
    return train.apply(lambda column: rng.permutation(column.to_numpy()))


def methods(part: str, data: Path, peers: Path | None) -> dict[str, Release]:
    from anon_pipeline.avatars.tables import synthesize_table

    def ours(**options: Any) -> Release:
        return lambda i, train: synthesize_table(train, seed=i, **options).frame

    def stored(folder: Path, name: str) -> Release:
        return lambda i, train: pd.read_csv(folder / f"{name}_{i}.csv")[train.columns]

    out: dict[str, Release] = {
        "ours (default)": ours(),
        FLOOR: shuffled,
        "bootstrap copy (ceiling)": lambda i, train: train.sample(frac=1, replace=True, random_state=i),
        "ours, epsilon 3": ours(epsilon=3.0),
    }
    if part != "wdbc":
        out |= {f"ours, k {k}": ours(k=k) for k in (30, 100, 150)}
    if part == "aids":
        for name, shown in {"avatar": "incumbent's avatars", "synthpop": "Synthpop", "ctgan": "CTGAN"}.items():
            out[f"{shown} (published)"] = stored(data, name)
    for path in sorted(peers.glob(f"{part}_*_0.csv")) if peers else []:
        name = path.name[len(part) + 1 : -len("_0.csv")]
        out[f"{name} (PyPI)"] = stored(peers, f"{part}_{name}")  # type: ignore[arg-type]
    return out


def measure(part: str, splits: Iterator[Split], release: Release, with_models: int) -> list[dict[str, float]]:
    rows = []
    leave = ("cens", "days", "arms", "zprior", "cd496") if part == "aids" else ("cens", "days", "treat", "count96")
    for i, train, control in splits:
        began = time.process_time()
        try:
            made = release(i, train)
        except FileNotFoundError:
            continue
        row = {"split": i, "cpu_s": time.process_time() - began}
        row |= measures.privacy(train, control, made)
        row["correlation_error"] = measures.correlation_error(train, made)
        row["control_correlation_error"] = measures.correlation_error(train, control)
        if "cens" in train:
            row |= measures.survival(train, control, made, leave)
        if i < with_models:
            row |= measures.models(train, control, made)
        rows.append(row)
    return rows


def never_seen(splits: Iterator[Split]) -> list[dict[str, float]]:
    """The attack where there is nothing to find: learnt on a random half, tried on the other half as the members."""
    from anon_pipeline.avatars.tables import synthesize_table

    rows = []
    for i, train, control in splits:
        order = np.random.default_rng([i, 1]).permutation(len(train))
        half, other = (train.iloc[part].reset_index(drop=True) for part in np.array_split(order, 2))
        began = time.process_time()
        made = synthesize_table(half, seed=i, size=len(train)).frame
        rows.append({"split": i, "cpu_s": time.process_time() - began, **measures.privacy(other, control, made)})
    return rows


def full_report(part: str, splits: Iterator[Split], data: Path) -> dict[str, Any]:
    """The upper bounds of the ``risk`` report, descriptive figures and the shadow-model attack on our default."""
    from anon_pipeline.avatars.tables import synthesize_table
    from anon_pipeline.risk.report import evaluate

    out = []
    for i, train, control in splits:
        made = synthesize_table(train, seed=i).frame
        report = evaluate(
            train, made, control, utility=False, fit_sample=lambda f, s: synthesize_table(f, seed=s).frame
        )
        figures = {
            f"{a['criterion']}/{a['name']}/{a['metric']}": [a[key] for key in ("value", "low", "high", "floor")]
            for a in report["attacks"]
            if a["criterion"] != "inference" or a["name"] == "all_secrets"
        }
        described = {k: v for k, v in report["descriptive"].items() if isinstance(v, float)}
        out.append({"split": i, "figures": figures, "descriptive": described, "verdict": report["verdict"]})
        print(part, i, report["verdict"], described, flush=True)
    return {"splits": out}


def battery() -> dict[str, dict[str, dict[str, float]]]:
    """What ``benchmarks/risk/run.py --part aids`` stored of each release: the AUC of the strongest attack by split."""
    path = HERE.parent / "risk" / "rivals.json"
    found = json.loads(path.read_text()) if path.exists() else {}
    return {name: {i: {"maximum": f["maximum/auc"][0]} for i, f in splits.items()} for name, splits in found.items()}


def main() -> None:
    warnings.filterwarnings("ignore")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", choices=("aids", "wdbc", "simulated", "report", "front"), default="aids")
    parser.add_argument("--data", type=Path, default=HERE.parents[2] / "shared" / "data" / "aids" / "splits")
    parser.add_argument("--peers", type=Path)
    parser.add_argument("--splits", type=int, default=10)
    parser.add_argument("--models", type=int, default=3, help="splits on which models and detectors are trained")
    parser.add_argument("--only", default="", help="only methods whose name holds this")
    options = parser.parse_args()
    path = HERE / "results.json"
    kept = json.loads(path.read_text()) if path.exists() else {}

    def splits() -> Iterator[Split]:
        own = {"wdbc": wdbc, "simulated": simulated}
        return own[options.part](options.splits) if options.part in own else aids(options.data, options.splits)

    if options.part == "report":
        kept["report"] = full_report("aids", splits(), options.data)
    elif options.part != "front":
        if options.only in "never seen":
            kept.setdefault(options.part, {})[NEVER_SEEN] = never_seen(splits())
        for name, release in methods(options.part, options.data, options.peers).items():
            if options.only and options.only not in name:
                continue
            if options.part == "wdbc" and "epsilon" in name:
                continue
            rows = measure(options.part, splits(), release, options.models)
            kept.setdefault(options.part, {})[name] = rows
            mean = {k: round(float(np.nanmean([r[k] for r in rows if k in r])), 4) for k in rows[0]}
            print(options.part, name, mean, flush=True)
            path.write_text(json.dumps(kept, indent=0))
    kept["machine"] = f"{platform.machine()}, Python {platform.python_version()}"
    path.write_text(json.dumps(kept, indent=0))
    write_results(kept, HERE / "RESULTS.md", FLOOR)
    if "aids" in kept:
        draw_front(kept, battery(), HERE.parents[1] / "docs" / "images" / "tables-front.png")


if __name__ == "__main__":
    main()
