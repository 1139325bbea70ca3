"""The small text files beside a VCF: samples-map, strata, hold-out list, loci, phenotypes, genetic map.

All are tab- or space-separated (comma too for a ``.csv``), UTF-8, ``#`` begins a comment, a header line is optional
except for phenotypes. Errors name the file and the line, never a sample or a value.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from anon_pipeline.errors import BadInput
from anon_pipeline.modalities.genomics.contigs import plain_name

_HEADERS = {"sample", "sample_id", "samples", "iid", "#iid", "chrom", "chromosome", "chr", "id"}
DEFAULT_RATE = 1e-6  # cM per base: 1 cM per Mb


def _lines(path: Path, least: int) -> Iterator[tuple[int, list[str]]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise BadInput(f"{path.name}: not UTF-8 text") from None
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith("##"):
            continue
        comma = path.suffix == ".csv"
        parts = [part.strip() for part in (line.split(",") if comma else line.split("\t"))]
        if len(parts) < least and not comma:
            parts = line.split()
        header = parts[0].lstrip("#").lower() in _HEADERS
        if line.startswith("#") and not header:
            continue
        if len(parts) < least:
            raise BadInput(f"{path.name}, line {number}: {least} columns were expected, {len(parts)} found")
        yield number, parts


def _without_header(path: Path, least: int) -> Iterator[tuple[int, list[str]]]:
    for place, (number, parts) in enumerate(_lines(path, least)):
        if place == 0 and parts[0].lstrip("#").lower() in _HEADERS:
            continue
        yield number, parts


def read_pairs(path: Path, what: str) -> dict[str, str]:
    """Two columns, sample and ``what`` (a person, a stratum): a mapping. A sample named twice is refused."""
    found: dict[str, str] = {}
    for number, parts in _without_header(path, 2):
        if found.setdefault(parts[0], parts[1]) != parts[1]:
            raise BadInput(f"{path.name}, line {number}: a sample is given a second {what}")
    if not found:
        raise BadInput(f"{path.name}: no line gives a sample its {what}")
    return found


def read_names(path: Path) -> list[str]:
    """One sample a line (further columns are ignored)."""
    names = [parts[0] for _, parts in _without_header(path, 1)]
    if not names:
        raise BadInput(f"{path.name}: no sample is named")
    return names


@dataclass(frozen=True)
class Locus:
    """A declared locus, and the traits whose association with it must be kept (none: every phenotype given)."""

    contig: str
    position: int
    ref: str
    alt: str
    traits: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return f"{plain_name(self.contig)}:{self.position}:{self.ref}:{self.alt}"

    @property
    def key(self) -> tuple[str, int, str, str]:
        return plain_name(self.contig), self.position, self.ref.upper(), self.alt.upper()


def read_loci(path: Path) -> list[Locus]:
    """``chrom pos ref alt [trait[,trait...]]`` a line."""
    loci = []
    for number, parts in _without_header(path, 4):
        if not parts[1].isdigit():
            raise BadInput(f"{path.name}, line {number}: the second column is not a position")
        traits = tuple(trait for part in parts[4:] for trait in part.split(",") if trait)
        loci.append(Locus(parts[0], int(parts[1]), parts[2], parts[3], traits))
    if not loci:
        raise BadInput(f"{path.name}: no locus is declared")
    if len({locus.key for locus in loci}) != len(loci):
        raise BadInput(f"{path.name}: a locus is declared twice")
    return loci


@dataclass(frozen=True)
class Phenotypes:
    """Traits per sample: ``values`` is (samples, traits) float64, NaN where absent."""

    samples: list[str]
    traits: list[str]
    values: NDArray[np.float64]

    def for_samples(self, samples: list[str]) -> NDArray[np.float64]:
        place = {name: index for index, name in enumerate(self.samples)}
        found = np.full((len(samples), len(self.traits)), np.nan)
        for row, name in enumerate(samples):
            if name in place:
                found[row] = self.values[place[name]]
        return found


def read_phenotypes(path: Path) -> Phenotypes:
    """A header ``sample trait...`` and one numeric line a sample; ``NA``, ``nan`` and ``.`` are missing."""
    rows = list(_lines(path, 2))
    if len(rows) < 2 or rows[0][1][0].lstrip("#").lower() not in _HEADERS:
        raise BadInput(f"{path.name}: a header 'sample trait...' and one line a sample were expected")
    traits = rows[0][1][1:]
    samples, values = [], []
    for number, parts in rows[1:]:
        if len(parts) != len(traits) + 1:
            raise BadInput(f"{path.name}, line {number}: {len(traits) + 1} columns were expected, {len(parts)} found")
        samples.append(parts[0])
        try:
            values.append([np.nan if value in ("NA", "nan", ".", "") else float(value) for value in parts[1:]])
        except ValueError:
            raise BadInput(f"{path.name}, line {number}: a trait is not a number") from None
    if len(set(samples)) != len(samples):
        raise BadInput(f"{path.name}: a sample has two lines")
    return Phenotypes(samples, traits, np.array(values, dtype=np.float64))


class GeneticMap:
    """Base positions to centimorgans. Without a file: 1 cM per Mb everywhere."""

    def __init__(self, points: dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]] | None = None) -> None:
        self.points = points or {}

    def centimorgans(self, contig: str, positions: NDArray[np.int64]) -> NDArray[np.float64]:
        known = self.points.get(plain_name(contig))
        if known is None:
            return positions.astype(np.float64) * DEFAULT_RATE
        base, centimorgan = known
        inside = np.interp(positions, base, centimorgan)
        before = np.minimum(positions - base[0], 0) * DEFAULT_RATE
        beyond = np.maximum(positions - base[-1], 0) * DEFAULT_RATE
        return inside + before + beyond

    @classmethod
    def read(cls, path: Path) -> GeneticMap:
        """``chrom pos cM`` (SHAPEIT), ``chrom pos rate cM`` (HapMap) or PLINK's ``chrom id cM pos`` a line."""
        held: dict[str, list[tuple[float, float]]] = {}
        for number, parts in _without_header(path, 3):
            try:
                if len(parts) == 3:
                    position, centimorgan = float(parts[1]), float(parts[2])
                elif parts[1].isdigit():
                    position, centimorgan = float(parts[1]), float(parts[3])
                else:
                    position, centimorgan = float(parts[3]), float(parts[2])
            except ValueError:
                raise BadInput(f"{path.name}, line {number}: a position or a distance is not a number") from None
            held.setdefault(plain_name(parts[0]), []).append((position, centimorgan))
        points = {}
        for contig, pairs in held.items():
            table = np.array(pairs)
            if (np.diff(table[:, 0]) < 0).any() or (np.diff(table[:, 1]) < 0).any():
                raise BadInput(f"{path.name}: the map of contig {contig} does not increase")
            points[contig] = (table[:, 0], table[:, 1])
        return cls(points)


def read_scores(path: Path) -> dict[Locus, float]:
    """A polygenic score: ``chrom pos ref alt weight`` a line, the weight of one copy of alt."""
    scores: dict[Locus, float] = {}
    for number, parts in _without_header(path, 5):
        try:
            scores[Locus(parts[0], int(parts[1]), parts[2], parts[3])] = float(parts[4])
        except ValueError:
            raise BadInput(f"{path.name}, line {number}: a position or a weight is not a number") from None
    return scores
