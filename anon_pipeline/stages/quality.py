"""The bodies of the quality group: Great Expectations suites, and what the release keeps of the statistics."""

from __future__ import annotations

import json
from pathlib import Path

from anon_pipeline.errors import BadInput, CannotBeMadeSafe
from anon_pipeline.modalities import MODALITIES
from anon_pipeline.policy import Track
from anon_pipeline.release.evidence import Check
from anon_pipeline.stages.base import StageContext, StageResult
from anon_pipeline.stages.coherence import mapped, task_figures
from anon_pipeline.stages.facts import person_facts
from anon_pipeline.stages.multimodal import seen_by_attackers
from anon_pipeline.stages.risk import TABLES, evaluated


def expectations(context: StageContext, out: Path) -> StageResult:
    """Suites on every table that leaves."""
    folders = [
        context.folder(f"anonymised/{modality}")
        for modality in TABLES
        if context.evidence(f"anonymised/{modality}").status == "done"
    ]
    if not folders:
        return StageResult(status="absent", reason="no table leaves")
    from anon_pipeline.quality.gx import expectations as judge_tables

    return StageResult(checks=[Check(**found) for found in judge_tables(*folders)])


def utility(context: StageContext, out: Path) -> StageResult:
    """What the release keeps, as figures and pictures. Reported; limits on it belong to the policy."""
    try:
        report = evaluated(context)
    except (BadInput, CannotBeMadeSafe) as refusal:
        return StageResult(status="refused", reason=str(refusal))
    if report is None:
        return StageResult(status="absent", reason="no table leaves as avatars")
    from anon_pipeline.quality.coherence import associations, forest, summary
    from anon_pipeline.quality.embedding_map import embedding_map
    from anon_pipeline.quality.image_grid import image_grid
    from anon_pipeline.quality.pictures import pictures
    from anon_pipeline.risk.patient_level import patient_features, vocabulary

    training = context.extracted.training.root
    words = vocabulary(training)
    made = patient_features(context.work / "anonymised", words)
    pictures(report, patient_features(training, words), made, out, formats=("png",))
    facts = person_facts(context)
    found = associations(*facts)
    if found:
        forest(found, out / "associations_across_modalities.png")
    if context.evidence("anonymised/imaging").status == "done" and context.policy.track("imaging") is Track.SYNTHETIC:
        image_grid(context.folder("anonymised/imaging"), out / "images_of_avatars.png")
    figures = {**report["utility"], "coherence": summary(found), "embedding": _embeddings(context)}
    seen = seen_by_attackers(context)
    if seen is not None:
        embedding_map(mapped(seen), out / "map_of_avatars_and_patients.png")
        figures["two_modalities"] = task_figures(context, seen, *facts)
    (out / "utility.json").write_text(json.dumps(figures, indent=2, sort_keys=True) + "\n")
    return StageResult(checks=[_figure(name, value) for name, value in sorted(_flat(figures).items())])


def _embeddings(context: StageContext) -> dict[str, dict[str, float]]:
    """The figures of each modality's embedding: what its dimensions keep, and what can be read from them."""
    return {
        modality: evidence.counts
        for modality in MODALITIES
        if (evidence := context.evidence(f"embedding/{modality}")).status == "done"
    }


def _figure(name: str, value: float) -> Check:
    return Check(name=f"utility/{name}", passed=True, value=value, blocking=False)


def _flat(content: dict, prefix: str = "") -> dict[str, float]:
    """The single figures of a nested report; lists (one entry a column) stay in ``utility.json``."""
    found: dict[str, float] = {}
    for name, value in content.items():
        if isinstance(value, dict):
            found |= _flat(value, f"{prefix}{name}/")
        elif isinstance(value, int | float) and not isinstance(value, bool):
            found[f"{prefix}{name}"] = float(value)
    return found
