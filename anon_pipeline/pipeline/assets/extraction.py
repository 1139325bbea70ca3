"""The extraction, one stage shown as the boxes that later stages read. Reading the warehouse is the stage's work."""

from collections.abc import Iterator

import dagster as dg

from anon_pipeline.pipeline.assets.keys import BOXES, SOURCES_OF_BOX, asset_key, box_key
from anon_pipeline.pipeline.assets.sources import observations
from anon_pipeline.pipeline.checks import check_results, check_specs
from anon_pipeline.pipeline.execution import do_stage
from anon_pipeline.pipeline.metadata import describe, digest_of
from anon_pipeline.pipeline.partitions import COHORTS
from anon_pipeline.pipeline.resources import HospitalResource
from anon_pipeline.release.code_version import code_version
from anon_pipeline.release.evidence import Evidence, FileRecord
from anon_pipeline.stages.base import Stage

_FOLDER_OF_BOX = {box: box for box in BOXES} | {"members": "vocabulary"}


def build_extraction(stage: Stage) -> dg.AssetsDefinition:
    """One operation, six boxes: they are extracted together, so that all of them are of the same members."""

    @dg.multi_asset(
        name="extraction",
        specs=[
            dg.AssetSpec(
                box_key(box),
                deps=[asset_key(source) for source in SOURCES_OF_BOX[box]],
                description=description,
                group_name=stage.group,
                code_version=code_version(),
                kinds={"parquet"} if box not in ("genomics", "images") else {"file"},
                partitions_def=COHORTS,
            )
            for box, description in BOXES.items()
        ],
        check_specs=check_specs(stage),
        can_subset=False,
    )
    def extraction(
        context: dg.AssetExecutionContext, hospital: HospitalResource
    ) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
        evidence, reused = do_stage(context, hospital, stage)
        for observation in observations(evidence):
            context.log_event(observation)
        for box in BOXES:
            yield _box(box, evidence, reused=reused)
        yield from check_results(stage, evidence)

    return extraction


def _box(box: str, evidence: Evidence, *, reused: bool) -> dg.MaterializeResult:
    records = [record for record in evidence.outputs if _belongs(record, box)]
    rows = sum(record.rows or 0 for record in records)
    return dg.MaterializeResult(
        asset_key=box_key(box),
        metadata={
            **describe(evidence, reused=reused),
            "status": evidence.status if records or box == "members" else "absent",
            "files": len(records),
            "bytes": sum(record.size for record in records),
            "dagster/row_count": rows,
        },
        data_version=dg.DataVersion(digest_of(records)),
    )


def _belongs(record: FileRecord, box: str) -> bool:
    """Whether a file of the extraction (``PART/FOLDER/FILE`` or ``PART/members.parquet``) is of a box."""
    parts = record.name.split("/")
    folder = parts[1] if len(parts) > 2 else ""
    return folder == _FOLDER_OF_BOX[box] or (box == "members" and folder not in _FOLDER_OF_BOX.values())
