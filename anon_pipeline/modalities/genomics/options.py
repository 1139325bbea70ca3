"""The numbers of a genomic release, with the policy's names (``modalities.genomics.options``), checked once."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal

from anon_pipeline.errors import BadInput

Access = Literal["open", "controlled"]
BLOCKS = (64, 48, 32, 24, 16, 12, 8, 6)
USUAL_BLOCK = 16


@dataclass(frozen=True)
class Options:
    """What a policy may set.

    block: haplotypes a group of those alike around a place, that donors are redrawn in; None: the largest of 64 to 6
    (for the genomes of avatars: to 16) that keeps enough LD (``choosing``).
    minimum_carriers: an allele with fewer carriers does not leave.
    minimum_stratum: smallest ancestry stratum, in people. maximum_run_cm: longest run of a single donor.
    budget_open, budget_controlled: largest m_eff / n of a release. maximum_auc_*, maximum_tpr_*: limits of the
    attacks, on the upper end of their 95 % interval. over_budget: what is done beyond the budget: ``refuse``,
    ``regions`` (keep as many whole regions as the budget allows, declared loci first) or ``thin`` (keep as many
    alleles a megabase, declared loci first). unphased: ``refuse`` or
    ``free``. panel: a public panel (VCF) that dilutes the pool; genetic_map: a file; loci: a file or a list of
    ``chrom:pos:ref:alt``; scores and pharmacogenes: loci whose dosages only the embedding sees.
    """

    block: int | None = None
    minimum_carriers: int = 5
    minimum_stratum: int = 500
    maximum_run_cm: float = 0.02
    budget_open: float = 0.2
    budget_controlled: float = 0.5
    maximum_auc_open: float = 0.60
    maximum_auc_controlled: float = 0.65
    maximum_tpr_open: float = 0.06
    maximum_tpr_controlled: float = 0.10
    over_budget: Literal["refuse", "regions", "thin"] = "refuse"
    unphased: Literal["refuse", "free"] = "refuse"
    panel: str | None = None
    genetic_map: str | None = None
    loci: Any = None
    scores: str | None = None
    pharmacogenes: Any = None
    strata: str | None = None

    def __post_init__(self) -> None:
        if self.block is not None and self.block < 3:
            raise BadInput("genomics: a block holds at least 3 haplotypes (smaller blocks copy)")
        if self.block is not None and self.block > 1000:
            raise BadInput("genomics: a block holds at most 1000 haplotypes")
        if self.minimum_carriers < 5:
            raise BadInput("genomics: minimum_carriers is at least 5")
        if self.minimum_stratum < 100:
            raise BadInput("genomics: minimum_stratum is at least 100 people")
        for name in ("maximum_run_cm", "budget_open", "budget_controlled"):
            if not getattr(self, name) > 0:
                raise BadInput(f"genomics: {name} must be positive")
        if self.over_budget not in ("refuse", "regions", "thin"):
            raise BadInput("genomics: over_budget is 'refuse', 'regions' or 'thin'")
        if self.unphased not in ("refuse", "free"):
            raise BadInput("genomics: unphased is 'refuse' or 'free'")

    @classmethod
    def from_policy(cls, options: dict[str, Any], directory: Path | None = None) -> Options:
        """The ``options`` of the policy's genomics part; relative paths are relative to ``directory``."""
        known = {field.name for field in fields(cls)}
        unknown = sorted(set(options) - known - {"access"})
        if unknown:
            raise BadInput(f"policy: genomics has unknown options {unknown}; known: {sorted(known)}")
        found = {name: value for name, value in options.items() if name != "access"}
        for name in ("panel", "genetic_map", "scores", "strata"):
            if found.get(name) and directory is not None:
                found[name] = str((directory / found[name]).resolve())
        for name in ("loci", "pharmacogenes"):
            if isinstance(found.get(name), str) and directory is not None:
                found[name] = str((directory / found[name]).resolve())
        return cls(**found)

    def limits(self, access: Access) -> tuple[float, float, float]:
        """Budget, AUC and TPR at 1 % FPR of an access class."""
        if access == "open":
            return self.budget_open, self.maximum_auc_open, self.maximum_tpr_open
        return self.budget_controlled, self.maximum_auc_controlled, self.maximum_tpr_controlled
