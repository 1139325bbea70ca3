"""The record-level verb of the modality: a cohort's real images, de-identified, with an index by keyed person ids.

What leaves is pseudonymised personal data. Cleaning a folder belongs to ``engine``, one file to ``instance``. Person
ids and date shifts are those of the cohort's de-identified notes, so that the two can be read together.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import ValidationError

from anon_pipeline.cohort import Cohort
from anon_pipeline.errors import BadInput
from anon_pipeline.keys import Key
from anon_pipeline.modalities import Synthesis
from anon_pipeline.modalities.imaging.engine import Report, deidentify_folder
from anon_pipeline.modalities.imaging.profile import Profile
from anon_pipeline.modalities.imaging.quarantine import REASONS

INDEX, HELD = "index.parquet", "held.json"
SCHEMA = pa.schema([("person_id", pa.int64()), ("path", pa.string()), ("sha256", pa.string())])
WIDEST = 2**62


def deidentify(cohort: Cohort, key: Key, out: Path, options: dict[str, Any] | None = None) -> Synthesis | None:
    """Add the cohort's images to ``out``: PERSON/FILE.dcm (opaque names), ``index.parquet`` and ``held.json``.

    options: ``profile`` (the fields of an imaging profile), ``workers``, ``quarantine`` (a folder of the hospital where
    held originals are copied). Patients are the index's person_id, whatever PatientID says. None when the cohort has no
    images. Raises BadInput for options that cannot be used.
    """
    if not (cohort.images / INDEX).is_file():
        return None
    index = pq.read_table(cohort.images / INDEX, columns=["person_id", "path"])
    persons = dict(zip(index["path"].to_pylist(), index["person_id"].to_pylist(), strict=True))
    chosen = dict(options or {})
    place = Path(out) / f".{cohort.root.name}"
    report = deidentify_folder(
        cohort.images, place, key, profile=_profile(chosen.get("profile")), workers=int(chosen.get("workers", 1)),
        quarantine=_absolute(chosen.get("quarantine")),
        patients={path: str(person) for path, person in persons.items()}, clean_text=_cleaner(chosen, key),
    )  # fmt: skip
    rows = [
        (key.integer(WIDEST, "person-id", persons[source]), name, _sha256(place / name))
        for source, name in report.names.items()
    ]
    for folder in sorted(place.iterdir()):
        folder.rename(Path(out) / folder.name)
    place.rmdir()
    _add_to_index(Path(out) / INDEX, rows)
    _add_to_held(Path(out) / HELD, report)
    missing = len(persons) - report.released - len(report.held)
    counts = {
        "released": report.released,
        "held": len(report.held),
        "missing": missing,
        "files_redacted": report.redacted_files,
        "boxes_redacted": report.redacted_boxes,
    }
    held = Counter(entry.reason for entry in report.held)
    notes = [f"held back: {REASONS[reason]}" for reason in sorted(held)]
    files = [Path(name) for _, name, _ in rows]
    return Synthesis([*files, Path(INDEX), Path(HELD)], counts, notes)


def _absolute(folder: Any) -> Path | None:
    if not folder:
        return None
    if not Path(str(folder)).is_absolute():
        raise BadInput("imaging options: 'quarantine' must be an absolute path")
    return Path(str(folder))


def _profile(fields: Any) -> Profile:
    if fields is None:
        return Profile()
    if not isinstance(fields, dict):
        raise BadInput("imaging options: 'profile' is not a mapping of switches")
    try:
        return Profile.model_validate(fields)
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors(include_input=False))
        raise BadInput(f"imaging options, profile: {faults}") from None


def _cleaner(options: dict[str, Any], key: Key) -> Any:
    if (options.get("profile") or {}).get("free_text") != "engine":
        return None
    raise BadInput("imaging options: 'free_text: engine' is for the dicom command, not for a cohort's release")


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _add_to_index(path: Path, rows: list[tuple[int, str, str]]) -> None:
    table = pa.Table.from_pylist([dict(zip(SCHEMA.names, row, strict=True)) for row in rows], SCHEMA)
    if path.exists():
        table = pa.concat_tables([pq.read_table(path, schema=SCHEMA), table])
    pq.write_table(table.sort_by("path"), path, compression="zstd")


def _add_to_held(path: Path, report: Report) -> None:
    """What was held, by opaque name and reason: the hospital finds the originals with its key."""
    known = json.loads(path.read_text())["files"] if path.exists() else []
    files = sorted(known + report.as_dict()["held"]["files"], key=lambda entry: entry["file"])
    reasons = {r: {"files": n, "meaning": REASONS[r]} for r, n in sorted(Counter(f["reason"] for f in files).items())}
    path.write_text(json.dumps({"reasons": reasons, "files": files}, indent=1, sort_keys=True) + "\n")
