"""An error thrown in any stage, with a canary in the offending row, does not tell it: not to the event log, not to the
terminal, not to a file. The graph, its store and the stages' calls are the real ones; only the bodies throw.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn
from unittest import mock

import dagster as dg
import pytest
from anon_pipeline_test_canaries import search
from anon_pipeline_test_support import Site, make_site

from anon_pipeline.definitions import build_definitions
from anon_pipeline.pipeline.assets.keys import main_key
from anon_pipeline.pipeline.resources import build_resources
from anon_pipeline.release.code_version import code_version
from anon_pipeline.release.evidence import Check, Evidence, write_evidence
from anon_pipeline.stages import anonymisation, embedding, extraction, quality, release, risk
from anon_pipeline.stages.graph import STAGES

CANARY = "kanari-error-5f3e"
BODIES = {
    "extraction/cohort": (extraction, "extract"),
    **{name: (embedding, "embed") for name in STAGES if name.startswith("embedding/")},
    "embedding/joint": (embedding, "fuse"),
    **{name: (anonymisation, "anonymise") for name in STAGES if name.startswith("anonymised/")},
    **{name: (risk, "attack") for name in STAGES if name.startswith("risk/")},
    "quality/expectations": (quality, "expectations"),
    "quality/utility": (quality, "utility"),
    "release/gate": (release, "gate"),
    "release/package": (release, "package"),
    "release/manifest": (release, "publish"),
}


def throwing(*arguments: Any, **named: Any) -> NoReturn:
    """Fail on a row as a parser does: the value in the message, in the cause, in locals and on the terminal."""
    row = {"nir": CANARY}
    print("offending row", row)  # noqa: T201
    os.write(2, f"[W::parse] {CANARY}\n".encode())
    try:
        float(row["nir"])
    except ValueError as cause:
        raise ValueError(f"cannot read {row['nir']!r}") from cause
    raise AssertionError


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site where every stage has evidence, so that each stage alone can be run."""
    made = make_site(tmp_path_factory.mktemp("site"), Path("nowhere.duckdb"))
    made.policy("default", {})
    with mock.patch.dict(os.environ, made.environment):
        context = build_resources()["hospital"].stage_context("alpha")  # type: ignore[attr-defined]
        digests: dict[str, str] = {}
        for name, stage in STAGES.items():
            evidence = Evidence(
                cohort="alpha",
                stage=name,
                run_id="before",
                code_version=code_version(),
                policy_digest=context.policy.digest(),
                consumed={needed: digests[needed] for needed in stage.needs},
                checks=[Check(name=check, passed=True) for check in stage.checks],
            )
            folder = context.folder(name)
            folder.mkdir(parents=True, mode=0o700)
            write_evidence(evidence, folder, context.key)
            digests[name] = evidence.digest()
        yield made


def test_every_stage_is_thrown_in() -> None:
    assert set(BODIES) == set(STAGES)


@pytest.mark.parametrize("name", list(STAGES))
def test_an_error_in_a_stage_does_not_tell_the_value(
    site: Site, name: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    module, function = BODIES[name]
    monkeypatch.setattr(module, function, throwing)
    definitions = build_definitions()
    with dg.DagsterInstance.get() as instance:
        instance.add_dynamic_partitions("cohort", ["alpha"])
        result = definitions.resolve_implicit_global_asset_job_def().execute_in_process(
            partition_key="alpha",
            instance=instance,
            asset_selection=list(_assets(definitions, name)),
            tags={"anon_pipeline/force": "true"},
            raise_on_error=False,
        )
    assert not result.success
    failed = [event for event in result.all_events if event.is_step_failure]
    data = failed[0].step_failure_data.user_failure_data
    assert data is not None
    assert data.description is not None
    assert "ValueError at test_errors.py" in data.description
    out, err = capfd.readouterr()
    assert CANARY not in out + err
    assert search(site.root, {"row": CANARY}) == []


def _assets(definitions: dg.Definitions, name: str) -> set[dg.AssetKey]:
    graph = definitions.get_repository_def().asset_graph
    key = main_key(STAGES[name])
    return {key, *graph.get_execution_set_asset_and_check_keys(key)} & set(graph.get_all_asset_keys())
