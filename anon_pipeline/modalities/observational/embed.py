"""Observational data as an embedding: demographics, observed period, death, visits and codes of each patient.

Biology's features of the same patient-level table are left to the biology modality.
"""

from __future__ import annotations

import numpy as np

from anon_pipeline.cohort import Cohort
from anon_pipeline.modalities import Embedding


def embed(cohort: Cohort, device: str = "cpu") -> Embedding | None:
    """None when the cohort has no person table. ``device`` is unused: a few hundred columns are rotated in numpy."""
    from anon_pipeline.avatars.patients import embed_patients, patient_table

    _ = device
    if not cohort.has("person"):
        return None
    table = patient_table(cohort)
    names = [name for name in table.frame.columns if not str(name).startswith("lab:")]
    found = embed_patients(table.frame[names])
    return Embedding(
        "observational",
        table.person_ids,
        found.vectors,
        np.ones(len(table.person_ids), bool),
        {"columns": len(names), "dimensions": int(found.vectors.shape[1]), "explained": float(found.explained.sum())},
    )
