"""Putting a release in place at once, in a local folder or behind an fsspec URL; purging what must not last."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from anon_pipeline.errors import TransientFailure
from anon_pipeline.release.evidence import FILE_NAME
from anon_pipeline.release.manifest import SIGNED_MANIFEST

PURGED = ("extraction", "embedding")


def put(where: str, sources: list[tuple[Path, set[str]]]) -> None:
    """Copy the files of each (folder, names at its top to leave out) to ``where``.

    Locally the folder is built beside its place and renamed. An object store has no rename: there the signed manifest
    is written last, and a release without it is none. Raises TransientFailure when the store fails.
    """
    files = [
        (path, path.relative_to(folder).as_posix())
        for folder, left_out in sources
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not (path.parent == folder and path.name in {FILE_NAME, *left_out})
    ]
    try:
        if "://" in where and not where.startswith("file://"):
            _upload(where, files)
        else:
            _place(Path(where.removeprefix("file://")), files)
    except OSError as error:
        raise TransientFailure(f"release store: {type(error).__name__} {error.strerror or ''}".strip()) from None


def _place(where: Path, files: list[tuple[Path, str]]) -> None:
    where.parent.mkdir(parents=True, exist_ok=True)
    for left in where.parent.glob(f".{where.name}.*"):
        shutil.rmtree(left, ignore_errors=True)
    partial = where.with_name(f".{where.name}.partial-{os.getpid()}")
    partial.mkdir()
    try:
        for path, name in files:
            target = partial / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
        old = where.with_name(f".{where.name}.old")
        if where.exists():
            where.rename(old)
        partial.rename(where)
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _upload(where: str, files: list[tuple[Path, str]]) -> None:
    import fsspec

    system, root = fsspec.core.url_to_fs(where)
    for path, name in sorted(files, key=lambda item: item[1] == SIGNED_MANIFEST):
        target = f"{root.rstrip('/')}/{name}"
        system.makedirs(target.rsplit("/", 1)[0], exist_ok=True)
        system.put_file(str(path), target)


def purge(folders: Iterable[Path]) -> None:
    """Remove everything in stage folders but their evidence, and what killed runs left beside them.

    Each folder is swapped for one that holds the evidence alone: a killed purge leaves a folder whole or purged, never
    in between, where the gate would refuse it for good.
    """
    for folder in folders:
        for left in folder.parent.glob(f".{folder.name}.*"):
            shutil.rmtree(left, ignore_errors=True)
        emptied = folder.with_name(f".{folder.name}.emptied")
        emptied.mkdir(mode=0o700)
        shutil.copy2(folder / FILE_NAME, emptied / FILE_NAME)
        old = folder.with_name(f".{folder.name}.old")
        folder.rename(old)
        emptied.rename(folder)
        shutil.rmtree(old)
