"""The patient-level row of every avatar of a draw, which all of its OMOP tables are expanded from.

The chain of columns is learnt from the patients' own rows, given where they stand in the embeddings of images and
genomes, and sampled where the avatars were drawn: tables so follow the lesion and the genotype that the other
modalities decode from the same point. Expanding belongs to ``timeline`` (visits) and to the modalities (the rest).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from anon_pipeline.avatars.decode import Decoder
from anon_pipeline.avatars.identity import avatar_ids
from anon_pipeline.avatars.marginals import Encoded, Marginal, decode
from anon_pipeline.avatars.patients import encode_patients, patient_table
from anon_pipeline.avatars.steps import DecoderOptions
from anon_pipeline.cohort import Cohort
from anon_pipeline.keys import seeded_rng
from anon_pipeline.modalities import Draw

FIT_PATIENTS = 30_000
LEAF = 30
"""Patients behind a leaf, in cohorts of four times as many and more: no one counts for more than a thirtieth."""
PREDICTORS, PATIENTS_A_PREDICTOR = 60, 4
SMALL = 350
"""Patients below which what survival hangs on (a lesion's size), or a laboratory value (age), is too weak to be found
among a hundred features and by leaves of thirty patients: what is likely to matter is then named."""
ASKED, EXPECTED = ("dead", "length"), frozenset({"sex", "age", "dead"})
FIRST = ("sex", "race", "ethnicity", "age", "dead", "length")
"""Who somebody is, whether they die and how long they are followed is drawn before what happens in that time. Beyond
the visits until then age says little about a death: drawn after them, its log hazard ratio was .033 a year for .042."""
APART = 1_000
"""Patients with the same modalities who are learnt apart from those with others."""
FOLLOWED = ("genomics", "imaging")
"""The modalities that are decoded from the drawn point itself. Notes are written from the tables."""


@dataclass
class AvatarPatients:
    """frame: the decoded patient-level table, row i is avatar i of the draw. ids: its new person_id."""

    frame: pd.DataFrame
    ids: NDArray[np.int64]


def decode_patients(cohort: Cohort, draw: Draw, seed: int) -> AvatarPatients:
    """The patient-level row of every avatar of a draw. Raises BadInput without person.parquet."""
    return _decode_patients(Held(cohort, draw, seed))


class Held:
    """Arguments of a cached call: equal when the cohort's files, the draw and the seed are."""

    def __init__(self, cohort: Cohort, draw: Draw, seed: int) -> None:
        self.cohort, self.draw, self.seed = cohort, draw, seed
        digest = hashlib.sha256(np.ascontiguousarray(draw.points).tobytes())
        digest.update(np.ascontiguousarray(draw.neighbours).tobytes())
        files = tuple((str(p), p.stat().st_mtime_ns) for p in sorted(cohort.root.rglob("*.parquet")))
        self.token = (digest.hexdigest(), seed, files)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Held) and self.token == other.token

    def __hash__(self) -> int:
        return hash(self.token)


@lru_cache(maxsize=1)
def _decode_patients(held: Held) -> AvatarPatients:
    cohort, draw, seed = held.cohort, held.draw, held.seed
    table = patient_table(cohort)
    rng = seeded_rng(seed, "patients", draw.size)
    marginals, encoded, columns = encode_patients(table.frame, rng)
    place = {int(p): i for i, p in enumerate(table.person_ids)}
    row_of = np.array([place.get(int(p), -1) for p in draw.person_ids])
    points = coordinates(draw)
    drawn: list[tuple[NDArray[np.int16], NDArray[np.float64]]] = [
        (np.zeros(draw.size, np.int16), np.zeros(draw.size)) for _ in marginals
    ]
    for learnt, avatars in _alike(draw):
        rows = learnt[row_of[learnt] >= 0]
        if len(rows) > FIT_PATIENTS:
            rows = np.sort(rng.choice(rows, FIT_PATIENTS, replace=False))
        own = [Encoded(e.cls[row_of[rows]], e.score[row_of[rows]], e.inner[row_of[rows]]) for e in encoded]
        for all_avatars, some in zip(drawn, _decoded(marginals, own, points, rows, avatars, rng), strict=True):
            all_avatars[0][avatars], all_avatars[1][avatars] = some
    out: dict[str, Any] = {}
    at = 0
    for column in columns:
        if column.kind in ("number", "category"):
            out[column.name] = decode(marginals[at], drawn[at][0], drawn[at][1])
            at += 1
        else:
            out[column.name] = pd.Series([column.constant] * draw.size)
    frame = pd.DataFrame(out)
    for name, sex in table.one_sex.items():
        frame.loc[frame["sex"] != sex, name] = 0
    return AvatarPatients(frame, avatar_ids(draw.size, seed))


def _alike(draw: Draw) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Rows of patients to learn from, and of the avatars to draw by what they show.

    What a lesion tells of enzymes leaves less to chance in those whose lesion was seen: enough patients with the same
    modalities are learnt apart, all other avatars follow everyone.
    """
    of_patients, of_avatars = np.zeros(len(draw.person_ids), np.int64), np.zeros(draw.size, np.int64)
    for modality in FOLLOWED:
        if modality in draw.parts:
            of_patients = 2 * of_patients + draw.has[modality]
            of_avatars = 2 * of_avatars + draw.having(modality)
    kinds, counts = np.unique(of_patients, return_counts=True)
    if len(kinds) == 1:
        return [(np.arange(len(of_patients)), np.arange(draw.size))]
    apart = [int(kind) for kind, count in zip(kinds, counts, strict=True) if count >= APART]
    groups = [(np.flatnonzero(of_patients == kind), np.flatnonzero(of_avatars == kind)) for kind in apart]
    others = np.flatnonzero(~np.isin(of_avatars, apart))
    return [group for group in [*groups, (np.arange(len(of_patients)), others)] if len(group[1])]


def _decoded(
    marginals: list[Marginal],
    own: list[Encoded],
    points: Coordinates,
    rows: NDArray[np.int64],
    avatars: NDArray[np.int64],
    rng: np.random.Generator,
) -> list[tuple[NDArray[np.int16], NDArray[np.float64]]]:
    """The columns of some avatars, learnt from the patients' columns and where they stand (``rows`` of the points)."""
    small = len(rows) < SMALL
    options = DecoderOptions(
        min_leaf=max(5, min(LEAF, len(rows) // 4)),
        predictors=min(PREDICTORS, max(5, len(rows) // PATIENTS_A_PREDICTOR)),
        selected=True,
        raked=points.patients.shape[1] > 0,
        asked=frozenset((*ASKED, *(m.column.name for m in marginals if m.column.name.endswith(":level"))))
        if small
        else frozenset(),
        expected=EXPECTED if small else frozenset(),
        first=FIRST,
    )
    decoder = Decoder(marginals, own, options, points=points.patients[rows], facts=points.facts if small else ())
    return decoder.sample(len(avatars), rng, points=points.avatars[avatars])


class Coordinates(NamedTuple):
    """Where patients (n, q) and avatars (m, q) stand, and which of the q say something by themselves."""

    patients: NDArray[np.float32]
    avatars: NDArray[np.float32]
    facts: list[int]


def coordinates(draw: Draw) -> Coordinates:
    """Where patients and avatars stand in the modalities that tables follow.

    Each modality's dimensions, centred, are 0 for those without it; where only some have it, one more says who.
    """
    patients, avatars = [np.zeros((len(draw.person_ids), 0))], [np.zeros((draw.size, 0))]
    facts: list[int] = []
    for modality in FOLLOWED:
        if modality not in draw.parts:
            continue
        has = draw.has[modality]
        mean = draw.own[modality][has].mean(axis=0)
        facts += [sum(part.shape[1] for part in patients) + fact for fact in draw.facts.get(modality, ())]
        sides = (patients, draw.own[modality], has), (avatars, draw.parts[modality], draw.having(modality))
        for out, points, present in sides:
            out.append(np.where(present[:, None], points - mean, 0))
            if not has.all():
                out.append(present[:, None].astype(float))
    own, drawn = (np.concatenate(sides, axis=1, dtype=np.float32) for sides in (patients, avatars))
    return Coordinates(own, drawn, facts)
