"""What Dagster may keep of a stage's evidence: counts, digests and rates, never a patient's value.

Evidence holds nothing else by its own rule; this file repeats the selection, field by field, so that a new field of
evidence does not reach the event log unseen.
"""

from __future__ import annotations

import hashlib
from typing import Any

import dagster as dg

from anon_pipeline.release.evidence import Evidence, FileRecord


def describe(evidence: Evidence, *, reused: bool) -> dict[str, Any]:
    """Metadata of a stage's materialisation. ``reused``: the evidence still held, no work was done."""
    metadata: dict[str, Any] = {
        "status": evidence.status,
        "evidence_sha256": evidence.digest(),
        "policy_sha256": evidence.policy_digest,
        "code_version": evidence.code_version,
        "made_by_run": evidence.run_id,
        "reused": reused,
        "files": len(evidence.outputs),
        "bytes": sum(record.size for record in evidence.outputs),
        "consumed": dg.MetadataValue.json(evidence.consumed),
    }
    if evidence.reason:
        metadata["reason"] = evidence.reason
    if evidence.models:
        metadata["models"] = dg.MetadataValue.json(evidence.models)
    for name, value in evidence.counts.items():
        metadata[f"count/{name}"] = value
    return metadata


def digest_of(records: list[FileRecord]) -> str:
    """One digest of several files, by name and content."""
    lines = sorted(f"{record.name}\0{record.sha256}\n" for record in records)
    return hashlib.sha256("".join(lines).encode()).hexdigest()
