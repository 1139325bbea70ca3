"""Which cohorts there are: those of the warehouse, and those that a policy defines. Registering them is a sensor's."""

from __future__ import annotations

from pathlib import Path

from anon_pipeline.errors import BadInput
from anon_pipeline.pipeline.resources import HospitalResource
from anon_pipeline.policy import COHORT_NAME, load_policy


def known_cohorts(hospital: HospitalResource) -> tuple[list[str], list[str]]:
    """Names of cohorts, sorted, and what could not be used, each in a sentence without a patient's value.

    Raises the warehouse's failures.
    """
    from anon_pipeline.warehouse import open_warehouse

    with open_warehouse(hospital.warehouse.location()) as warehouse:
        found = {entry.name for entry in warehouse.cohorts()}
    defined, faults = _defined_by_policies(hospital.folders.policies_path())
    usable = {name for name in found if COHORT_NAME.match(name)}
    return sorted(usable | defined), faults


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
