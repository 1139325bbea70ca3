"""The genomes of one draw's avatars: pool haplotypes of the stratum and with the declared dosages of the drawn point.

A genome never follows a neighbour's beyond that: neighbours' haplotypes would be copied by pieces.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anon_pipeline.cohort import Cohort
from anon_pipeline.errors import BadInput, CannotBeMadeSafe
from anon_pipeline.keys import seeded_rng
from anon_pipeline.modalities import Draw, Synthesis
from anon_pipeline.modalities.genomics import budget as budgets
from anon_pipeline.modalities.genomics.choosing import blocks, keeping_ld
from anon_pipeline.modalities.genomics.embedding import Surveyed, read_back, surveyed
from anon_pipeline.modalities.genomics.engine import UNDECLARED
from anon_pipeline.modalities.genomics.formats import GeneticMap
from anon_pipeline.modalities.genomics.generate import Generator, Plan
from anon_pipeline.modalities.genomics.options import USUAL_BLOCK, Access, Options
from anon_pipeline.modalities.genomics.pairing import pair
from anon_pipeline.modalities.genomics.released import finish, sample_names
from anon_pipeline.modalities.genomics.store import Store
from anon_pipeline.modalities.genomics.utility import measure_utility
from anon_pipeline.modalities.genomics.writing import write_vcf

FILE = "cohort.vcf.gz"
ASSIGNED_AT_ONCE = 800
SURPLUS_SHARE, LEAST_SURPLUS = 0.25, 50


@dataclass(frozen=True)
class Targets:
    """What an avatar asks of its genome. stratum: (m,); dosage: name -> (m,) float64; pattern: (m,) whose ploidy."""

    stratum: NDArray[np.int64]
    dosage: dict[str, NDArray[np.float64]]
    pattern: NDArray[np.int64]


def targets(genomes: Surveyed, options: Options, draw: Draw) -> Targets:
    """What the drawn point of each avatar that has a genome stands for, as the other modalities read it there."""
    wanted = read_back(genomes, options, draw.parts["genomics"][draw.having("genomics")])
    declared = {locus.name for locus in genomes.loci}
    dosage = {name: values for name, values in wanted.dosage.items() if name in declared}
    return Targets(wanted.stratum, dosage, wanted.pattern)


def with_surplus(wanted: Targets, seed: int) -> Plan:
    """The avatars, then a quarter more people of the same strata: haplotypes to choose declared dosages from."""
    rng = seeded_rng(seed, "genomics", "surplus")
    size = len(wanted.stratum)
    extra = max(int(SURPLUS_SHARE * size), LEAST_SURPLUS) if wanted.dosage else 0
    more = np.concatenate([np.arange(size), rng.choice(size, extra)])
    return Plan(wanted.stratum[more], wanted.pattern[more])


def assign(
    walkers: Store, pairing: dict[int, NDArray[np.int64]], genomes: Surveyed, wanted: Targets, plan: Plan, seed: int
) -> tuple[dict[int, NDArray[np.int64]], dict[str, float]]:
    """Give the pairs of each contig, those of the surplus too, to the avatars of their stratum so that dosages are as
    wanted; what nobody needs stays last in the order, with the surplus people.

    Returns the new pairing and, per locus, r^2 of the dosages given and wanted.
    """
    rows = {genomes.survey.loci_rows[name]: name for name in wanted.dosage}
    held: dict[int, list[tuple[str, NDArray[np.uint8]]]] = {}
    for chunk in walkers.chunks():
        for row in np.flatnonzero(np.isin(chunk.sites.source, list(rows))):
            bits = np.unpackbits(chunk.bits[row], count=chunk.slots)
            held.setdefault(chunk.sites.segment, []).append((rows[int(chunk.sites.source[row])], bits))
    agreement: dict[str, float] = {}
    moved = dict(pairing)
    for segment, loci in held.items():
        asked = np.stack([wanted.dosage[name] for name, _ in loci], axis=1)
        alleles = np.stack([bits for _, bits in loci], axis=1).astype(np.float64)
        rng = seeded_rng(seed, "genomics", "assign", segment)
        order = pairing.get(segment, np.arange(walkers.header.slots))
        offered = alleles[order].reshape(plan.size, 2, -1).sum(axis=1)
        source = _fitted(asked, offered, plan.stratum, rng)
        order = np.stack([order[2 * source], order[2 * source + 1]], axis=1).ravel()
        if walkers.header.phased:
            order = _swapped(order, asked, alleles, plan.stratum)
        moved[segment] = order
        given = alleles[order[: 2 * len(asked)]].reshape(len(asked), 2, -1).sum(axis=1)
        for column, (name, _) in enumerate(loci):
            one, other = asked[:, column], given[:, column]
            varies = one.std() > 0 and other.std() > 0
            agreement[name] = float(np.corrcoef(one, other)[0, 1] ** 2) if varies else 0.0
    return moved, agreement


def _swapped(
    order: NDArray[np.int64], asked: NDArray[np.float64], alleles: NDArray[np.float64], stratum: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Swap single haplotypes between people of a stratum where that brings them nearer to what was asked: of avatars
    with too many copies with those with too few, then with the surplus people, of whom nothing is asked.

    order: (2 (m + surplus),) the walker in each slot; asked: (m, loci); alleles: (walkers, loci).
    """
    order, size = order.copy(), len(asked)
    for column in range(asked.shape[1]):
        for label in np.unique(stratum):
            people = np.flatnonzero(stratum == label)
            mine, spare = people[people < size], people[people >= size]

            def count(who: NDArray[np.int64], column: int = column) -> NDArray[np.float64]:
                return np.asarray(alleles[order[2 * who], column] + alleles[order[2 * who + 1], column])

            over = count(mine) - asked[mine, column]
            for many, few in zip(mine[over > 0], mine[over < 0], strict=False):
                _swap(order, asked, alleles, int(many), int(few), column)
            over = count(mine) - asked[mine, column]
            held = count(spare)
            for many, few in zip(mine[over > 0], spare[held < 2], strict=False):
                _swap(order, asked, alleles, int(many), int(few), column)
            for many, few in zip(spare[held > 0], mine[over < 0], strict=False):
                _swap(order, asked, alleles, int(many), int(few), column)
    return order


def _swap(
    order: NDArray[np.int64], asked: NDArray[np.float64], alleles: NDArray[np.float64], many: int, few: int, column: int
) -> None:
    def off(person: int) -> float:
        if person >= len(asked):
            return 0.0
        given = alleles[order[2 * person]] + alleles[order[2 * person + 1]]
        return float(np.abs(given - asked[person]).sum())

    before = off(many) + off(few)
    for one in (2 * many, 2 * many + 1):
        for other in (2 * few, 2 * few + 1):
            if alleles[order[one], column] > alleles[order[other], column]:
                order[one], order[other] = order[other], order[one]
                if off(many) + off(few) < before:
                    return
                order[one], order[other] = order[other], order[one]


def _fitted(
    asked: NDArray[np.float64], offered: NDArray[np.float64], stratum: NDArray[np.int64], rng: np.random.Generator
) -> NDArray[np.int64]:
    """(m + surplus,) whose pair everyone gets: every one once, inside the stratum, the m avatars' with the least
    difference of dosages."""
    from scipy.optimize import linear_sum_assignment

    source = np.arange(len(offered))
    for label in np.unique(stratum):
        people = np.flatnonzero(stratum == label)
        mine, theirs = rng.permutation(people[people < len(asked)]), rng.permutation(people)
        by_asked = mine[np.lexsort(asked[mine].T[::-1])]
        by_offered = theirs[np.lexsort(offered[theirs].T[::-1])]
        parts = max(-(-len(mine) // ASSIGNED_AT_ONCE), 1)
        left_over = [np.zeros(0, np.int64)]
        for one, other in zip(np.array_split(by_asked, parts), np.array_split(by_offered, parts), strict=True):
            cost = np.abs(asked[one][:, None, :] - offered[other][None, :, :]).sum(axis=2)
            left, right = linear_sum_assignment(cost + 1e-3 * rng.random(cost.shape))
            source[one[left]] = other[right]
            left_over.append(np.delete(other, right))
        source[people[people >= len(asked)]] = np.concatenate(left_over)
    return source


def synthesize(
    cohort: Cohort,
    draw: Draw,
    seed: int,
    out: Path,
    options: dict[str, Any] | None = None,
    access: Access = "controlled",
    directory: Path | None = None,
) -> Synthesis:
    """Write ``cohort.vcf.gz`` and its index below ``out``, samples named by the avatars' ids.

    access: the release's class, which decides its budget; directory: what relative paths in the options start from.
    Raises CannotBeMadeSafe when the cohort is too small, or the release budget is broken.
    """
    if not cohort.vcf.is_file():
        raise BadInput("genomics: the cohort has no VCF")
    settings = Options.from_policy(options or {}, directory)
    out.mkdir(parents=True, exist_ok=True)
    with surveyed(cohort, settings) as genomes:
        return _written(genomes, draw, seed, out, settings, access)


def _written(genomes: Surveyed, draw: Draw, seed: int, out: Path, options: Options, access: Access) -> Synthesis:
    public = genomes.panel.people if genomes.panel is not None else 0
    with_loci = set(genomes.survey.loci_windows.values())
    budget, kept = budgets.judge(genomes.survey, len(genomes.people), public, access, options, with_loci)
    if not budget.held:
        raise CannotBeMadeSafe("genomics: " + "; ".join(budgets.refusal(budget).reasons))
    genomes.survey.leaves &= budgets.rows_kept(genomes.store, genomes.survey, budget, kept)
    if not genomes.survey.leaves.any():
        raise CannotBeMadeSafe("genomics: no allele has enough carriers, or no region fits the release budget")
    having = np.flatnonzero(draw.having("genomics"))
    if not len(having):
        raise CannotBeMadeSafe("genomics: no avatar was drawn among patients with a genome")
    wanted = targets(genomes, options, draw)
    plan = with_surplus(wanted, seed)
    genetic = GeneticMap.read(Path(options.genetic_map)) if options.genetic_map else GeneticMap()
    work = genomes.store.path.parent

    def made(block: int) -> tuple[tuple[Store, dict[str, float], int], dict[str, Any]]:
        generator = Generator(
            genomes.store, genomes.people, genomes.survey, genomes.strata, plan, genetic, block,
            options.maximum_run_cm, seed, genomes.panel,
        )  # fmt: skip
        generator.run(work / "walkers.parquet")
        walkers = Store(work / "walkers.parquet")
        pairing = pair(walkers, genomes.survey, genomes.ancestry, genomes.strata, plan, seed)
        pairing, agreement = assign(walkers, pairing, genomes, wanted, plan, seed)
        dropped = finish(walkers, pairing, work / "released.parquet", options.minimum_carriers, len(having))
        released = Store(work / "released.parquet")
        utility = measure_utility(genomes.store, released, genomes.people, genomes.survey, genomes.ancestry)
        return (released, agreement, dropped), utility

    sizes = blocks(options.block, 2 * (min(genomes.strata.sizes) + public), USUAL_BLOCK)
    block, (released, agreement, dropped), utility = keeping_ld(sizes, made)
    everyone = sample_names(draw.size, seed)
    names = [everyone[number] for number in having]
    by_name = np.argsort([int(name) for name in names], kind="stable")
    slots = np.stack([2 * by_name, 2 * by_name + 1], axis=1).ravel()
    header = released.header.reordered(by_name)
    chunks = ((chunk, chunk.alleles()[:, slots]) for chunk in released.chunks())
    written = write_vcf(out / FILE, header, [names[number] for number in by_name], chunks)
    notes = [UNDECLARED, f"genomics: m_eff / n {budget.ratio:.3f}, limit {budget.limit:g} for {access} access"]
    if utility["ld_r"] is not None:
        notes.append(f"genomics: groups of {block} haplotypes keep an LD r of {utility['ld_r']:.3f}")
    if agreement:
        notes.append(
            f"genomics: declared dosages given and wanted agree with r2 of at least {min(agreement.values()):.3f}"
        )
    counts = {
        "people": len(having),
        "records": written["records"],
        "alleles_dropped_too_few_carriers": genomes.survey.dropped_rare + dropped,
        "loci_declared": len(genomes.loci),
        "loci_released": len(agreement),
    }
    return Synthesis([Path(FILE), Path(FILE + ".tbi")], counts, notes)
