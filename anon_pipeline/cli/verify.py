"""``anon-pipeline verify RELEASE``: whether a release is whole, unchanged and signed. Offline."""

from __future__ import annotations

from pathlib import Path

import typer

from anon_pipeline.cli.common import say, tells_errors


@tells_errors
def verify_command(
    release: Path = typer.Argument(..., help="A release folder, or a folder of releases."),
    public_key: Path | None = typer.Option(None, "--public-key", help="The signer's public key (PEM), got elsewhere."),
    as_json: bool = typer.Option(False, "--json", help="Print the result as JSON."),
    quiet: bool = typer.Option(False, "--quiet", help="Print nothing."),
) -> None:
    """Check the signature and every file. Exit 0 when all holds, 1 with the reasons when not."""
    from anon_pipeline.release.verify import releases_below, verify

    found = releases_below(release) if release.is_dir() else []
    results = [verify(folder, public_key) for folder in found or [release]]
    report = {
        "holds": all(r.holds for r in results),
        "releases": [
            {
                "release": str(r.release),
                "cohort": r.cohort,
                "holds": r.holds,
                "files": r.files,
                "faults": r.faults,
                "key_given": r.trusted,
            }
            for r in results
        ],
    }
    lines = []
    for result in results:
        if result.holds:
            whose = "the given key" if result.trusted else "the key in the folder (who signed is not shown by that)"
            lines.append(f"{result.release}: verified, {result.files} files, signed with {whose}")
        else:
            lines += [f"{result.release}: BROKEN", *(f"  {fault}" for fault in result.faults)]
    say(report, lines, as_json=as_json, quiet=quiet)
    if not report["holds"]:
        raise typer.Exit(1)


def register(app: typer.Typer) -> None:
    app.command("verify")(verify_command)
