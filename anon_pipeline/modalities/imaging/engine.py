"""De-identifying a folder of DICOM: processes, names, quarantine, report. One file's cleaning is in ``instance``.

The output is written to a temporary folder beside OUT and renamed, so that a killed run leaves nothing half-made.
"""

from __future__ import annotations

import errno
import glob
import json
import os
import pickle
import resource
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from multiprocessing import get_context
from multiprocessing.context import BaseContext
from pathlib import Path, PurePosixPath
from typing import Any

from anon_pipeline.errors import BadInput, TransientFailure
from anon_pipeline.keys import Key
from anon_pipeline.modalities.imaging.instance import Deidentifier, Released, prepare
from anon_pipeline.modalities.imaging.profile import Profile
from anon_pipeline.modalities.imaging.quarantine import REASONS, Held, HeldBack, Quarantine
from anon_pipeline.modalities.imaging.sources import FolderSource, SourceFile
from anon_pipeline.modalities.imaging.table import EDITION

SCHEMA = "anon-pipeline/imaging-report/1"
BATCH = 32
_THREADED = frozenset(("cv2", "onnxruntime", "torch"))
CleanText = Callable[[str, str], str]


@dataclass
class Report:
    """What a run did: counts, reasons and opaque names only."""

    released: int = 0
    held: list[Held] = field(default_factory=list)
    examined: int = 0
    redacted_files: int = 0
    redacted_boxes: int = 0
    frames: int = 0
    recompressed: int = 0
    bytes_out: int = 0
    modalities: Counter[str] = field(default_factory=Counter)
    cpu_seconds: float = 0.0
    wall_seconds: float = 0.0
    profile: Profile = field(default_factory=Profile)
    forced: bool = False
    names: dict[str, str] = field(default_factory=dict)  # original to output name, only where ``patients`` was given

    def as_dict(self) -> dict[str, Any]:
        """The report as JSON-ready values."""
        reasons = Counter(held.reason for held in self.held)
        return {
            "schema": SCHEMA,
            "track": "deidentified",
            "table_edition": EDITION,
            "profile": self.profile.model_dump(mode="json", by_alias=True),
            "files": {"seen": self.released + len(self.held), "released": self.released, "held": len(self.held)},
            "released": {
                "modalities": dict(sorted(self.modalities.items())),
                "frames": self.frames,
                "pixels_examined": self.examined,
                "files_redacted": self.redacted_files,
                "boxes_redacted": self.redacted_boxes,
                "files_recompressed": self.recompressed,
                "bytes": self.bytes_out,
            },
            "held": {
                "reasons": {code: {"files": n, "meaning": REASONS[code]} for code, n in sorted(reasons.items())},
                "files": [{"file": h.file, "reason": h.reason} for h in sorted(self.held, key=lambda h: h.file)],
            },
            "forced": self.forced,
        }


class Names:
    """Output names: keyed digests of every path component, so that the tree is mirrored and nothing can be read."""

    def __init__(self, key: Key, keep: bool) -> None:
        self._key, self._keep = key.derive("imaging-files"), keep

    def opaque(self, relative: str) -> str:
        """16 hexadecimal digits for a relative path."""
        return self._key.digest("path", relative.encode("utf-8", "surrogateescape").decode("latin-1")
                                if not _encodable(relative) else relative).hex()[:16]  # fmt: skip

    def output(self, relative: str) -> PurePosixPath:
        path = PurePosixPath(relative)
        if self._keep:
            return path
        folders = [self.opaque("/".join(path.parts[: n + 1]) + "/") for n in range(len(path.parts) - 1)]
        return PurePosixPath(*folders, self.opaque(relative) + ".dcm")


def _encodable(name: str) -> bool:
    """Whether a file's name is text: file systems also have names that are not."""
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


@dataclass(frozen=True)
class HeldFile:
    """A held file, with its series when it is known."""

    reason: str
    series: bytes = b""


_OUTPUT_FAILS = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EMFILE, errno.ENFILE, errno.EFBIG))
Outcome = tuple[SourceFile, str, Released | HeldFile]
_worker: Deidentifier | None = None
_worker_names: Names | None = None


def _start(profile: Profile, key: Key, keep_names: bool, clean_text: CleanText | None) -> None:
    global _worker, _worker_names
    _worker, _worker_names = Deidentifier(profile, key, clean_text), Names(key, keep_names)


def _one(worker: Deidentifier, names: Names, file: SourceFile, out: Path) -> Outcome:
    relative = str(names.output(file.relative))
    try:
        target = out / relative
        target.parent.mkdir(parents=True, exist_ok=True)
        return file, relative, worker.file(file.path, target, file.patient)
    except HeldBack as held:
        return file, relative, HeldFile(held.reason, held.series)
    except OSError as error:
        if error.errno in _OUTPUT_FAILS:
            raise TransientFailure(f"the output folder cannot be written: {os.strerror(error.errno)}") from None
        return file, relative, HeldFile("unopened")
    except Exception:
        if os.environ.get("ANON_PIPELINE_DEBUG"):
            raise
        return file, relative, HeldFile("internal")


def _batch(files: list[SourceFile], out: Path) -> tuple[list[Outcome], float]:
    assert _worker is not None
    assert _worker_names is not None
    before = time.process_time()
    outcomes = [_one(_worker, _worker_names, file, out) for file in files]
    return outcomes, time.process_time() - before


def _batches(files: Iterable[SourceFile]) -> Iterator[list[SourceFile]]:
    iterator = iter(files)
    while batch := list(islice(iterator, BATCH)):
        yield batch


def _outcomes(
    files: Iterable[SourceFile], out: Path, profile: Profile, key: Key, workers: int, keep_names: bool,
    clean_text: CleanText | None,
) -> Iterator[Outcome]:  # fmt: skip
    context = _context(clean_text)
    if workers <= 1 or context is None:
        _start(profile, key, keep_names, clean_text)
        for batch in _batches(files):
            yield from _batch(batch, out)[0]
        return
    prepare()
    with ProcessPoolExecutor(workers, context, _start, (profile, key, keep_names, clean_text)) as pool:
        waiting: list[Any] = []
        for batch in _batches(files):
            waiting.append(pool.submit(_batch, batch, out))
            if len(waiting) >= workers * 4:
                yield from waiting.pop(0).result()[0]
        for future in waiting:
            yield from future.result()[0]


def _context(clean_text: CleanText | None) -> BaseContext | None:
    """How workers are started; None when there can be none.

    Forking is cheapest, but a process whose libraries have threads of their own must not fork: a forked OpenCV waits
    for ever for threads that it left behind. Such a process starts workers from a fresh one, to which a text engine
    that cannot be pickled cannot be sent.
    """
    if not _THREADED & sys.modules.keys():
        return get_context("fork")
    try:
        pickle.dumps(clean_text)
    except (pickle.PicklingError, AttributeError, TypeError):
        return None
    context = get_context("forkserver")
    context.set_forkserver_preload([__name__])
    return context


def deidentify_folder(
    source: Path, out: Path, key: Key, *, profile: Profile | None = None, workers: int = 1,
    quarantine: Path | None = None, keep_names: bool = False, progress: bool = False,
    clean_text: CleanText | None = None, force: bool = False, patients: dict[str, str] | None = None,
) -> Report:  # fmt: skip
    """De-identify every file below ``source`` into ``out``.

    ``clean_text(text, patient)`` is used on long free text when the profile says ``free_text: engine``. ``patients``
    maps relative paths to patient identifiers; files that it does not name are then ignored. ``out`` must not exist or
    be empty, unless ``force``, which replaces it. Raises BadInput.
    """
    source, out = Path(source), Path(out).resolve()
    profile = profile or Profile()
    _check_folders(source, out, quarantine, force)
    began, cpu = time.monotonic(), _cpu()
    temporary = _temporary(out)
    report = Report(profile=profile, forced=force)
    store = Quarantine(quarantine) if quarantine else None
    names = Names(key, keep_names)
    try:
        with tempfile.TemporaryFile("w+", encoding="utf-8") as volumes:
            heads: set[bytes] = set()
            outcomes = _outcomes(
                FolderSource(source, patients), temporary, profile, key, workers, keep_names, clean_text
            )
            for file, relative, outcome in _bar(outcomes, progress):
                if isinstance(outcome, HeldFile):
                    _hold(report, store, names, file, outcome.reason)
                    if outcome.reason == "head_volume" and outcome.series:
                        heads.add(outcome.series)
                    continue
                _count(report, outcome)
                if patients is not None:
                    report.names[file.relative] = relative
                if outcome.volume:
                    volumes.write(json.dumps([str(file.path), file.relative, relative, *outcome.as_list()]) + "\n")
            if heads:  # one slice said head: every slice of its series is a head volume
                volumes.seek(0)
                for line in volumes:
                    path, original, relative, *told = json.loads(line)
                    released = Released.from_list(told)
                    if released.series in heads:
                        (temporary / relative).unlink()
                        report.names.pop(original, None)
                        _count(report, released, -1)
                        _hold(report, store, names, SourceFile(Path(path), original), "head_volume")
        _prune(temporary)
        if store is not None:
            store.close()
        if out.exists():
            shutil.rmtree(out)
        temporary.replace(out)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    report.wall_seconds, report.cpu_seconds = time.monotonic() - began, _cpu() - cpu
    return report


def _temporary(out: Path) -> Path:
    """A new folder beside ``out``; what killed runs left under such a name goes."""
    for left in out.parent.glob(f".{glob.escape(out.name)}.partial-*"):
        number = left.name.rpartition("-")[2]
        if number.isdigit() and not _alive(int(number)):
            shutil.rmtree(left, ignore_errors=True)
    temporary = out.with_name(f".{out.name}.partial-{os.getpid()}")
    try:
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir(parents=True, mode=0o700)
    except OSError as error:
        raise BadInput(f"{out.parent}: {error.strerror}") from None
    return temporary


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _check_folders(source: Path, out: Path, quarantine: Path | None, force: bool) -> None:
    if not source.is_dir():
        raise BadInput(f"{source}: not a folder")
    if not os.access(source, os.R_OK | os.X_OK):
        raise BadInput(f"{source}: cannot be read")
    if quarantine is not None and quarantine.exists() and not quarantine.is_dir():
        raise BadInput(f"{quarantine}: not a folder")
    if out.exists() and not out.is_dir():
        raise BadInput(f"{out}: not a folder")
    if out.exists() and any(out.iterdir()) and not force:
        raise BadInput(f"{out}: not empty; --force replaces it")
    inside, outside = source.resolve(), out.resolve()
    for name, folder in (("output", outside), ("quarantine", quarantine.resolve() if quarantine else None)):
        if folder is not None and (folder == inside or inside in folder.parents or folder in inside.parents):
            raise BadInput(f"the {name} folder and the input folder may not contain one another")
    if quarantine is not None and (quarantine.resolve() == outside or outside in quarantine.resolve().parents):
        raise BadInput("the quarantine folder may not lie in the output folder")


def _hold(report: Report, store: Quarantine | None, names: Names, file: SourceFile, reason: str) -> None:
    held = Held(names.opaque(file.relative), reason)
    report.held.append(held)
    if store is not None:
        store.put(file.path, file.relative, held)


def _count(report: Report, released: Released, sign: int = 1) -> None:
    report.released += sign
    report.modalities[released.modality] += sign
    if not report.modalities[released.modality]:
        del report.modalities[released.modality]
    report.frames += sign * released.frames
    report.examined += sign * released.examined
    report.redacted_files += sign * bool(released.boxes)
    report.redacted_boxes += sign * released.boxes
    report.recompressed += sign * released.recompressed
    report.bytes_out += sign * released.bytes_out


def _prune(root: Path) -> None:
    for folder, _, _ in sorted(os.walk(root), reverse=True):
        if folder != str(root) and not any(Path(folder).iterdir()):
            Path(folder).rmdir()


def _cpu() -> float:
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def _bar(outcomes: Iterator[Outcome], progress: bool) -> Iterator[Outcome]:
    if not progress:
        return outcomes
    from tqdm import tqdm

    return iter(tqdm(outcomes, unit=" files", desc="dicom", delay=2))
