"""The visits of a block of patients: when, where and of which kind. Everything that happens, happens at a visit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anon_pipeline.fictional.population import Population
from anon_pipeline.keys import seeded_rng

MAXIMUM_VISITS = 8
INPATIENT, OUTPATIENT, EMERGENCY = 9201, 9202, 9203


@dataclass(frozen=True)
class Visits:
    """One entry a visit, ordered by patient and date. patient: row in the block; rank: 0 for the index visit."""

    patient: NDArray[np.int64]
    rank: NDArray[np.int64]
    visit_id: NDArray[np.int64]
    kind: NDArray[np.int64]
    start: NDArray[np.datetime64]
    days: NDArray[np.int64]
    since_index: NDArray[np.int64]
    care_site: NDArray[np.int64]
    provider: NDArray[np.int64]
    minute: NDArray[np.int64]
    nda: NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.patient)


def visits(people: Population, care_sites: int, providers: int) -> Visits:
    """Between one and MAXIMUM_VISITS visits a patient, at irregular intervals, none after the end of follow-up."""
    rng = seeded_rng(people.seed, "visits", people.block)
    n, m = len(people), MAXIMUM_VISITS
    wanted = np.minimum(2 + rng.poisson(2.0, n), m)
    gaps = np.ceil(rng.gamma(1.3, 130, (n, m))).astype(np.int64)
    gaps[:, 0] = 0
    gaps[:, 1] = np.maximum(gaps[:, 1], 30)
    day = np.cumsum(gaps, axis=1)
    follow_up = (people.end - people.index).astype(np.int64)
    kept = (np.arange(m) < wanted[:, None]) & (day <= follow_up[:, None])
    kept[:, 0] = True
    patient, rank = np.nonzero(kept)
    since = day[patient, rank]
    kind = rng.choice([INPATIENT, OUTPATIENT, EMERGENCY], (n, m), p=(0.35, 0.55, 0.10))[patient, rank]
    stay = np.where(kind == INPATIENT, 1 + rng.poisson(4, (n, m))[patient, rank], 0)
    stay = np.minimum(stay, follow_up[patient] - since)
    specialty = np.where(people.liver, 0, 1)[patient] ^ (rng.random((n, m))[patient, rank] < 0.15)
    return Visits(
        patient=patient,
        rank=rank,
        visit_id=people.number[patient] * 100 + rank + 2**33,
        kind=kind,
        start=people.index[patient] + since.astype("timedelta64[D]"),
        days=stay,
        since_index=since,
        care_site=1 + (2 * specialty + rng.integers(0, 2, (n, m))[patient, rank]) % care_sites,
        provider=1 + rng.integers(0, providers, (n, m))[patient, rank],
        minute=rng.integers(7 * 60, 19 * 60, (n, m))[patient, rank],
        nda=np.char.add("2", np.char.zfill((people.number[patient] * 17 + rank).astype(str), 9)),
    )


def moment(day: NDArray[np.datetime64], minute: NDArray[np.int64]) -> NDArray[np.datetime64]:
    """Dates and minutes of the day as timestamps."""
    return day.astype("datetime64[us]") + minute.astype("timedelta64[m]")
