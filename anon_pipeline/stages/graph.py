"""The graph: every stage, what it needs, and which stages a run has to do. The bodies are in their groups' files."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from pathlib import Path

from anon_pipeline.modalities import MODALITIES
from anon_pipeline.release.evidence import Evidence, EvidenceUnreadable
from anon_pipeline.stages.base import Stage, StageContext, StageResult, is_current, outputs_intact, run_stage

EXTRACTION = "extraction/cohort"
JOINT = "embedding/joint"
GATE = "release/gate"
PACKAGE = "release/package"
MANIFEST = "release/manifest"
# Text comes last: an avatar's report is written from the avatar's own decoded facts.
DECODED = ("observational", "biology", "genomics", "imaging", "text")
RISKS = ("singling_out", "linkability", "inference", "membership", "identifiers")


def _late(module: str, function: str, **fixed: str) -> Callable[[StageContext, Path], StageResult]:
    """The body ``function`` of ``stages/MODULE.py``, imported when it runs: listing the graph stays cheap."""

    def body(context: StageContext, out: Path) -> StageResult:
        return getattr(importlib.import_module(f"anon_pipeline.stages.{module}"), function)(context, out, **fixed)

    return body


def _read_by(modality: str) -> tuple[str, ...]:
    return tuple(other for other in DECODED if other != "text") if modality == "text" else ()


def _stages() -> Iterator[Stage]:
    yield Stage(
        EXTRACTION,
        "extraction",
        "The cohort's members, split into training and hold-out, and their data of every modality",
        (),
        _late("extraction", "extract"),
        checks=("extraction/complete",),
    )
    for modality in MODALITIES:
        yield Stage(
            f"embedding/{modality}",
            "embedding",
            f"Training patients as vectors, by their {modality} data",
            (EXTRACTION,),
            _late("embedding", "embed", modality=modality),
            gpu=True,
        )
    yield Stage(
        JOINT,
        "embedding",
        "One vector a patient: the modalities' embeddings, balanced by multiple factor analysis",
        tuple(f"embedding/{modality}" for modality in MODALITIES),
        _late("embedding", "fuse"),
        gpu=True,
    )
    for modality in DECODED:
        yield Stage(
            f"anonymised/{modality}",
            "anonymisation",
            f"What the policy lets leave of {modality}: avatars of the one draw, or de-identified records",
            (EXTRACTION, f"embedding/{modality}", JOINT, *(f"anonymised/{m}" for m in _read_by(modality))),
            _late("anonymisation", "anonymise", modality=modality),
            gpu=True,
        )
    anonymised = tuple(f"anonymised/{modality}" for modality in MODALITIES)
    for risk in RISKS:
        yield Stage(
            f"risk/{risk}",
            "risk",
            f"Attacks on what would leave: {risk.replace('_', ' ')}",
            (EXTRACTION, *anonymised),
            _late("risk", "attack", criterion=risk),
        )
    yield Stage(
        "quality/expectations",
        "quality",
        "Great Expectations suites on what would leave: schema, keys, order of dates, plausible values",
        anonymised,
        _late("quality", "expectations"),
    )
    yield Stage(
        "quality/utility",
        "quality",
        "What the release keeps: marginals, correlations, survival, prediction",
        (EXTRACTION, *anonymised),
        _late("quality", "utility"),
    )
    judged = (EXTRACTION, *anonymised, *(f"risk/{risk}" for risk in RISKS), "quality/expectations", "quality/utility")
    yield Stage(
        GATE,
        "release",
        "The verdict: every piece of upstream evidence read again and held against the policy's limits",
        judged,
        _late("release", "gate"),
        judges=True,
    )
    yield Stage(
        PACKAGE,
        "release",
        "The files that leave, gathered, with the report",
        (GATE, "quality/utility", *anonymised),
        _late("release", "package"),
    )
    yield Stage(
        MANIFEST,
        "release",
        "The signed manifest, and the release put in place at once",
        (GATE, PACKAGE),
        _late("release", "publish"),
    )


STAGES: dict[str, Stage] = {stage.name: stage for stage in _stages()}


def upstream_of_release() -> list[Stage]:
    """What the gate judges: every stage but those of the release itself."""
    return [stage for stage in STAGES.values() if stage.group != "release"]


def plan(context: StageContext, *, sources: bool = True) -> list[Stage]:
    """The stages that a run has to do, in order: those whose evidence no longer holds, and those whose purged or
    damaged outputs they need. Empty when nothing changed. ``sources=False`` does not ask whether the hospital's
    sources changed: a run that has extracted already keeps to what it read."""
    from anon_pipeline.stages.extraction import inputs_changed

    stale: set[str] = set()
    for stage in STAGES.values():
        needs_stale = any(needed in stale for needed in stage.needs)
        changed = sources and stage.name == EXTRACTION and inputs_changed(context)
        if needs_stale or changed or not is_current(stage, context):
            stale.add(stage.name)
    for name in reversed(STAGES):
        if name in stale:
            stale.update(needed for needed in STAGES[name].needs if not _usable(needed, context))
    return [stage for name, stage in STAGES.items() if name in stale]


def _usable(name: str, context: StageContext) -> bool:
    try:
        return outputs_intact(context.evidence(name), context.folder(name))
    except EvidenceUnreadable:
        return False


def run(context: StageContext, told: Callable[[Stage, Evidence], None] | None = None) -> list[Evidence]:
    """Run what ``plan`` lists. Raises what the first failing stage raises; earlier evidence stays."""
    done = []
    for stage in plan(context):
        evidence = run_stage(stage, context)
        done.append(evidence)
        if told:
            told(stage, evidence)
    return done
