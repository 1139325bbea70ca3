"""The bodies of the embedding group: a vector a patient for each modality, then one for all of them."""

from __future__ import annotations

import json
from pathlib import Path

from anon_pipeline.avatars.fuse import JointEmbedding
from anon_pipeline.avatars.fuse import fuse as fuse_embeddings
from anon_pipeline.errors import CannotBeMadeSafe
from anon_pipeline.modalities import MODALITIES, Embedding
from anon_pipeline.policy import Track
from anon_pipeline.stages.base import StageContext, StageResult
from anon_pipeline.stages.modalities import verb

FILE = "embedding.npz"


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
    return StageResult(counts={**figures, **counts})


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
