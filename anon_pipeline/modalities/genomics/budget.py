"""The release budget: how many independent sites leave per person learnt from.

Membership can be inferred from allele frequencies alone with an AUC near Phi(sqrt(m_eff / (5 n))) (Sankararaman 2009,
doi:10.1038/ng.436, gives the bound's shape): it grows with every region released. Attacks are in ``risk``.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anon_pipeline.errors import ReleaseRefused
from anon_pipeline.modalities.genomics.options import Access, Options
from anon_pipeline.modalities.genomics.survey import Survey, Window


@dataclass(frozen=True)
class Budget:
    """m_eff: independent sites released; people: n learnt from; panel_people: public people in the pool.

    ratio: m_eff / n after dilution, n (1 + panel / n)^2 in the denominator since a pool shared with p public people
    weakens each person's trace by n / (n + p).
    """

    m_eff: float
    people: int
    panel_people: int
    ratio: float
    limit: float
    access: Access
    predicted_auc: float
    action: str
    regions_total: int
    regions_kept: int

    @property
    def held(self) -> bool:
        return self.ratio <= self.limit

    def as_report(self) -> dict[str, Any]:
        found = {key: round(value, 4) if isinstance(value, float) else value for key, value in asdict(self).items()}
        return {**found, "passed": self.held}


def predicted_auc(ratio: float) -> float:
    """Phi(sqrt(ratio / 5))."""
    return 0.5 * (1 + math.erf(math.sqrt(max(ratio, 0) / 5) / math.sqrt(2)))


def ratio_of(m_eff: float, people: int, panel_people: int = 0) -> float:
    """m_eff per person after dilution."""
    return m_eff / (people * (1 + panel_people / people) ** 2)


def judge(
    survey: Survey, people: int, panel_people: int, access: Access, options: Options, loci_windows: set[tuple[str, int]]
) -> tuple[Budget, NDArray[np.bool_]]:
    """The budget, and which windows may be released (all, or as many as fit when the policy says ``regions``)."""
    limit = options.limits(access)[0]
    effective = np.array([window.effective for window in survey.windows], dtype=np.float64)
    kept = np.ones(len(effective), dtype=bool)
    ratio = ratio_of(float(effective.sum()), people, panel_people)
    action = "none needed"
    if ratio > limit and options.over_budget == "regions":
        kept = _fitting(survey.windows, effective, limit, people, panel_people, loci_windows)
        ratio = ratio_of(float(effective[kept].sum()), people, panel_people)
        action = "fewer regions"
    elif ratio > limit:
        action = "refused"
    budget = Budget(
        float(effective[kept].sum()),
        people,
        panel_people,
        ratio,
        limit,
        access,
        predicted_auc(ratio),
        action,
        len(kept),
        int(kept.sum()),
    )
    return budget, kept


def _fitting(
    windows: list[Window],
    effective: NDArray[np.float64],
    limit: float,
    people: int,
    panel_people: int,
    wanted: set[tuple[str, int]],
) -> NDArray[np.bool_]:
    """Windows with declared loci first, then the others evenly over the genome, while the budget lasts."""
    first = [index for index, window in enumerate(windows) if (window.contig, window.number) in wanted]
    rest = [index for index in range(len(windows)) if index not in set(first)]
    golden = np.argsort([(index * 0.6180339887498949) % 1.0 for index in range(len(rest))], kind="stable")
    kept = np.zeros(len(windows), dtype=bool)
    spent = 0.0
    for index in [*first, *(rest[place] for place in golden)]:
        if ratio_of(spent + float(effective[index]), people, panel_people) <= limit:
            kept[index] = True
            spent += float(effective[index])
    return kept


def refusal(budget: Budget) -> ReleaseRefused:
    """The refusal of a release over its budget, with what would bring it under."""
    return ReleaseRefused(
        [
            f"the release budget is broken: m_eff / n is {budget.ratio:.3g} ({budget.m_eff:.0f} independent sites, "
            f"{budget.people} people), the limit for {budget.access} access is {budget.limit:g} (allele frequencies "
            f"alone would give membership AUC {budget.predicted_auc:.2f}); release fewer regions "
            "(--over-budget regions), dilute with a public panel (--panel), or add people"
        ]
    )
