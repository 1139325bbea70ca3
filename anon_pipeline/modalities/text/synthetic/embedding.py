"""Where a patient stands by what the notes say: the shared phrases of the notes, weighted and reduced.

Only phrases that at least k patients share count, so that the embedding knows no one's own words.
"""

from __future__ import annotations

import numpy as np

from anon_pipeline.cohort import Cohort
from anon_pipeline.modalities import Embedding
from anon_pipeline.modalities.text.synthetic.notes import read_notes
from anon_pipeline.modalities.text.synthetic.templates import shared_phrases

DIMENSIONS = 12


def embed(cohort: Cohort, device: str, least: int) -> Embedding | None:
    """Latent semantic analysis (Deerwester et al. 1990) of phrases by patients: (n, at most 12) float32.

    least: patients that a phrase needs. device: unused, the matrix is small and sparse.
    quality: ``explained_variance`` of the kept dimensions, ``phrases`` that count.
    """
    if not cohort.has("note") or not cohort.read("note", ["note_id"]).num_rows:
        return None
    from scipy import sparse
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfTransformer

    members = np.sort(cohort.read("person", ["person_id"])["person_id"].to_numpy())
    place = {int(person): i for i, person in enumerate(members)}
    notes = [note for note, _ in read_notes(cohort) if note.person_id in place]
    owner = {note.row: place[note.person_id] for note in notes}
    phrases = [
        p
        for own in shared_phrases(notes, least).values()
        for p in own
        if len({owner[r] for r in p.rows}) < len(members)
    ]
    present = np.zeros(len(members), bool)
    present[list(owner.values())] = True
    if len(phrases) < 2:
        return None
    pairs = [(owner[row], column) for column, phrase in enumerate(phrases) for row in phrase.rows]
    rows, columns = np.array(pairs).T
    matrix = sparse.csr_matrix((np.ones(len(rows)), (rows, columns)), shape=(len(members), len(phrases)))
    matrix.data[:] = 1.0
    weighted = TfidfTransformer().fit_transform(matrix)
    svd = TruncatedSVD(min(DIMENSIONS, len(phrases) - 1), algorithm="arpack", random_state=0)
    vectors = svd.fit_transform(weighted).astype(np.float32)
    vectors[~present] = 0
    quality = {"explained_variance": float(svd.explained_variance_ratio_.sum()), "phrases": len(phrases)}
    return Embedding("text", members, vectors, present, quality)
