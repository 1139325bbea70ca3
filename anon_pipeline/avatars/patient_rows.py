"""The patient-level row of every avatar of a draw, which all of its OMOP tables are expanded from.

The chain of columns is learnt from the patients' own rows, given where they stand in the embeddings of images and
genomes, and sampled where the avatars were drawn: tables so follow the lesion and the genotype that the other
modalities decode from the same point. Expanding belongs to ``timeline`` (visits) and to the modalities (the rest).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from anon_pipeline.avatars.decode import Decoder, DecoderOptions
from anon_pipeline.avatars.identity import avatar_ids
from anon_pipeline.avatars.marginals import Encoded, decode
from anon_pipeline.avatars.patients import encode_patients, patient_table
from anon_pipeline.cohort import Cohort
from anon_pipeline.keys import seeded_rng
from anon_pipeline.modalities import Draw

FIT_PATIENTS = 30_000
LEAF = 30
"""Patients behind a leaf, in cohorts of four times as many and more: no one counts for more than a thirtieth."""
PREDICTORS, PATIENTS_A_PREDICTOR = 60, 4
SMALL = 350
"""Patients below which what survival hangs on (a lesion's size) is too weak to be found among a hundred features and by
leaves of thirty patients: what is likely to matter is then named."""
ASKED, EXPECTED = frozenset({"dead", "length"}), frozenset({"sex", "age", "dead"})
FIRST = ("sex", "race", "ethnicity", "age", "dead", "length")
"""Who somebody is, whether they die and how long they are followed is drawn before what happens in that time. Beyond
the visits until then age says little about a death: drawn after them, its log hazard ratio was .033 a year for .042."""
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
    patients, avatars, facts = coordinates(draw)
    place = {int(p): i for i, p in enumerate(table.person_ids)}
    row_of = np.array([place.get(int(p), -1) for p in draw.person_ids])
    rows = np.flatnonzero(row_of >= 0)
    if len(rows) > FIT_PATIENTS:
        rows = np.sort(rng.choice(rows, FIT_PATIENTS, replace=False))
    own = [Encoded(e.cls[row_of[rows]], e.score[row_of[rows]], e.inner[row_of[rows]]) for e in encoded]
    small = len(rows) < SMALL
    options = DecoderOptions(
        min_leaf=max(5, min(LEAF, len(rows) // 4)),
        predictors=min(PREDICTORS, max(5, len(rows) // PATIENTS_A_PREDICTOR)),
        selected=True,
        raked=patients.shape[1] > 0,
        asked=ASKED if small else frozenset(),
        expected=EXPECTED if small else frozenset(),
        first=FIRST,
    )
    decoder = Decoder(marginals, own, options, points=patients[rows], facts=facts if small else ())
    drawn = decoder.sample(draw.size, rng, points=avatars)
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


def coordinates(draw: Draw) -> tuple[NDArray[np.float32], NDArray[np.float32], list[int]]:
    """Where the patients (n, q) and the avatars (m, q) stand in the modalities that tables follow, and which of the q
    say something by themselves.

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
    return own, drawn, facts
