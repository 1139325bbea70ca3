"""De-identifying a folder of DICOM: processes, names, quarantine, report. One file's cleaning is in ``instance``.

The output is written to a temporary folder beside OUT and renamed, so that a killed run leaves nothing half-made.
"""

from __future__ import annotations

import os
import resource
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from multiprocessing import get_context
from pathlib import Path, PurePosixPath
from typing import Any

from anon_pipeline.cohort import Cohort
from anon_pipeline.errors import BadInput
from anon_pipeline.keys import Key
from anon_pipeline.modalities import Synthesis
from anon_pipeline.modalities.imaging.instance import Deidentifier, Released, prepare
from anon_pipeline.modalities.imaging.profile import Profile
from anon_pipeline.modalities.imaging.quarantine import REASONS, Held, HeldBack, Quarantine
from anon_pipeline.modalities.imaging.sources import FolderSource, SourceFile
from anon_pipeline.modalities.imaging.table import EDITION

SCHEMA = "anon-pipeline/imaging-report/1"
BATCH = 32
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
        return self._key.digest("path", relative).hex()[:16]

    def output(self, relative: str) -> PurePosixPath:
        path = PurePosixPath(relative)
        if self._keep:
            return path
        folders = [self.opaque("/".join(path.parts[: n + 1]) + "/") for n in range(len(path.parts) - 1)]
        return PurePosixPath(*folders, self.opaque(relative) + ".dcm")


@dataclass(frozen=True)
class HeldFile:
    """A held file, with its series when it is known."""

    reason: str
    series: bytes = b""


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
    except OSError:
        raise
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
    if workers <= 1:
        _start(profile, key, keep_names, clean_text)
        for batch in _batches(files):
            yield from _batch(batch, out)[0]
        return
    prepare()
    context = get_context("fork")
    with ProcessPoolExecutor(workers, context, _start, (profile, key, keep_names, clean_text)) as pool:
        waiting: list[Any] = []
        for batch in _batches(files):
            waiting.append(pool.submit(_batch, batch, out))
            if len(waiting) >= workers * 4:
                yield from waiting.pop(0).result()[0]
        for future in waiting:
            yield from future.result()[0]


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
    source, out = Path(source), Path(out)
    profile = profile or Profile()
    _check_folders(source, out, quarantine, force)
    began, cpu = time.monotonic(), _cpu()
    temporary = out.with_name(f".{out.name}.partial")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True, mode=0o700)
    report = Report(profile=profile, forced=force)
    store = Quarantine(quarantine) if quarantine else None
    names = Names(key, keep_names)
    series: dict[bytes, list[tuple[SourceFile, str, Released]]] = {}
    try:
        heads: set[bytes] = set()
        outcomes = _outcomes(FolderSource(source, patients), temporary, profile, key, workers, keep_names, clean_text)
        for file, relative, outcome in _bar(outcomes, progress):
            if isinstance(outcome, HeldFile):
                _hold(report, store, names, file, outcome.reason)
                if outcome.reason == "head_volume" and outcome.series:
                    heads.add(outcome.series)
            else:
                series.setdefault(outcome.series, []).append((file, relative, outcome))
        for name, members in series.items():
            for file, relative, released in members:
                if name in heads and released.volume:  # one slice said head: the whole series is a head volume
                    (temporary / relative).unlink()
                    _hold(report, store, names, file, "head_volume")
                else:
                    _count(report, released)
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


def _check_folders(source: Path, out: Path, quarantine: Path | None, force: bool) -> None:
    if not source.is_dir():
        raise BadInput(f"{source}: not a folder")
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


def _count(report: Report, released: Released) -> None:
    report.released += 1
    report.modalities[released.modality] += 1
    report.frames += released.frames
    report.examined += released.examined
    report.redacted_files += bool(released.boxes)
    report.redacted_boxes += released.boxes
    report.recompressed += released.recompressed
    report.bytes_out += released.bytes_out


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


def deidentify(cohort: Cohort, key: Key, out: Path) -> Synthesis | None:
    """The record-level verb of the modality: the cohort's images below ``out``. Patients are the index's person_id."""
    import pyarrow.parquet as pq

    if not (cohort.images / "index.parquet").is_file():
        return None

    index = pq.read_table(cohort.images / "index.parquet", columns=["person_id", "path"])
    patients = dict(zip(index["path"].to_pylist(), map(str, index["person_id"].to_pylist()), strict=True))
    report = deidentify_folder(cohort.images, out, key, patients=patients, force=True)
    files = sorted(path.relative_to(out) for path in out.rglob("*.dcm"))
    return Synthesis(
        files,
        {"released": report.released, "held": len(report.held), "boxes_redacted": report.redacted_boxes},
        [f"held {n}: {REASONS[code]}" for code, n in sorted(Counter(h.reason for h in report.held).items())],
    )
