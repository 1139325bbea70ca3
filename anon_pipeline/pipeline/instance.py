"""Dagster's home: a private folder with the instance's configuration. What runs in it does not belong here."""

from __future__ import annotations

from pathlib import Path

import dagster as dg


def prepare_home(home: Path) -> Path:
    """Make DAGSTER_HOME with mode 0700 and put ``dagster.yaml`` there, unless the hospital has its own already."""
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    home.chmod(0o700)
    target = home / "dagster.yaml"
    if not target.exists():
        target.write_bytes(Path(__file__).with_name("dagster.yaml").read_bytes())
    return home


def initialise_storage() -> None:
    """Create the tables of the instance at DAGSTER_HOME: a webserver and a daemon that both find none would collide."""
    with dg.DagsterInstance.get() as instance:
        instance.get_runs_count()
        instance.all_instigator_state()
        instance.get_dynamic_partitions("cohort")
