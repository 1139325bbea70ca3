"""The attacks on published releases, and their time against the anonymeter package, in one run.

    python benchmarks/risk/run.py [--splits 10] [--attacks 2000] [--part aids|adult|all] [--no-peer]

Needs the public data of ``../shared/data`` (aids, adult). Writes RESULTS.md beside this file, one section a part.
CPU seconds are counted, since the machine may be shared; without --part the other sections are kept.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import time
import warnings
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd

from anon_pipeline.risk.report import evaluate
from anon_pipeline.risk.tables import read_table

HERE = Path(__file__).parent
SHARED = Path(os.environ.get("ANON_PIPELINE_SHARED_DATA", HERE.parents[2] / "shared" / "data"))
SHOWN = (
    ("calibrated_distance", "auc"),
    ("calibrated_distance", "tpr_at_1"),
    ("classifier", "auc"),
    ("maximum", "tpr_at_1"),
    ("nearest_neighbour", "risk"),
    ("multivariate", "risk"),
    ("all_secrets", "risk"),
    ("row_order", "risk"),
)


def cpu() -> float:
    return sum(
        getattr(resource.getrusage(who), part)
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
        for part in ("ru_utime", "ru_stime")
    )


def aids(splits: int) -> list[str]:
    """Every published release of every split, with shuffled columns and a bootstrap copy as synthetic tables too."""
    rows: dict[str, list[list[float]]] = {}
    verdicts: dict[str, int] = {}
    started = cpu()
    for i in range(splits):
        folder = SHARED / "aids" / "splits"
        real, held = (read_table(folder / f"{name}_{i}.csv") for name in ("train", "control"))
        rng = np.random.default_rng(100 + i)
        tables = {g: read_table(folder / f"{g}_{i}.csv") for g in ("avatar", "synthpop", "ctgan")}
        tables["shuffled columns"] = pd.DataFrame({c: rng.permutation(real[c].to_numpy()) for c in real})
        tables["bootstrap copy"] = real.sample(len(real), replace=True, random_state=i)
        for name, made in tables.items():
            report = evaluate(real, made, held, utility=False)
            found = {(a["name"], a["metric"]): a["value"] for a in report["attacks"]}
            rows.setdefault(name, []).append([found[key] for key in SHOWN])
            verdicts[name] = verdicts.get(name, 0) + (report["verdict"] == "passed")
            print(i, name, report["verdict"], flush=True)
    lines = [f"## Published releases of ACTG175, {splits} splits, mean (worst)", ""]
    lines.append("| release | " + " | ".join(f"{n} {m}" for n, m in SHOWN) + " | passed |")
    lines.append("|---|" + "---|" * (len(SHOWN) + 1))
    for name, values in rows.items():
        cells = [f"{m:.3f} ({w:.3f})" for m, w in zip(np.mean(values, 0), np.max(values, 0), strict=True)]
        lines.append(f"| {name} | " + " | ".join(cells) + f" | {verdicts[name]} of {splits} |")
    return [*lines, "", f"{(cpu() - started) / (5 * splits):.1f} CPU seconds an evaluation."]


def adult(attacks: int, peer: bool) -> list[str]:
    """The full evaluation of Adult with 15 secrets; ours has floor, ceiling and membership besides."""
    real, made, held = (
        pd.read_parquet(SHARED / "adult" / f"{n}.parquet") for n in ("train", "synthetic_ctgan", "control")
    )
    evaluate(real.head(500), made.head(500), held.head(200), quick=True, utility=False)
    start, wall = cpu(), time.perf_counter()
    report = evaluate(real, made, held, utility=False)
    lines = ["## Adult, 39,084 rows, 15 secrets", "", "| what | CPU s | wall s |", "|---|---|---|"]
    lines.append(
        f"| this package: all attacks, floor and ceiling too | {cpu() - start:.1f} | {time.perf_counter() - wall:.1f} |"
    )
    found = {a["name"]: a for a in report["attacks"] if a["metric"] == "risk"}
    if peer:
        from anonymeter.evaluators.inference_evaluator import InferenceEvaluator
        from anonymeter.evaluators.linkability_evaluator import LinkabilityEvaluator
        from anonymeter.evaluators.singling_out_evaluator import SinglingOutEvaluator

        warnings.simplefilter("ignore")
        start, wall = cpu(), time.perf_counter()
        theirs = {}
        for mode in ("univariate", "multivariate"):
            attack = SinglingOutEvaluator(real, made, attacks, control=held, seed=0)
            theirs[mode] = attack.evaluate(mode=mode).risk()
        halves = list(real.columns[:7]), list(real.columns[7:])
        theirs["nearest_neighbour"] = LinkabilityEvaluator(real, made, halves, attacks, control=held).evaluate(1).risk()
        for secret in real.columns:
            known = [c for c in real.columns if c != secret]
            number = pd.api.types.is_numeric_dtype(real[secret])
            attack = InferenceEvaluator(real, made, known, secret, number, attacks, held)
            theirs[f"secret:{secret}"] = attack.evaluate(n_jobs=1).risk()
        lines.append(f"| anonymeter, the same without floor and ceiling | {cpu() - start:.1f} | "
                     f"{time.perf_counter() - wall:.1f} |")  # fmt: skip
        lines += ["", "| attack | this package | anonymeter |", "|---|---|---|"]
        for name, risk in theirs.items():
            ours = found[name]
            lines.append(
                f"| {name} | {ours['value']:.3f} [{ours['low']:.3f}-{ours['high']:.3f}] | "
                f"{risk.value:.3f} [{risk.ci[0]:.3f}-{risk.ci[1]:.3f}] |"
            )
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--splits", type=int, default=10)
    parser.add_argument("--attacks", type=int, default=2000)
    parser.add_argument("--part", choices=("aids", "adult", "all"), default="all")
    parser.add_argument("--no-peer", action="store_true")
    options = parser.parse_args()
    path = HERE / "RESULTS.md"
    kept = path.read_text(encoding="utf-8").split("\n## ")[1:] if path.exists() else []
    names = {"Adult": "Adult", "Published releases": "aids"}
    parts = {
        next((name for start, name in names.items() if s.startswith(start)), s[:40]): ("## " + s).rstrip().split("\n")
        for s in kept
    }
    if options.part in ("aids", "all"):
        parts["aids"] = aids(options.splits)
    if options.part in ("adult", "all"):
        parts["Adult"] = adult(options.attacks, not options.no_peer)
    head = [
        "# Attacks: results",
        "",
        f"2026-11-22, {platform.machine()}, {os.cpu_count()} cores shared with other work; Python "
        f"{platform.python_version()}, numba {version('numba')}, scikit-learn {version('scikit-learn')}, anonymeter "
        f"{version('anonymeter')}. Command: `python benchmarks/risk/run.py`.",
    ]
    text = "\n".join([*head, *(line for part in parts.values() for line in ["", *part])]) + "\n"
    path.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
