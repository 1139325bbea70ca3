"""Watching: cohorts that appear are registered as partitions, and a failed run raises an alert."""

import dagster as dg

from anon_pipeline.pipeline.alerts import write_alert
from anon_pipeline.pipeline.cohorts import known_cohorts
from anon_pipeline.pipeline.partitions import COHORTS
from anon_pipeline.pipeline.resources import HospitalResource
from anon_pipeline.pipeline.silence import silenced


@dg.sensor(
    name="register_cohorts",
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Registers the cohorts of the warehouse and of the policies; never removes one, its history stays",
)
def register_cohorts(context: dg.SensorEvaluationContext, hospital: HospitalResource) -> dg.SensorResult:
    with silenced():
        names, faults = known_cohorts(hospital)
    for fault in faults:
        context.log.warning(fault)
    new = sorted(set(names) - set(context.instance.get_dynamic_partitions(COHORTS.name or "")))
    if not new:
        return dg.SensorResult(skip_reason=f"{len(names)} cohorts, all registered; {len(faults)} sources unreadable")
    return dg.SensorResult(dynamic_partitions_requests=[COHORTS.build_add_request(new)])


@dg.run_failure_sensor(
    name="alert_on_failure",
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    monitor_all_code_locations=False,
    description="Writes one alert a failed run: cohort, steps and reasons, to WORK/alerts and to the log",
)
def alert_on_failure(context: dg.RunFailureSensorContext, hospital: HospitalResource) -> None:
    path, alert = write_alert(context, hospital.folders.work_folder() / "alerts")
    context.log.error(f"cohort {alert['cohort']}: run {alert['run_id']} failed; alert {path.name}")
