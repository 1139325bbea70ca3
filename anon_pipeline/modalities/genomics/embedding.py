"""What the joint embedding gets of a genome: ancestry, ploidy, declared loci, scores and pharmacogenes.

Never raw genotypes.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from anon_pipeline.cohort import Cohort
from anon_pipeline.errors import BadInput, CannotBeMadeSafe, ReleaseRefused
from anon_pipeline.modalities import Embedding
from anon_pipeline.modalities.genomics.formats import Locus, read_loci, read_pairs, read_scores
from anon_pipeline.modalities.genomics.generate import ploidy_classes
from anon_pipeline.modalities.genomics.options import Options
from anon_pipeline.modalities.genomics.panel import Panel, read_panel
from anon_pipeline.modalities.genomics.reading import read_vcf
from anon_pipeline.modalities.genomics.store import Store
from anon_pipeline.modalities.genomics.strata import Ancestry, Strata, components, find_strata
from anon_pipeline.modalities.genomics.survey import Survey, survey

COMPONENTS = 4
LEAST_ALIKE = 5


@dataclass(frozen=True)
class Surveyed:
    """A cohort's genomes, read and surveyed. person_ids: (n,) int64 of the samples, in the file's order."""

    store: Store
    person_ids: NDArray[np.int64]
    people: NDArray[np.int64]
    survey: Survey
    ancestry: Ancestry
    strata: Strata
    loci: list[Locus]
    panel: Panel | None


def declared_loci(value: Any) -> list[Locus]:
    """Loci from a file's path or a list of ``chrom:pos:ref:alt``."""
    if not value:
        return []
    if isinstance(value, str):
        return read_loci(Path(value))
    found = []
    for item in value:
        parts = str(item).split(":")
        if len(parts) != 4 or not parts[1].isdigit():
            raise BadInput("policy: a genomics locus is written chrom:pos:ref:alt")
        found.append(Locus(parts[0], int(parts[1]), parts[2], parts[3]))
    return found


@contextmanager
def surveyed(cohort: Cohort, options: Options, seed: int = 0) -> Iterator[Surveyed]:
    """Read a cohort's VCF in a private temporary folder that is gone afterwards.

    Raises CannotBeMadeSafe when the cohort (with the public panel) is smaller than a stratum may be.
    """
    work = Path(tempfile.mkdtemp(prefix="anon-pipeline-genomics-"))
    try:
        store_path = work / "source.parquet"
        read_vcf(cohort.vcf, store_path, unphased=options.unphased)
        store = Store(store_path)
        if not all(name.lstrip("-").isdigit() for name in store.header.samples):
            raise BadInput("genomics: the samples of the cohort's VCF are not person_id")
        person_ids = np.array([int(name) for name in store.header.samples], np.int64)
        people = np.arange(len(person_ids))
        scores = read_scores(Path(options.scores)) if options.scores else {}
        loci = declared_loci(options.loci)
        seen = {locus.key for locus in loci}
        wanted = loci + [locus for locus in declared_loci(options.pharmacogenes) if locus.key not in seen]
        seen |= {locus.key for locus in wanted}
        wanted += [locus for locus in scores if locus.key not in seen]
        panel = read_panel(Path(options.panel), store, work) if options.panel else None
        public = panel.people if panel is not None else 0
        if len(people) + public < options.minimum_stratum:
            raise CannotBeMadeSafe(
                f"genomics: {len(people)} people, and a stratum needs {options.minimum_stratum}: haplotypes of so few "
                "people cannot be released; give a public panel (genomics option 'panel') or withhold the modality"
            )
        found = survey(store, people, options.minimum_carriers, wanted)
        if panel is not None:
            found.leaves &= panel.shared
        ancestry = components(found, len(people))
        given = _given(options, store)
        least = max(options.minimum_stratum - public, 1)
        try:
            strata = find_strata(ancestry, given, least, found.effective, seed, len(people))
        except ReleaseRefused as refusal:
            raise CannotBeMadeSafe("; ".join(refusal.reasons)) from None
        yield Surveyed(store, person_ids, people, found, ancestry, strata, loci, panel)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _given(options: Options, store: Store) -> list[str] | None:
    if not options.strata:
        return None
    stratum_of = read_pairs(Path(options.strata), "stratum")
    missing = sum(name not in stratum_of for name in store.header.samples)
    if missing:
        raise BadInput(f"strata: {missing} samples of the cohort's VCF have no stratum")
    return [stratum_of[name] for name in store.header.samples]


def dosages(found: Survey) -> dict[str, NDArray[np.float64]]:
    """(n,) dosage of every locus that was asked for and may leave."""
    return {name: alleles.reshape(-1, 2).sum(axis=1).astype(float) for name, alleles in found.loci_alleles.items()}


def embed(
    cohort: Cohort, device: str = "cpu", options: dict[str, Any] | None = None, directory: Path | None = None
) -> Embedding | None:
    """Ancestry components, stratum, declared dosages, pharmacogenes and one score, standardised, a row a member.

    None when the cohort has no VCF. Raises CannotBeMadeSafe when it is too small for the synthetic track.
    """
    del device
    if not cohort.vcf.is_file():
        return None
    settings = Options.from_policy(options or {}, directory)
    with surveyed(cohort, settings) as genomes:
        columns = _columns(genomes, settings)
        quality: dict[str, Any] = {
            "explained_first": float(genomes.ancestry.explained[0]) if len(genomes.ancestry.explained) else 0.0,
            "strata": len(genomes.strata.names),
            "independent_sites": genomes.survey.effective,
            "loci_found": len(genomes.survey.loci_rows),
        }
        person_ids = genomes.person_ids
    members = _members(cohort, person_ids)
    vectors = np.zeros((len(members), columns.shape[1]), np.float32)
    place = np.searchsorted(members, person_ids)
    vectors[place] = columns
    present = np.zeros(len(members), dtype=bool)
    present[place] = True
    return Embedding("genomics", members, vectors, present, quality)


def _members(cohort: Cohort, person_ids: NDArray[np.int64]) -> NDArray[np.int64]:
    if not cohort.members.is_file():
        return np.sort(person_ids)
    members = pq.read_table(cohort.members, columns=["person_id"]).column("person_id").to_numpy()
    return np.union1d(members, person_ids).astype(np.int64)


def _named(genomes: Surveyed, options: Options) -> list[Locus]:
    """The loci that have a coordinate, in its order: those declared, then pharmacogenes."""
    found = genomes.survey.loci_alleles
    return [locus for locus in (*genomes.loci, *declared_loci(options.pharmacogenes)) if locus.name in found]


def _sexes(genomes: Surveyed) -> tuple[NDArray[np.int64], list[int]]:
    """Everyone's ploidy class (n,), and the classes of at least ``LEAST_ALIKE`` people, the commonest first."""
    signature = ploidy_classes(genomes.store.header, genomes.people)
    counts = np.bincount(signature)
    by_size = np.argsort(-counts, kind="stable")
    return signature, [int(label) for label in by_size if counts[label] >= LEAST_ALIKE or label == by_size[0]]


def _columns(genomes: Surveyed, options: Options) -> NDArray[np.float32]:
    parts = [genomes.ancestry.scores[:, :COMPONENTS]]
    if len(genomes.strata.names) > 1:
        parts.append(np.eye(len(genomes.strata.names))[genomes.strata.labels])
    signature, classes = _sexes(genomes)
    parts.append((signature[:, None] == np.array(classes[1:], np.int64)).astype(float))
    found = dosages(genomes.survey)
    own = [found[locus.name] for locus in _named(genomes, options)]
    if own:
        parts.append(np.stack(own, axis=1))
    if options.scores:
        weights = read_scores(Path(options.scores))
        score = sum(
            (weight * found[locus.name] for locus, weight in weights.items() if locus.name in found), np.zeros(1)
        )
        parts.append(np.broadcast_to(score, (len(genomes.people),))[:, None])
    table = np.concatenate(parts, axis=1)
    spread = table.std(axis=0)
    return ((table - table.mean(axis=0)) / np.where(spread > 1e-9, spread, 1.0)).astype(np.float32)


@dataclass(frozen=True)
class ReadBack:
    """stratum: (m,); pattern: (m,) a person of the cohort with the ploidy wanted; dosage: locus -> (m,)."""

    stratum: NDArray[np.int64]
    pattern: NDArray[np.int64]
    dosage: dict[str, NDArray[np.float64]]


def read_back(genomes: Surveyed, options: Options, points: NDArray[np.float32]) -> ReadBack:
    """What ``points`` (m, d) of this embedding stand for, as every modality reads them."""
    at = min(COMPONENTS, genomes.ancestry.scores.shape[1])
    stratum = np.zeros(len(points), np.int64)
    count = len(genomes.strata.names)
    if count > 1:
        shares = np.bincount(genomes.strata.labels, minlength=count) / len(genomes.strata.labels)
        stratum = (points[:, at : at + count] * np.sqrt(shares * (1 - shares)) + shares).argmax(axis=1)
        at += count
    signature, classes = _sexes(genomes)
    first = [int(np.flatnonzero(signature == label)[0]) for label in classes]
    pattern = np.full(len(points), first[0])
    for column, person in enumerate(first[1:], at):
        pattern[points[:, column] > 0] = person
    at += len(classes) - 1
    dosage = {}
    for column, locus in enumerate(_named(genomes, options), at):
        real = dosages(genomes.survey)[locus.name]
        dosage[locus.name] = np.round(points[:, column] * (real.std() or 1.0) + real.mean()).clip(0, real.max())
    return ReadBack(stratum.astype(np.int64), pattern.astype(np.int64), dosage)
