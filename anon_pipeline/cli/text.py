# ruff: noqa: E501
"""``anon-pipeline text IN.jsonl OUT.jsonl``: de-identify notes; ``anon-pipeline text --train``: make the model again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from anon_pipeline.cli.common import say, tells_errors, write_report


@tells_errors
def text(
    source: Path | None = typer.Argument(None, metavar="IN.jsonl", help="Notes, one JSON object a line."),
    out: Path | None = typer.Argument(None, metavar="OUT.jsonl", help="Where the de-identified notes go."),
    key_file: Path | None = typer.Option(None, "--key-file", help="Secret key, mode 0600; default: the environment."),
    patients: Path | None = typer.Option(None, "--patients", help="What the hospital knows about the patients."),
    staff: Path | None = typer.Option(None, "--staff", help="Staff, one 'First Last' a line."),
    language: str = typer.Option("auto", "--language", help="fr, en or auto."),
    mode: str = typer.Option("surrogate", "--mode", help="surrogate, mask or markov."),
    indirect: str | None = typer.Option(None, "--indirect", help="generalise, remove or keep indirect identifiers."),
    policy: Path | None = typer.Option(None, "--policy", help="A policy; its modalities.text.options apply."),
    quarantine: Path | None = typer.Option(
        None, "--quarantine", help="Lines that could not be processed: number and reason."
    ),
    report: Path | None = typer.Option(None, "--report", help="Write counts and the residual risk as JSON."),
    canaries: int = typer.Option(
        400, "--canaries", min=0, help="Known identifiers inserted for the leak audit of --report."
    ),
    limit: float | None = typer.Option(
        None, "--maximum-leak-rate", help="Exit 3 when the audit's upper bound is over it."
    ),
    limits: Path | None = typer.Option(
        None, "--limits", help="A policy whose limits on deidentified/text apply, or a file with only them."
    ),
    seed: int = typer.Option(0, "--seed", help="Seed of the audit and of training."),
    force: bool = typer.Option(False, "--force", help="Write although a limit is broken, and mark the report."),
    as_json: bool = typer.Option(False, "--json", help="Print the report as JSON."),
    quiet: bool = typer.Option(False, "--quiet", help="Print nothing, no progress bar."),
    train: bool = typer.Option(False, "--train", help="Train the classifier and set its thresholds instead."),
    weights: Path | None = typer.Option(
        None, "--weights", help="With --train: where the weights go (default: the package)."
    ),
    seconds: float = typer.Option(0, "--seconds", min=0, help="With --train: how long at most; 0: no limit."),
    steps: int = typer.Option(4000, "--steps", help="With --train: how many steps at most."),
) -> None:
    """De-identify clinical notes: find identifiers, replace them by consistent surrogates, report the residual risk."""
    from anon_pipeline.errors import BadInput

    if train:
        from anon_pipeline.modalities.text.training.make import make

        say(made := make(weights, seed=seed, steps=steps, seconds=seconds or None, progress=not quiet), [f"{k}: {v}" for k, v in made.items()],
            as_json=as_json, quiet=quiet)  # fmt: skip
        return
    if source is None or out is None:
        raise BadInput("IN.jsonl and OUT.jsonl are needed (or --train)")
    from anon_pipeline.keys import key_from_environment, key_from_file
    from anon_pipeline.modalities.text.run import Request, run

    asked = report is not None or as_json or limit is not None or limits is not None
    rules = _limits(limits, policy) if asked else ()
    key = key_from_file(key_file) if key_file is not None else key_from_environment()
    request = Request(
        source, out, key, patients=patients, staff=staff, language=language, mode=mode, indirect=indirect, policy=policy,
        quarantine=quarantine, canaries=canaries if asked else 0, limit=limit, limits=rules, seed=seed, force=force, quiet=quiet,
    )  # fmt: skip
    made = run(request)
    write_report(made, report)
    lines = [
        f"{made['documents']} documents, {made['quarantined']} quarantined, {sum(made['labels'].values())} identifiers replaced"
    ]
    say(made, lines, as_json=as_json, quiet=quiet)


def _limits(limits: Path | None, policy: Path | None) -> tuple[Any, ...]:
    """The limits on de-identified notes of the file that was named, or else of the policy; none where neither has any."""
    from anon_pipeline.policy import load_policy
    from anon_pipeline.risk.options import read_limits

    rules = read_limits(limits) or []
    if limits is None and policy is not None:
        rules = load_policy(policy).limits or []
    return tuple(rule for rule in rules if rule.check.startswith("deidentified/text/"))


def register(app: typer.Typer) -> None:
    app.command("text")(text)
