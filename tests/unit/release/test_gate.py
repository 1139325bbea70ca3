"""The gate refuses whatever is missing, stale, failed, tampered with or of another cohort, and says why."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path

import pytest

from anon_pipeline.errors import ReleaseRefused
from anon_pipeline.release import evidence as evidence_module
from anon_pipeline.release.evidence import Check, read_evidence, write_evidence
from anon_pipeline.release.gate import judge
from anon_pipeline.stages.base import StageContext, run_stage
from anon_pipeline.stages.graph import STAGES, upstream_of_release
from tests.unit.release.small_cohort import LIMIT, make_policy, run_release, run_upstream


def reasons(context: StageContext) -> str:
    return "; ".join(judge(context, upstream_of_release()).reasons)


def test_lets_good_evidence_pass(context: StageContext) -> None:
    run_upstream(context)
    verdict = judge(context, upstream_of_release())
    assert verdict.reasons == []
    assert [(c.name, c.passed, c.high) for c in verdict.limits] == [(LIMIT["check"], True, 0.55)]


def test_applies_the_limit_to_the_upper_bound(context: StageContext) -> None:
    run_upstream(context, auc=0.58)
    assert reasons(context) == f"limit {LIMIT['check']}: high 0.63 is over 0.6"


def test_refuses_a_missing_stage_and_a_missing_figure(context: StageContext) -> None:
    run_upstream(context)
    shutil.rmtree(context.folder("risk/membership"))
    told = reasons(context)
    assert "risk/membership: evidence is missing" in told
    assert "no evidence was reported for it" in told


def test_refuses_a_failed_blocking_check(context: StageContext) -> None:
    run_upstream(context)
    folder = context.folder("quality/expectations")
    item = read_evidence(folder, context.key)
    failed = Check(name="person/keys", passed=False, value=0.2, limit=0)
    write_evidence(item.model_copy(update={"checks": [failed]}), folder, context.key)
    assert "quality/expectations: check person/keys failed (value 0.2, limit 0)" in reasons(context)


def test_refuses_edited_evidence(context: StageContext) -> None:
    run_upstream(context, auc=0.9)
    path = context.folder("risk/membership") / evidence_module.FILE_NAME
    document = json.loads(path.read_text())
    document["evidence"]["checks"][0].update(value=0.5, low=0.45, high=0.55)
    path.write_text(json.dumps(document))
    assert "risk/membership: evidence was tampered with" in reasons(context)


def test_refuses_edited_outputs(context: StageContext) -> None:
    run_upstream(context)
    (context.folder("anonymised/observational") / "person.csv").write_text("person_id\n18\n")
    assert "anonymised/observational: an output is missing or differs from its evidence" in reasons(context)


def test_refuses_evidence_of_another_cohort(context: StageContext, tmp_path: Path) -> None:
    other = dataclasses.replace(context, cohort="cohort-b", work=tmp_path / "work" / "cohort-b")
    run_upstream(context)
    run_upstream(other)
    shutil.rmtree(context.folder("risk/membership"))
    shutil.copytree(other.folder("risk/membership"), context.folder("risk/membership"))
    assert "risk/membership: evidence of another cohort or stage" in reasons(context)


def test_refuses_after_a_policy_edit(context: StageContext) -> None:
    run_upstream(context)
    edited = dataclasses.replace(context, policy=make_policy(title="Another title"))
    assert "extraction/cohort: stale, made under another policy" in reasons(edited)


def test_refuses_when_an_upstream_stage_ran_again(context: StageContext) -> None:
    run_upstream(context)
    item = read_evidence(context.folder("extraction/cohort"), context.key)
    write_evidence(item.model_copy(update={"counts": {"rows": 4}}), context.folder("extraction/cohort"), context.key)
    assert "anonymised/observational: stale, extraction/cohort has changed since" in reasons(context)


def test_refuses_a_check_that_was_not_reported(context: StageContext) -> None:
    run_upstream(context)
    folder = context.folder("extraction/cohort")
    item = read_evidence(folder, context.key)
    write_evidence(item.model_copy(update={"checks": []}), folder, context.key)
    assert "extraction/cohort: check extraction/complete was not reported" in reasons(context)


@pytest.mark.parametrize("name", ["release/gate", "release/package", "release/manifest"])
def test_no_release_stage_alone_gets_past_a_failed_check(context: StageContext, name: str) -> None:
    run_upstream(context)
    run_release(context)
    run_upstream(context, auc=0.9)
    with pytest.raises(ReleaseRefused, match="calibrated_distance"):
        run_stage(STAGES[name], context)
    kept = list((Path(context.releases) / context.cohort).iterdir())
    assert len(kept) == 1, "the earlier release stays, and no other appears"
    assert "calibrated_distance" in (context.work / "refusal.json").read_text()


def test_purged_personal_data_do_not_count_as_missing(context: StageContext) -> None:
    purging = dataclasses.replace(context, policy=make_policy(release={"purge_extraction": True}))
    run_upstream(purging)
    run_release(purging)
    assert [p.name for p in purging.folder("extraction/cohort").iterdir()] == ["evidence.json"]
    assert judge(purging, upstream_of_release()).reasons == []


def test_refuses_when_nothing_may_leave(context: StageContext) -> None:
    closed = dataclasses.replace(context, policy=make_policy(modalities={}, limits=[]))
    run_upstream(closed)
    for stage in upstream_of_release():
        if stage.group == "anonymisation":
            item = read_evidence(closed.folder(stage.name), closed.key)
            changed = item.model_copy(update={"status": "withheld", "reason": "not released by policy"})
            write_evidence(changed, closed.folder(stage.name), closed.key)
    with pytest.raises(ReleaseRefused):
        run_stage(STAGES["release/gate"], closed)
