"""Tracing a released file back: which release it is of, the stages behind it, down to the source tables.

The file is known by its content, so that a renamed or moved copy is found too.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from anon_pipeline.errors import BadInput
from anon_pipeline.release.evidence import sha256_of
from anon_pipeline.release.manifest import MANIFEST, PUBLIC_KEY, SIGNED_RUNS
from anon_pipeline.release.signing import SignatureInvalid, opened
from anon_pipeline.release.verify import releases_below, verify


def trace(file: Path, releases: Path | None = None) -> dict[str, Any]:
    """The ancestry of a released file. Raises BadInput when no release at hand holds its content.

    Searched: the folders above the file, then ``releases`` and everything below it.
    """
    if not file.is_file():
        raise BadInput(f"{file}: no such file")
    digest = sha256_of(file)
    found = next((hit for release in _candidates(file, releases) if (hit := _in_release(release, digest))), None)
    if found is None:
        raise BadInput(f"{file.name}: no release at hand holds a file of this content (sha256 {digest[:16]}...)")
    release, manifest, entry = found
    stages = {stage["stage"]: stage for stage in manifest["stages"]}
    made_by = _maker(entry, stages)
    runs = _runs(release)
    verification = verify(release)
    return {
        "file": {"given": file.name, **entry},
        "release": release.name,
        "cohort": manifest["cohort"],
        "access": manifest["access"],
        "code_version": manifest["code_version"],
        "policy_sha256": manifest["policy_sha256"],
        "verified": verification.holds,
        "faults": verification.faults,
        "made_by": made_by,
        "stages": [{**stages[name], "run_id": runs.get(name, "")} for name in _ancestry(made_by, stages)],
        "judged_by": [
            {**stage, "run_id": runs.get(name, "")}
            for name, stage in stages.items()
            if name.startswith(("risk/", "quality/", "release/"))
        ],
        "sources": [record for stage in stages.values() for record in stage.get("inputs", [])],
        "published_by": runs.get("", ""),
    }


def _candidates(file: Path, releases: Path | None) -> list[Path]:
    above = [parent for parent in file.resolve().parents if (parent / MANIFEST).is_file()]
    if releases is None:
        return above
    if not releases.is_dir():
        raise BadInput(f"{releases}: no such folder")
    return above + releases_below(releases)


def _in_release(release: Path, digest: str) -> tuple[Path, dict[str, Any], dict[str, Any]] | None:
    try:
        manifest = json.loads((release / MANIFEST).read_text(encoding="utf-8"))
        entry = next((entry for entry in manifest["files"] if entry["sha256"] == digest), None)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return (release, manifest, entry) if entry else None


def _maker(entry: dict[str, Any], stages: dict[str, dict[str, Any]]) -> str:
    """The stage that wrote the file: the one among whose outputs its digest is, else the packaging."""
    for name, stage in stages.items():
        if any(output["sha256"] == entry["sha256"] for output in stage.get("outputs", [])):
            return name
    return "release/package"


def _ancestry(start: str, stages: dict[str, dict[str, Any]]) -> list[str]:
    """The stage and everything upstream of it, nearest first."""
    order: list[str] = []
    waiting = [start] if start in stages else [n for n in stages if n.startswith("anonymised/")]
    while waiting:
        name = waiting.pop(0)
        if name in stages and name not in order:
            order.append(name)
            waiting += sorted(stages[name].get("consumed", {}))
    return order


def _runs(release: Path) -> dict[str, str]:
    try:
        statement = opened(json.loads((release / SIGNED_RUNS).read_text()), (release / PUBLIC_KEY).read_text())
    except (OSError, ValueError, SignatureInvalid):
        return {}
    predicate = statement["predicate"]
    return {**predicate.get("stages", {}), "": predicate.get("published_by", "")}


def tree(traced: dict[str, Any]) -> list[str]:
    """The trace as lines that a person reads, nearest ancestor first."""
    lines = [
        f"{traced['file']['given']}  ({traced['file']['path']}, sha256 {traced['file']['sha256'][:16]})",
        f"  release {traced['release']}, cohort {traced['cohort']}, access {traced['access']}",
        f"  signature and digests: {'verified' if traced['verified'] else 'BROKEN: ' + '; '.join(traced['faults'])}",
        f"  code {traced['code_version']}, policy {traced['policy_sha256'][:16]}",
        f"  published by run {traced['published_by']}",
    ]
    by_name = {stage["stage"]: stage for stage in traced["stages"]}
    seen: set[str] = set()
    if traced["made_by"] in by_name:
        _branch(traced["made_by"], by_name, "", True, lines, seen)
    else:
        for stage in traced["stages"]:
            _branch(stage["stage"], by_name, "", True, lines, seen)
    lines.append("judged by")
    for stage in traced["judged_by"]:
        lines.append(f"  {_title(stage)}")
        lines += [f"      {_check(check)}" for check in stage.get("checks", [])]
    return lines


def _branch(name: str, by_name: dict[str, Any], indent: str, last: bool, lines: list[str], seen: set[str]) -> None:
    stage = by_name[name]
    again = name in seen
    lines.append(f"{indent}{'└─ ' if last else '├─ '}{_title(stage)}{' (see above)' if again else ''}")
    if again:
        return
    seen.add(name)
    below = indent + ("   " if last else "│  ")
    lines += [f"{below}   {_check(check)}" for check in stage.get("checks", [])]
    children = [child for child in sorted(stage.get("consumed", {})) if child in by_name]
    inputs = stage.get("inputs", [])
    for position, record in enumerate(inputs):
        end = position == len(inputs) - 1 and not children
        rows = f", {record['rows']} rows" if record.get("rows") is not None else ""
        lines.append(f"{below}{'└─ ' if end else '├─ '}source {record['name']}  sha256 {record['sha256'][:16]}{rows}")
    for position, child in enumerate(children):
        _branch(child, by_name, below, position == len(children) - 1, lines, seen)


def _title(stage: dict[str, Any]) -> str:
    status = "" if stage["status"] == "done" else f"  [{stage['status']}: {stage.get('reason', '')}]"
    run = f"  run {stage['run_id'][:8]}" if stage.get("run_id") else ""
    return f"{stage['stage']}  evidence {stage['evidence_sha256'][:16]}{run}{status}"


def _check(check: dict[str, Any]) -> str:
    mark = "pass" if check["passed"] else "FAIL"
    figures = [
        f"{label} {check[label]:.4g}" for label in ("value", "low", "high", "limit") if check.get(label) is not None
    ]
    return f"[{mark}] {check['name']}{': ' if figures else ''}{', '.join(figures)}"
