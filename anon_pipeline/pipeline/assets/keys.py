"""Names of the boxes and the arrows between them. What happens in a box does not belong here."""

from __future__ import annotations

import dagster as dg

from anon_pipeline.cohort import BIOLOGY_TABLES, OBSERVATIONAL_TABLES
from anon_pipeline.stages.base import Stage
from anon_pipeline.stages.graph import EXTRACTION

BOXES = {
    "members": "Who is in the cohort, split into training and hold-out; the vocabulary they need",
    "observational": "Observational tables of the members",
    "biology": "Measurements of the members",
    "genomics": "Genotypes of the members",
    "notes": "Notes of the members",
    "images": "Images of the members",
}
BOX_OF_MODALITY = {
    "observational": "observational",
    "biology": "biology",
    "genomics": "genomics",
    "text": "notes",
    "imaging": "images",
}
SOURCES_OF_BOX = {
    "members": ("warehouse/cohort", "warehouse/concept"),
    "observational": tuple(f"warehouse/{table}" for table in OBSERVATIONAL_TABLES),
    "biology": tuple(f"warehouse/{table}" for table in BIOLOGY_TABLES),
    "genomics": ("vcf/genotypes",),
    "notes": ("warehouse/note",),
    "images": ("pacs/images",),
}


def asset_key(name: str) -> dg.AssetKey:
    return dg.AssetKey(name.split("/"))


def box_key(box: str) -> dg.AssetKey:
    return asset_key(f"extraction/{box}")


def main_key(stage: Stage) -> dg.AssetKey:
    """The box that carries a stage's checks."""
    return box_key("members") if stage.name == EXTRACTION else asset_key(stage.name)


def upstream(stage: Stage) -> list[dg.AssetKey]:
    """The boxes that a stage reads: of the extraction, a stage of one modality reads its own box and the members."""
    of_one_modality = stage.group in ("embedding", "anonymisation")
    own = BOX_OF_MODALITY.get(stage.name.split("/")[1]) if of_one_modality else None
    keys: list[dg.AssetKey] = []
    for needed in stage.needs:
        if needed == EXTRACTION:
            keys.extend(box_key(name) for name in BOXES if own is None or name in ("members", own))
        else:
            keys.append(asset_key(needed))
    return keys
