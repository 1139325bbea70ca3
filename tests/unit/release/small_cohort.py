"""A small cohort's worth of evidence, made by really running stages whose bodies are trivial."""

from __future__ import annotations

from pathlib import Path

import pytest

from anon_pipeline.keys import Key
from anon_pipeline.policy import Policy
from anon_pipeline.release.evidence import Check, FileRecord
from anon_pipeline.release.signing import new_signing_key
from anon_pipeline.stages.base import Stage, StageContext, StageResult, run_stage
from anon_pipeline.stages.graph import STAGES

LIMIT = {
    "check": "membership/calibrated_distance/auc",
    "maximum": 0.6,
    "reason": "an attacker who guesses is right half the time",
    "source": "this test",
}


def make_policy(**changes: object) -> Policy:
    content = {
        "schema": "anon-pipeline/policy/1",
        "title": "A test cohort",
        "modalities": {"observational": {"track": "synthetic"}},
        "limits": [LIMIT],
        "release": {"purge_extraction": False},
    }
    return Policy.model_validate({**content, **changes})


def result_of(name: str, out: Path, auc: float) -> StageResult:
    """What a well-behaved stage of that name would leave."""
    group, _, what = name.partition("/")
    if name == "extraction/cohort":
        (out / "training").mkdir()
        (out / "training" / "rows.txt").write_text("personal data")
        source = FileRecord(name="warehouse/person", sha256="a" * 64, rows=3)
        return StageResult(inputs=[source], checks=[Check(name="extraction/complete", passed=True)])
    if group in ("embedding", "anonymised") and what not in ("joint", "observational"):
        return StageResult(status="absent", reason="not in this cohort")
    if name == "anonymised/observational":
        (out / "person.csv").write_text("person_id\n17\n")
    if name == "risk/membership":
        return StageResult(checks=[Check(name=LIMIT["check"], passed=True, value=auc, low=auc - 0.05, high=auc + 0.05)])
    return StageResult()


@pytest.fixture
def context(tmp_path: Path) -> StageContext:
    signing_key = new_signing_key(tmp_path / "secrets" / "signing.pem")
    return StageContext(
        cohort="cohort-a",
        policy=make_policy(),
        work=tmp_path / "work" / "cohort-a",
        warehouse="unused",
        releases=str(tmp_path / "releases"),
        key=Key(bytes(range(32))),
        signing_key=signing_key,
        run_id="run-1",
    )


def run_upstream(context: StageContext, auc: float = 0.5) -> None:
    """Every stage before the release group, with real evidence around trivial bodies."""
    for stage in STAGES.values():
        if stage.group != "release":
            body = lambda c, out, n=stage.name: result_of(n, out, auc)  # noqa: E731
            run_stage(Stage(stage.name, stage.group, "", stage.needs, body, checks=stage.checks), context)


def run_release(context: StageContext) -> None:
    for stage in STAGES.values():
        if stage.group == "release":
            run_stage(stage, context)


@pytest.fixture
def released(context: StageContext) -> Path:
    run_upstream(context)
    run_release(context)
    (folder,) = (Path(context.releases) / context.cohort).iterdir()
    return folder
