"""The bodies of the quality group: Great Expectations suites, and what the release keeps of the statistics."""

from __future__ import annotations

import json
from pathlib import Path

from anon_pipeline.policy import Track
from anon_pipeline.release.evidence import Check
from anon_pipeline.stages.base import StageContext, StageResult
from anon_pipeline.stages.facts import person_facts
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
    report = evaluated(context)
    if report is None:
        return StageResult(status="absent", reason="no table leaves as avatars")
    from anon_pipeline.quality.coherence import associations, forest, summary
    from anon_pipeline.quality.image_grid import image_grid
    from anon_pipeline.quality.pictures import pictures
    from anon_pipeline.risk.patient_level import patient_features, vocabulary

    training = context.extracted.training.root
    words = vocabulary(training)
    made = patient_features(context.work / "anonymised", words)
    pictures(report, patient_features(training, words), made, out, formats=("png",))
    found = associations(*person_facts(context))
    if found:
        forest(found, out / "associations_across_modalities.png")
    if context.evidence("anonymised/imaging").status == "done" and context.policy.track("imaging") is Track.SYNTHETIC:
        image_grid(context.folder("anonymised/imaging"), out / "images_of_avatars.png")
    figures = {**report["utility"], "coherence": summary(found)}
    (out / "utility.json").write_text(json.dumps(figures, indent=2, sort_keys=True) + "\n")
    return StageResult(checks=[_figure(name, value) for name, value in sorted(_flat(figures).items())])


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
