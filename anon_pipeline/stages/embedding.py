"""The bodies of the embedding group: a vector a patient for each modality, then one for all of them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from anon_pipeline.avatars.fuse import JointEmbedding
from anon_pipeline.avatars.fuse import fuse as fuse_embeddings
from anon_pipeline.cohort import Cohort
from anon_pipeline.errors import CannotBeMadeSafe
from anon_pipeline.modalities import MODALITIES, Embedding
from anon_pipeline.policy import Track
from anon_pipeline.stages.base import StageContext, StageResult
from anon_pipeline.stages.modalities import verb

FILE = "embedding.npz"
FEMALE = 8532
PROBED, LEAST_PROBED = 2000, 40


def embed(context: StageContext, out: Path, modality: str) -> StageResult:
    """The training patients' embedding of one modality, when the policy releases it as avatars."""
    if context.policy.track(modality) is not Track.SYNTHETIC:
        return StageResult(status="withheld", reason="not released as avatars by policy")
    encode = verb(modality, "embed")
    if encode is None:
        return StageResult(status="refused", reason=f"{modality} has no synthetic track")
    try:
        embedding = encode(
            context.extracted.training,
            context.device,
            options=context.policy.options(modality),
            directory=context.policy.directory,
            least=context.policy.release.small_cell,
        )
    except CannotBeMadeSafe as refusal:
        return StageResult(status="refused", reason=str(refusal))
    if embedding is None or not embedding.present.any():
        return StageResult(status="absent", reason="not in this cohort")
    embedding.save(out / FILE)
    figures = {k: float(v) for k, v in embedding.quality.items() if isinstance(v, int | float)}
    counts = {"patients": float(embedding.present.sum()), "dimensions": float(embedding.vectors.shape[1])}
    return StageResult(counts={**figures, **counts, **probed(context.extracted.training, embedding)})


def probed(cohort: Cohort, embedding: Embedding) -> dict[str, float]:
    """Linear probes: how well year of birth (R2) and sex (area under the ROC curve) are read from the embedding, each
    patient predicted by a ridge regression on the others in five folds. Empty when there are too few patients."""
    import duckdb
    from sklearn.linear_model import RidgeCV
    from sklearn.metrics import r2_score, roc_auc_score
    from sklearn.model_selection import KFold, cross_val_predict

    with duckdb.connect() as database:
        database.register("person", cohort.read("person", ["person_id", "year_of_birth", "gender_concept_id"]))
        known = database.sql(
            "SELECT person_id, first(year_of_birth) AS year, first(gender_concept_id) AS sex FROM person "
            "WHERE year_of_birth IS NOT NULL GROUP BY 1 ORDER BY 1"
        ).df()
    rows = np.flatnonzero(embedding.present & np.isin(embedding.person_ids, known["person_id"]))[:PROBED]
    own = known.set_index("person_id").loc[embedding.person_ids[rows]]
    if len(rows) < LEAST_PROBED:
        return {}
    folds = KFold(5, shuffle=True, random_state=0)
    vectors = embedding.vectors[rows].astype(float)
    model = RidgeCV(np.logspace(-1, 4, 6))
    found = {}
    year = own["year"].to_numpy(float)
    if year.std() > 0:
        found["probe_year_of_birth_r2"] = float(r2_score(year, cross_val_predict(model, vectors, year, cv=folds)))
    female = (own["sex"] == FEMALE).to_numpy(float)
    if LEAST_PROBED // 4 <= female.sum() <= len(female) - LEAST_PROBED // 4:
        found["probe_sex_auc"] = float(roc_auc_score(female, cross_val_predict(model, vectors, female, cv=folds)))
    return found


def embedded(context: StageContext) -> list[Embedding]:
    """What was embedded of this cohort."""
    return [
        Embedding.load(context.folder(f"embedding/{modality}") / FILE)
        for modality in MODALITIES
        if context.evidence(f"embedding/{modality}").status == "done"
    ]


def joint(context: StageContext) -> JointEmbedding | None:
    """The joint embedding of what was embedded, or None when nothing was."""
    present = embedded(context)
    weights = {name: part.weight for name, part in context.policy.modalities.items()}
    return fuse_embeddings(present, weights) if present else None


def fuse(context: StageContext, out: Path) -> StageResult:
    """Fuse, and keep the figures: the draw itself is recomputed where it is decoded, never stored."""
    fused = joint(context)
    if fused is None:
        return StageResult(status="absent", reason="no modality is released as avatars")
    (out / "blocks.json").write_text(json.dumps({"blocks": fused.blocks, "digest": fused.digest}, sort_keys=True))
    return StageResult(
        counts={"patients": float(len(fused.person_ids)), "dimensions": float(fused.vectors.shape[1])},
    )
