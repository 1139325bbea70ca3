"""The attacks on published releases, and their time against the anonymeter package, in one run.

    python benchmarks/risk/run.py [--splits 10] [--attacks 2000] [--part aids|adult|large|all] [--no-peer]

Needs the public data of ``../shared/data`` (aids, adult). Writes RESULTS.md beside this file, one section a part.
CPU seconds are counted, since the machine may be shared; without --part the other sections are kept.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import sys
import time
import warnings
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd

from anon_pipeline.risk.battery import Battery, Effort
from anon_pipeline.risk.copies import row_order
from anon_pipeline.risk.encoding import Codebook
from anon_pipeline.risk.limits import default_limits, judge
from anon_pipeline.risk.linkability import random_pairs
from anon_pipeline.risk.report import evaluate
from anon_pipeline.risk.tables import align, read_table

HERE = Path(__file__).parent
SHARED = Path(os.environ.get("ANON_PIPELINE_SHARED_DATA", HERE.parents[2] / "shared" / "data"))
Shown = tuple[tuple[str, str], ...]
SHOWN: Shown = (
    ("calibrated_distance", "auc"),
    ("calibrated_distance", "tpr_at_1"),
    ("calibrated_distance", "tpr_at_10"),
    ("knn_ratio", "auc"),
    ("domias", "auc"),
    ("classifier", "auc"),
    ("classifier", "tpr_at_1"),
    ("maximum", "auc"),
)
BOUNDED: Shown = (
    ("univariate", "risk"),
    ("multivariate", "risk"),
    ("nearest_neighbour", "risk"),
    ("all_secrets", "risk"),
    ("exact_copies", "risk"),
    ("row_order", "risk"),
)
PUBLISHED = {
    "avatar": "incumbent's avatars (published)",
    "synthpop": "Synthpop (published)",
    "ctgan": "CTGAN (published)",
}


def cpu() -> float:
    return sum(
        getattr(resource.getrusage(who), part)
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
        for part in ("ru_utime", "ru_stime")
    )


def aids(first: int, splits: int) -> list[str]:
    """Every published release of every split, ours, shuffled columns and a bootstrap copy under the same battery: the
    same targets, halves and reference people, drawn once a split."""
    from anon_pipeline.avatars.tables import synthesize_table

    store = HERE / "rivals.json"
    kept = json.loads(store.read_text()) if store.exists() and first else {}
    for i in range(first, splits):
        folder = SHARED / "aids" / "splits"
        real, held = (read_table(folder / f"{name}_{i}.csv") for name in ("train", "control"))
        rng = np.random.default_rng(100 + i)
        releases = {"ours (default)": synthesize_table(real, seed=i).frame}
        for stored, shown in PUBLISHED.items():
            releases[shown] = read_table(folder / f"{stored}_{i}.csv")[real.columns]
        releases["columns shuffled (floor)"] = pd.DataFrame({c: rng.permutation(real[c].to_numpy()) for c in real})
        releases["bootstrap copy (ceiling)"] = real.sample(len(real), replace=True, random_state=i)
        tables = align(real, pd.concat(releases.values(), ignore_index=True), held)
        book = Codebook.of(tables)
        columns = len(book.columns)
        pairs = random_pairs(columns, 5, np.random.default_rng(i))
        people = book.raw(tables.real), book.raw(tables.holdout)
        battery = Battery(book, *people, list(range(columns)), pairs, [], Effort(), i)
        begin = 0
        for name, made in releases.items():
            raw = book.raw(tables.synthetic.iloc[begin : begin + len(made)])
            begin += len(made)
            began = cpu()
            found = battery.run(raw, name)
            found["linkability", "row_order", "risk"] = row_order(book.scaled(people[0]), book.scaled(raw), rng)
            attacks = [
                {"criterion": c, "name": n, "metric": m, "value": f.value, "low": f.low, "high": f.high}
                for (c, n, m), f in found.items()
            ]
            broken = judge(attacks, default_limits())
            kept.setdefault(name, {})[str(i)] = {
                "broken": len(broken),
                "cpu_s": round(cpu() - began, 1),
                **{f"{a['name']}/{a['metric']}": [round(a["value"], 4), round(a["high"], 4)] for a in attacks},
            }
            print(i, name, "broken" if broken else "passed", flush=True)
        store.write_text(json.dumps(kept, indent=0) + "\n")
    rows = {n: [[f["/".join(k)][0] for k in SHOWN] for f in found.values()] for n, found in kept.items()}
    bounds = {n: [[f["/".join(k)][1] for k in BOUNDED] for f in found.values()] for n, found in kept.items()}
    verdicts = {n: sum(not f["broken"] for f in found.values()) for n, found in kept.items()}
    seconds = np.mean([f["cpu_s"] for found in kept.values() for f in found.values()])
    lines = [f"## Releases of ACTG175 under the same battery, {splits} splits, mean (worst)", ""]
    lines += table(SHOWN, rows)
    lines += ["", "Upper bounds, mean (worst), and how many of the splits pass the default limits:", ""]
    lines += table(BOUNDED, bounds, {name: f"{n} of {splits}" for name, n in verdicts.items()})
    return [*lines, "", f"{seconds:.1f} CPU seconds a battery."]


def large() -> list[str]:
    """Our default on tables of 2,000 patients and more, in the whole report."""
    sys.path.insert(0, str(HERE.parent / "tables"))
    from simulated import trial

    from anon_pipeline.avatars.tables import synthesize_table

    adult = [pd.read_parquet(SHARED / "adult" / f"{n}.parquet") for n in ("train", "control")]
    cases = {"Adult": adult}
    cases["Adult, 2,500 of each"] = [t.sample(2500, random_state=1).reset_index(drop=True) for t in adult]
    for seed in (1, 2, 3):
        people = trial(5000, 2000 + seed)
        halves = people.iloc[:2500], people.iloc[2500:]
        cases[f"simulated trial {seed}"] = [half.reset_index(drop=True) for half in halves]
    names = ("univariate", "multivariate", "nearest_neighbour", "all_secrets", "exact_copies")
    heads = ["table", "patients, held out", *(n.replace("_", " ") for n in names), "worst membership AUC",
             "worst secret", "hidden rate", "cloaking", "DCR ratio", "verdict"]  # fmt: skip
    lines = ["## Our default on 2,000 patients and more, whole report", "",
             "Value [upper bound] (on shuffled columns).", ""]  # fmt: skip
    lines += ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    for name, (real, held) in cases.items():
        report = evaluate(real, synthesize_table(real, seed=0).frame, held, utility=False)
        found = {a["name"]: a for a in report["attacks"] if a["metric"] == "risk"}
        cells = [f"{len(real):,}, {len(held):,}"]
        cells += [f"{found[n]['value']:.3f} [{found[n]['high']:.3f}] ({found[n]['floor']:.3f})" for n in names]
        worst = max((a for a in report["attacks"] if a["metric"] == "auc"), key=lambda a: a["value"])
        cells.append(f"{worst['value']:.3f} [{worst['high']:.3f}] ({worst['floor']:.3f})")
        secret = max((a for a in found.values() if a["name"].startswith("secret:")), key=lambda a: a["value"])
        cells.append(f"{secret['value']:.3f} [{secret['high']:.3f}] ({secret['floor']:.3f})")
        shown = report["descriptive"]
        cells += [f"{shown[key]:.{digits}f}" for key, digits in
                  (("hidden_rate", 4), ("local_cloaking", 0), ("dcr_ratio", 3))]  # fmt: skip
        lines.append("| " + " | ".join([name, *cells, report["verdict"]]) + " |")
        print(lines[-1], flush=True)
    return lines


def table(shown: Shown, rows: dict[str, list[list[float]]], passed: dict[str, str] | None = None) -> list[str]:
    heads = ["release", *(f"{n} {m}".replace("_", " ") for n, m in shown), *(["passed"] if passed else [])]
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    for name, values in rows.items():
        cells = [f"{m:.3f} ({w:.3f})" for m, w in zip(np.mean(values, 0), np.max(values, 0), strict=True)]
        lines.append(f"| {' | '.join([name, *cells, *([passed[name]] if passed else [])])} |")
    return lines


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
    parser.add_argument("--first", type=int, default=0, help="go on with this split (aids)")
    parser.add_argument("--splits", type=int, default=10)
    parser.add_argument("--attacks", type=int, default=2000)
    parser.add_argument("--part", choices=("aids", "adult", "large", "all"), default="all")
    parser.add_argument("--no-peer", action="store_true")
    options = parser.parse_args()
    path = HERE / "RESULTS.md"
    kept = path.read_text(encoding="utf-8").split("\n## ")[1:] if path.exists() else []
    names = {"Adult": "Adult", "Releases of ACTG175": "aids", "Our default": "large"}
    parts = {
        next((name for start, name in names.items() if s.startswith(start)), s[:40]): ("## " + s).rstrip().split("\n")
        for s in kept
    }
    if options.part in ("aids", "all"):
        parts["aids"] = aids(options.first, options.splits)
    if options.part in ("large", "all"):
        parts["large"] = large()
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
