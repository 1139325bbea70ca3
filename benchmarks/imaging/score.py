"""Scoring a de-identified copy of a planted set, in the action categories of the MIDI-B challenge.

    python benchmarks/imaging/score.py PLANTED OUT      (file names kept)

Leaks are byte searches in the file, in its inflated data set and in its decoded text; actions are looked up with
pydicom. A held file counts as not released: its actions are not scored, and the share of held files is told.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import logging
import warnings
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pydicom


def lookup(ds: Any, path: str) -> Any:
    """An element's value by a dotted path of keywords and item numbers; None when absent."""
    for part in path.split("."):
        ds = (ds[int(part)] if len(ds) > int(part) else None) if part.isdigit() else ds.get(part)
        if ds is None:
            return None
    return ds


def surfaces(data: bytes, ds: Any) -> list[bytes]:
    """Every byte string of a file in which a leak could hide, in lower case."""
    out = [data.lower()]
    if ds is not None and ds.file_meta.get("TransferSyntaxUID") == "1.2.840.10008.1.2.1.99":
        start = 144 + ds.file_meta.FileMetaInformationGroupLength
        out.append(zlib.decompressobj(-15).decompress(data[start:]).lower())
    return out


class Score:
    """Counts of a whole set."""

    def __init__(self) -> None:
        self.files = self.held = self.unreadable = 0
        self.leaks: Counter[str] = Counter()
        self.total: Counter[str] = Counter()
        self.failed: Counter[str] = Counter()
        self.examples: dict[str, str] = {}
        self._shifts: dict[str, set[int]] = defaultdict(set)
        self._uids: dict[str, set[str]] = defaultdict(set)
        self._patients: dict[str, set[str]] = defaultdict(set)

    def add(self, entry: dict[str, Any], path: Path) -> None:
        """Score one file of the answer key."""
        self.files += 1
        if not path.is_file():
            self.held += 1
            return
        data = path.read_bytes()
        try:
            ds = pydicom.dcmread(path)
        except Exception:
            self.unreadable += 1
            ds = None
        for surface in surfaces(data, ds):
            for place, needle in entry["needles"]:
                if needle.lower().encode() in surface:
                    self.leaks[place] += 1
        if ds is None:
            return
        patient = next(v for kind, _, v in entry["actions"] if kind == "patid_consistent")
        for kind, where, value in entry["actions"]:
            self.total[kind] += 1
            if not self._action(ds, kind, where, value, patient):
                self.failed[kind] += 1
                self.examples.setdefault(kind, f"{entry['file']} {where}")

    def _action(self, ds: Any, kind: str, where: str, value: Any, patient: str) -> bool:
        found = lookup(ds, where) if kind not in ("pixels_hidden", "pixels_retained") else None
        text = "" if found is None else str(found)
        if kind == "tag_retained":
            return text == value
        if kind == "text_notnull":
            return bool(text)
        if kind == "text_removed":
            return value.lower() not in text.lower()
        if kind == "text_retained":
            return value.lower() in text.lower()
        if kind == "date_shifted":
            if len(text) < 8 or not text[:8].isdigit() or text[8:] != value[8:]:
                return False
            days = int((np.datetime64(f"{text[:4]}-{text[4:6]}-{text[6:8]}") - np.datetime64(
                f"{value[:4]}-{value[4:6]}-{value[6:8]}")).astype(int))  # fmt: skip
            self._shifts[patient].add(days)
            return days != 0 and len(self._shifts[patient]) == 1
        if kind == "uid_changed":
            return bool(text) and text != value
        if kind == "uid_consistent":
            self._uids[value].add(text)
            return bool(text) and len(self._uids[value]) == 1
        if kind == "patid_consistent":
            self._patients[value].add(text)
            return bool(text) and len(self._patients[value]) == 1
        if kind == "pixels_retained":
            return hashlib.sha256(ds.PixelData).hexdigest() == value
        x, y, w, h = value
        frames = ds.pixel_array if int(ds.get("NumberOfFrames") or 1) > 1 else ds.pixel_array[None]
        return bool(frames[:, y : y + h, x : x + w].max() < 60)

    def result(self) -> dict[str, Any]:
        """Everything as JSON-ready values."""
        total, failed = sum(self.total.values()), sum(self.failed.values())
        return {
            "files": self.files, "held": self.held, "unreadable": self.unreadable,
            "leaks": sum(self.leaks.values()), "leaking_places": dict(self.leaks.most_common()),
            "leaks_per_file": round(sum(self.leaks.values()) / max(1, self.files - self.held), 2),
            "actions": total, "actions_right": round(1 - failed / max(1, total), 6),
            "wrong": dict(self.failed), "examples": self.examples,
            "by_category": {k: round(1 - self.failed[k] / n, 6) for k, n in sorted(self.total.items())},
        }  # fmt: skip


def score(planted: Path, out: Path) -> dict[str, Any]:
    """Score a folder against the answer key that lies beside the planted folder."""
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    key = json.loads((planted.parent / f"{planted.name}.key.json").read_text(encoding="utf-8"))
    result = Score()
    for entry in key:
        result.add(entry, out / entry["file"])
    return result.result()


def references(planted: Path, out: Path) -> dict[str, int]:
    """References to an instance, study, series or frame of reference of the set: how many resolve in the output.

    A reference of the original resolves when the output has, at the same place, the new UID of what it names.
    """
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    own = ("SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID")
    pairs, new = [], {}
    for source in sorted(planted.rglob("*.dcm")):
        path = out / source.relative_to(planted)
        if not path.is_file():
            continue
        before, after = (pydicom.dcmread(p, stop_before_pixels=True) for p in (source, path))
        new.update({str(before.get(name)): str(after.get(name)) for name in own})
        pairs += list(_uids(before, after))
    wanted = [(old, now) for old, now in pairs if old in new]
    return {"references": len(wanted), "resolve": sum(new[old] == now for old, now in wanted)}


def _uids(before: Any, after: Any) -> Iterator[tuple[str, str]]:
    """UIDs inside sequences of both data sets, place by place."""
    for element in before:
        if element.VR != "SQ" or element.tag.is_private:
            continue
        other = after.get(element.tag)
        for number, item in enumerate(element.value):
            twin = other.value[number] if other is not None and other.VR == "SQ" and len(other.value) > number else None
            for inner in item:
                if inner.VR == "UI" and inner.keyword.startswith("Referenced") and "Class" not in inner.keyword:
                    yield str(inner.value), str(twin.get(inner.keyword)) if twin is not None else ""
            if twin is not None:
                yield from _uids(item, twin)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("planted", type=Path)
    parser.add_argument("out", type=Path)
    options = parser.parse_args()
    print(json.dumps(score(options.planted, options.out), indent=2))
