"""Whether modalities agree in avatars as they do in patients: associations between facts of different modalities.

Each pair of facts of two modalities that are clearly associated in the real patients (Spearman correlation, Benjamini
and Hochberg's false discovery rate) is estimated again in the avatars. Nothing here knows which associations to expect.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

FALSE_DISCOVERIES = 0.01
MOST_PAIRS = 40
LEAST_PEOPLE = 30


@dataclass(frozen=True)
class Association:
    """Spearman correlations of a pair in patients and avatars, with 95 % intervals (Bonett and Wright 2000)."""

    first: str
    second: str
    real: float
    low: float
    high: float
    avatars: float
    avatars_low: float
    avatars_high: float
    people: int

    @property
    def kept(self) -> bool:
        """Whether the avatars' estimate lies in the real interval."""
        return self.low <= self.avatars <= self.high


def modality_of(fact: str) -> str:
    """The modality that a fact comes from, by its name."""
    head = fact.split("/", 1)[0]
    return {"measurement": "biology", "imaging": "imaging", "genomics": "genomics", "text": "text"}.get(
        head, "observational"
    )


def associations(real: pd.DataFrame, avatars: pd.DataFrame) -> list[Association]:
    """The strongest associations across modalities. real, avatars: one row a person, columns named as facts are."""
    from scipy.stats import norm

    shared = [c for c in real.columns if c in avatars.columns and real[c].nunique() > 1]
    pairs = []
    for i, first in enumerate(shared):
        for second in shared[i + 1 :]:
            if modality_of(first) == modality_of(second):
                continue
            rho, people = _spearman(real, first, second)
            if people >= LEAST_PEOPLE and np.isfinite(rho):
                low, high = _interval(rho, people)
                score = np.arctanh(np.clip(rho, -0.999, 0.999)) * np.sqrt((people - 3) / (1 + rho**2 / 2))
                pairs.append((2 * norm.sf(abs(score)), first, second, rho, low, high, people))
    pairs.sort()
    limit = [p for rank, p in enumerate(pairs, 1) if p[0] <= FALSE_DISCOVERIES * rank / len(pairs)]
    found = []
    for _, first, second, rho, low, high, people in limit[:MOST_PAIRS]:
        made, count = _spearman(avatars, first, second)
        if not np.isfinite(made):
            made = 0.0
        made_low, made_high = _interval(made, max(count, 4))
        found.append(Association(first, second, rho, low, high, made, made_low, made_high, people))
    return found


def _spearman(frame: pd.DataFrame, first: str, second: str) -> tuple[float, int]:
    from scipy.stats import spearmanr

    both = frame[[first, second]].to_numpy(float)
    both = both[np.isfinite(both).all(axis=1)]
    if len(both) < 4 or both.std(axis=0).min() == 0:
        return float("nan"), len(both)
    return float(spearmanr(both[:, 0], both[:, 1]).statistic), len(both)


def _interval(rho: float, people: int) -> tuple[float, float]:
    centre = np.arctanh(np.clip(rho, -0.999, 0.999))
    half = 1.96 * np.sqrt((1 + rho**2 / 2) / max(people - 3, 1))
    return float(np.tanh(centre - half)), float(np.tanh(centre + half))


def summary(found: list[Association]) -> dict[str, Any]:
    """Figures for the report: how many associations there are, what share is kept, the mean ratio of effects."""
    if not found:
        return {"associations": 0}
    ratios = [a.avatars / a.real for a in found if abs(a.real) > 0.05]
    return {
        "associations": len(found),
        "kept_share": float(np.mean([a.kept for a in found])),
        "mean_effect_ratio": float(np.mean(ratios)) if ratios else float("nan"),
        "pairs": [vars(a) for a in found],
    }


def forest(found: list[Association], path: Path) -> None:
    """Draw real and avatar estimates with their intervals, one line an association."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 0.32 * len(found) + 1))
    axes = figure.subplots()
    for row, a in enumerate(reversed(found)):
        axes.plot([a.low, a.high], [row + 0.12] * 2, color="#1f4e79", lw=2)
        axes.plot(a.real, row + 0.12, "o", color="#1f4e79", ms=4, label="patients" if row == 0 else None)
        axes.plot([a.avatars_low, a.avatars_high], [row - 0.12] * 2, color="#c1701b", lw=2)
        axes.plot(a.avatars, row - 0.12, "s", color="#c1701b", ms=4, label="avatars" if row == 0 else None)
    axes.set_yticks(range(len(found)), [f"{a.first} ~ {a.second}" for a in reversed(found)], fontsize=6)
    axes.axvline(0, color="#999999", lw=0.8)
    axes.set_xlabel("Spearman correlation, 95 % interval")
    axes.legend(loc="lower right", fontsize=7)
    figure.tight_layout()
    figure.savefig(path, dpi=110, metadata={"Software": None})
