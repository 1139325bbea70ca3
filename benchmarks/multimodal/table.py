"""RESULTS.md from what the parts of the benchmark measured."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

ASKED_SMALL = (0.8, 1.25)
OF_GENOMES = ("pnpla3_alt", "hfe_ferritin")


def write(folder: Path) -> None:
    """Write ``folder/RESULTS.md`` from the JSON files that are there."""
    parts = {p.stem: json.loads(p.read_text()) for p in sorted(folder.glob("*.json"))}
    lines = [
        "# Avatars across modalities",
        "",
        f"Date 2026-11-23. Machine: {platform.machine()}, two cores shared with other work (CPU times are inflated by it), "
        "no CUDA device. Python "
        + platform.python_version() + ", " + ", ".join(f"{n} {version(n)}" for n in ("torch", "numpy", "scikit-learn"))
        + ". Commands: `benchmarks/multimodal/run.py --part " + "|".join(parts) + "`.",
    ]  # fmt: skip
    for name, tell in (("small", _small), ("middle", _middle), ("large", _large), ("search", _search),
                       ("encoders", _encoders), ("fusion", _fusion)):  # fmt: skip
        if name in parts:
            lines += ["", *tell(parts[name])]
    (folder / "RESULTS.md").write_text("\n".join(lines) + "\n")


def _small(found: dict[str, Any]) -> Iterator[str]:
    seeds = found["seeds"]
    yield f"## {found['patients']} patients, {len(seeds)} hospitals"
    yield ""
    yield (
        "Planted associations with the estimators of `anon_pipeline.fictional.associations`. Ratio: mean effect in avatars "
        "over mean effect in patients, with its standard error over the hospitals; asked for: "
        f"{ASKED_SMALL[0]} to {ASKED_SMALL[1]}. Genomes of fewer than 500 people do not leave, nor do their associations."
    )
    yield ""
    yield "| association | planted | patients, mean | avatars, mean | ratio | |"
    yield "|---|---:|---:|---:|---:|---|"
    for name in next(iter(seeds.values()))["effects"]:
        rows = [s["effects"][name] for s in seeds.values()]
        both = np.array([[r[0], r[1]] for r in rows if r[0] is not None and r[1] is not None], float)
        if not len(both):
            why = "genomes do not leave" if name in OF_GENOMES else "not estimable"
            yield f"| {name} | {rows[0][2]:.3g} | | | | {why} |"
            continue
        real, made = both.mean(axis=0)
        ratio = made / real
        error = np.std(both[:, 1] - ratio * both[:, 0], ddof=1) / np.sqrt(len(both)) / abs(real) if len(both) > 1 else 0
        held = "held" if ASKED_SMALL[0] <= ratio <= ASKED_SMALL[1] else "**not held**"
        yield f"| {name} | {rows[0][2]:.3g} | {real:.3g} | {made:.3g} | {ratio:.2f} ± {error:.2f} | {held} |"
    yield ""
    yield f"CPU seconds a hospital: {np.mean([s['cpu'] for s in seeds.values()]):.0f}."


def _middle(found: dict[str, Any]) -> Iterator[str]:
    yield f"## {found['patients']:,} patients, {found['pictured']:,} of them with notes, images and a genome"
    yield ""
    if found.get("note"):
        yield found["note"]
        yield ""
    if "anonymised/text" not in {r["stage"] for r in found["stages"]}:
        yield "Notes of avatars were not made in this run: associations that need them are not estimable."
        yield ""
    yield from _planted(found)
    tasks = found.get("utility", {}).get("two_modalities", {})
    if tasks.get("tasks"):
        yield ""
        yield "| task, tested on people held out | from | people | trained on patients | on avatars | best single | loss |"
        yield "|---|---|---:|---:|---:|---:|---:|"
        for t in tasks["each"]:
            yield (
                f"| {t['target']} | {', '.join(t['from'])} | {t['people']} | {t['real']:.3f} | {t['avatars']:.3f} "
                f"| {t['best_single']:.3f} | {100 * t['loss']:.1f} % |"
            )
    yield from _attacks(found)
    if "counts" in found:
        yield ""
        text, images = found["counts"]["text"], found["counts"]["imaging"]
        yield (
            f"Notes: {text.get('notes', 0):.0f}, facts written {text.get('facts_written', 0):.0f}, of which equal to the "
            f"avatar's own {text.get('facts_agreeing', 0):.0f}. Images: {images.get('images', 0):.0f}, drawn again "
            f"{images.get('images_drawn_again', 0):.0f}, left out {images.get('images_left_out', 0):.0f}."
        )
    yield ""
    yield from _stages(found["stages"])


def _planted(found: dict[str, Any]) -> Iterator[str]:
    yield "| association | planted | patients (95 %) | avatars (95 %) | avatars' estimate in the patients' interval |"
    yield "|---|---:|---:|---:|---|"
    for name, (real, made) in found.get("planted", {}).items():
        if real["effect"] is None or made["effect"] is None:
            yield f"| {name} | {real['truth']:.3g} | {_interval(real)} | {_interval(made)} | not estimable |"
            continue
        inside = real["low"] <= made["effect"] <= real["high"]
        yield f"| {name} | {real['truth']:.3g} | {_interval(real)} | {_interval(made)} | {'yes' if inside else '**no**'} |"


def _attacks(found: dict[str, Any]) -> Iterator[str]:
    rows = [r for c in ("linkability", "membership", "singling_out") for r in found.get(c, [])]
    if rows:
        yield ""
        yield "| attack | value | 95 % | attacked |"
        yield "|---|---:|---:|---:|"
        for r in rows:
            if r["name"].startswith("secret:"):
                continue
            low, high = f"{r['low']:.3f}", f"{r['high']:.3f}"
            yield f"| {r['criterion']}/{r['name']}/{r['metric']} | {r['value']:.3f} | {low} to {high} | {r['attacked']} |"


def _interval(row: dict[str, Any]) -> str:
    return "" if row["effect"] is None else f"{row['effect']:.3g} ({row['low']:.3g} to {row['high']:.3g})"


def _stages(rows: list[dict[str, Any]]) -> Iterator[str]:
    yield "Stages in the order in which they ran; the first of the attacks also makes what all of them share."
    yield ""
    yield "| stage | status | CPU s | s | peak MB so far |"
    yield "|---|---|---:|---:|---:|"
    for r in rows:
        yield f"| {r['stage']} | {r['status']} | {r['cpu']} | {r['wall']} | {r['peak_mb']} |"


def _large(found: dict[str, Any]) -> Iterator[str]:
    yield f"## {found['patients']:,} patients, {found['pictured']:,} of them with notes, images and a genome"
    yield ""
    if found.get("note"):
        yield found["note"]
        yield ""
    if "planted" in found:
        yield from _planted(found)
        yield from _attacks(found)
        yield ""
    yield from _stages(found["stages"])


def _search(found: dict[str, Any]) -> Iterator[str]:
    yield f"## A draw of as many avatars as people, {found['width']} dimensions"
    yield ""
    yield (
        f"k {found['k']}, reach {found['reach']}: each avatar's neighbours are the k nearest of a random panel of k / reach "
        "people, found exactly, around the start and again around a point drawn from these."
    )
    yield ""
    yield "| people | device | CPU s | s | peak MB so far |"
    yield "|---:|---|---:|---:|---:|"
    for r in found["rows"]:
        yield f"| {r['size']:,} | {r['device']} | {r['cpu']} | {r['wall']} | {r['peak_mb']} |"


def _encoders(found: dict[str, Any]) -> Iterator[str]:
    yield "## Encoders of images"
    yield ""
    yield "Share of variance restored, fictional abdominal slices of 64 x 64."
    yield ""
    yield "| people | encoder | dimensions | of those learnt from | of others | CPU s |"
    yield "|---:|---|---:|---:|---:|---:|"
    for r in found["images"]:
        yield (
            f"| {r['people']} | {r['encoder']} | {r['dimensions']} | {r['explained_learnt']} | {r['explained_others']} "
            f"| {r['cpu']} |"
        )


def _fusion(found: dict[str, Any]) -> Iterator[str]:
    yield "## Fusion of the five modalities: 16 dimensions"
    yield ""
    yield (
        "Share of each block's variance restored on 480 people not learnt from (blocks scaled by their first singular "
        "value), mean of three splits; linear probes of year of birth (R2) and sex (AUC)."
    )
    yield ""
    blocks = ("observational", "biology", "genomics", "text", "imaging")
    yield f"| people | fusion | {' | '.join(blocks)} | mean | year of birth | sex | CPU s |"
    yield "|---:|---|" + "---:|" * 9
    for r in found["fusion"]:
        shares = " | ".join(f"{r[b]:.3f}" for b in (*blocks, "mean", "probe_year", "probe_female"))
        yield f"| {r['people']:,} | {r['fusion']} | {shares} | {r['cpu']:.1f} |"
    if "text" not in found:
        return
    known = ("age", "male", "liver", "hcm", "udca", "furosemide", "event")
    yield ""
    yield "## Encoders of notes: 12 dimensions"
    yield ""
    yield (
        "Linear probes on 480 people not learnt from, of what tables say of them: age (R2), the others AUC; mean of three "
        "splits. Age is not in notes whose numbers have become slots."
    )
    yield ""
    yield f"| people | encoder | {' | '.join(known)} | mean | CPU s |"
    yield "|---:|---|" + "---:|" * (len(known) + 2)
    for r in found["text"]:
        values = " | ".join(f"{r[f'probe_{k}']:.3f}" for k in known)
        yield f"| {r['people']:,} | {r['encoder']} | {values} | {r['mean']:.3f} | {r['cpu']:.1f} |"
