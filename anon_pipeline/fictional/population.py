"""Who the patients are and what the planted truth gives them: demography, disease, ancestry, dosages, lesion, death.

Patients are made in blocks of a fixed size, each from its own generator, so that patient i is the same whatever the
number of patients. Rows of OMOP tables, words and pixels are made elsewhere from these arrays.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anon_pipeline.fictional import truth
from anon_pipeline.fictional.genome import Genomes, dosage, draw_genomes
from anon_pipeline.keys import seeded_rng

BLOCK = 5000
STRATA = ("europe", "north_africa", "west_africa", "east_asia")
STRATA_SHARES = (0.60, 0.16, 0.14, 0.10)
# Of every 20 consecutive patients: liver disease only, cardiomyopathy only, both, neither.
COHORT_PATTERN = (1,) * 8 + (2,) * 7 + (3,) * 4 + (0,)
FIRST_INDEX_DAY = np.datetime64("2017-01-02")
INDEX_DAYS = 2190
LAST_DAY = np.datetime64("2025-12-31")

Days = NDArray[np.datetime64]
Numbers = NDArray[np.float64]
Flags = NDArray[np.bool_]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Population:
    """One block of patients; every array has one entry a patient. Logarithms are natural."""

    seed: int
    block: int
    number: Integers
    person_id: Integers
    ipp: NDArray[np.str_]
    male: Flags
    birth: Days
    age: Numbers
    stratum: Integers
    liver: Flags
    hcm: Flags
    genomes: Genomes
    pnpla3: Integers
    hfe: Integers
    log_alt: Numbers
    lesion_mm: Numbers
    udca: Flags
    furosemide: Flags
    index: Days
    end: Days
    dead: Flags

    def __len__(self) -> int:
        return len(self.number)


def person_ids(number: Integers) -> Integers:
    """Distinct BIGINT ids as real exports have them: small, negative, over 2^32 and over 2^53."""
    kind = number % 5
    return np.select(
        [kind == 1, kind == 2, kind == 3],
        [2**40 + 7 * number, -(10**12) - number, 9_007_199_254_740_993 + 2 * number],
        100_000 + number,
    ).astype(np.int64)


def ipps(number: Integers, seed: int) -> NDArray[np.str_]:
    """Permanent patient identifiers: ten digits that start with 8, distinct (an affine map modulo a prime)."""
    prime = 999_999_937
    scattered = (number * 387_420_489 + 123_456_791 * (seed % 997 + 1)) % prime
    return np.char.add("8", np.char.zfill(scattered.astype(str), 9))


def population(seed: int, block: int) -> Population:
    """The patients ``block * BLOCK`` to ``(block + 1) * BLOCK - 1`` of the hospital with this seed."""
    rng = seeded_rng(seed, "population", block)
    n = BLOCK
    number = np.arange(block * n, (block + 1) * n, dtype=np.int64)
    male = rng.random(n) < 0.52
    index = FIRST_INDEX_DAY + rng.integers(0, INDEX_DAYS, n).astype("timedelta64[D]")
    age_days = (np.clip(rng.normal(60, 14, n), 19, 97) * 365.25).astype(np.int64)
    birth = index - age_days.astype("timedelta64[D]")
    age = age_days / 365.25
    stratum = rng.choice(len(STRATA), n, p=STRATA_SHARES)
    pattern = np.array(COHORT_PATTERN)
    disease = np.concatenate([rng.permutation(pattern) for _ in range(n // len(pattern))])
    liver, hcm = (disease & 1) > 0, (disease & 2) > 0

    genomes = draw_genomes(seed, block, stratum)
    pnpla3, hfe = dosage(genomes, "PNPLA3"), dosage(genomes, "HFE")

    # The index value is rounded to whole units here, as the laboratory reports it: everything downstream follows it.
    raw = (
        truth.ALT_BASE
        + truth.ALT_PER_ALLELE * pnpla3
        + truth.ALT_LIVER * liver
        + truth.ALT_MALE * male
        + rng.normal(0, truth.ALT_SD, n)
    )
    log_alt = np.log(np.maximum(np.round(np.exp(raw)), 6))
    lesion = (
        truth.LESION_BASE
        + truth.LESION_PER_LOG_ALT * (log_alt - truth.LESION_LOG_ALT_CENTRE)
        + truth.LESION_LIVER * liver
        + truth.LESION_PER_YEAR * (age - truth.AGE_CENTRE)
        + rng.normal(0, truth.LESION_SD, n)
    )
    lesion = np.round(np.clip(lesion, truth.LESION_MINIMUM, truth.LESION_MAXIMUM))
    hazard = truth.HAZARD_BASE * np.exp(
        truth.LOG_HAZARD_PER_MM * (lesion - truth.HAZARD_LESION_CENTRE_MM)
        + truth.LOG_HAZARD_PER_YEAR_OF_AGE * (age - truth.AGE_CENTRE)
    )
    death_day = np.ceil(rng.exponential(1 / hazard) * 365.25)
    censor_day = np.minimum(rng.uniform(1.5, 8, n) * 365.25, (LAST_DAY - index).astype(np.int64))
    dead = death_day <= censor_day
    end = index + np.minimum(death_day, censor_day).astype(np.int64).astype("timedelta64[D]")
    return Population(
        seed=seed,
        block=block,
        number=number,
        person_id=person_ids(number),
        ipp=ipps(number, seed),
        male=male,
        birth=birth,
        age=age,
        stratum=stratum,
        liver=liver,
        hcm=hcm,
        genomes=genomes,
        pnpla3=pnpla3,
        hfe=hfe,
        log_alt=log_alt,
        lesion_mm=lesion,
        udca=rng.random(n) < np.where(liver, 0.45, 0.05),
        furosemide=rng.random(n) < np.where(hcm, 0.40, 0.12),
        index=index,
        end=end,
        dead=dead,
    )
