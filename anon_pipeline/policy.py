"""What may leave, how, and under which limits: one YAML file a cohort, read into typed, frozen models.

``policies/default.yaml`` explains every line. Reading a policy never opens the warehouse, and applying a limit
belongs to ``anon_pipeline.release.gate``.
"""

from __future__ import annotations

import hashlib
import json
import re
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from anon_pipeline.errors import BadInput
from anon_pipeline.named_files import named_files

SCHEMA = "anon-pipeline/policy/1"
MODALITIES = ("observational", "biology", "genomics", "text", "imaging")
COHORT_NAME = re.compile(r"^[a-z0-9_-]+$")


class Track(StrEnum):
    """How a modality leaves. Anything that no policy names is withheld."""

    SYNTHETIC = "synthetic"
    DEIDENTIFIED = "deidentified"
    WITHHELD = "withheld"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CohortSource(_Part):
    """Who is in the cohort: ``sql`` names a file (relative to the policy) whose statement returns ``person_id``;
    ``definition_id`` an OMOP cohort_definition; with neither, the cohort is looked up by its name."""

    sql: str | None = None
    definition_id: int | None = None


class Sources(_Part):
    """Where modalities outside the warehouse lie; relative paths are relative to the policy file."""

    images: str | None = None
    vcf: str | None = None


class ModalityPolicy(_Part):
    """``track`` decides whether and how the modality leaves; ``options`` are the modality's own."""

    track: Track = Track.WITHHELD
    weight: float = Field(default=1.0, ge=0, le=10)
    options: dict[str, Any] = Field(default_factory=dict)


class AvatarPolicy(_Part):
    """How avatars are drawn. ``reach``: the share of the cohort that the neighbourhood of k patients spans."""

    k: int = Field(default=60, ge=5, le=2000)
    reach: float = Field(default=0.33, gt=0, le=1)
    seed: int = Field(default=0, ge=0)
    size: int | None = Field(default=None, ge=1)
    maximum_weight: float = Field(default=0.05, gt=0, le=1)
    minimum_effective_k: float = Field(default=20, ge=1)
    holdout_fraction: float = Field(default=0.2, ge=0.05, le=0.5)
    holdout_folds: int = Field(default=0, ge=0, le=10)

    @field_validator("holdout_folds")
    @classmethod
    def _more_than_one(cls, value: int) -> int:
        if value == 1:
            raise ValueError("one fold holds everyone out: give 0 (one split) or at least 2")
        return value


class Limit(_Part):
    """One limit that the gate applies to the evidence. ``bound`` says which figure is compared: an end of its 95 %
    interval (the upper by default), the value itself, or with ``low_together`` the lower end of intervals that hold for
    all the figures of the limit at once (``anon_pipeline.risk.limits.compared``)."""

    check: str
    maximum: float | None = None
    minimum: float | None = None
    bound: Literal["high", "low", "value", "low_together"] = "high"
    reason: str = Field(min_length=1)
    source: str = Field(min_length=1)


class ReleaseClass(StrEnum):
    OPEN = "open"
    CONTROLLED = "controlled"


class ReleasePolicy(_Part):
    """Release-wide rules. ``small_cell``: no count under it leaves; ``minimum_patients``: no smaller cohort does."""

    access: ReleaseClass = ReleaseClass.CONTROLLED
    small_cell: int = Field(default=11, ge=1)
    minimum_patients: int = Field(default=50, ge=20)
    purge_extraction: bool = True


class Policy(_Part):
    """A whole policy. ``directory`` is where its file lies, for the relative paths in it; it is not hashed.

    limits: None, when the file does not name any, stands for the packaged ones (``anon_pipeline.risk.limits``); an
    empty list is a decision.
    """

    schema_: Literal["anon-pipeline/policy/1"] = Field(alias="schema")
    title: str = ""
    cohort: CohortSource = CohortSource()
    sources: Sources = Sources()
    modalities: dict[str, ModalityPolicy] = Field(default_factory=dict)
    avatars: AvatarPolicy = Field(default_factory=AvatarPolicy)
    release: ReleasePolicy = Field(default_factory=ReleasePolicy)
    limits: list[Limit] | None = None
    directory: Path = Field(default=Path(), exclude=True)
    sql_digest: str = ""
    file_digests: dict[str, str] = Field(default_factory=dict)

    @field_validator("modalities")
    @classmethod
    def _known_modalities(cls, value: dict[str, ModalityPolicy]) -> dict[str, ModalityPolicy]:
        unknown = sorted(set(value) - set(MODALITIES))
        if unknown:
            raise ValueError(f"unknown modalities {unknown}; known: {list(MODALITIES)}")
        return value

    @field_validator("modalities")
    @classmethod
    def _one_track(cls, value: dict[str, ModalityPolicy]) -> dict[str, ModalityPolicy]:
        tracks = {part.track for part in value.values()} - {Track.WITHHELD}
        if len(tracks) > 1:
            raise ValueError("avatars and de-identified records never leave in one release: use two policies")
        return value

    @model_validator(mode="after")
    def _real_records_under_control(self) -> Policy:
        if self.release.access is ReleaseClass.OPEN and any(
            part.track is Track.DEIDENTIFIED for part in self.modalities.values()
        ):
            raise ValueError("de-identified records leave under controlled access only, never with access: open")
        return self

    def track(self, modality: str) -> Track:
        part = self.modalities.get(modality)
        return part.track if part else Track.WITHHELD

    def options(self, modality: str) -> dict[str, Any]:
        part = self.modalities.get(modality)
        return dict(part.options) if part else {}

    def path(self, relative: str) -> Path:
        """A path named in the policy, absolute."""
        return (self.directory / relative).resolve()

    def cohort_sql(self) -> str | None:
        """The cohort's statement, when the policy names a file. Raises BadInput when it cannot be read."""
        if self.cohort.sql is None:
            return None
        try:
            return self.path(self.cohort.sql).read_text(encoding="utf-8")
        except OSError as error:
            raise BadInput(f"cohort SQL {self.cohort.sql}: {error.strerror}") from None

    def digest(self) -> str:
        """SHA-256 of the policy's meaning and of the SQL, models and lists it names, whatever comments and order."""
        content = json.dumps(self.model_dump(mode="json", by_alias=True), sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()


def load_policy(path: Path | str) -> Policy:
    """Read and check one policy file. Raises BadInput naming the file and every wrong line's key."""
    path = Path(path)
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInput(f"policy {path}: {error.strerror}") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise BadInput(f"policy {path}: not YAML{f', line {mark.line + 1}' if mark else ''}") from None
    if not isinstance(content, dict):
        raise BadInput(f"policy {path}: a mapping was expected")
    if content.get("schema") != SCHEMA:
        raise BadInput(f"policy {path}: 'schema: {SCHEMA}' is missing")
    for computed in ("sql_digest", "file_digests"):
        content.pop(computed, None)
    try:
        policy = Policy.model_validate({**content, "directory": path.parent.resolve()})
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors(include_input=False))
        raise BadInput(f"policy {path}: {faults}") from None
    sql = policy.cohort_sql()
    return policy.model_copy(
        update={
            "sql_digest": hashlib.sha256(sql.encode()).hexdigest() if sql else "",
            "file_digests": named_files(
                {name: part.options for name, part in policy.modalities.items()}, policy.directory
            ),
        }
    )


def policy_for(cohort: str, path: Path | str) -> Policy:
    """The policy of a cohort: ``path`` itself when it is a file, else PATH/COHORT.yaml, else PATH/default.yaml."""
    if not COHORT_NAME.match(cohort):
        raise BadInput("a cohort's name holds only a-z, 0-9, '_' and '-'")
    path = Path(path)
    if path.is_dir():
        own = path / f"{cohort}.yaml"
        path = own if own.is_file() else path / "default.yaml"
    return load_policy(path)
