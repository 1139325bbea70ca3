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
from anon_pipeline.modalities.genomics.store import Store
from anon_pipeline.modalities.genomics.survey import Survey, Window, windows_of_rows


@dataclass(frozen=True)
class Budget:
    """m_eff: independent sites released; people: n learnt from; panel_people: public people in the pool.

    ratio: m_eff / n after dilution, n (1 + panel / n)^2 in the denominator since a pool shared with p public people
    weakens each person's trace by n / (n + p). sites_a_region: at most so many alleles a megabase, where thinned.
    choices: what would bring a broken budget under its limit.
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
    sites_a_region: int | None = None
    choices: tuple[str, ...] = ()

    @property
    def held(self) -> bool:
        return self.ratio <= self.limit

    def as_report(self) -> dict[str, Any]:
        found = {key: round(value, 4) if isinstance(value, float) else value for key, value in asdict(self).items()}
        return {**found, "choices": list(self.choices), "passed": self.held}


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
    room = limit * people * (1 + panel_people / people) ** 2
    spent, action, sites = float(effective.sum()), "none needed", None
    choices: tuple[str, ...] = ()
    if spent > room:
        fitting = _fitting(survey.windows, effective, limit, people, panel_people, loci_windows)
        fewer = most_sites(survey, room)
        if options.over_budget == "regions":
            kept, action = fitting, "fewer regions"
        elif options.over_budget == "thin" and fewer:
            sites, action = fewer, "thinned"
        else:
            action = "refused"
            choices = _choices(spent, room, limit, people, panel_people, int(fitting.sum()), len(kept), fewer)
        spent = thinned(survey, sites) if sites else float(effective[kept].sum())
    ratio = ratio_of(spent, people, panel_people)
    budget = Budget(
        spent,
        people,
        panel_people,
        ratio,
        limit,
        access,
        predicted_auc(ratio),
        action,
        len(kept),
        int(kept.sum()),
        sites,
        choices,
    )
    return budget, kept


def _leaving(survey: Survey) -> NDArray[np.int64]:
    """(windows,) how many alleles of each may leave."""
    before = np.concatenate([[0], np.cumsum(survey.leaves)])
    first = np.array([window.first_row for window in survey.windows], np.int64)
    last = np.array([window.last_row for window in survey.windows], np.int64)
    return np.asarray(before[last + 1] - before[first])


def thinned(survey: Survey, sites: int, leaving: NDArray[np.int64] | None = None) -> float:
    """m_eff when at most ``sites`` alleles a window leave."""
    counts = np.minimum(sites, _leaving(survey) if leaving is None else leaving)
    correlation = np.array([window.correlation for window in survey.windows])
    whole = np.array([window.effective for window in survey.windows])
    found = np.where(counts > 0, 1.0 / (1.0 / np.maximum(counts, 1) + correlation), 0.0)
    return float(np.minimum(whole, found).sum())


def most_sites(survey: Survey, room: float) -> int:
    """The largest number of alleles a window that keeps m_eff within ``room``; 0 where two are too many."""
    leaving = _leaving(survey)
    low, high = 1, int(leaving.max(initial=0)) + 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if thinned(survey, middle, leaving) <= room else (low, middle)
    return low if low >= 2 else 0


def rows_kept(store: Store, survey: Survey, budget: Budget, kept: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """One flag a row of the store: in a kept window and, where thinned, one of those spread evenly over it or a
    declared locus."""
    rows = windows_of_rows(store, survey, kept)
    if budget.sites_a_region is None:
        return rows
    chosen = np.zeros(len(rows), dtype=bool)
    declared = np.array(sorted(survey.loci_rows.values()), np.int64)
    for window in survey.windows:
        leaving = window.first_row + np.flatnonzero(survey.leaves[window.first_row : window.last_row + 1])
        own = declared[(declared >= window.first_row) & (declared <= window.last_row)][: budget.sites_a_region]
        others = np.setdiff1d(leaving, own)
        room = min(budget.sites_a_region - len(own), len(others))
        chosen[own] = True
        chosen[others[np.linspace(0, len(others) - 1, room).astype(int)]] = True
    return rows & chosen


def _choices(
    spent: float, room: float, limit: float, people: int, public: int, fitting: int, regions: int, sites: int
) -> tuple[str, ...]:
    """The ways out, with what each would take, and which of them cannot do."""
    panel = math.ceil(people * (math.sqrt(spent / (limit * people)) - 1))
    return (
        f"release {fitting} of {regions} regions (--over-budget regions)",
        f"thin to {sites} sites a megabase (--over-budget thin)"
        if sites
        else "thinning cannot do: two sites a megabase are too many",
        f"dilute with a public panel of at least {panel} people (--panel)",
        f"learn from at least {math.ceil(spent / limit)} people",
    )


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
            f"alone would give membership AUC {budget.predicted_auc:.2f}); what would pass: "
            + "; ".join(budget.choices)
        ]
    )
