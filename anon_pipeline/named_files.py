"""Digests of the files and folders that a policy's options name (models, lists, maps): what others made is stale.

What options mean belongs to each modality; a value that names nothing that exists is not a file.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from anon_pipeline.errors import BadInput

WHOLE = 64 << 20
SAMPLES, SAMPLE = 64, 64 << 10


def named_files(options: Mapping[str, Any], directory: Path) -> dict[str, str]:
    """Option (``modality.key``, ...) -> SHA-256 of what it names, for each text value that names a file or folder.

    Relative paths start from ``directory``; a folder that it lies in is not meant. Of a file over 64 MB (a model's
    weights) the size and 64 samples of 64 KB, evenly spaced, count. Raises BadInput naming the option of what cannot be
    read.
    """
    found = {}
    for name, value in _texts(options, ""):
        path = directory / value
        try:
            is_there = bool(value) and path.exists() and not directory.resolve().is_relative_to(path.resolve())
        except (OSError, ValueError):
            is_there = False
        if not is_there:
            continue
        try:
            found[name] = _digest(path)
        except OSError as error:
            raise BadInput(f"policy: what option {name} names cannot be read: {error.strerror}") from None
    return found


def _texts(value: Any, name: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield name, value
    elif isinstance(value, Mapping):
        for key, own in value.items():
            yield from _texts(own, f"{name}.{key}" if name else str(key))
    elif isinstance(value, list):
        for index, own in enumerate(value):
            yield from _texts(own, f"{name}.{index}")


def _digest(path: Path) -> str:
    whole = hashlib.sha256()
    for file in sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]:
        state = file.stat()
        whole.update(str(file.relative_to(path)).encode() + b"\0")
        whole.update(_of_file(str(file), state.st_size, state.st_mtime_ns).encode())
    return whole.hexdigest()


@lru_cache(maxsize=4096)
def _of_file(path: str, size: int, stamp: int) -> str:
    """stamp: when the file was last written, so that it is read once a version."""
    content = hashlib.sha256(str(size).encode())
    with Path(path).open("rb") as file:
        if size <= WHOLE:
            while block := file.read(1 << 20):
                content.update(block)
        else:
            for number in range(SAMPLES):
                file.seek(number * (size - SAMPLE) // (SAMPLES - 1), os.SEEK_SET)
                content.update(file.read(SAMPLE))
    return content.hexdigest()
