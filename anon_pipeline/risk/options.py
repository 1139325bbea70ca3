"""What ``anon-pipeline risk`` reads beside tables: schemas and limits in YAML or JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from anon_pipeline.errors import BadInput
from anon_pipeline.policy import Limit


def _mapping(path: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError):
        raise BadInput(f"{path}: not YAML") from None
    if isinstance(content, list):
        content = {"limits": content}
    if not isinstance(content, dict):
        raise BadInput(f"{path}: a mapping was expected")
    return content


def read_schema(path: Path | None) -> dict[str, Any] | None:
    """A schema file as a mapping, or None. Raises BadInput."""
    return None if path is None else _mapping(path)


def with_survival(schema: dict[str, Any] | None, survival: str | None) -> dict[str, Any] | None:
    """The schema with ``TIME,EVENT[,GROUP]`` as its survival outcome. Raises BadInput."""
    if survival is None:
        return schema
    parts = [part.strip() for part in survival.split(",")]
    if len(parts) not in (2, 3) or not all(parts):
        raise BadInput("--survival: TIME,EVENT or TIME,EVENT,GROUP is needed")
    return {**(schema or {}), "survival": dict(zip(("time", "event", "group"), parts, strict=False))}


def read_limits(path: Path | None) -> list[Limit] | None:
    """The ``limits`` of a policy file, or of a file that holds nothing else; None without a file. Raises BadInput."""
    if path is None:
        return None
    entries = _mapping(path).get("limits")
    if not isinstance(entries, list):
        raise BadInput(f"{path}: 'limits' is missing or not a list")
    try:
        return [Limit.model_validate(entry) for entry in entries]
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors(include_input=False))
        raise BadInput(f"{path}: limits: {faults}") from None
