"""From the command line's files and options to one run of an engine, and a report's few lines for a person."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from anon_pipeline.errors import BadInput
from anon_pipeline.modalities.genomics.formats import read_loci, read_names, read_pairs, read_phenotypes
from anon_pipeline.modalities.genomics.options import Options


def progress_bars(quiet: bool) -> Callable[[str, int], Callable[[int], None]]:
    """A progress bar a stage on stderr, none when quiet or when stderr is not a terminal."""

    def begin(what: str, total: int) -> Callable[[int], None]:
        from tqdm import tqdm

        bar = tqdm(total=total or None, desc=what, unit=" sites", disable=quiet or not sys.stderr.isatty())

        def advance(count: int) -> None:
            bar.update(count)

        return advance

    return begin


def run(
    source: Path,
    target: Path,
    files: dict[str, Path | None],
    given: dict[str, Any],
    *,
    access: str | None,
    size: int | None,
    seed: int,
    phenotypes_out: Path | None,
    somatic: bool,
    force: bool,
    quiet: bool,
) -> dict[str, Any]:
    """Read the files beside the VCF, merge the policy's options with those given, and run."""
    options, limits_access = _options(files.get("policy"), given)
    if not source.is_file():
        raise BadInput(f"{source}: no such file")
    if target.is_dir() or target.resolve() == source.resolve():
        raise BadInput(f"{target}: the output must be another file than the input")
    chosen: Any = access or limits_access
    samples_map, holdout, phenotypes = (files.get(name) for name in ("samples_map", "holdout", "phenotypes"))
    person_of = read_pairs(samples_map, "person") if samples_map else None
    held = read_names(holdout) if holdout else None
    if somatic:
        from anon_pipeline.modalities.genomics.somatic import SomaticRequest, synthesize_somatic

        return synthesize_somatic(
            SomaticRequest(source, target, seed, size, person_of, held, access=chosen, force=force)
        )
    if not target.name.endswith(".vcf.gz"):
        raise BadInput(f"{target.name}: the output's name must end in .vcf.gz")
    from anon_pipeline.modalities.genomics.engine import Request, synthesize_vcf

    strata = files.get("strata") or (Path(options.strata) if options.strata else None)
    loci = files.get("loci") or (Path(options.loci) if isinstance(options.loci, str) else None)
    request = Request(
        source,
        target,
        access=chosen,
        seed=seed,
        size=size,
        person_of=person_of,
        stratum_of=read_pairs(strata, "stratum") if strata else None,
        holdout=held,
        loci=tuple(read_loci(loci)) if loci else (),
        phenotypes=read_phenotypes(phenotypes) if phenotypes else None,
        phenotypes_out=phenotypes_out,
        force=force,
    )
    return synthesize_vcf(request, options, progress_bars(quiet))


def _options(policy: Path | None, given: dict[str, Any]) -> tuple[Options, str]:
    if policy is None:
        return Options(**given), "controlled"
    from anon_pipeline.policy import load_policy

    loaded = load_policy(policy)
    base = Options.from_policy(loaded.options("genomics"), loaded.directory)
    return Options(**{**base.__dict__, **given}), loaded.release.access.value


def summary(report: dict[str, Any]) -> list[str]:
    """What a person wants to know first."""
    lines = []
    if "alleles" in report and "released_people" in report:
        alleles, budget = report["alleles"], report["budget"]
        lines.append(
            f"{report['released_people']} synthetic people, {alleles['released']} alleles "
            f"({alleles['dropped_share']:.1%} dropped: fewer than {alleles['minimum_carriers']} carriers)"
        )
        lines.append(f"budget: m_eff / n = {budget['ratio']:.3f}, limit {budget['limit']} ({report['access']} access)")
    if "track" in report:
        lines.append(f"somatic panel of {report['people']['training']} patients: {report['track']}")
    for row in report.get("attacks", []):
        mark = "ok" if row["passed"] else "BROKEN"
        lines.append(f"{row['name']} {row['metric']}: {row['value']:.3f} [{row['low']:.3f}, {row['high']:.3f}] {mark}")
    lines.extend(report.get("statements", []))
    verdict = report.get("verdict", {})
    if verdict:
        word = "holds" if verdict["passed"] else "BROKEN, written since --force was given"
        lines.append(f"verdict: {word}" + (f" ({verdict['note']})" if verdict.get("note") else ""))
    return lines
