"""The manifest: every file of a release, and the graph of evidence behind it.

``manifest.json`` has no times and no run ids: the same inputs, policy, seed and key give the same bytes. The runs that
made it are told in ``runs.dsse.json``. Writing files in place belongs to ``package``.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from anon_pipeline.policy import Policy
from anon_pipeline.release.evidence import Evidence, record_folder

MANIFEST = "manifest.json"
SIGNED_MANIFEST = "manifest.dsse.json"
SIGNED_RUNS = "runs.dsse.json"
PUBLIC_KEY = "public_key.pem"
SEALS = frozenset({MANIFEST, SIGNED_MANIFEST, SIGNED_RUNS, PUBLIC_KEY})
SCHEMA = "anon-pipeline/manifest/1"
RELEASE_PREDICATE = "https://anon-pipeline.org/attestation/release/v1"
RUNS_PREDICATE = "https://anon-pipeline.org/attestation/runs/v1"

CALLED = {
    "synthetic": "anonymous (avatars; the gate's attacks failed within the policy's limits)",
    "deidentified": "pseudonymised (controlled access only)",
    "withheld": "not released by policy",
}


def build_manifest(folder: Path, cohort: str, policy: Policy, evidence: dict[str, Evidence]) -> dict[str, Any]:
    """The manifest of the files below ``folder``.

    evidence: stage name -> evidence, everything upstream of the release, in the graph's order.
    """
    files = [_drop_none(record.model_dump()) | {"path": record.name} for record in record_folder(folder)]
    for entry in files:
        del entry["name"]
    return {
        "schema": SCHEMA,
        "cohort": cohort,
        "title": policy.title,
        "access": policy.release.access.value,
        "policy_sha256": policy.digest(),
        "code_version": next(iter(evidence.values())).code_version,
        "modalities": _modalities(policy, evidence),
        "files": files,
        "stages": [_stage(item) for item in evidence.values()],
    }


def _modalities(policy: Policy, evidence: dict[str, Evidence]) -> dict[str, dict[str, str]]:
    told = {}
    for name, item in evidence.items():
        if not name.startswith("anonymised/"):
            continue
        modality = name.removeprefix("anonymised/")
        track = policy.track(modality).value
        called = CALLED[track] if item.status == "done" else "not released"
        told[modality] = {"track": track, "status": item.status, "reason": item.reason, "called": called}
    return told


def _stage(evidence: Evidence) -> dict[str, Any]:
    content = evidence.model_dump(mode="json", by_alias=True, exclude={"run_id", "schema_", "cohort"})
    return {"evidence_sha256": evidence.digest(), **{k: v for k, v in content.items() if v not in (None, "", [], {})}}


def _drop_none(content: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in content.items() if value is not None}


def dumps(content: dict[str, Any]) -> bytes:
    return (json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode()


def release_statement(manifest: dict[str, Any], manifest_sha256: str) -> dict[str, Any]:
    """The in-toto statement over a release: its subjects are the manifest and every file that it lists."""
    subjects = [{"name": MANIFEST, "digest": {"sha256": manifest_sha256}}]
    subjects += [{"name": entry["path"], "digest": {"sha256": entry["sha256"]}} for entry in manifest["files"]]
    return {
        "subject": subjects,
        "predicateType": RELEASE_PREDICATE,
        "predicate": {
            "cohort": manifest["cohort"],
            "access": manifest["access"],
            "policySha256": manifest["policy_sha256"],
            "codeVersion": manifest["code_version"],
        },
    }


def runs_statement(manifest_sha256: str, evidence: dict[str, Evidence], run_id: str) -> dict[str, Any]:
    """The in-toto statement that says which run did each stage."""
    runs = {name: item.run_id for name, item in evidence.items()}
    return {
        "subject": [{"name": MANIFEST, "digest": {"sha256": manifest_sha256}}],
        "predicateType": RUNS_PREDICATE,
        "predicate": {"published_by": run_id, "stages": runs},
    }
