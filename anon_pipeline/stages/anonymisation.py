"""The bodies of the anonymisation group: each modality decoded from the one draw, or de-identified record by record."""

from __future__ import annotations

import hashlib
from pathlib import Path

from anon_pipeline.avatars.fuse import draw
from anon_pipeline.errors import CannotBeMadeSafe
from anon_pipeline.modalities import Draw, Synthesis
from anon_pipeline.policy import Track
from anon_pipeline.stages.base import StageContext, StageResult
from anon_pipeline.stages.embedding import joint
from anon_pipeline.stages.facts import known_facts
from anon_pipeline.stages.modalities import verb


def avatar_seed(context: StageContext) -> int:
    """The seed of decoding: a function of the key, the policy's seed and the cohort."""
    return context.key.integer(2**62, "avatar-seed", context.policy.avatars.seed, context.cohort)


def the_draw(context: StageContext) -> Draw:
    """The one draw of the cohort, the same in every modality. A secret: it stays in memory."""
    fused = joint(context)
    if fused is None:
        raise CannotBeMadeSafe("no modality was embedded")
    return draw(fused, context.policy.avatars, context.key)


def anonymise(context: StageContext, out: Path, modality: str) -> StageResult:
    """What the policy lets leave of a modality."""
    track = context.policy.track(modality)
    if track is Track.WITHHELD:
        return StageResult(status="withheld", reason="not released by policy")
    try:
        if track is Track.SYNTHETIC:
            embedded = context.evidence(f"embedding/{modality}")
            if embedded.status != "done":
                return StageResult(status=embedded.status, reason=embedded.reason)
            return _result(_synthesize(context, out, modality))
        return _deidentify(context, out, modality)
    except CannotBeMadeSafe as refusal:
        return StageResult(status="refused", reason=str(refusal))


def _synthesize(context: StageContext, out: Path, modality: str) -> Synthesis:
    decode = verb(modality, "synthesize")
    if decode is None:
        raise CannotBeMadeSafe(f"{modality} has no synthetic track")
    seed = avatar_seed(context)
    facts = known_facts(context) if modality == "text" else {}
    return decode(
        context.extracted.training,
        the_draw(context),
        seed,
        out,
        options=context.policy.options(modality),
        access=context.policy.release.access.value,
        directory=context.policy.directory,
        least=context.policy.release.small_cell,
        device=context.device,
        **facts,
    )


def _deidentify(context: StageContext, out: Path, modality: str) -> StageResult:
    """De-identified records: of all members, since nothing is learnt from them."""
    deidentify = verb(modality, "deidentify")
    if deidentify is None:
        raise CannotBeMadeSafe(f"{modality} has no de-identified track")
    parts = []
    for part in (context.extracted.training, context.extracted.holdout):
        made = deidentify(
            part, context.key, out, options=context.policy.options(modality), directory=context.policy.directory
        )
        if made is not None:
            parts.append(made)
    if not parts:
        return StageResult(status="absent", reason="not in this cohort")
    counts: dict[str, int] = {}
    for made in parts:
        for name, count in made.counts.items():
            counts[name] = counts.get(name, 0) + count
    files = [file for made in parts for file in made.files]
    return _result(Synthesis(files, counts, sorted({note for made in parts for note in made.notes})))


def _result(made: Synthesis) -> StageResult:
    counts = {name: float(count) for name, count in made.counts.items()}
    return StageResult(counts=counts, notes=list(made.notes), models=_models())


def _models() -> dict[str, str]:
    """Digests of the models that the package ships, by name."""
    root = Path(__file__).resolve().parents[1]
    files = sorted(p for p in root.rglob("*") if p.suffix in {".pt", ".npz", ".onnx"})
    return {p.relative_to(root).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}
