"""Every stage after the extraction, one box each. What a stage does is in ``anon_pipeline.stages``."""

from collections.abc import Iterator

import dagster as dg

from anon_pipeline.pipeline.assets.keys import asset_key, upstream
from anon_pipeline.pipeline.checks import check_results, check_specs
from anon_pipeline.pipeline.execution import do_stage
from anon_pipeline.pipeline.metadata import describe
from anon_pipeline.pipeline.partitions import COHORTS
from anon_pipeline.pipeline.resources import HospitalResource
from anon_pipeline.release.code_version import code_version
from anon_pipeline.stages.base import Stage

GPU_POOL = "gpu"


def build_stage(stage: Stage) -> dg.AssetsDefinition:
    """The asset of one stage: it exchanges paths and digests with the others, never data."""

    @dg.asset(
        key=asset_key(stage.name),
        group_name=stage.group,
        deps=upstream(stage),
        description=stage.description,
        partitions_def=COHORTS,
        code_version=code_version(),
        check_specs=check_specs(stage),
        pool=GPU_POOL if stage.gpu else None,
        output_required=True,
    )
    def stage_asset(
        context: dg.AssetExecutionContext, hospital: HospitalResource
    ) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
        evidence, reused = do_stage(context, hospital, stage)
        yield dg.MaterializeResult(
            asset_key=asset_key(stage.name),
            metadata=describe(evidence, reused=reused),
            data_version=dg.DataVersion(evidence.digest()),
        )
        yield from check_results(stage, evidence)

    return stage_asset
