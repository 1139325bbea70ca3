"""Everything about de-identifying DICOM, measured beside its peers; writes RESULTS.md.

    python benchmarks/imaging/run.py [--parts headers,workers,memory,pydicom,pixels] [--files 2000]
                                     [--peers .venv-imgpeers/bin/python] [--work DIR]

Each part keeps its figures in ``figures.json`` beside this file, with the load of the machine; RESULTS.md is written
from all parts that have been run. Speed is compared on files without burned-in text, since no peer looks at pixels.
CPU seconds are of the work alone (imports not counted), for all tools.
"""

from __future__ import annotations

import argparse
import json
import os
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
FIGURES = HERE / "figures.json"
PEERS = ("pydicom", "dicognito", "dicom-anonymizer", "deid")
EVERY = {"pydicom": 1, "dicognito": 5, "dicom-anonymizer": 5, "deid": 40}  # the peers are slow

OURS = """
import json, resource, sys, time
from pathlib import Path
from anon_pipeline.keys import Key
from anon_pipeline.modalities.imaging.engine import deidentify_folder
from anon_pipeline.modalities.imaging.instance import prepare
prepare()
wall = time.monotonic()
report = deidentify_folder(Path(sys.argv[1]), Path(sys.argv[2]), Key(bytes(range(32))), workers=int(sys.argv[3]),
                           keep_names=True, force=True)
own = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))  # since exec
rss = max(own, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss if sys.argv[3] != "1" else 0)
told = report.as_dict()
print(json.dumps({"cpu": report.cpu_seconds, "wall": time.monotonic() - wall, "rss": rss, "files": told["files"],
                  **told["released"], "reasons": {k: v["files"] for k, v in told["held"]["reasons"].items()}}))
"""


def child(command: list[str]) -> str:
    """A command's output."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout


def ours(source: Path, out: Path, workers: int = 1, nice: int = 0) -> dict[str, Any]:
    """The engine on a folder, in a process of its own; ``nice`` is added to this one's niceness."""
    before = ["nice", "-n", str(nice)] if nice else []
    return json.loads(child([*before, sys.executable, "-c", OURS, str(source), str(out), str(workers)]))


def errors(path: Path) -> set[str]:
    """dciodvfy's errors about a file, values taken out."""
    done = subprocess.run(["dciodvfy", str(path)], capture_output=True, text=True, errors="replace", check=False)
    lines = [line for line in (done.stdout + done.stderr).split("\n") if line.startswith("Error")]
    return {re.sub(r"= <[^>]*>|\[[^\]]*\]|\b\d+(\.\d+){3,}\b", "", line).strip() for line in lines}


def validity(planted: Path, out: Path, sample: int) -> dict[str, Any]:
    """Files with errors that the original does not have."""
    new: dict[str, int] = {}
    checked = bad = 0
    files = [source for source in sorted(planted.rglob("*.dcm")) if (out / source.relative_to(planted)).is_file()]
    for source in files[:: max(1, len(files) // sample)]:
        checked += 1
        found = errors(out / source.relative_to(planted)) - errors(source)
        bad += bool(found)
        for line in found:
            new[line] = new.get(line, 0) + 1
    return {"checked": checked, "with new errors": bad, "messages": dict(sorted(new.items())[:12])}


def headers(options: Any) -> dict[str, Any]:
    """Leaks, actions, validity, references and speed on planted files, and the same for the peers."""
    from plant import Planter
    from score import references, score

    plain = options.work / "planted"
    Planter(plain, options.files, options.seed, 0).run()
    rows = []
    for name in ("anon-pipeline", *PEERS):
        out = options.work / name
        if name == "anon-pipeline":
            run = ours(plain, out)
        elif Path(options.peers).exists() or name == "pydicom":
            python = sys.executable if name == "pydicom" else options.peers
            run = json.loads(child([python, str(HERE / "peer.py"), name, str(plain), str(out), str(EVERY[name])]))
        else:
            continue
        count = run["files"]["seen"] if name == "anon-pipeline" else run["files"]
        row = {"tool": name, "cpu": run["cpu"], "rss": run.get("rss"), "files": count, "files/s": count / run["cpu"],
               "failed": sum(run.get("failed", {}).values()), "held": run.get("reasons", {})}  # fmt: skip
        row["score"] = {k: v for k, v in score(plain, out).items() if k != "examples"}
        row["places"] = len(row["score"].pop("leaking_places"))
        row["validity"] = validity(plain, out, options.validate if name == "anon-pipeline" else 60)
        row["references"] = references(plain, out)
        rows.append(row)
        print(json.dumps(row), flush=True)
        if name != "anon-pipeline":
            shutil.rmtree(out)
    return {"files": options.files, "seed": options.seed, "rows": rows}


def workers(options: Any) -> dict[str, Any]:
    """One and two processes on the same files, the better of two runs each, in turn."""
    from plant import Planter

    plain = options.work / "planted"
    if not plain.exists():
        Planter(plain, options.files, options.seed, 0).run()
    best: dict[int, dict[str, float]] = {}
    for count in (1, 2, 1, 2):
        run = ours(plain, options.work / f"workers{count}", count, options.nice)
        known = best.setdefault(count, {"wall": run["wall"], "cpu": run["cpu"], "rss": run["rss"]})
        known.update({name: min(known[name], run[name]) for name in ("wall", "cpu")}, rss=max(known["rss"], run["rss"]))
        shutil.rmtree(options.work / f"workers{count}")
    return {"files": options.files, "nice": options.nice, "one": best[1], "two": best[2]}


def memory(options: Any) -> dict[str, Any]:
    """The largest memory of a process, by number of files and for a multi-frame file of 2 GB."""
    from plant import Planter

    found = {}
    for count in (100, 1000):
        folder = options.work / f"planted{count}"
        Planter(folder, count, options.seed + 7, 0).run()
        found[count] = ours(folder, options.work / "counted")["rss"]
        shutil.rmtree(folder)
        shutil.rmtree(options.work / "counted")
    return {"by files": found, "large": big(options.work)}


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
    ds.BodyPartExamined, ds.Rows, ds.Columns, ds.NumberOfFrames = "ABDOMEN", 512, 512, 4095
    ds.SamplesPerPixel, ds.PhotometricInterpretation, ds.BitsAllocated, ds.BitsStored = 1, "MONOCHROME2", 16, 12
    ds.HighBit, ds.PixelRepresentation, ds.ImageType = 11, 0, ["ORIGINAL", "PRIMARY"]
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID, ds.file_meta.MediaStorageSOPClassUID = ExplicitVRLittleEndian, ds.SOPClassUID
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    path = folder / "big.dcm"
    ds.save_as(path, enforce_file_format=True)
    frame = np.random.default_rng(0).integers(0, 2000, 512 * 512, dtype="u2").tobytes()
    with path.open("ab") as stream:
        stream.write(b"\xe0\x7f\x10\x00OW\0\0" + (len(frame) * 4095).to_bytes(4, "little"))
        for _ in range(4095):
            stream.write(frame)
    result = ours(folder, work / "big_out")
    size = path.stat().st_size
    with path.open("rb") as before, (work / "big_out" / "big.dcm").open("rb") as after:
        before.seek(-(len(frame) * 4095), 2)
        after.seek(-(len(frame) * 4095), 2)
        same = all(before.read(1 << 24) == after.read(1 << 24) for _ in range((len(frame) * 4095 >> 24) + 1))
    shutil.rmtree(folder)
    shutil.rmtree(work / "big_out")
    return {"bytes": size, "cpu": result["cpu"], "rss": result["rss"], "released": result["files"]["released"],
            "pixels identical": same}  # fmt: skip


def pydicom_files(options: Any) -> dict[str, Any]:
    """pydicom's own test files, default profile: each released without its identifiers, or held with a reason."""
    import logging
    import warnings

    import pydicom
    from pydicom.data import get_testdata_files

    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    source, out = options.work / "pydicom_in", options.work / "pydicom_out"
    source.mkdir(parents=True)
    for number, name in enumerate(get_testdata_files()):
        if Path(name).is_file():
            shutil.copy(name, source / f"{number:03d}_{Path(name).name}")
    run = ours(source, out)
    leaks = unreadable = different = 0
    for path in sorted(out.iterdir()):
        data = path.read_bytes()
        try:
            before, after = pydicom.dcmread(source / path.name, force=True), pydicom.dcmread(path)
            list(after.iterall())
        except Exception:
            unreadable += 1
            continue
        values = [str(before.get(k) or "") for k in ("PatientID", "AccessionNumber", "StudyInstanceUID",
                                                     "SeriesInstanceUID", "SOPInstanceUID", "InstitutionName")]  # fmt: skip
        if str(before.get("InstitutionName")) in str(before.get("Manufacturer")):
            values.pop()  # a maker's name, which may stay
        values += [part for part in str(before.get("PatientName") or "").split("^") if len(part) > 4]
        leaks += any(len(value) > 5 and value.encode("latin-1", "ignore") in data for value in values)
        leaks += any(element.tag.is_private for element in after.iterall())
        different += bool("PixelData" in before and before.get("PixelData") != after.get("PixelData"))
    return {**run["files"], "reasons": run["reasons"], "leaks": leaks, "unreadable": unreadable,
            "redacted": run["files_redacted"], "pixels differ": different, "frames": run["frames"], "cpu": run["cpu"]}  # fmt: skip


def pixels(options: Any) -> dict[str, Any]:
    """Burned-in text covered, picture lost, time a frame; and the planted drawn files in the scorer's categories."""
    import drawn
    from plant import Planter
    from score import score

    source = options.work / "frames"
    drawn.run(source, options.frames, options.seed + 4)
    run = ours(source, options.work / "frames_out")
    found = drawn.measure(source, options.work / "frames_out")
    planted = options.work / "drawn"
    Planter(planted, options.drawn, options.seed + 1, 1).run()
    other = ours(planted, options.work / "drawn_out")
    scored = score(planted, options.work / "drawn_out")
    return {**found, "cpu_a_frame": run["cpu"] / run["frames"], "frames": run["frames"], "rss": run["rss"],
            "drawn": {"files": options.drawn, "frames": other["frames"], "cpu_a_frame": other["cpu"] / other["frames"],
                      **{k: scored[k] for k in ("held", "leaks", "actions", "actions_right", "by_category")}}}  # fmt: skip


PARTS = {"headers": headers, "workers": workers, "memory": memory, "pydicom": pydicom_files, "pixels": pixels}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", default=",".join(PARTS))
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--frames", type=int, default=140, help="frames of the burned-in text part, half with text")
    parser.add_argument("--drawn", type=int, default=16, help="planted files with burned-in text")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--peers", default=".venv-imgpeers/bin/python")
    parser.add_argument("--work", type=Path, default=Path(".work/imaging"))
    parser.add_argument("--validate", type=int, default=200, help="our files checked with dciodvfy")
    parser.add_argument("--nice", type=int, default=0, help="niceness of the two-worker runs, below 0 as root")
    options = parser.parse_args()
    from results import write

    shutil.rmtree(options.work, ignore_errors=True)
    figures = json.loads(FIGURES.read_text()) if FIGURES.exists() else {}
    for name in options.parts.split(","):
        before, began = os.getloadavg()[0], time.monotonic()
        cpu = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        figures[name] = PARTS[name](options)
        figures[name]["load"] = round((before + os.getloadavg()[0]) / 2, 1)
        seconds = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - cpu
        print(name, json.dumps(figures[name]), f"{time.monotonic() - began:.0f} s", f"{seconds:.0f} CPU-s", flush=True)
        FIGURES.write_text(json.dumps(figures, indent=1, sort_keys=True) + "\n")
        write(figures, HERE / "RESULTS.md")
    shutil.rmtree(options.work, ignore_errors=True)


if __name__ == "__main__":
    main()
