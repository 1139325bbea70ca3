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
from anon_pipeline.risk.cross_modal import ALL, as_attack, joined, linking
from anon_pipeline.risk.cross_modal_membership import membership
from anon_pipeline.risk.recognition import reidentifications
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


def made_from(context: StageContext, found: Seen) -> NDArray[np.int64]:
    """(m, 1 + k) the rows of the patients learnt from that each avatar was made from, its start first; -1: none. A
    secret, kept in memory."""
    draw = the_draw(context)
    assert draw.starts is not None
    sources = draw.person_ids[np.concatenate([draw.starts[:, None], draw.neighbours], axis=1)]
    people, asked = found.people.real, found.people.synthetic
    at = np.searchsorted(people, sources).clip(0, len(people) - 1)
    rows = np.where(people[at] == sources, at, -1)
    ids = avatar_ids(draw.size, avatar_seed(context))
    order = np.argsort(ids)
    place = np.searchsorted(ids, asked, sorter=order).clip(0, len(ids) - 1)
    return np.where((ids[order[place]] == asked)[:, None], rows[order[place]], -1)


def attacked(context: StageContext) -> dict[str, list[dict[str, Any]]]:
    """Criterion -> rows, without verdicts, done once a process; empty when persons do not leave."""
    known = _known(context)
    if known not in _ATTACKED:
        _ATTACKED.clear()
        found = seen_by_attackers(context)
        seed = avatar_seed(context) % 2**31
        _ATTACKED[known] = {} if found is None else attack(found, made_from(context, found), seed, context.device)
    return _ATTACKED[known]


def attack(found: Seen, sources: NDArray[np.int64], seed: int, device: str = "cpu") -> dict[str, list[dict[str, Any]]]:
    """Every attack on what was ``seen``. sources: see ``made_from``."""
    from anon_pipeline.risk.image_attacks import attack_images

    rows: dict[str, list[dict[str, Any]]] = {"linkability": [], "membership": [], "singling_out": []}
    if len(found.views) > 1:
        for name, figure in linking(found.views, seed).items():
            rows["linkability"].append(as_attack(MULTIMODAL, f"linked:{name}", "risk", figure))
        for name, figures in reidentifications(found.views, sources).items():
            for metric, figure in figures.items():
                rows["linkability"].append(as_attack(MULTIMODAL, f"reidentified:{name}", metric, figure))
        sides = {ALL: joined(list(found.views.values()))} | found.views
        for name, view in sides.items():
            for metric, figure in membership(view, seed).items():
                rows["membership"].append(as_attack(MULTIMODAL, f"membership:{name}", metric, figure))
    for kind, own in found.images.items():
        place = np.full(len(found.people.real) + 1, -1)
        place[own.rows[0]] = np.arange(len(own.rows[0]))
        if min(len(images) for images in own.images[::2]) < 2:
            continue
        for row in attack_images(kind.lower(), *own.images, place[sources[own.rows[2]]], seed, device):
            criterion = "linkability" if row["name"].startswith("siamese_") else "singling_out"
            rows["membership" if "membership" in row["name"] else criterion].append(row)
    return rows
