"""One run from file to file: read, de-identify, write through a temporary name, audit, report, verdict.

The engine works on any iterable and is in ``engine``; the attacks are in ``anon_pipeline.risk``.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from anon_pipeline.errors import VerdictBroken
from anon_pipeline.keys import Key
from anon_pipeline.modalities.text import engine, files
from anon_pipeline.policy import Limit
from anon_pipeline.risk.limits import check_name, judge


@dataclass(frozen=True)
class Request:
    """What one run is asked; paths as given on the command line."""

    source: Path
    out: Path
    key: Key
    patients: Path | None = None
    staff: Path | None = None
    language: str = "auto"
    mode: str = "surrogate"
    indirect: str | None = None
    policy: Path | None = None
    quarantine: Path | None = None
    canaries: int = 0
    limit: float | None = None
    limits: tuple[Limit, ...] = ()
    seed: int = 0
    force: bool = False
    quiet: bool = True


def settings(request: Request) -> dict[str, Any]:
    """Engine options from the policy's ``modalities.text.options``, overruled by what the request says."""
    out: dict[str, Any] = {"language": request.language, "mode": request.mode, "indirect": "generalise"}
    if request.policy is not None:
        from anon_pipeline.policy import load_policy

        policy = load_policy(request.policy)
        options = policy.options("text")
        out["indirect"] = options.get("indirect", out["indirect"])
        if options.get("transformer"):
            out["transformer"] = str(policy.path(options["transformer"]))
    if request.indirect is not None:
        out["indirect"] = request.indirect
    return out


def run(request: Request) -> dict[str, Any]:
    """Write OUT and return the report. Raises BadInput, and VerdictBroken when the limit is broken without force."""
    from tqdm import tqdm

    options = settings(request)
    engine.Options(options["language"], options["mode"], options["indirect"])
    patients = files.read_patients(request.patients) if request.patients is not None else {}
    staff = files.read_staff(request.staff) if request.staff is not None else []
    refused: list[tuple[int, str]] = []
    tally = engine.Tally()
    request.out.parent.mkdir(parents=True, exist_ok=True)
    temporary = request.out.with_name(f".{request.out.name}.partial")

    def refuse(line: int, reason: str) -> None:
        refused.append((line, reason))

    def quarantined(document: Mapping[str, Any], reason: str) -> None:
        refuse(int(document.get(files.LINE, 0)), reason)

    def counted() -> Iterator[dict[str, Any]]:
        silent = request.quiet or not sys.stderr.isatty()
        yield from tqdm(files.read_documents(request.source, refuse), unit="note", disable=silent)

    try:
        with temporary.open("wb") as stream:
            results = engine.deidentify_documents(
                counted(), request.key, patients=patients, staff=staff, tally=tally, quarantine=quarantined, **options
            )
            for result in results:
                stream.write(files.dump(result))
        report = summary(request, tally, refused, options)
        if request.canaries or request.limits:
            from anon_pipeline.modalities.text import residual

            report["residual_risk"] = residual.measure(request, temporary, patients, options)
        broken, checks = _broken(report, request)
        report["verdict"] = {"limit": request.limit, "broken": broken, "forced": bool(broken and request.force)}
        if checks:
            report["verdict"]["checks"] = checks
        if broken and not request.force:
            raise VerdictBroken("; ".join(broken))
        _write_quarantine(request, refused)
        temporary.replace(request.out)
    finally:
        temporary.unlink(missing_ok=True)
    return report


def summary(
    request: Request, tally: engine.Tally, refused: list[tuple[int, str]], options: dict[str, Any]
) -> dict[str, Any]:
    """Counts only."""
    reasons: dict[str, int] = {}
    for _, reason in refused:
        reasons[reason] = reasons.get(reason, 0) + 1
    return {
        "schema": "anon-pipeline/text-report/1",
        "documents": tally.documents,
        "characters": tally.characters,
        "quarantined": len(refused),
        "quarantine_reasons": dict(sorted(reasons.items())),
        "unreadable_characters_replaced_in": tally.cleaned,
        "labels": dict(sorted(tally.labels.items())),
        "sources": dict(sorted(tally.sources.items())),
        "languages": dict(sorted(tally.languages.items())),
        "options": {"language": options["language"], "mode": options["mode"], "indirect": options["indirect"],
                    "transformer": bool(options.get("transformer")), "patients": request.patients is not None,
                    "staff": request.staff is not None, "seed": request.seed},
    }  # fmt: skip


def _broken(report: dict[str, Any], request: Request) -> tuple[list[str], list[dict[str, Any]]]:
    """One sentence for every broken limit, and the figures that the limits of a file were held against."""
    from fnmatch import fnmatchcase

    from anon_pipeline.risk.text_attacks import rows

    broken = []
    measured = report.get("residual_risk", {})
    if request.limit is not None:
        canary = measured.get("canaries")
        if not canary or not canary["attempts"]:
            broken.append("a leak limit was given, but no canary could be inserted")
        elif canary["high"] > request.limit:
            broken.append(f"canary leak rate: upper bound {canary['high']:.4f} over the limit {request.limit}")
    if not request.limits:
        return broken, []
    checks = rows(measured)
    names = [check_name(row) for row in checks]
    broken += judge(checks, request.limits)
    missing = [limit.check for limit in request.limits if not any(fnmatchcase(n, limit.check) for n in names)]
    return [*broken, *(f"{check}: nothing could be measured for it" for check in missing)], checks


def _write_quarantine(request: Request, refused: list[tuple[int, str]]) -> None:
    path = request.quarantine or request.out.with_name(request.out.name + ".quarantine.jsonl")
    if not refused:
        if request.quarantine is not None:
            path.write_bytes(b"")
        return
    temporary = path.with_name(f".{path.name}.partial")
    rows = (json.dumps({"line": line, "reason": reason}) for line, reason in sorted(refused))
    temporary.write_text("".join(row + "\n" for row in rows), encoding="utf-8")
    temporary.replace(path)
