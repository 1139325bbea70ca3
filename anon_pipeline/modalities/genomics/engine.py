"""From a VCF to a synthetic one: read, survey, stratify, judge the budget, generate, pair, attack, write.

The order is the guarantee: the budget is judged before anything is generated, the attacks before anything is written.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anon_pipeline.errors import BadInput, ReleaseRefused
from anon_pipeline.modalities.genomics import budget as budgets
from anon_pipeline.modalities.genomics import loci as declared
from anon_pipeline.modalities.genomics.attacking import attack_release
from anon_pipeline.modalities.genomics.choosing import blocks, keeping_ld
from anon_pipeline.modalities.genomics.formats import GeneticMap, Locus, Phenotypes
from anon_pipeline.modalities.genomics.generate import Generator, Plan, make_plan
from anon_pipeline.modalities.genomics.options import Access, Options
from anon_pipeline.modalities.genomics.pairing import pair
from anon_pipeline.modalities.genomics.panel import Panel, read_panel
from anon_pipeline.modalities.genomics.reading import read_vcf
from anon_pipeline.modalities.genomics.released import finish, sample_names
from anon_pipeline.modalities.genomics.store import Header, Store
from anon_pipeline.modalities.genomics.strata import Ancestry, Strata, components, find_strata
from anon_pipeline.modalities.genomics.survey import Survey, survey
from anon_pipeline.modalities.genomics.utility import measure_utility
from anon_pipeline.modalities.genomics.writing import write_vcf

UNDECLARED = (
    "Loci that are not declared lose their association with phenotypes: do not use this release for a discovery "
    "genome-wide association study."
)
# Residuals that by chance put another allele before a declared locus are drawn again.
LEAST_LEAD, RESIDUALS_DRAWN = 0.95, 10
Progress = Callable[[str, int], Callable[[int], None]]


@dataclass(frozen=True)
class Request:
    """One run. ``person_of`` and ``stratum_of`` map samples; samples that they miss are their own person, and
    refused, respectively. ``holdout``: samples set apart for the attacks."""

    source: Path
    target: Path
    access: Access = "controlled"
    seed: int = 0
    size: int | None = None
    person_of: dict[str, str] | None = None
    stratum_of: dict[str, str] | None = None
    holdout: list[str] | None = None
    loci: tuple[Locus, ...] = ()
    phenotypes: Phenotypes | None = None
    phenotypes_out: Path | None = None
    force: bool = False


@dataclass
class People:
    """Numbers of the samples used: one a person, training and held out apart."""

    training: NDArray[np.int64]
    unseen: NDArray[np.int64]
    further_samples: int


def who(header: Header, request: Request) -> People:
    """Split the samples. A person with any held-out sample is held out whole; of several samples the first is used."""
    place = {name: number for number, name in enumerate(header.samples)}
    person_of = request.person_of or {}
    unknown = sum(name not in place for name in person_of)
    if request.person_of and unknown == len(person_of):
        raise BadInput("samples-map: none of its samples is in the VCF")
    held = request.holdout or []
    missing = sum(name not in place for name in held)
    if missing:
        raise BadInput(f"holdout: {missing} of {len(held)} samples are not in the VCF")
    if request.holdout is not None and len(set(held)) != len(held):
        raise BadInput("holdout: a sample is named twice")
    persons_held = {person_of.get(name, name) for name in held}
    seen: set[str] = set()
    training: list[int] = []
    unseen: list[int] = []
    further = 0
    for number, name in enumerate(header.samples):
        person = person_of.get(name, name)
        if person in seen:
            further += 1
            continue
        seen.add(person)
        (unseen if person in persons_held else training).append(number)
    if not training:
        raise BadInput("holdout: every sample is held out, nobody is left to learn from")
    return People(np.array(training, np.int64), np.array(unseen, np.int64), further)


def _no_progress(_what: str, _total: int) -> Callable[[int], None]:
    return lambda _count: None


def synthesize_vcf(
    request: Request, options: Options | None = None, progress: Progress = _no_progress
) -> dict[str, Any]:
    """Make the synthetic VCF at ``request.target`` (and its .tbi) and return the report.

    Raises BadInput for input that cannot be used and ReleaseRefused, with nothing written, when the stratum, the
    budget or an attack's limit is broken and ``request.force`` is not set (``report`` of the error holds the report).
    """
    options = options or Options()
    request.target.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=".anon-pipeline-", dir=request.target.parent))
    try:
        return _Run(request, options, work, progress).run()
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _least_lead(rows: list[dict[str, Any]]) -> float:
    return min((row["lead_r2"] for row in rows if row["lead_r2"] is not None), default=1.0)


class _Run:
    def __init__(self, request: Request, options: Options, work: Path, progress: Progress) -> None:
        self.request, self.options, self.work, self.progress = request, options, work, progress
        self.reasons: list[str] = []
        self.phenotypes: NDArray[np.float64] | None = None
        self.report: dict[str, Any] = {"schema": "anon-pipeline/genomics-report/1"}

    def run(self) -> dict[str, Any]:
        request, options = self.request, self.options
        source = self.work / "source.parquet"
        read_vcf(request.source, source, unphased=options.unphased, progress=self.progress("reading", 0))
        store = Store(source)
        people = who(store.header, request)
        surveyed = survey(store, people.training, options.minimum_carriers, list(request.loci))
        self._describe(store, people, surveyed)
        panel = read_panel(Path(options.panel), store, self.work) if options.panel else None
        if panel is not None:
            if not store.header.phased:
                raise BadInput("panel: a public panel cannot dilute unphased genotypes")
            surveyed.leaves &= panel.shared
            self.report["panel"] = {"people": panel.people, "alleles_shared": int(panel.shared.sum())}
        public = panel.people if panel is not None else 0
        ancestry = components(surveyed, len(people.training))
        strata = self._strata(store, people, surveyed, ancestry, public)
        budget, kept = budgets.judge(
            surveyed, len(people.training), public, request.access, options, self._windows_with_loci(surveyed)
        )
        self.report["budget"] = budget.as_report()
        if not budget.held:
            self._refuse(budgets.refusal(budget))
        if budget.held:
            surveyed.leaves &= budgets.rows_kept(store, surveyed, budget, kept)
        if not surveyed.leaves.any():
            raise ReleaseRefused(["no allele has enough carriers, or no region fits the budget: nothing can leave"])
        genetic = GeneticMap.read(Path(options.genetic_map)) if options.genetic_map else GeneticMap()
        size = request.size or len(people.training)
        plan = make_plan(store.header, people.training, strata, size, request.seed)
        released = self._released(store, people, surveyed, strata, ancestry, plan, genetic, panel)
        self.report["alleles"]["released"] = released.rows
        self.report["released_people"] = size
        self._associations(store, released, people, surveyed, strata, plan)
        if len(people.unseen):
            self._attack(store, released, people, genetic)
        self._verdict()
        self._write(released)
        return self.report

    def _released(
        self,
        store: Store,
        people: People,
        surveyed: Survey,
        strata: Strata,
        ancestry: Ancestry,
        plan: Plan,
        genetic: GeneticMap,
        panel: Panel | None,
    ) -> Store:
        """The synthetic people, of the largest groups that keep enough LD (or of the block that was asked for)."""
        walked, final = self.work / "walkers.parquet", self.work / "released.parquet"

        def made(block: int) -> tuple[tuple[Store, int], dict[str, Any]]:
            generator = Generator(
                store, people.training, surveyed, strata, plan, genetic, block, self.options.maximum_run_cm,
                self.request.seed, panel, progress=self.progress("generating", store.rows),
            )  # fmt: skip
            generator.run(walked)
            walkers = Store(walked)
            pairing = pair(walkers, surveyed, ancestry, strata, plan, self.request.seed)
            dropped = finish(walkers, pairing, final, self.options.minimum_carriers)
            released = Store(final)
            return (released, dropped), measure_utility(store, released, people.training, surveyed, ancestry)

        public = panel.people if panel is not None else 0
        sizes = blocks(self.options.block, 2 * (min(strata.sizes) + public))
        block, (released, dropped), utility = keeping_ld(sizes, made)
        self.report["block"] = block
        self.report["alleles"]["dropped_too_few_released_carriers"] = dropped
        self.report["utility"] = utility
        return released

    def _describe(self, store: Store, people: People, surveyed: Survey) -> None:
        counts = store.header.counts
        seen = surveyed.kept + surveyed.dropped_rare
        self.report.update(
            {
                "access": self.request.access,
                "seed": self.request.seed,
                "build": store.header.build or "unknown",
                "contigs": list(store.header.contigs),
                "mode": "phased" if store.header.phased else "phase-free: genotypes leave without phase",
                "people": {
                    "training": len(people.training),
                    "held_out": len(people.unseen),
                    "further_samples_ignored": people.further_samples,
                },
                "records": {key: counts[key] for key in ("records", "filtered", "symbolic", "missing")},
                "alleles": {
                    "read": seen,
                    "dropped_too_few_carriers": surveyed.dropped_rare,
                    "dropped_share": round(surveyed.dropped_rare / max(seen, 1), 5),
                    "minimum_carriers": self.options.minimum_carriers,
                },
                "statements": [UNDECLARED],
            }
        )

    def _strata(self, store: Store, people: People, surveyed: Survey, ancestry: Ancestry, public: int) -> Strata:
        request, given = self.request, None
        if request.stratum_of is not None:
            names = [store.header.samples[number] for number in people.training]
            absent = sum(name not in request.stratum_of for name in names)
            if absent:
                raise BadInput(f"strata: {absent} of {len(names)} samples of the VCF have no stratum")
            given = [request.stratum_of[name] for name in names]
        try:
            strata = find_strata(
                ancestry, given, max(self.options.minimum_stratum - public, 1), surveyed.effective, request.seed,
                len(people.training),
            )  # fmt: skip
        except ReleaseRefused as refusal:
            self._refuse(refusal)
            strata = find_strata(ancestry, given, 1, 0.0, request.seed, len(people.training))
        self.report["strata"] = {
            "source": strata.source,
            "sizes": strata.sizes,
            "merged": strata.merged,
            "minimum": self.options.minimum_stratum,
        }
        return strata

    def _windows_with_loci(self, surveyed: Survey) -> set[tuple[str, int]]:
        return set(surveyed.loci_windows.values())

    def _associations(
        self, store: Store, released: Store, people: People, surveyed: Survey, strata: Strata, plan: Plan
    ) -> None:
        loci = list(self.request.loci)
        if not loci:
            return
        real = {
            name: alleles.reshape(-1, 2).sum(axis=1).astype(np.float64)
            for name, alleles in surveyed.loci_alleles.items()
        }
        made = declared.released_dosages(released, surveyed.loci_rows, loci)
        self.report["loci"] = {
            "declared": len(loci),
            "released": sorted(made),
            "withheld": sorted(locus.name for locus in loci if locus.name not in made),
        }
        if self.request.phenotypes is None:
            return
        given = self.request.phenotypes
        values = declared.training_traits(given, store.header.samples, people.training)
        if not np.isfinite(values).any():
            raise BadInput("phenotypes: none of the training samples has a value")
        self.phenotypes = np.full((plan.size, len(given.traits)), np.nan)
        rows: list[dict[str, Any]] = []
        for column, trait in enumerate(given.traits):
            best: list[dict[str, Any]] = []
            for attempt in range(RESIDUALS_DRAWN):
                drawn = declared.make_phenotypes(
                    values[:, [column]], [trait], loci, real, made, strata.labels, plan.stratum,
                    self.request.seed, attempt,
                )  # fmt: skip
                own = declared.check_associations(values[:, [column]], drawn, [trait], loci, real, made)
                for row in own:
                    locus = next(locus for locus in loci if locus.name == row["locus"])
                    row["lead_r2"] = declared.lead_r2(
                        store, released, people.training, locus, surveyed.loci_rows[locus.name], drawn[:, 0]
                    )
                if not attempt or _least_lead(own) > _least_lead(best):
                    best, self.phenotypes[:, column] = own, drawn[:, 0]
                if _least_lead(best) >= LEAST_LEAD:
                    break
            rows += best
        self.report["loci"]["associations"] = rows

    def _attack(self, store: Store, released: Store, people: People, genetic: GeneticMap) -> None:
        outcome = attack_release(
            store, released, people.training, people.unseen, genetic, self.options, self.request.access,
            self.request.seed, self.progress("attacking", released.rows),
        )  # fmt: skip
        self.report["attacks"] = [row.as_report() for row in outcome.rows]
        self.report["attack_figures"] = outcome.figures
        for row in outcome.rows:
            if not row.passed:
                self.reasons.append(
                    f"{row.name} ({row.metric}): {row.value:.3f}, upper bound {row.high:.3f}, limit {row.limit:g}"
                )

    def _refuse(self, refusal: ReleaseRefused) -> None:
        if not self.request.force:
            self.report["verdict"] = {"passed": False, "reasons": refusal.reasons, "forced": False}
            refusal.report = self.report  # type: ignore[attr-defined]
            raise refusal
        self.reasons.extend(refusal.reasons)

    def _verdict(self) -> None:
        asked = "attacks" in self.report
        verdict = {
            "passed": not self.reasons,
            "reasons": self.reasons,
            "forced": bool(self.reasons) and self.request.force,
            "attacks_asked": asked,
        }
        if not asked:
            verdict["note"] = (
                "no held-out samples were given: no attack was run, only the budget and strata were judged"
            )
        self.report["verdict"] = verdict
        if self.reasons and not self.request.force:
            refusal = ReleaseRefused(self.reasons)
            refusal.report = self.report  # type: ignore[attr-defined]
            raise refusal

    def _write(self, released: Store) -> None:
        names = sample_names(len(released.header.samples), self.request.seed)
        written = self.work / "out.vcf.gz"
        chunks = ((chunk, chunk.alleles()) for chunk in released.chunks())
        self.report["written"] = write_vcf(written, released.header, names, chunks)
        target = self.request.target
        if self.phenotypes is not None and self.request.phenotypes is not None:
            beside = self.request.phenotypes_out or target.with_name(
                target.name.removesuffix(".vcf.gz") + ".phenotypes.tsv"
            )
            made = self.work / "phenotypes.tsv"
            declared.write_phenotypes(made, names, self.request.phenotypes.traits, self.phenotypes)
            beside.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(made, beside)
        written.with_name("out.vcf.gz.tbi").replace(target.with_name(target.name + ".tbi"))
        written.replace(target)
