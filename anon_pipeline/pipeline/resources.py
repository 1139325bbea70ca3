"""What the assets are given from outside: warehouse, compute device, secrets, folders, release store.

Every field may be left out: it is then read from the environment when it is used, so that no password, key or path
is ever stored with a run. What is done with these belongs to ``anon_pipeline.stages``.
"""

from __future__ import annotations

import os
from pathlib import Path

import dagster as dg
from pydantic import Field

from anon_pipeline.errors import BadInput
from anon_pipeline.keys import Key, key_from_environment, key_from_file
from anon_pipeline.policy import COHORT_NAME, policy_for
from anon_pipeline.stages.base import StageContext

SIGNING_KEY_VARIABLE = "ANON_PIPELINE_SIGNING_KEY_FILE"


def _setting(value: str | None, variable: str, default: str | None = None) -> str | None:
    return value or os.environ.get(variable) or default


class WarehouseResource(dg.ConfigurableResource):
    """Where cohorts are read: the OMOP warehouse, and the folders of images and genomes that go with it."""

    url: str | None = Field(default=None, description="Warehouse URL; else ANON_PIPELINE_WAREHOUSE.")
    images: str | None = Field(
        default=None, description="DICOM folder where a policy names none; else ANON_PIPELINE_IMAGES."
    )
    vcf: str | None = Field(default=None, description="VCF file where a policy names none; else ANON_PIPELINE_VCF.")

    def location(self) -> str:
        """The URL. It may hold a password: never log it. Raises BadInput when it is nowhere."""
        url = _setting(self.url, "ANON_PIPELINE_WAREHOUSE")
        if not url:
            raise BadInput("no warehouse: set ANON_PIPELINE_WAREHOUSE")
        return url


class ComputeResource(dg.ConfigurableResource):
    """Which torch device the stages of the ``gpu`` pool use: auto, cpu or cuda."""

    device: str | None = Field(default=None, description="auto, cpu or cuda; else ANON_PIPELINE_DEVICE, else auto.")

    def chosen(self) -> str:
        from anon_pipeline.compute.device import choose_device

        return choose_device(_setting(self.device, "ANON_PIPELINE_DEVICE", "auto") or "auto")


class SecretsResource(dg.ConfigurableResource):
    """The pseudonym key and the signing key: paths of files of mode 0600, never the secrets themselves."""

    key_file: str | None = Field(
        default=None, description="Key file; else ANON_PIPELINE_KEY_FILE or ANON_PIPELINE_KEY."
    )
    signing_key_file: str | None = Field(default=None, description=f"Signing key file; else {SIGNING_KEY_VARIABLE}.")

    def key(self) -> Key:
        return key_from_file(self.key_file) if self.key_file else key_from_environment()

    def signing_key(self) -> Path | None:
        path = _setting(self.signing_key_file, SIGNING_KEY_VARIABLE)
        return Path(path) if path else None


class FoldersResource(dg.ConfigurableResource):
    """The stages' work folder and the policies."""

    work: str | None = Field(default=None, description="Folder of the stages; else ANON_PIPELINE_WORK, else ./work.")
    policies: str | None = Field(default=None, description="Policies; else ANON_PIPELINE_POLICIES, else ./policies.")

    def work_folder(self) -> Path:
        return Path(_setting(self.work, "ANON_PIPELINE_WORK", "work") or "work").absolute()

    def policies_path(self) -> Path:
        return Path(_setting(self.policies, "ANON_PIPELINE_POLICIES", "policies") or "policies").absolute()


class ReleaseStoreResource(dg.ConfigurableResource):
    """Where releases go: a folder or any fsspec URL."""

    url: str | None = Field(
        default=None, description="Folder or fsspec URL; else ANON_PIPELINE_RELEASES, else ./releases."
    )

    def location(self) -> str:
        return _setting(self.url, "ANON_PIPELINE_RELEASES", "releases") or "releases"


class HospitalResource(dg.ConfigurableResource):
    """All of them together: what turns a cohort's name into the context that every stage is given."""

    warehouse: WarehouseResource
    compute: ComputeResource
    secrets: SecretsResource
    folders: FoldersResource
    releases: ReleaseStoreResource

    def stage_context(self, cohort: str, run_id: str = "dagster", *, choose_device: bool = True) -> StageContext:
        """The context of one cohort. ``choose_device=False`` spares importing torch where no stage will run.

        Raises BadInput when the name, the policy, a key or the warehouse's URL is missing or wrong.
        """
        if not COHORT_NAME.match(cohort):
            raise BadInput("a cohort's name holds only a-z, 0-9, '_' and '-'")
        policy = policy_for(cohort, self.folders.policies_path())
        return StageContext(
            cohort=cohort,
            policy=policy,
            work=self.folders.work_folder() / cohort,
            warehouse=self.warehouse.location(),
            releases=self.releases.location(),
            key=self.secrets.key(),
            signing_key=self.secrets.signing_key(),
            device=self.compute.chosen() if choose_device else "cpu",
            run_id=run_id,
            images=None if policy.sources.images else _setting(self.warehouse.images, "ANON_PIPELINE_IMAGES"),
            vcf=None if policy.sources.vcf else _setting(self.warehouse.vcf, "ANON_PIPELINE_VCF"),
        )


def build_resources(**overrides: object) -> dict[str, object]:
    """Every resource of the graph by its key, each field left to the environment.

    overrides: resources that replace those of the same key; ``hospital`` is made of the parts that result.
    """
    parts: dict[str, object] = {
        "warehouse": WarehouseResource(),
        "compute": ComputeResource(),
        "secrets": SecretsResource(),
        "folders": FoldersResource(),
        "releases": ReleaseStoreResource(),
    }
    parts.update({key: value for key, value in overrides.items() if key in parts})
    return {**parts, "hospital": HospitalResource.model_validate(parts), **overrides}
