"""RESULTS.md and the figure of the front, from the figures of every split in results.json. Nothing is measured here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

Rows = list[dict[str, float]]
TITLES = {
    "aids": "ACTG175 trial, published 70/30 splits",
    "wdbc": "WDBC (scikit-learn), ten random 70/30 splits",
    "simulated": "Simulated trials (`simulated.py`), what the settings are chosen on",
}


def column(rows: Rows, key: str) -> np.ndarray:
    return np.array([r[key] for r in rows if key in r], dtype=float)


def spread(values: np.ndarray, digits: int = 3) -> str:
    return "" if not len(values) else f"{np.nanmean(values):.{digits}f} [{np.nanmax(values):.{digits}f}]"


def paired(rows: Rows, floor: Rows) -> str:
    """Mean difference of the AUC to the floor on the same split, with the 95 % interval of that mean."""
    own = {int(r["split"]): r["auc"] for r in rows}
    gaps = np.array([own[int(r["split"])] - r["auc"] for r in floor if int(r["split"]) in own])
    if len(gaps) < 3:
        return ""
    reach = 2.26 * gaps.std(ddof=1) / np.sqrt(len(gaps))
    return f"{gaps.mean():+.3f} [{gaps.mean() - reach:+.3f}, {gaps.mean() + reach:+.3f}]"


def table(results: dict[str, Rows], floor: str) -> list[str]:
    survival = any("delta_log_hr" in r for rows in results.values() for r in rows)
    heads = ["release", "membership AUC", "AUC less the floor's", "TPR@1%", "TPR@10%"]
    if survival:
        heads += ["abs. log HR error", "within .10", "inside real interval", "c-index loss"]
    heads += ["correlation error (control's)", "TSTR loss", "detector AUC", "CPU s"]
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    for name, rows in results.items():
        cells = [
            name,
            spread(column(rows, "auc")),
            "" if name == floor else paired(rows, results.get(floor, [])),
            spread(column(rows, "tpr_at_1")),
            spread(column(rows, "tpr_at_10")),
        ]
        if survival:
            away = np.abs(column(rows, "delta_log_hr"))
            cells += (
                [""] * 4
                if not len(away)
                else [
                    spread(away),
                    f"{int((away <= 0.1).sum())}/{len(away)}",
                    f"{int(column(rows, 'inside').sum())}/{len(away)}",
                    f"{np.nanmean(column(rows, 'c_index_loss')):.4f}",
                ]
            )
        error, control = column(rows, "correlation_error"), column(rows, "control_correlation_error")
        cells.append(f"{np.nanmean(error):.3f} ({np.nanmean(control):.3f})" if len(error) else "")
        for key, digits in (("tstr_loss", 4), ("detector", 2)):
            cells.append(f"{np.nanmean(found):.{digits}f}" if len(found := column(rows, key)) else "")
        cells.append(f"{np.nanmean(column(rows, 'cpu_s')):.1f}")
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def bounds(report: dict[str, Any]) -> list[str]:
    """Our default's figures in the whole report, over the splits it was made on: mean value, worst upper bound."""
    splits = report["splits"]
    lines = ["| attack | value, mean | upper bound, mean [worst] | floor, mean |", "|---|---|---|---|"]
    for name in splits[0]["figures"]:
        found = np.array([[np.nan if x is None else x for x in s["figures"][name]] for s in splits], dtype=float)
        floor = "" if np.isnan(found[:, 3]).all() else f"{np.nanmean(found[:, 3]):.3f}"
        lines.append(f"| {name} | {found[:, 0].mean():.3f} | {spread(found[:, 2])} | {floor} |")
    described = {k: np.mean([s["descriptive"][k] for s in splits]) for k in splits[0]["descriptive"]}
    told = ", ".join(f"{name.replace('_', ' ')} {value:.3f}" for name, value in described.items())
    return [*lines, "", f"Descriptive, over {len(splits)} splits: {told}."]


def write_results(kept: dict[str, Any], path: Path, floor: str) -> None:
    lines = [
        "# Tables: privacy against utility",
        "",
        f"2026-11-22, {kept['machine']}. `python benchmarks/tables/run.py`; parts and options in its docstring. Means "
        "over splits, the worst split in brackets. Every method is attacked and modelled in the same way (`measures.py`); "
        "the floor is the training table with every column shuffled on its own, on the same split and reference people.",
    ]
    for part in ("aids", "wdbc", "simulated"):
        if part in kept:
            lines += ["", f"## {TITLES[part]}", "", *table(kept[part], floor)]
            if part == "aids":
                lines += ["", "![front](../../docs/images/tables-front.png)"]
    if "report" in kept:
        lines += ["", "## Our default in the whole report (ACTG175)", "", *bounds(kept["report"])]
    lines += ["", *kept.get("notes", [])]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def draw_front(kept: dict[str, Any], rivals: dict[str, dict[str, dict[str, float]]], path: Path) -> None:
    """Membership AUC (mean and worst split) against the loss of the c-index and the error of the log hazard ratio.

    rivals: by release and split, ``maximum``: the AUC of the strongest attack of the whole battery.
    """
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 3, figsize=(16, 4.8))
    for name, rows in kept["aids"].items():
        if not len(column(rows, "c_index_loss")):
            continue
        loss, away = np.nanmean(column(rows, "c_index_loss")), np.nanmean(np.abs(column(rows, "delta_log_hr")))
        auc = column(rows, "auc")
        points = [(auc, loss), (auc, away), (column(list(rivals.get(name, {}).values()), "maximum"), loss)]
        colour = "tab:blue" if name.startswith("ours") else "tab:grey" if "(floor)" in name else "tab:orange"
        for axis, (found, y) in zip(axes, points, strict=True):
            if not len(found) or np.isnan(y):
                continue
            axis.plot([found.mean(), found.max()], [y, y], color=colour, lw=1)
            axis.plot(found.mean(), y, "o", color=colour, ms=7 if "default" in name else 5)
            if ", k " not in name:
                shown = "ours, k 30 to 150 (largest dot: default)" if "(default)" in name else name
                axis.annotate(shown, (found.mean(), y), fontsize=7, xytext=(4, 5), textcoords="offset points")
    titles = ("loss of the c-index", "mean absolute error of the log hazard ratio", "loss of the c-index")
    for axis, title, attack in zip(axes, titles, ("calibrated distance",) * 2 + ("strongest attack",), strict=True):
        axis.set(ylabel=title)
        axis.set_xlabel(f"membership AUC, {attack}: mean (dot) to worst split (line's end)", fontsize=8)
        axis.axvline(0.53, color="black", lw=0.5, ls=":")
        axis.grid(alpha=0.2)
    figure.suptitle("ACTG175: lower left is better")
    figure.tight_layout()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110, metadata={"Software": None})
    plt.close(figure)
