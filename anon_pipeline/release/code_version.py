"""The version of the code that makes releases: a digest of every file of the package that can change an output."""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path

from anon_pipeline import __version__

_SUFFIXES = {".py", ".sql", ".csv", ".yaml", ".json", ".txt", ".pt", ".npz", ".gz", ".onnx"}
_NOT_CODE_OF_A_RELEASE = {"cli", "pipeline"}


@functools.cache
def code_version() -> str:
    """``VERSION+12 hex digits``; the command line and the Dagster layer do not count, they change no output."""
    root = Path(__file__).resolve().parents[1]
    folders = [root, root.parent / "sql"]
    digest = hashlib.sha256()
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            relative = path.relative_to(folder)
            if path.suffix not in _SUFFIXES or "__pycache__" in relative.parts:
                continue
            if folder == root and relative.parts[0] in _NOT_CODE_OF_A_RELEASE:
                continue
            digest.update(f"{relative.as_posix()}\0".encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return f"{__version__}+{digest.hexdigest()[:12]}"
