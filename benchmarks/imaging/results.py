"""RESULTS.md from the figures of ``run.py``. Nothing is measured here."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable
from pathlib import Path
from typing import Any

DATE = "2026-11-22"


def write(figures: dict[str, Any], path: Path) -> None:
    """One section for each part that has been run."""
    import pydicom

    lines = [
        "# Imaging: de-identification of DICOM, beside its peers", "",
        f"{DATE}, {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, pydicom "
        f"{pydicom.__version__}, dicognito 0.19, dicom-anonymizer 2.1.0, deid 0.4.13; "
        "`python benchmarks/imaging/run.py --parts PART`. The machine was shared with other work while this ran: its mean "
        "load is given with each part, CPU time is what is compared, and only ratios within one part mean something.", "",
    ]  # fmt: skip
    for name, section in SECTIONS.items():
        if name in figures:
            lines += [*section(figures[name]), ""]
    path.write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")


def _headers(found: dict[str, Any]) -> list[str]:
    rows = found["rows"]
    speed = {row["tool"]: row["files/s"] for row in rows}
    copy = speed["pydicom"]
    mine = rows[0]
    lines = [
        f"## Headers: {found['files']} planted files (load {found['load']})", "",
        f"CT, MR, PT, SR, PR, SEG, RTSTRUCT in seven transfer syntaxes, {rows[1]['places']} kinds of place; every planted "
        "string is unique, so that memories gain nothing. A leak is a planted string in any byte of the output, also after "
        "inflating. dicognito and dicom-anonymizer were given every 5th file, deid every 40th.", "",
        "| tool | files | CPU files/s | x pydicom read+save | leaks a file | places that leak | actions right | files with new "
        "dciodvfy errors | references that resolve | failed or held |", "|---|---|---|---|---|---|---|---|---|---|",
    ]  # fmt: skip
    for row in rows:
        score, valid, linked = row["score"], row["validity"], row["references"]
        lines.append(
            f"| {row['tool']} | {row['files']} | {row['files/s']:.0f} | {row['files/s'] / copy:.2f} | "
            f"{score['leaks_per_file']} | {row['places']} | {100 * score['actions_right']:.3f} % | "
            f"{valid['with new errors']} of {valid['checked']} | {linked['resolve']} of {linked['references']} | "
            f"{row['failed'] + (score['held'] if row is mine else 0)} |"
        )
    score = mine["score"]
    lines += [
        "",
        f"anon-pipeline: {score['leaks']} leaks, {score['actions']} actions, of each category right: "
        + ", ".join(f"{name} {100 * share:.2f} %" for name, share in score["by_category"].items())
        + f". {_times(speed, 'dicognito')}Largest memory {mine['rss'] / 1024:.0f} MiB.",
    ]
    return lines


def _times(speed: dict[str, float], peer: str) -> str:
    return f"{speed['anon-pipeline'] / speed[peer]:.1f} x {peer}. " if peer in speed else ""


def _workers(found: dict[str, Any]) -> list[str]:
    one, two = found["one"], found["two"]
    favoured = f", run at niceness {found['nice']}" if found.get("nice") else ""
    return [
        f"## Two workers (load {found['load']}{favoured})", "",
        f"{found['files']} files, better of two runs each. One: {one['wall']:.1f} s, {one['cpu']:.1f} CPU-s. Two: "
        f"{two['wall']:.1f} s, {two['cpu']:.1f} CPU-s: {one['wall'] / two['wall']:.2f} x by the clock, "
        f"{100 * (two['cpu'] / one['cpu'] - 1):+.0f} % CPU time. Other work shared the machine: one worker had "
        f"{one['cpu'] / one['wall']:.2f} cores, two had {two['cpu'] / two['wall']:.2f}.",
    ]  # fmt: skip


def _memory(found: dict[str, Any]) -> list[str]:
    large = found["large"]
    counts = ", ".join(f"{rss / 1024:.0f} MiB for {count} files" for count, rss in found["by files"].items())
    return [
        f"## Memory (load {found['load']})", "",
        f"{counts}. A multi-frame file of {large['bytes'] / 1e9:.2f} GB: {large['rss'] / 1024:.0f} MiB, {large['cpu']:.1f} "
        f"CPU-s, {'released with identical pixels' if large['pixels identical'] and large['released'] else 'NOT released'}.",
    ]  # fmt: skip


def _pydicom(found: dict[str, Any]) -> list[str]:
    reasons = ", ".join(f"{name} {count}" for name, count in sorted(found["reasons"].items()))
    return [
        f"## pydicom's own test files (load {found['load']})", "",
        f"{found['seen']} files, default profile: {found['released']} released, {found['held']} held ({reasons}). Of the "
        f"released: {found['unreadable']} cannot be read, {found['leaks']} hold an identifier or a private attribute, "
        f"{found['redacted']} had burned-in text, {found['pixels differ']} have other pixel bytes (redacted, text beside the "
        "picture blanked, or bytes beyond the picture cut).",
    ]  # fmt: skip


def _pixels(found: dict[str, Any]) -> list[str]:
    def share(name: str) -> str:
        done, total, rate = found["covered"].get(name, [0, 0, 0])
        return f"{done} of {total} ({100 * rate:.1f} %)"

    lost = ", ".join(f"{kind} {100 * value:.3f} %" for kind, value in found["lost"].items())
    drawn = found["drawn"]
    return [
        f"## Burned-in text (load {found['load']})", "",
        f"{found['files']} frames of `drawn.py` (ultrasound, chest film, angiography, screens, scanned pages, colour PET/CT, "
        "fluoroscopy, CT; native, RLE, JPEG-LS), half of them with text in six typefaces of 11 to 30 pixels. Lines covered "
        f"outside the anatomy {share('outside')}, inside {share('inside')}, at the top of a CT's range {share('ct')}. Of the "
        f"{found['clean_frames']} frames without text {found['clean_frames_changed']} were changed; area lost "
        f"{100 * found['lost_all']:.3f} % ({lost}). Held {found['held']}. {found['cpu_a_frame']:.2f} CPU-s a frame, loading "
        f"the models included; {found['rss'] / 1024:.0f} MiB.", "",
        f"Planted drawn files ({drawn['files']} files, {drawn['frames']} frames): {drawn['leaks']} leaks, actions right "
        f"{100 * drawn['actions_right']:.3f} % of {drawn['actions']}, pixels_hidden "
        f"{100 * drawn['by_category'].get('pixels_hidden', 0):.1f} %, held {drawn['held']}, "
        f"{drawn['cpu_a_frame']:.2f} CPU-s a frame.",
    ]  # fmt: skip


SECTIONS: dict[str, Callable[[dict[str, Any]], list[str]]] = {
    "headers": _headers, "workers": _workers, "memory": _memory, "pydicom": _pydicom, "pixels": _pixels,
}  # fmt: skip
