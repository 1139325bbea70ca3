"""The attacks that no modality sees alone, as rows of risk reports: across modalities, on images, on the joint release.

Which rows belong to which criterion is decided here; the arithmetic is in ``anon_pipeline.risk``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from anon_pipeline.avatars.identity import avatar_ids
from anon_pipeline.cohort import Cohort
from anon_pipeline.modalities import MODALITIES
from anon_pipeline.policy import Track
from anon_pipeline.risk.cross_modal import ALL, as_attack, joined, linking, reidentifications
from anon_pipeline.risk.cross_modal_membership import membership
from anon_pipeline.stages.anonymisation import avatar_seed, the_draw
from anon_pipeline.stages.base import StageContext
from anon_pipeline.stages.views import Seen, seen

MULTIMODAL = "multimodal"
_SEEN: dict[str, Seen] = {}
_ATTACKED: dict[str, dict[str, list[dict[str, Any]]]] = {}


def leaving(context: StageContext) -> list[str]:
    """The modalities that leave as avatars."""
    return [
        modality
        for modality in MODALITIES
        if context.policy.track(modality) is Track.SYNTHETIC
        and context.evidence(f"anonymised/{modality}").status == "done"
    ]


def _known(context: StageContext) -> str:
    parts = [context.evidence(f"anonymised/{modality}").digest() for modality in MODALITIES]
    return "/".join([context.cohort, str(context.work), context.policy.digest(), *parts])


def seen_by_attackers(context: StageContext) -> Seen | None:
    """The views of what leaves, made once a process; None when persons do not leave."""
    present = set(leaving(context))
    if "observational" not in present:
        return None
    known = _known(context)
    if known not in _SEEN:
        _SEEN.clear()
        avatars = Cohort(context.cohort, context.work / "anonymised")
        _SEEN[known] = seen(context.extracted.training, context.extracted.holdout, avatars, present)
    return _SEEN[known]


def origins(context: StageContext, found: Seen) -> NDArray[np.int64]:
    """(m,) the row of the patients learnt from that each avatar started from. A secret, kept in memory."""
    draw = the_draw(context)
    assert draw.starts is not None
    ids = avatar_ids(draw.size, avatar_seed(context))
    started = dict(zip(ids.tolist(), draw.person_ids[draw.starts].tolist(), strict=True))
    place = {int(person): row for row, person in enumerate(found.people.real)}
    return np.array([place.get(started.get(int(a), -1), -1) for a in found.people.synthetic], np.int64)


def attacked(context: StageContext) -> dict[str, list[dict[str, Any]]]:
    """Criterion -> rows, without verdicts, done once a process; empty when persons do not leave."""
    known = _known(context)
    if known not in _ATTACKED:
        _ATTACKED.clear()
        found = seen_by_attackers(context)
        seed = avatar_seed(context) % 2**31
        _ATTACKED[known] = {} if found is None else attack(found, origins(context, found), seed, context.device)
    return _ATTACKED[known]


def attack(found: Seen, origin: NDArray[np.int64], seed: int, device: str = "cpu") -> dict[str, list[dict[str, Any]]]:
    """Every attack on what was ``seen``. origin: see ``origins``."""
    from anon_pipeline.risk.image_attacks import attack_images

    rows: dict[str, list[dict[str, Any]]] = {"linkability": [], "membership": [], "singling_out": []}
    if len(found.views) > 1:
        for name, figure in linking(found.views, seed).items():
            rows["linkability"].append(as_attack(MULTIMODAL, f"linked:{name}", "risk", figure))
        for name, result in reidentifications(found.views, origin).items():
            rows["linkability"].append(as_attack(MULTIMODAL, f"reidentified:{name}", "top1_over_chance", result.figure))
        sides = {ALL: joined(list(found.views.values()))} | found.views
        for name, view in sides.items():
            for metric, figure in membership(view, seed).items():
                rows["membership"].append(as_attack(MULTIMODAL, f"membership:{name}", metric, figure))
    for kind, own in found.images.items():
        place = {int(row): i for i, row in enumerate(own.rows[0])}
        start = np.array([place.get(int(origin[row]), -1) for row in own.rows[2]], np.int64)
        if min(len(images) for images in own.images[::2]) < 2:
            continue
        for row in attack_images(kind.lower(), *own.images, start, seed, device):
            criterion = "linkability" if row["name"].startswith("siamese_") else "singling_out"
            rows["membership" if "membership" in row["name"] else criterion].append(row)
    return rows
