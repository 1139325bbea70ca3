"""The attacks on the genomes that leave, as rows of risk reports named ``genomics/CRITERION/ATTACK/METRIC``.

Their limits are those of the policy's genomics options for the release's access class; the gate holds the policy's
``genomics/...`` limits against the same rows. The attacks' arithmetic is in ``anon_pipeline.risk.genomic_suite``.
"""

from __future__ import annotations

from typing import Any

from anon_pipeline.policy import Track
from anon_pipeline.stages.anonymisation import avatar_seed
from anon_pipeline.stages.base import StageContext

GENOMICS = "genomics"
_ATTACKED: dict[str, dict[str, list[dict[str, Any]]]] = {}


def attacked_genomes(context: StageContext) -> dict[str, list[dict[str, Any]]] | None:
    """Rows by criterion, attacked once a process; None when no genome leaves as an avatar's.

    Raises BadInput when fewer than 30 people with a genome are held out: what cannot be attacked does not leave.
    """
    stage = f"anonymised/{GENOMICS}"
    if context.policy.track(GENOMICS) is not Track.SYNTHETIC or context.evidence(stage).status != "done":
        return None
    known = "/".join([context.cohort, str(context.work), context.policy.digest(), context.evidence(stage).digest()])
    if known not in _ATTACKED:
        _ATTACKED.clear()
        _ATTACKED[known] = _attack(context)
    return _ATTACKED[known]


def _attack(context: StageContext) -> dict[str, list[dict[str, Any]]]:
    from anon_pipeline.errors import BadInput
    from anon_pipeline.modalities.genomics.avatars import FILE
    from anon_pipeline.modalities.genomics.files_attacked import attack_files
    from anon_pipeline.modalities.genomics.options import Options

    extracted = context.extracted
    if not extracted.holdout.vcf.is_file():
        raise BadInput("genomics: nobody with a genome is held out, so the released genomes cannot be attacked")
    outcome = attack_files(
        extracted.training.vcf,
        extracted.holdout.vcf,
        context.folder(f"anonymised/{GENOMICS}") / FILE,
        Options.from_policy(context.policy.options(GENOMICS), context.policy.directory),
        context.policy.release.access.value,
        avatar_seed(context) % 2**31,
    )
    found: dict[str, list[dict[str, Any]]] = {}
    for row in outcome.rows:
        report = {**row.as_report(), "criterion": f"{GENOMICS}/{row.criterion}", "bound": "high"}
        found.setdefault(row.criterion, []).append(report)
    return found
