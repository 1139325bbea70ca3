"""``anon-pipeline dicom IN_DIR OUT_DIR``: de-identify a folder of DICOM files."""

from __future__ import annotations

import sys
from pathlib import Path

import typer

from anon_pipeline.cli.common import say, tells_errors, write_report


@tells_errors
def dicom(
    source: Path = typer.Argument(..., metavar="IN_DIR", help="A folder of DICOM files, at any depth."),
    out: Path = typer.Argument(..., metavar="OUT_DIR", help="Where the cleaned files go, in the same tree."),
    key_file: Path | None = typer.Option(None, "--key-file", help="The secret key (mode 0600); else the environment."),
    profile: Path | None = typer.Option(None, "--profile", help="A YAML profile: the options of PS3.15 Annex E."),
    workers: int = typer.Option(1, "--workers", min=1, max=256, help="Processes."),
    report: Path | None = typer.Option(None, "--report", help="Write a JSON report: counts, reasons, opaque names."),
    quarantine: Path | None = typer.Option(None, "--quarantine", help="Copy held originals here (mode 0700)."),
    keep_names: bool = typer.Option(False, "--keep-names", help="Keep file and folder names: for tests only."),
    as_json: bool = typer.Option(False, "--json", help="Print the report as JSON."),
    quiet: bool = typer.Option(False, "--quiet", help="Print nothing."),
    force: bool = typer.Option(False, "--force", help="Replace OUT_DIR when it is not empty."),
) -> None:
    """De-identify DICOM files by PS3.15 Annex E and beyond it; what cannot be made safe is held back with a reason.

    Exit code 0 when every file was released or held with a reason, 2 when an argument cannot be used.
    """
    from anon_pipeline.keys import key_from_environment, key_from_file
    from anon_pipeline.modalities.imaging.engine import deidentify_folder
    from anon_pipeline.modalities.imaging.profile import load_profile

    key = key_from_file(key_file) if key_file else key_from_environment()
    options = load_profile(profile)
    clean_text = None
    if options.free_text == "engine":
        from anon_pipeline.modalities.text.engine import text_cleaner

        clean_text = text_cleaner(key)
    done = deidentify_folder(
        source, out, key, profile=options, workers=workers, quarantine=quarantine, keep_names=keep_names,
        progress=not quiet and sys.stderr.isatty(), clean_text=clean_text, force=force,
    )  # fmt: skip
    content = done.as_dict()
    write_report(content, report)
    lines = [f"{done.released} files released, {len(done.held)} held back"]
    if not done.released and not done.held:
        lines = ["no file in the input folder: nothing to release"]
    lines += [f"  {n['files']:6d} {n['meaning']}" for n in content["held"]["reasons"].values()]
    if done.held and quarantine is None:
        lines.append("--quarantine DIR keeps what is held, with the list of original names")
    say(content, lines, as_json=as_json, quiet=quiet)


def register(app: typer.Typer) -> None:
    app.command("dicom")(dicom)
