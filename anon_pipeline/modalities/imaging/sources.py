"""Where instances come from: one interface, a folder tree now, a PACS later.

A source gives files and a stable relative name for each; it reads no DICOM.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True)
class SourceFile:
    """``relative`` names the file in its source ('/' separators); ``patient`` replaces PatientID when it is known."""

    path: Path
    relative: str
    patient: str | None = None


class Source(Protocol):
    """What the engine reads from."""

    def __iter__(self) -> Iterator[SourceFile]: ...


class FolderSource:
    """Every file below a folder, in a stable order. Links are not followed, and folders may be closed: both are given
    like files, so that the engine holds them and nothing is passed over in silence."""

    def __init__(self, root: Path, patients: dict[str, str] | None = None) -> None:
        self.root, self.patients = root, patients

    def __iter__(self) -> Iterator[SourceFile]:
        closed: list[str] = []
        for folder, folders, files in os.walk(self.root, onerror=lambda error: closed.append(error.filename)):
            folders.sort()
            links = [name for name in folders if (Path(folder) / name).is_symlink()]
            for name in sorted(files + links):
                yield from self._given(Path(folder) / name)
        for name in closed:
            yield from self._given(Path(name))

    def _given(self, path: Path) -> Iterator[SourceFile]:
        relative = path.relative_to(self.root).as_posix()
        if self.patients is None:
            yield SourceFile(path, relative)
        elif relative in self.patients:
            yield SourceFile(path, relative, self.patients[relative])
