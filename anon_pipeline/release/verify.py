"""Verifying a release offline, with nothing but its folder: signature, every digest, nothing added, nothing missing."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from anon_pipeline.release.evidence import sha256_of
from anon_pipeline.release.manifest import (
    MANIFEST,
    PUBLIC_KEY,
    RELEASE_PREDICATE,
    RUNS_PREDICATE,
    SEALS,
    SIGNED_MANIFEST,
    SIGNED_RUNS,
)
from anon_pipeline.release.signing import SignatureInvalid, opened


@dataclass
class Verification:
    """``faults`` is empty when the release holds. ``trusted``: the key was given from outside the folder."""

    release: Path
    faults: list[str] = field(default_factory=list)
    files: int = 0
    cohort: str = ""
    trusted: bool = False

    @property
    def holds(self) -> bool:
        return not self.faults


def verify(release: Path, public_key: Path | None = None) -> Verification:
    """Check a release folder. Without ``public_key`` the folder's own key is used: that shows that nothing changed
    since signing, not who signed."""
    result = Verification(release, trusted=public_key is not None)
    try:
        pem = (public_key or release / PUBLIC_KEY).read_text()
        statement = opened(_json(release / SIGNED_MANIFEST), pem)
        manifest = _json(release / MANIFEST)
    except OSError as error:
        result.faults.append(f"{Path(str(error.filename)).name}: {error.strerror}")
        return result
    except (SignatureInvalid, ValueError) as error:
        result.faults.append(f"signature: {error}")
        return result
    result.cohort = str(manifest.get("cohort", ""))
    signed = {s["name"]: s["digest"]["sha256"] for s in statement["subject"]}
    if statement.get("predicateType") != RELEASE_PREDICATE:
        result.faults.append("signature: the statement is not about a release")
    listed = {entry["path"]: entry for entry in manifest.get("files", [])}
    if set(signed) != {MANIFEST, *listed}:
        result.faults.append("manifest: it lists other files than were signed")
    for name, digest in signed.items():
        result.faults += _file_faults(release, name, digest, listed.get(name))
    present = {p.relative_to(release).as_posix() for p in release.rglob("*") if p.is_file() or p.is_symlink()}
    result.faults += [f"{name}: not part of the release" for name in sorted(present - set(signed) - SEALS)]
    result.faults += _runs_faults(release, pem, signed.get(MANIFEST, ""))
    result.files = len(signed)
    return result


def _file_faults(release: Path, name: str, digest: str, entry: dict[str, Any] | None) -> list[str]:
    path = release / name
    if ".." in Path(name).parts or Path(name).is_absolute() or path.is_symlink():
        return [f"{name}: outside the release"]
    if not path.is_file():
        return [f"{name}: missing"]
    faults = [] if sha256_of(path) == digest else [f"{name}: its content differs from what was signed"]
    if entry is not None and entry.get("sha256") != digest:
        faults.append(f"{name}: the manifest gives another digest than was signed")
    if entry is not None and not faults and entry.get("size") != path.stat().st_size:
        faults.append(f"{name}: the manifest gives another size")
    return faults


def _runs_faults(release: Path, pem: str, manifest_sha256: str) -> list[str]:
    try:
        statement = opened(_json(release / SIGNED_RUNS), pem)
    except OSError:
        return [f"{SIGNED_RUNS}: missing"]
    except (SignatureInvalid, ValueError) as error:
        return [f"{SIGNED_RUNS}: {error}"]
    right = statement.get("predicateType") == RUNS_PREDICATE
    if not right or statement["subject"][0]["digest"]["sha256"] != manifest_sha256:
        return [f"{SIGNED_RUNS}: about another release"]
    return []


def _json(path: Path) -> dict[str, Any]:
    content = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(content, dict):
        raise ValueError(f"{path.name} is not a JSON object")
    return content


def releases_below(folder: Path) -> list[Path]:
    """The release folders in ``folder``: itself, or those below it."""
    if (folder / MANIFEST).is_file():
        return [folder]
    found = (path.parent for path in folder.rglob(MANIFEST))
    return sorted(p for p in found if not any(part.startswith(".") for part in p.relative_to(folder).parts))
