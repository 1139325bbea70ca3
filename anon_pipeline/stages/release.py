"""The bodies of the release group: the gate's verdict, the package, the signed manifest put in place.

Each of them judges again: a run of one alone can never release what the gate would refuse.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from anon_pipeline.errors import ReleaseRefused
from anon_pipeline.release import store
from anon_pipeline.release.evidence import Check, Evidence, sha256_of
from anon_pipeline.release.gate import Verdict, judge
from anon_pipeline.release.manifest import (
    MANIFEST,
    PUBLIC_KEY,
    SIGNED_MANIFEST,
    SIGNED_RUNS,
    build_manifest,
    dumps,
    release_statement,
    runs_statement,
)
from anon_pipeline.release.report import write_report
from anon_pipeline.release.signing import load_signer, public_pem, sign
from anon_pipeline.stages.base import StageContext, StageResult
from anon_pipeline.stages.graph import GATE, PACKAGE, upstream_of_release

REFUSAL = "refusal.json"


def _judged(context: StageContext) -> Verdict:
    """The verdict, when it lets the release leave. Raises ReleaseRefused with every reason, also kept in a file."""
    verdict = judge(context, upstream_of_release())
    refusal = context.work / REFUSAL
    if verdict.reasons:
        content = {"cohort": context.cohort, "run_id": context.run_id, "reasons": verdict.reasons}
        refusal.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n")
        raise ReleaseRefused(verdict.reasons)
    refusal.unlink(missing_ok=True)
    return verdict


def gate(context: StageContext, out: Path) -> StageResult:
    """The verdict as evidence: every limit with the figure that it was held against."""
    verdict = _judged(context)
    released = sum(1 for n, e in verdict.evidence.items() if n.startswith("anonymised/") and e.status == "done")
    if not released:
        raise ReleaseRefused(["no modality of this cohort may leave"])
    held = Check(name="release/gate", passed=True, value=float(len(verdict.evidence)), detail="stages judged")
    return StageResult(checks=[held, *verdict.limits], counts={"modalities_released": released})


def package(context: StageContext, out: Path) -> StageResult:
    """Gather what leaves: ``data/MODALITY/...`` and ``report/``."""
    verdict = _judged(context)
    for name, evidence in verdict.evidence.items():
        if name.startswith("anonymised/") and evidence.status == "done":
            for record in evidence.outputs:
                target = out / "data" / name.removeprefix("anonymised/") / record.name
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(context.folder(name) / record.name, target)
    write_report(out / "report", context, verdict.evidence)
    return StageResult(counts={"files": float(sum(1 for p in out.rglob("*") if p.is_file()))})


def publish(context: StageContext, out: Path) -> StageResult:
    """Sign the manifest and put the release in place, whole or not at all; then purge what the policy says."""
    verdict = _judged(context)
    evidence: dict[str, Evidence] = {
        **verdict.evidence,
        GATE: context.evidence(GATE),
        PACKAGE: context.evidence(PACKAGE),
    }
    source = context.folder(PACKAGE)
    signer = load_signer(context.signing_key)
    content = source / "evidence.json"
    manifest = dumps(build_manifest(source, context.cohort, context.policy, evidence))
    (out / MANIFEST).write_bytes(manifest)
    digest = sha256_of(out / MANIFEST)
    (out / SIGNED_MANIFEST).write_bytes(dumps(sign(release_statement(json.loads(manifest), digest), signer)))
    (out / SIGNED_RUNS).write_bytes(dumps(sign(runs_statement(digest, evidence, context.run_id), signer)))
    (out / PUBLIC_KEY).write_text(public_pem(signer))
    where = context.releases if context.exact else f"{context.releases.rstrip('/')}/{context.cohort}/{digest[:16]}"
    store.put(where, [(source, {content.name}), (out, set())])
    if context.policy.release.purge_extraction:
        store.purge(context.folder(name) for name, e in evidence.items() if name.split("/")[0] in store.PURGED)
    return StageResult(
        counts={"files": float(len(json.loads(manifest)["files"]))}, notes=[f"released as {digest[:16]}"]
    )
