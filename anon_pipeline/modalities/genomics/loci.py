"""Declared loci: synthetic phenotypes that follow the synthetic genotype, and whether the associations were kept.

A trait is the real people's effect of each declared locus times the synthetic dosage, plus a residual drawn from the
stratum's residuals, smoothed so that no one's residual is copied. Averaging neighbours instead was measured to keep
36 % of an effect.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anon_pipeline.keys import seeded_rng
from anon_pipeline.modalities.genomics.formats import Locus, Phenotypes
from anon_pipeline.modalities.genomics.store import Store

SMOOTHING = 0.3
NEAR_BASES = 250_000


def declared_for(trait: str, loci: list[Locus]) -> list[int]:
    """Which loci a trait is tied to: those that name it, or that name none."""
    return [number for number, locus in enumerate(loci) if not locus.traits or trait in locus.traits]


def effects(trait: NDArray[np.float64], dosages: NDArray[np.float64]) -> NDArray[np.float64]:
    """Least squares of a trait (n,) on dosages (n, L): intercept first. Rows with a missing trait are left out."""
    known = np.isfinite(trait)
    design = np.column_stack([np.ones(int(known.sum())), dosages[known]])
    return np.asarray(np.linalg.lstsq(design, trait[known], rcond=None)[0], dtype=np.float64)


def synthetic_trait(
    trait: NDArray[np.float64],
    dosages: NDArray[np.float64],
    stratum: NDArray[np.int64],
    made_dosages: NDArray[np.float64],
    made_stratum: NDArray[np.int64],
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """(m,) the trait of the synthetic people. trait: (n,), NaN where missing; dosages: (n, L); made_dosages: (m, L).

    A trait of two values stays one, with the share of each genotype; the share of missing values is kept.
    """
    known = np.isfinite(trait)
    values = np.unique(trait[known])
    if len(values) < 2:
        return np.full(len(made_dosages), values[0] if len(values) else np.nan)
    weights = effects(trait, dosages)
    fitted = weights[0] + made_dosages @ weights[1:]
    if len(values) == 2:
        low, high = values
        chance = np.clip((fitted - low) / (high - low), 0, 1)
        made = np.where(_even_uniform(fitted, rng) < chance, high, low)
    else:
        residual = trait - (weights[0] + dosages @ weights[1:])
        made = fitted + _residuals(residual, stratum, made_stratum, made_dosages, rng)
    made[rng.random(len(made)) < 1 - known.mean()] = np.nan
    return made


def _even_uniform(groups: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """Uniform numbers that are spread evenly inside each group of equal values."""
    drawn = np.empty(len(groups))
    for value in np.unique(groups):
        mine = np.flatnonzero(groups == value)
        drawn[mine] = rng.permutation((np.arange(len(mine)) + rng.random()) / len(mine))
    return drawn


def _residuals(
    residual: NDArray[np.float64],
    stratum: NDArray[np.int64],
    made_stratum: NDArray[np.int64],
    made_dosages: NDArray[np.float64],
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """Smoothed residuals of the own stratum, made orthogonal to the dosages, with the real residuals' spread."""
    drawn = np.empty(len(made_stratum))
    for label in np.unique(made_stratum):
        own = residual[(stratum == label) & np.isfinite(residual)]
        own = own if len(own) >= 20 else residual[np.isfinite(residual)]
        mine = np.flatnonzero(made_stratum == label)
        centre, spread = own.mean(), own.std()
        noisy = rng.choice(own, len(mine)) + SMOOTHING * spread * rng.standard_normal(len(mine))
        drawn[mine] = centre + (noisy - centre) / np.sqrt(1 + SMOOTHING**2)
    design = np.column_stack([np.ones(len(drawn)), made_dosages])
    drawn = drawn - design @ np.linalg.lstsq(design, drawn, rcond=None)[0]
    spread = float(np.nanstd(residual))
    return drawn * (spread / max(float(drawn.std()), 1e-12))


def released_dosages(released: Store, rows: dict[str, int], loci: list[Locus]) -> dict[str, NDArray[np.float64]]:
    """(m,) dosage of every declared locus that left."""
    wanted = {row: name for name, row in rows.items()}
    found: dict[str, NDArray[np.float64]] = {}
    for chunk in released.chunks():
        for row in np.flatnonzero(np.isin(chunk.sites.source, list(wanted))):
            bits = np.unpackbits(chunk.bits[row], count=chunk.slots)
            name = wanted[int(chunk.sites.source[row])]
            found[name] = bits.reshape(-1, 2).sum(axis=1).astype(np.float64)
    return {locus.name: found[locus.name] for locus in loci if locus.name in found}


def make_phenotypes(
    phenotypes: NDArray[np.float64],
    traits: list[str],
    loci: list[Locus],
    real: dict[str, NDArray[np.float64]],
    made: dict[str, NDArray[np.float64]],
    stratum: NDArray[np.int64],
    made_stratum: NDArray[np.int64],
    seed: int,
    attempt: int = 0,
) -> NDArray[np.float64]:
    """(m, traits) phenotypes of the synthetic people, from those of the training people (n, traits). ``attempt``
    draws other residuals."""
    size = len(made_stratum)
    found = np.full((size, len(traits)), np.nan)
    left = [locus for locus in loci if locus.name in real and locus.name in made]
    for column, trait in enumerate(traits):
        own = [left[number].name for number in declared_for(trait, left)]
        before = np.stack([real[name] for name in own], axis=1) if own else np.zeros((len(stratum), 0))
        after = np.stack([made[name] for name in own], axis=1) if own else np.zeros((size, 0))
        rng = seeded_rng(seed, "genomics", "phenotype", trait, attempt)
        found[:, column] = synthetic_trait(phenotypes[:, column], before, stratum, after, made_stratum, rng)
    return found


def slope(trait: NDArray[np.float64], dosage: NDArray[np.float64]) -> float:
    """The marginal effect of a dosage on a trait."""
    known = np.isfinite(trait)
    centred = dosage[known] - dosage[known].mean()
    return float((centred * trait[known]).sum() / max(float((centred**2).sum()), 1e-12))


def check_associations(
    phenotypes: NDArray[np.float64],
    made_phenotypes: NDArray[np.float64],
    traits: list[str],
    loci: list[Locus],
    real: dict[str, NDArray[np.float64]],
    made: dict[str, NDArray[np.float64]],
) -> list[dict[str, Any]]:
    """Per declared locus and trait: effects before and after, their ratio, the trait's spread ratio."""
    rows = []
    for column, trait in enumerate(traits):
        left = [locus for locus in loci if locus.name in real and locus.name in made]
        for number in declared_for(trait, left):
            name = left[number].name
            before = slope(phenotypes[:, column], real[name])
            after = slope(made_phenotypes[:, column], made[name])
            spread = float(np.nanstd(made_phenotypes[:, column]) / max(float(np.nanstd(phenotypes[:, column])), 1e-12))
            rows.append(
                {
                    "locus": name,
                    "trait": trait,
                    "effect_before": round(before, 6),
                    "effect_after": round(after, 6),
                    "effect_ratio": round(after / before, 4) if before else None,
                    "trait_sd_ratio": round(spread, 4),
                }
            )
    return rows


def lead_r2(
    store: Store, released: Store, training: NDArray[np.int64], locus: Locus, row: int, trait: NDArray[np.float64]
) -> float | None:
    """LD in the training haplotypes between a declared locus and the allele most associated with the synthetic trait
    within 250 kb: 1 when the declared locus itself leads. None when nothing varies there."""
    known = np.isfinite(trait)
    centred = trait[known] - trait[known].mean()
    best, best_row = -1.0, -1
    contig = None
    for chunk in released.chunks():
        near = np.abs(chunk.sites.position - locus.position) <= NEAR_BASES
        if contig is not None and chunk.sites.contig != contig:
            continue
        if not near.any() or chunk.sites.contig.removeprefix("chr") != locus.contig.removeprefix("chr"):
            continue
        bits = np.unpackbits(chunk.bits[near], axis=1, count=chunk.slots)
        dosage = bits.reshape(len(bits), -1, 2).sum(axis=2)[:, known].astype(np.float64)
        dosage -= dosage.mean(axis=1, keepdims=True)
        strength = (dosage @ centred) ** 2 / np.maximum((dosage**2).sum(axis=1), 1e-9)
        top = int(np.argmax(strength))
        if strength[top] > best:
            best, best_row = float(strength[top]), int(chunk.sites.source[near][top])
    if best_row < 0:
        return None
    slots = np.stack([2 * training, 2 * training + 1], axis=1).ravel()
    pair: dict[int, NDArray[np.float64]] = {}
    for chunk in store.chunks():
        for index in np.flatnonzero(np.isin(chunk.sites.source, [row, best_row])):
            bits = np.unpackbits(chunk.bits[index], count=chunk.slots)[slots]
            pair[int(chunk.sites.source[index])] = bits.astype(np.float64)
    if row == best_row:
        return 1.0
    return float(np.corrcoef(pair[row], pair[best_row])[0, 1] ** 2)


def write_phenotypes(path: Path, names: list[str], traits: list[str], values: NDArray[np.float64]) -> None:
    """``sample<TAB>trait...``, ``NA`` where missing; numbers to 6 significant digits."""
    lines = ["\t".join(["sample", *traits])]
    for name, row in zip(names, values, strict=True):
        lines.append("\t".join([name, *("NA" if np.isnan(value) else f"{value:.6g}" for value in row)]))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def training_traits(phenotypes: Phenotypes, samples: list[str], people: NDArray[np.int64]) -> NDArray[np.float64]:
    """(n, traits) of the training people."""
    return phenotypes.for_samples([samples[number] for number in people])
