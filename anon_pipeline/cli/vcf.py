"""``anon-pipeline vcf IN OUT``: synthetic genotypes of a cohort; with ``--somatic``, tumour-only panels."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Any

import typer

from anon_pipeline.cli.common import say, tells_errors, write_report


class Access(StrEnum):
    OPEN = "open"
    CONTROLLED = "controlled"


class OverBudget(StrEnum):
    REFUSE = "refuse"
    REGIONS = "regions"
    THIN = "thin"


class Unphased(StrEnum):
    REFUSE = "refuse"
    FREE = "free"


@tells_errors
def vcf(
    source: Path = typer.Argument(
        ..., metavar="IN", help="VCF(.gz) or BCF of the cohort; with --somatic a MAF or VCF."
    ),
    target: Path = typer.Argument(..., metavar="OUT", help="The VCF to make (.vcf.gz, indexed); with --somatic a TSV."),
    samples_map: Path | None = typer.Option(None, help="sample<TAB>person: several samples of one person."),
    strata: Path | None = typer.Option(None, help="sample<TAB>stratum: ancestry groups; found by PCA when absent."),
    loci: Path | None = typer.Option(None, help="chrom pos ref alt [traits]: loci whose associations must be kept."),
    phenotypes: Path | None = typer.Option(None, help="sample<TAB>trait...: phenotypes of the real people."),
    phenotypes_out: Path | None = typer.Option(None, help="Where the synthetic people's phenotypes go (TSV)."),
    genetic_map: Path | None = typer.Option(None, help="chrom pos cM (or HapMap, or PLINK); 1 cM/Mb when absent."),
    panel: Path | None = typer.Option(None, help="A public phased panel (VCF) that dilutes the pool."),
    block: int | None = typer.Option(
        None, help="Haplotypes a group that donors are redrawn in, 3 or more; chosen by LD when absent."
    ),
    number: int | None = typer.Option(None, "--n", min=5, help="Synthetic people; as many as learnt from when absent."),
    seed: int = typer.Option(0, min=0),
    holdout: Path | None = typer.Option(None, help="Samples never used but to attack, one a line."),
    access: Access | None = typer.Option(None, "--access", help="The limits that apply; the policy's, or controlled."),
    policy: Path | None = typer.Option(None, help="A release policy (YAML)."),
    over_budget: OverBudget | None = typer.Option(
        None, help="Beyond the budget: refuse, keep fewer regions, or thin sites."
    ),
    unphased: Unphased | None = typer.Option(None, help="Unphased genotypes: refuse, or release without phase."),
    somatic: bool = typer.Option(False, "--somatic", help="Tumour-only panel: aggregates, or gene-level avatars."),
    report: Path | None = typer.Option(None, help="Where the report goes (JSON)."),
    force: bool = typer.Option(False, "--force", help="Write even when the verdict is broken; the report says so."),
    as_json: bool = typer.Option(False, "--json", help="Print the report as JSON."),
    quiet: bool = typer.Option(False, "--quiet"),
) -> None:
    """Synthetic genotypes that keep frequencies, LD and declared associations, attacked before they leave."""
    from anon_pipeline.errors import VerdictBroken
    from anon_pipeline.modalities.genomics import requests

    given = {
        "block": block,
        "panel": str(panel) if panel else None,
        "genetic_map": str(genetic_map) if genetic_map else None,
        "over_budget": over_budget.value if over_budget else None,
        "unphased": unphased.value if unphased else None,
    }
    files = {
        "samples_map": samples_map,
        "strata": strata,
        "loci": loci,
        "phenotypes": phenotypes,
        "holdout": holdout,
        "policy": policy,
    }
    try:
        found = requests.run(
            source,
            target,
            files,
            {key: value for key, value in given.items() if value is not None},
            access=access.value if access else None,
            size=number,
            seed=seed,
            phenotypes_out=phenotypes_out,
            somatic=somatic,
            force=force,
            quiet=quiet,
        )
    except VerdictBroken as broken:
        refused: dict[str, Any] | None = getattr(broken, "report", None)
        if refused is not None:
            write_report(refused, report)
            if as_json:
                say(refused, [], as_json=True, quiet=True)
        raise
    write_report(found, report)
    say(found, requests.summary(found), as_json=as_json, quiet=quiet)


def register(app: typer.Typer) -> None:
    app.command("vcf", help=vcf.__doc__)(vcf)
