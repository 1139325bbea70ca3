"""Privacy against utility on the ACTG175 trial: avatars at several k, the formal mode, and published rivals.

    python benchmarks/tables/run.py --data ../shared/data/aids/splits --splits 10

Every row is measured in the same run with the same attack: the calibrated-distance membership attack (distance to half
of the people kept out minus distance to the release; the other half are the non-members), hazard ratio of
zidovudine alone against the other arms, c-index of a Cox model (cd496 left out) scored on the people kept out, mean
absolute difference of correlations, and a gradient-boosted detector on as many splits as --detect says.
"""

from __future__ import annotations

import argparse
import platform
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

HERE = Path(__file__).parent
Release = Callable[[int, pd.DataFrame], pd.DataFrame]


def membership(train: pd.DataFrame, control: pd.DataFrame, made: pd.DataFrame, seed: int) -> tuple[float, float, float]:
    """AUC, TPR at 1 % and at 10 % false positives."""
    from sklearn.metrics import roc_curve
    from sklearn.neighbors import NearestNeighbors

    mean, spread = train.mean(), train.std() + 1e-9

    def space(frame: pd.DataFrame) -> np.ndarray:
        return np.nan_to_num(((frame[train.columns] - mean) / spread).to_numpy(float))

    shuffled = control.sample(frac=1, random_state=seed)
    reference, outsiders = shuffled.iloc[: len(shuffled) // 2], shuffled.iloc[len(shuffled) // 2 :]
    near, far = NearestNeighbors(n_neighbors=1).fit(space(made)), NearestNeighbors(n_neighbors=1).fit(space(reference))

    def score(frame: pd.DataFrame) -> np.ndarray:
        at = space(frame)
        return far.kneighbors(at)[0][:, 0] - near.kneighbors(at)[0][:, 0]

    inside, outside = score(train), score(outsiders)
    truth = np.r_[np.ones(len(inside)), np.zeros(len(outside))]
    fpr, tpr, _ = roc_curve(truth, np.r_[inside, outside])
    return float(np.trapezoid(tpr, fpr)), float(np.interp(0.01, fpr, tpr)), float(np.interp(0.1, fpr, tpr))


def cox(frame: pd.DataFrame, covariates: list[str], alpha: float):
    from sksurv.linear_model import CoxPHSurvivalAnalysis

    matrix = frame[covariates].astype(float)
    return CoxPHSurvivalAnalysis(alpha=alpha).fit(matrix, outcome(frame))


def outcome(frame: pd.DataFrame) -> np.ndarray:
    pairs = [(bool(e), max(float(t), 0.5)) for e, t in zip(frame["cens"], frame["days"], strict=True)]
    return np.array(pairs, dtype=[("event", bool), ("time", float)])


def hazard(frame: pd.DataFrame) -> float:
    treated = frame.assign(treated=(frame["arms"] != 0).astype(float))
    return float(np.exp(cox(treated, ["treated"], 0.0).coef_[0]))


def c_index(fit: pd.DataFrame, test: pd.DataFrame) -> float:
    out = ("cens", "days", "arms", "zprior", "cd496")
    covariates = [c for c in test.columns if c not in out]
    return float(cox(fit, covariates, 1e-3).score(test[covariates].astype(float), outcome(test)))


def detector(train: pd.DataFrame, made: pd.DataFrame) -> float:
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.model_selection import StratifiedKFold, cross_val_score

    size = min(len(train), len(made))
    both = pd.concat([train.sample(size, random_state=0), made[train.columns].sample(size, random_state=0)])
    truth = np.r_[np.ones(size), np.zeros(size)]
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    model = HistGradientBoostingClassifier(max_iter=60, random_state=0)
    return float(cross_val_score(model, both, truth, cv=folds, scoring="roc_auc").mean())


def main() -> None:
    from anon_pipeline.avatars.tables import synthesize_table

    warnings.filterwarnings("ignore")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/aids/splits"))
    parser.add_argument("--splits", type=int, default=10)
    parser.add_argument("--detect", type=int, default=2, help="splits on which the detector is trained")
    parser.add_argument("--only", default="")
    options = parser.parse_args()

    def published(name: str) -> Release:
        return lambda i, train: pd.read_csv(options.data / f"{name}_{i}.csv")[train.columns]

    methods: dict[str, Release] = {
        "ours, k 60 (default)": lambda i, train: synthesize_table(train, seed=i).frame,
        "ours, epsilon 3": lambda i, train: synthesize_table(train, epsilon=3.0).frame,
        "incumbent's avatars (published)": published("avatar"),
        "Synthpop (published)": published("synthpop"),
        "CTGAN (published)": published("ctgan"),
        "ours, k 30": lambda i, train: synthesize_table(train, seed=i, k=30).frame,
        "ours, k 150": lambda i, train: synthesize_table(train, seed=i, k=150).frame,
        "columns shuffled (floor)": lambda i, train: train.apply(lambda s: s.sample(frac=1, random_state=i).to_numpy()),
        "bootstrap copy (ceiling)": lambda i, train: train.sample(frac=1, replace=True, random_state=i),
    }
    lines = [
        "# Tables: privacy against utility",
        "",
        f"2026-11-22, {platform.machine()}, Python {platform.python_version()}. `python benchmarks/tables/run.py "
        f"--splits {options.splits} --detect {options.detect}`. ACTG175 trial; worst split in brackets.",
        "",
        "| release | membership AUC | TPR@1% | TPR@10% | abs. log HR error | within .10 | c-index loss "
        "| correlation error | detector AUC | CPU s |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for name, release in methods.items():
        if options.only and options.only not in name:
            continue
        rows, found = [], []
        for i in range(options.splits):
            train = pd.read_csv(options.data / f"train_{i}.csv")
            control = pd.read_csv(options.data / f"control_{i}.csv")
            began = time.process_time()
            made = release(i, train)
            spent = time.process_time() - began
            attack = np.mean([membership(train, control, made, seed) for seed in range(2)], axis=0)
            try:
                error = abs(np.log(hazard(made) / hazard(train)))
                loss = c_index(train, control) - c_index(made, control)
            except (ValueError, np.linalg.LinAlgError):
                error, loss = np.nan, np.nan
            correlation = np.nanmean(np.abs(train.corr().to_numpy() - made[train.columns].corr().to_numpy()))
            rows.append([*attack, error, loss, correlation, spent])
            if i < options.detect:
                found.append(detector(train, made))
        r = np.array(rows)
        mean, worst = np.nanmean(r, axis=0), np.nanmax(r, axis=0)
        seen = f"{np.mean(found):.2f}" if found else ""
        lines.append(
            f"| {name} | {mean[0]:.3f} [{worst[0]:.3f}] | {mean[1]:.3f} [{worst[1]:.3f}] "
            f"| {mean[2]:.3f} [{worst[2]:.3f}] | {mean[3]:.3f} [{worst[3]:.3f}] | {(r[:, 3] <= 0.1).sum()}/{len(r)} "
            f"| {mean[4]:.4f} | {mean[5]:.3f} | {seen} | {mean[6]:.1f} |"
        )
        print(lines[-1], flush=True)
        (HERE / "RESULTS.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
