"""The verbs of ``anon-pipeline``, assembled. A verb's own file holds its options."""

from __future__ import annotations

import importlib

import typer

VERBS = ("dicom", "fictional", "key", "risk", "run", "scan", "tables", "text", "trace", "vcf", "verify", "warehouse")

app = typer.Typer(
    name="anon-pipeline",
    help="From a hospital's cohorts to anonymised releases, with the evidence to show it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

for verb in VERBS:
    importlib.import_module(f"anon_pipeline.cli.{verb}").register(app)


def main() -> None:
    app()


if __name__ == "__main__":
    main()
