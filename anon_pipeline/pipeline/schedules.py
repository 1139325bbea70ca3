"""The night's work: one run for each cohort whose inputs, policy or code changed, and none for the others."""

from collections.abc import Iterator

import dagster as dg

from anon_pipeline.pipeline.cohorts import has_policy
from anon_pipeline.pipeline.failures import told
from anon_pipeline.pipeline.jobs import release_cohort
from anon_pipeline.pipeline.partitions import COHORTS
from anon_pipeline.pipeline.resources import HospitalResource
from anon_pipeline.pipeline.silence import silenced
from anon_pipeline.stages.graph import plan

UNFINISHED = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
]


@dg.schedule(
    name="nightly_refresh",
    cron_schedule="0 2 * * *",
    execution_timezone="Europe/Paris",
    job=release_cohort,
    description="One run for each registered cohort whose inputs, policy or code changed since its release",
)
def nightly_refresh(
    context: dg.ScheduleEvaluationContext, hospital: HospitalResource
) -> Iterator[dg.RunRequest | dg.SkipReason]:
    cohorts = context.instance.get_dynamic_partitions(COHORTS.name or "")
    working = {
        run.tags.get("dagster/partition") for run in context.instance.get_runs(dg.RunsFilter(statuses=UNFINISHED))
    }
    asked = 0
    for cohort in sorted(cohorts):
        if cohort in working or not has_policy(cohort, hospital.folders.policies_path()):
            context.log.info(f"{cohort}: {'a run is under way' if cohort in working else 'nobody wrote a policy'}")
            continue
        work = _work_of(cohort, hospital, context)
        if work:
            asked += 1
            night = context.scheduled_execution_time.isoformat()
            yield dg.RunRequest(run_key=f"{night}/{cohort}", partition_key=cohort, tags={"anon_pipeline/why": work})
    if not asked:
        yield dg.SkipReason(f"nothing changed in {len(cohorts)} cohorts")


def _work_of(cohort: str, hospital: HospitalResource, context: dg.ScheduleEvaluationContext) -> str:
    """Why the cohort needs a run, or nothing. One that cannot even be looked at gets a run: it will fail, say why and
    raise the alarm, and the other cohorts are not held up."""
    problem, first = "", None
    try:
        with silenced():
            stages = plan(hospital.stage_context(cohort, choose_device=False))
            first = stages[0].name if stages else None
    except Exception as error:
        problem = told(error)
    if problem:
        context.log.error(f"{cohort}: {problem}")
        return "cannot-be-planned"
    return f"from-{first.replace('/', '-')}" if first else ""
