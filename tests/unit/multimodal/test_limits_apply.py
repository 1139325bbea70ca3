"""Which limits the gate applies: those across modalities where two leave, those of images where images leave."""

from __future__ import annotations

import pytest

from anon_pipeline.policy import MODALITIES, Limit, Policy
from anon_pipeline.release.evidence import Evidence
from anon_pipeline.release.gate import _applies


def policy(*leaving: str) -> Policy:
    return Policy.model_validate(
        {"schema": "anon-pipeline/policy/1", "modalities": {name: {"track": "synthetic"} for name in leaving}}
    )


def evidence(*done: str) -> dict[str, Evidence]:
    return {
        f"anonymised/{name}": Evidence(
            cohort="c",
            stage=f"anonymised/{name}",
            status="done" if name in done else "refused",
            run_id="r",
            code_version="1",
            policy_digest="d",
        )
        for name in MODALITIES
    }


@pytest.mark.parametrize(
    ("check", "done", "applies"),
    [
        ("multimodal/linked:*/risk", ("observational", "biology"), True),
        ("multimodal/linked:*/risk", ("observational",), False),
        ("multimodal/membership:*/auc", ("text", "imaging"), True),
        ("imaging/near_duplicates_*/images", ("observational", "imaging"), True),
        ("imaging/near_duplicates_*/images", ("observational", "biology"), False),
        ("membership/*/auc", ("observational",), True),
        ("membership/*/auc", ("imaging",), False),
    ],
)
def test_a_limit_applies_where_what_it_is_about_leaves(check: str, done: tuple[str, ...], applies: bool) -> None:
    limit = Limit(check=check, maximum=0.5, reason="r", source="s")
    assert _applies(limit, policy(*MODALITIES), evidence(*done)) is applies
    assert not _applies(limit, policy(), evidence(*done))
