"""Biology as an embedding: each analyte's number of samples, level, slope and spread, of each patient."""

from __future__ import annotations

import numpy as np

from anon_pipeline.cohort import Cohort
from anon_pipeline.modalities import Embedding


def embed(cohort: Cohort, device: str = "cpu") -> Embedding | None:
    """None when the cohort has no measurement. Patients without a measurement are not present.

    ``device`` is unused: a few hundred columns are rotated in numpy.
    """
    from anon_pipeline.avatars.patients import embed_patients, patient_table

    _ = device
    if not cohort.has("measurement") or not cohort.has("person"):
        return None
    table = patient_table(cohort)
    names = [str(name) for name in table.frame.columns if str(name).startswith("lab:")]
    if not names:
        return None
    counts = table.frame[[name for name in names if name.endswith(":n")]].to_numpy()
    present = counts.sum(axis=1) > 0
    if not present.any():
        return None
    found = embed_patients(table.frame.loc[present, names])
    vectors = np.zeros((len(present), found.vectors.shape[1]), np.float32)
    vectors[present] = found.vectors
    quality = {
        "analytes": len(table.analytes),
        "dimensions": int(vectors.shape[1]),
        "explained": float(found.explained.sum()),
    }
    return Embedding("biology", table.person_ids, vectors, present, quality)
