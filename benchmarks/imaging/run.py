"""Everything about de-identifying DICOM, measured in one run beside its peers; writes RESULTS.md.

    python benchmarks/imaging/run.py [--files 2000] [--peers .venv-peers/bin/python] [--work DIR]

Planted files with burned-in text are a separate folder, since no peer looks at pixels: speed is compared on the
files that every tool handles in the same way. CPU seconds are of the work alone, for all tools.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))


def child(command: list[str]) -> tuple[str, float, int]:
    """Run a command; its output, CPU seconds and the largest memory (KiB) of any child so far."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        command, check=True, capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"}
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return done.stdout, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, after.ru_maxrss


OURS = """
import json, sys, time
from pathlib import Path
from anon_pipeline.keys import Key
from anon_pipeline.modalities.imaging.engine import deidentify_folder
began, wall = time.process_time(), time.monotonic()
report = deidentify_folder(Path(sys.argv[1]), Path(sys.argv[2]), Key(bytes(range(32))), workers=int(sys.argv[3]),
                           keep_names=True, force=True)
import resource
rss = max(resource.getrusage(w).ru_maxrss for w in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
print(json.dumps({"cpu": report.cpu_seconds, "wall": time.monotonic() - wall, "rss": rss, **report.as_dict()["released"],
                  "reasons": {k: v["files"] for k, v in report.as_dict()["held"]["reasons"].items()}}))
"""


def errors(path: Path) -> set[str]:
    """dciodvfy's errors about a file, values taken out."""
    done = subprocess.run(["dciodvfy", str(path)], capture_output=True, text=True, errors="replace", check=False)
    lines = [line for line in (done.stdout + done.stderr).split("\n") if line.startswith("Error")]
    return {re.sub(r"= <[^>]*>|\[[^\]]*\]|\b\d+(\.\d+){3,}\b", "", line).strip() for line in lines}


def validity(planted: Path, out: Path, sample: int) -> dict[str, int]:
    """Files with errors that the original does not have."""
    new, checked = 0, 0
    files = sorted(planted.rglob("*.dcm"))
    for source in files[:: max(1, len(files) // sample)]:
        target = out / source.relative_to(planted)
        if target.is_file():
            checked += 1
            new += bool(errors(target) - errors(source))
    return {"checked": checked, "with new errors": new}


def big(work: Path) -> dict[str, Any]:
    """A multi-frame file of 2 GB: memory and time."""
    import numpy as np
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian

    folder = work / "big"
    folder.mkdir(parents=True, exist_ok=True)
    ds = Dataset()
    ds.SOPClassUID, ds.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.4.1", "1.2.3.4"
    ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.PatientID, ds.Modality = "1.2.3", "1.2.3.1", "BIG", "MR"
    ds.BodyPartExamined, ds.Rows, ds.Columns, ds.NumberOfFrames = "ABDOMEN", 512, 512, 4096
    ds.SamplesPerPixel, ds.PhotometricInterpretation, ds.BitsAllocated, ds.BitsStored = 1, "MONOCHROME2", 16, 12
    ds.HighBit, ds.PixelRepresentation, ds.ImageType = 11, 0, ["ORIGINAL", "PRIMARY"]
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID, ds.file_meta.MediaStorageSOPClassUID = ExplicitVRLittleEndian, ds.SOPClassUID
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    path = folder / "big.dcm"
    ds.save_as(path, enforce_file_format=True)
    frame = np.random.default_rng(0).integers(0, 2000, 512 * 512, dtype="u2").tobytes()
    with path.open("ab") as stream:
        stream.write(b"\xe0\x7f\x10\x00OW\0\0" + (len(frame) * 4096).to_bytes(4, "little"))
        for _ in range(4096):
            stream.write(frame)
    output, _, _ = child([sys.executable, "-c", OURS, str(folder), str(work / "big_out"), "1"])
    result = json.loads(output)
    size = path.stat().st_size
    shutil.rmtree(folder)
    shutil.rmtree(work / "big_out")
    return {"bytes": size, "cpu": result["cpu"], "rss": result["rss"]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--drawn", type=int, default=48)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--peers", default=".venv-peers/bin/python")
    parser.add_argument("--work", type=Path, default=Path(".work/imaging"))
    parser.add_argument("--validate", type=int, default=200, help="files checked with dciodvfy, a tool")
    parser.add_argument("--no-big", action="store_true")
    options = parser.parse_args()
    from plant import Planter
    from score import score

    work = options.work
    shutil.rmtree(work, ignore_errors=True)
    plain, drawn = work / "planted", work / "drawn"
    Planter(plain, options.files, options.seed, 0).run()
    Planter(drawn, options.drawn, options.seed + 1, 1).run()
    rows, began = [], time.monotonic()
    names = ["anon-pipeline", "anon-pipeline, 2 workers", "pydicom", "dicognito", "dicom-anonymizer", "deid"]
    for name in names:
        out = work / name.replace(" ", "_").replace(",", "")
        if name.startswith("anon"):
            output, _, _ = child([sys.executable, "-c", OURS, str(plain), str(out), "2" if "2" in name else "1"])
        elif Path(options.peers).exists() or name == "pydicom":
            python = sys.executable if name == "pydicom" else options.peers
            every = {"pydicom": 1, "deid": 40}.get(name, 5)  # the peers are slow
            output, _, _ = child([python, str(HERE / "peer.py"), name, str(plain), str(out), str(every)])
        else:
            continue
        run = json.loads(output)
        row = {
            "tool": name,
            "cpu": run["cpu"],
            "wall": run.get("wall"),
            "rss": run.get("rss"),
            "failed": run.get("failed", {}),
        }
        row["files/s"] = run.get("files", options.files) / run["cpu"]
        if "2 workers" not in name:
            row["score"] = score(plain, out)
            row["validity"] = validity(plain, out, options.validate)
        rows.append(row)
        print(name, json.dumps({k: v for k, v in row.items() if k != "score"}), flush=True)
    output, _, _ = child([sys.executable, "-c", OURS, str(drawn), str(work / "drawn_out"), "1"])
    pixels = {"run": json.loads(output), "score": score(drawn, work / "drawn_out"), "files": options.drawn}
    large = None if options.no_big else big(work)
    write(options, rows, pixels, large, time.monotonic() - began)


def write(options: Any, rows: list[dict[str, Any]], pixels: dict[str, Any], large: Any, wall: float) -> None:
    """RESULTS.md."""
    import pydicom

    copy = next(row for row in rows if row["tool"] == "pydicom")["files/s"]
    lines = [
        "# Imaging: de-identification of DICOM, beside its peers", "",
        f"2026-11-22, {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, "
        f"pydicom {pydicom.__version__}; `python benchmarks/imaging/run.py --files {options.files} --drawn {options.drawn} "
        f"--seed {options.seed}`. Planted files: CT, MR, PT, SR, PR, SEG, RTSTRUCT in seven transfer syntaxes; every planted "
        "string is unique, so that caches gain nothing. CPU time of the work alone; the machine was shared, so only ratios "
        "within this run mean something. dicognito and dicom-anonymizer were given every 5th file, deid every 40th.", "",
        "| tool | CPU files/s | x pydicom read+save | leaks a file | places that leak | actions right | new dciodvfy errors "
        "(files) | failed |", "|---|---|---|---|---|---|---|---|",
    ]  # fmt: skip
    for row in rows:
        result, valid = row.get("score"), row.get("validity")
        lines.append(
            f"| {row['tool']} | {row['files/s']:.0f} | {row['files/s'] / copy:.2f} | "
            + (f"{result['leaks_per_file']} | {len(result['leaking_places'])} | {100 * result['actions_right']:.3f} % | "
               f"{valid['with new errors']} of {valid['checked']} | " if result and valid else "- | - | - | - | ")
            + f"{sum(row['failed'].values())} |"
        )  # fmt: skip
    one, two = rows[0], rows[1]
    run, result = pixels["run"], pixels["score"]
    lines += [
        "",
        f"Planted places: {places(rows)}. Two workers: wall {one['wall']:.1f} s to {two['wall']:.1f} s, "
        f"{one['wall'] / two['wall']:.2f} x. Largest memory of a process: {one['rss'] / 1024:.0f} MiB.",
        "",
        "## Burned-in text",
        "",
        f"{pixels['files']} files ({run['frames']} frames: ultrasound, computed radiography, secondary capture, multi-frame, "
        f"RLE): {run['cpu'] / max(1, run['frames']):.2f} CPU-s a frame, models loaded once included; "
        f"boxes hidden {100 * result['by_category'].get('pixels_hidden', 0):.2f} %; leaks {result['leaks']}; actions right "
        f"{100 * result['actions_right']:.3f} %; held {result['held']}.",
    ]
    if large:
        lines += ["", "## A large file", "", f"{large['bytes'] / 1e9:.2f} GB multi-frame: {large['cpu']:.1f} CPU-s, "
                  f"{large['rss'] / 1024:.0f} MiB of memory."]  # fmt: skip
    pixel_file = HERE / "PIXELS.md"
    if pixel_file.exists():
        lines += ["", pixel_file.read_text(encoding="utf-8").strip()]
    (HERE / "RESULTS.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


def places(rows: list[dict[str, Any]]) -> int:
    """How many different places were planted: those that leak when nothing is done."""
    copy = next(row for row in rows if row["tool"] == "pydicom")
    return len(copy["score"]["leaking_places"])


if __name__ == "__main__":
    main()
