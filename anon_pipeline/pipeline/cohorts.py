"""Which cohorts there are: those of the warehouse, and those that a policy defines. Registering them is a sensor's."""

from __future__ import annotations

from pathlib import Path

from anon_pipeline.errors import BadInput
from anon_pipeline.pipeline.failures import told
from anon_pipeline.pipeline.resources import HospitalResource
from anon_pipeline.policy import COHORT_NAME, load_policy


def known_cohorts(hospital: HospitalResource) -> tuple[list[str], list[str]]:
    """Names of cohorts, sorted, and what could not be read, each in a sentence without a patient's value."""
    from anon_pipeline.warehouse import open_warehouse

    names, faults = _defined_by_policies(hospital.folders.policies_path())
    try:
        with open_warehouse(hospital.warehouse.location()) as warehouse:
            names |= {entry.name for entry in warehouse.cohorts() if COHORT_NAME.match(entry.name)}
    except Exception as error:
        faults.append(f"warehouse: {told(error)}")
    return sorted(names), faults


def has_policy(cohort: str, policies: Path) -> bool:
    """Whether there is a policy for the cohort, its own or the default one; it may still be a broken one."""
    return policies.is_file() or any((policies / f"{name}.yaml").is_file() for name in (cohort, "default"))


def _defined_by_policies(folder: Path) -> tuple[set[str], list[str]]:
    """Cohorts of policies that say themselves who is in them, by SQL or by a definition's id."""
    names, faults = set(), []
    for path in sorted(folder.glob("*.yaml")) if folder.is_dir() else []:
        if not COHORT_NAME.match(path.stem):
            continue
        try:
            source = load_policy(path).cohort
        except BadInput as error:
            faults.append(str(error))
            continue
        if source.sql or source.definition_id is not None:
            names.add(path.stem)
    return names, faults
