"""Evidence: what one stage read, made and found, in one file that cannot be changed unnoticed.

A stage's folder holds its outputs and ``evidence.json``. Evidence carries digests, counts, rates and limits, never a
patient's value. It is authenticated with a key (HMAC-SHA-256), so that an edited file is told apart from a written one.
Judging evidence belongs to ``gate``.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from anon_pipeline.errors import PermanentFailure
from anon_pipeline.keys import Key

FILE_NAME = "evidence.json"
SCHEMA: Final = "anon-pipeline/evidence/1"

Status = Literal["done", "absent", "withheld", "refused"]


class EvidenceUnreadable(PermanentFailure):
    """An evidence file is missing, not JSON, not of the schema, or its authentication fails."""


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FileRecord(_Record):
    """A file (relative name) or a source table, by content. ``rows`` where it has rows."""

    name: str
    sha256: str
    size: int = 0
    rows: int | None = None


class Check(_Record):
    """One finding. ``blocking`` ones refuse the release when they failed; ``low`` and ``high`` bound ``value``."""

    name: str
    passed: bool
    value: float | None = None
    low: float | None = None
    high: float | None = None
    limit: float | None = None
    blocking: bool = True
    detail: str = ""


class Evidence(_Record):
    """The evidence of one stage of one cohort.

    status: ``done``; ``absent`` (the cohort has no such data); ``withheld`` (the policy does not let it leave);
    ``refused`` (it cannot be made safe at this size; ``reason`` says why).
    consumed: stage name -> digest of the evidence that this stage built on.
    """

    schema_: Literal["anon-pipeline/evidence/1"] = Field(default=SCHEMA, alias="schema")
    cohort: str
    stage: str
    status: Status = "done"
    reason: str = ""
    run_id: str
    code_version: str
    policy_digest: str
    inputs: list[FileRecord] = Field(default_factory=list)
    outputs: list[FileRecord] = Field(default_factory=list)
    consumed: dict[str, str] = Field(default_factory=dict)
    checks: list[Check] = Field(default_factory=list)
    counts: dict[str, float] = Field(default_factory=dict)
    models: dict[str, str] = Field(default_factory=dict)
    notes: list[str] = Field(default_factory=list)

    def digest(self) -> str:
        """SHA-256 of what the stage did; the run that did it does not count, so that a repeat has the same digest."""
        content = self.model_dump(mode="json", by_alias=True, exclude={"run_id"})
        return hashlib.sha256(_canonical(content)).hexdigest()

    def failed_checks(self) -> list[Check]:
        return [check for check in self.checks if check.blocking and not check.passed]


def _canonical(content: dict[str, Any]) -> bytes:
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def _authentication(content: dict[str, Any], key: Key) -> str:
    return hmac.new(key.derive("evidence").secret, _canonical(content), hashlib.sha256).hexdigest()


def write_evidence(evidence: Evidence, folder: Path, key: Key) -> None:
    """Write ``folder/evidence.json``, authenticated."""
    content = evidence.model_dump(mode="json", by_alias=True)
    document = {"evidence": content, "authentication": _authentication(content, key)}
    (folder / FILE_NAME).write_text(json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n")


def read_evidence(folder: Path, key: Key) -> Evidence:
    """Read and authenticate ``folder/evidence.json``. Raises EvidenceUnreadable, which says what is wrong."""
    path = folder / FILE_NAME
    try:
        document = json.loads(path.read_text())
        content, authentication = document["evidence"], document["authentication"]
        evidence = Evidence.model_validate(content)
    except FileNotFoundError:
        raise EvidenceUnreadable("evidence is missing") from None
    except (OSError, ValueError, KeyError, TypeError, ValidationError):
        raise EvidenceUnreadable("evidence cannot be read") from None
    if not hmac.compare_digest(str(authentication), _authentication(content, key)):
        raise EvidenceUnreadable("evidence was tampered with, or made with another key")
    return evidence


def sha256_of(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def record_file(path: Path, root: Path) -> FileRecord:
    """Digest, size and, for Parquet, rows of a file, named relative to ``root``."""
    rows = None
    if path.suffix == ".parquet":
        import pyarrow.parquet as pq

        rows = pq.read_metadata(path).num_rows
    name = path.relative_to(root).as_posix()
    return FileRecord(name=name, sha256=sha256_of(path), size=path.stat().st_size, rows=rows)


def record_folder(root: Path) -> list[FileRecord]:
    """Every file below ``root`` except its evidence, in the order of their names."""
    files = sorted(p for p in root.rglob("*") if p.is_file() and p != root / FILE_NAME)
    return [record_file(path, root) for path in files]
