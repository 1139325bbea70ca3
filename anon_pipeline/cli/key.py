"""``anon-pipeline key new FILE`` and ``key signing FILE``: make a secret key, make a signing key."""

from __future__ import annotations

from pathlib import Path

import typer

from anon_pipeline.cli.common import tells_errors

group = typer.Typer(help="Secret keys.", no_args_is_help=True)


@group.command("new")
@tells_errors
def new(path: Path = typer.Argument(..., help="The file to make, with mode 0600.")) -> None:
    """Write a fresh random key of 32 bytes; never replaces a file."""
    from anon_pipeline.errors import BadInput
    from anon_pipeline.keys import new_key_file

    try:
        new_key_file(path)
    except FileExistsError:
        raise BadInput(f"key file {path} exists already") from None


@group.command("signing")
@tells_errors
def signing(
    path: Path = typer.Argument(..., help="The private key file to make; FILE.pub is written beside it."),
) -> None:
    """Write a new Ed25519 signing key (PEM, mode 0600); never replaces a file."""
    from anon_pipeline.release.signing import new_signing_key

    new_signing_key(path)


def register(app: typer.Typer) -> None:
    app.add_typer(group, name="key")
