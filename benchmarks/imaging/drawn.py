"""Frames with and without burned-in text, made up, with the place of every text: what the pixel figures are measured on.

    python benchmarks/imaging/drawn.py OUT --frames 120 --seed 5

Kinds: ultrasound, projection (chest film), angiography (vessels), secondary capture (a screen), scanned page, colour
screen save of PET/CT, fluoroscopy with a collimator, CT frames with text (native and compressed). Text stands outside
the anatomy (on the flat background) or inside it, in six typefaces of 11 to 30 pixels. Every kind is also made without
text, with the marks that such pictures have (scales, wedges, vessels, grids). Nothing here imports the engine.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, JPEGLSLossless, RLELossless

Frame = NDArray[np.uint8]
ROOT = "1.2.840.10008.5.1.4.1.1."
KINDS = ("ultrasound", "chest", "angiography", "screen", "page", "petct", "fluoroscopy")
CLASSES = {"ultrasound": ("6.1", "US"), "chest": ("1", "CR"), "angiography": ("12.1", "XA"), "screen": ("7", "OT"),
           "page": ("7", "OT"), "petct": ("7", "PT"), "fluoroscopy": ("12.2", "RF"), "ct": ("2", "CT")}  # fmt: skip
LAST = (
    "KERMORVAN",
    "Le Guilcher",
    "DUBREUCQ",
    "Benhaddou",
    "TRZASKOWSKI",
    "Oliveira-Dacosta",
    "NGUYEN THI",
    "QUEFFELEC",
)
FIRST = ("Ludivine", "Gwenaelle", "Yannick", "FATOUMATA", "Jean-Baptiste", "Solveig", "Ismael", "MARIE-LOU")
PLACES = ("CHU de Valbrume", "Clinique Saint-Gildas", "HOPITAL NORD", "Dr Trevidic", "Kreiz-Broussel")


def faces() -> list[Path | None]:
    """Typefaces: matplotlib's, the system's where there are some, and the plotter's (None)."""
    import matplotlib

    own = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    found = [own / f"DejaVu{name}.ttf" for name in ("Sans", "SansMono", "Serif", "Sans-Bold")]
    found += [p for p in (Path("/usr/share/fonts/truetype/liberation/LiberationSans-Regular.ttf"),) if p.exists()]
    return [*found, None]


def text_of(rng: np.random.Generator) -> str:
    """A line that must go: a name, an identifier, a date, a hospital."""
    name = f"{rng.choice(LAST)} {rng.choice(FIRST)}"
    day = f"{rng.integers(1, 29):02d}/{rng.integers(1, 13):02d}/{rng.integers(1930, 2010)}"
    forms = (name, f"{name} {day}", f"ID: {rng.integers(10**6, 10**8)}", f"IPP {rng.integers(10**8, 10**9)}", day,
             f"DDN {day}", f"{rng.choice(PLACES)}", f"{rng.choice(PLACES)} {day}")  # fmt: skip
    return str(rng.choice(forms))


def smooth(rng: np.random.Generator, shape: tuple[int, int], sigma: float) -> NDArray[np.float64]:
    import cv2

    field = cv2.GaussianBlur(rng.normal(0, 1, shape), (0, 0), sigma)
    return field / max(float(field.std()), 1e-9)


def ultrasound(rng: np.random.Generator) -> tuple[Frame, NDArray[np.bool_]]:
    rows, columns = 480, 640
    yy, xx = np.mgrid[:rows, :columns]
    radius = np.hypot(yy + 40, xx - columns / 2)
    sector = (radius < 470) & (radius > 80) & (np.abs(xx - columns / 2) < 0.62 * (yy + 40))
    speckle = rng.rayleigh(1, (rows, columns)) * (55 + 30 * smooth(rng, (rows, columns), 20)).clip(8, 140)
    import cv2

    frame = np.where(sector, cv2.GaussianBlur(speckle, (0, 0), 1.1), 0).clip(0, 255).astype(np.uint8)
    for step in range(6):  # a depth scale
        frame[60 + step * 70 : 62 + step * 70, 622:632] = 200
    frame[80:240, 20:32] = np.linspace(255, 0, 160).astype(np.uint8)[:, None]  # a grey wedge
    return frame, sector


def chest(rng: np.random.Generator) -> tuple[Frame, NDArray[np.bool_]]:
    rows, columns = 620, 560
    yy, xx = np.mgrid[:rows, :columns] / np.array([rows, columns])[:, None, None]
    body = (np.abs(xx - 0.5) < 0.44) & (yy > 0.06)
    lungs = sum(np.exp(-(((xx - c) / 0.13) ** 2 + ((yy - 0.45) / 0.28) ** 2)) for c in (0.3, 0.7))
    ribs = 12 * np.sin(2 * np.pi * (yy * 11 + 2 * (xx - 0.5) ** 2)) * (lungs > 0.2)
    frame = 165 - 105 * lungs + ribs + 5 * smooth(rng, (rows, columns), 2) + 10 * smooth(rng, (rows, columns), 25)
    return np.where(body, frame, 6).clip(0, 255).astype(np.uint8), body


def angiography(rng: np.random.Generator) -> tuple[Frame, NDArray[np.bool_]]:
    import cv2

    size = 512
    frame = 150 + 18 * smooth(rng, (size, size), 60) + 6 * smooth(rng, (size, size), 1.2)
    vessels = np.zeros((size, size), np.float32)
    for _ in range(int(rng.integers(6, 14))):
        place = rng.uniform(60, size - 60, 2)
        angle, width = rng.uniform(0, 2 * np.pi), float(rng.uniform(2, 9))
        for _ in range(int(rng.integers(60, 220))):
            angle += rng.normal(0, 0.18)
            following = place + 4 * np.array([np.cos(angle), np.sin(angle)])
            cv2.line(
                vessels, tuple(map(int, place)), tuple(map(int, following)), 1.0, max(1, round(width)), cv2.LINE_AA
            )
            place, width = following, width * 0.992
    frame -= 95 * cv2.GaussianBlur(vessels, (0, 0), 1.0)
    inside = np.ones((size, size), bool)
    if rng.random() < 0.5:  # a round image intensifier
        yy, xx = np.mgrid[:size, :size]
        inside = (yy - size / 2) ** 2 + (xx - size / 2) ** 2 < (size * 0.49) ** 2
    return np.where(inside, frame, 0).clip(0, 255).astype(np.uint8), inside


def fluoroscopy(rng: np.random.Generator) -> tuple[Frame, NDArray[np.bool_]]:
    frame, _ = angiography(rng)
    inside = np.zeros(frame.shape, bool)
    top, left = rng.integers(30, 70, 2)
    inside[top : 512 - top, left : 512 - left] = True
    for row in range(int(top), 512 - int(top), 64):  # a ruler
        frame[row : row + 2, left : left + (18 if row % 128 else 30)] = 250
    return np.where(inside, frame, 0).astype(np.uint8), inside


def screen(rng: np.random.Generator) -> tuple[Frame, NDArray[np.bool_]]:
    frame = np.full((480, 640), int(rng.choice((0, 20, 40))), np.uint8)
    inside = np.zeros(frame.shape, bool)
    inside[150:420, 40:600] = True
    curve = (300 - 90 * np.sin(np.linspace(0, 9, 560)) * np.linspace(1, 0.3, 560)).astype(int)
    frame[150:420:54, 40:600] = 90
    frame[150:420, 40:600:56] = 90
    for x, y in enumerate(curve):
        frame[y - 1 : y + 2, 40 + x] = 230
    return frame, inside


def page(rng: np.random.Generator) -> tuple[Frame, NDArray[np.bool_]]:
    frame = (250 + rng.normal(0, 1.5, (700, 540))).clip(0, 255).astype(np.uint8)
    inside = np.zeros(frame.shape, bool)
    inside[260:460, 120:420] = True
    picture = 128 + 50 * smooth(rng, (200, 300), 14)
    frame[260:460, 120:420] = picture.clip(0, 235).astype(np.uint8)
    frame[620:622, 60:480] = 60
    return frame, inside


def petct(rng: np.random.Generator) -> tuple[Frame, NDArray[np.bool_]]:
    """Colour: rows x columns x 3."""
    import cv2

    rows, columns = 420, 620
    yy, xx = np.mgrid[:rows, :columns]
    body = ((yy - 210) / 150) ** 2 + ((xx - 310) / 210) ** 2 < 1
    grey = np.where(body, 90 + 22 * smooth(rng, (rows, columns), 9), 0).clip(0, 255)
    hot = np.zeros((rows, columns))
    for _ in range(4):
        y, x = rng.uniform(140, 280), rng.uniform(200, 420)
        hot += np.exp(-((yy - y) ** 2 + (xx - x) ** 2) / rng.uniform(150, 900))
    colour = cv2.applyColorMap((255 * hot.clip(0, 1)).astype(np.uint8), cv2.COLORMAP_HOT)[..., ::-1]
    out = np.maximum(np.repeat(grey[..., None], 3, 2), colour * body[..., None]).astype(np.uint8)
    out[60:360, 590:602] = np.linspace(255, 0, 300).astype(np.uint8)[:, None, None]
    return out, body


MAKERS: dict[str, Callable[[np.random.Generator], tuple[NDArray[Any], NDArray[np.bool_]]]] = {
    "ultrasound": ultrasound, "chest": chest, "angiography": angiography, "screen": screen, "page": page,
    "petct": petct, "fluoroscopy": fluoroscopy,
}  # fmt: skip


def ink(text: str, face: Path | None, size: int) -> NDArray[np.float64]:
    """How much of each pixel the text covers, 0 to 1, cut to its bounds."""
    if face is None:
        import cv2

        (width, height), base = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, size / 28, 1)
        canvas = np.zeros((height + base + 8, width + 8), np.uint8)
        cv2.putText(canvas, text, (4, height + 4), cv2.FONT_HERSHEY_SIMPLEX, size / 28, 255, 1, cv2.LINE_AA)
    else:
        font = ImageFont.truetype(str(face), size)
        left, top, right, bottom = font.getbbox(text)
        picture = Image.new("L", (int(right - left) + 4, int(bottom - top) + 4))
        ImageDraw.Draw(picture).text((2 - left, 2 - top), text, 255, font)
        canvas = np.asarray(picture)
    rows, columns = np.flatnonzero(canvas.any(1)), np.flatnonzero(canvas.any(0))
    return canvas[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] / 255


def write_on(
    frame: NDArray[Any], inside: NDArray[np.bool_], within: bool, rng: np.random.Generator, taken: NDArray[np.bool_]
) -> dict[str, Any] | None:
    """Burn one line in, outside or inside the anatomy; its place, or None when there is none for it."""
    known = faces()
    mask = ink(text_of(rng), known[int(rng.integers(len(known)))], int(rng.integers(11, 31)))
    height, width = mask.shape
    rows, columns = frame.shape[:2]
    for _ in range(300):
        if height + 8 > rows or width + 8 > columns:
            return None
        y, x = int(rng.integers(4, rows - height - 3)), int(rng.integers(4, columns - width - 3))
        place = np.s_[y : y + height, x : x + width]
        around = np.s_[max(0, y - 6) : y + height + 6, max(0, x - 6) : x + width + 6]
        region = inside[around]
        if taken[around].any() or not (region.all() if within else not region.any()):
            continue
        grey = frame[place].max(axis=-1) if frame.ndim == 3 else frame[place]
        below = float(np.median(grey))
        if not within and (float(grey.max()) - float(grey.min())) > 40:
            continue  # a scale or a wedge stands there
        value = 15.0 if below > 140 else float(rng.integers(200, 256))
        share = mask if frame.ndim == 2 else mask[..., None]
        frame[place] = (frame[place] * (1 - share) + value * share).astype(frame.dtype)
        taken[around] = True
        return {"box": [x, y, width, height], "inside": within, "rows": height}
    return None


def dataset(kind: str, frame: NDArray[Any], number: int, seed: int) -> Dataset:
    tail, modality = CLASSES[kind]
    ds = Dataset()
    ds.SOPClassUID, ds.SOPInstanceUID = ROOT + tail, f"1.2.826.0.1.3680043.8.498.{seed}.{number + 1}"
    ds.StudyInstanceUID, ds.SeriesInstanceUID = f"1.2.826.0.1.3680043.8.498.{seed}.0.1", f"1.2.826.0.1.{number + 7}"
    ds.Modality, ds.PatientID, ds.PatientName, ds.StudyDate = modality, f"IPP{number:06d}", "ZQVOXIRMU^Test", "20200101"
    ds.BodyPartExamined, ds.BurnedInAnnotation, ds.ImageType = "CHEST", "NO", ["DERIVED", "SECONDARY"]
    ds.Rows, ds.Columns = frame.shape[:2]
    ds.SamplesPerPixel = 3 if frame.ndim == 3 else 1
    ds.PhotometricInterpretation = "RGB" if frame.ndim == 3 else "MONOCHROME2"
    if frame.ndim == 3:
        ds.PlanarConfiguration = 0
    bits = 8 * frame.dtype.itemsize
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = bits, bits, bits - 1, 0
    if kind == "ct":
        ds.BitsStored, ds.HighBit, ds.PixelSpacing, ds.ImageType = 12, 11, ["1", "1"], ["ORIGINAL", "PRIMARY", "AXIAL"]
    ds.PixelData = frame.tobytes()
    ds["PixelData"].VR = "OB" if bits == 8 else "OW"
    ds.file_meta = FileMetaDataset()
    ds.file_meta.MediaStorageSOPClassUID, ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPClassUID, ds.SOPInstanceUID
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return ds


def ct(rng: np.random.Generator, text: bool) -> tuple[NDArray[np.uint16], list[dict[str, Any]]]:
    """A 12-bit slice, with text at the top of the range when asked for."""
    yy, xx = np.mgrid[:320, :320]
    body = ((yy - 160) / 105) ** 2 + ((xx - 160) / 130) ** 2 < 1
    frame = np.where(body, 1050 + 40 * smooth(rng, (320, 320), 6), 30) + rng.normal(0, 20, (320, 320))
    spine = (yy - 225) ** 2 + (xx - 160) ** 2 < 300
    frame = (frame + 900 * spine).clip(0, 3500)
    boxes = []
    if text:
        plate, taken = np.zeros((320, 320), np.float64), np.zeros((320, 320), bool)
        for _ in range(2):
            found = write_on(plate, body, False, rng, taken)
            boxes += [found] if found else []
        share = (plate / 255).clip(0, 1)
        frame = frame * (1 - share) + 4095 * np.where(share > 0.75, 1, share)
    return frame.clip(0, 4095).astype(np.uint16), boxes


def run(out: Path, frames: int, seed: int) -> list[dict[str, Any]]:
    """Write the set and its key (``OUT.key.json``): half of the frames have text, half have none."""
    out.mkdir(parents=True, exist_ok=True)
    key = []
    for number in range(frames):
        rng = np.random.default_rng([seed, number])
        text = number % 2 == 0
        kind = KINDS[number // 2 % len(KINDS)]
        syntax = (None, RLELossless, JPEGLSLossless)[number // 14 % 3]
        if number % 10 >= 8:
            kind = "ct"
            frame, boxes = ct(rng, text)
        else:
            frame, inside = MAKERS[kind](rng)
            boxes, taken = [], np.zeros(frame.shape[:2], bool)
            for line in range(4 if text else 0):
                found = write_on(frame, inside, line % 2 == 1, rng, taken)
                boxes += [found] if found else []
        ds = dataset(kind, frame, number, seed)
        if syntax is not None and (frame.ndim == 2 or syntax == RLELossless):
            ds.compress(syntax, generate_instance_uid=False)
        ds.save_as(out / f"{number:04d}.dcm", enforce_file_format=True)
        key.append({"file": f"{number:04d}.dcm", "kind": kind, "text": text, "boxes": boxes,
                    "syntax": ds.file_meta.TransferSyntaxUID.name})  # fmt: skip
    (out.parent / f"{out.name}.key.json").write_text(json.dumps(key), encoding="utf-8")
    return key


def measure(source: Path, out: Path) -> dict[str, Any]:
    """What was covered and what was lost. A line is covered when 95 % of its box was filled in the output."""
    import pydicom

    key = json.loads((source.parent / f"{source.name}.key.json").read_text(encoding="utf-8"))
    covered: dict[str, list[int]] = {}
    lost: dict[str, list[float]] = {}
    held = 0
    for entry in key:
        path = out / entry["file"]
        if not path.is_file():
            held += 1
            continue
        before, after = (pydicom.dcmread(p).pixel_array.astype(np.int32) for p in (source / entry["file"], path))
        changed = before != after
        changed = changed.any(axis=-1) if changed.ndim == 3 else changed
        if not entry["text"]:
            lost.setdefault(entry["kind"], []).append(float(changed.mean()))
        for found in entry["boxes"]:
            x, y, w, h = found["box"]
            part = after[y : y + h, x : x + w]
            flat = (part == part[h // 2, w // 2]).reshape(h, w, -1).all(axis=-1)
            where = "inside" if found["inside"] else "outside"
            name = "ct" if entry["kind"] == "ct" else where
            done = covered.setdefault(name, [0, 0])
            done[0] += bool(flat.mean() >= 0.95 and changed[y : y + h, x : x + w].any())
            done[1] += 1
    return {
        "covered": {name: [n, m, round(n / m, 4)] for name, (n, m) in sorted(covered.items())},
        "lost": {kind: round(float(np.mean(shares)), 6) for kind, shares in sorted(lost.items())},
        "lost_all": round(float(np.mean([s for shares in lost.values() for s in shares])), 6),
        "clean_frames": sum(map(len, lost.values())),
        "clean_frames_changed": sum(s > 0 for shares in lost.values() for s in shares),
        "held": held,
        "files": len(key),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--frames", type=int, default=120)
    parser.add_argument("--seed", type=int, default=5)
    options = parser.parse_args()
    run(options.out, options.frames, options.seed)


if __name__ == "__main__":
    main()
