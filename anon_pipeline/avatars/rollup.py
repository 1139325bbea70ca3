"""Clinical codes that few patients share go up their hierarchy until enough do; what reaches nothing does not leave.

The hierarchy is OMOP's ``concept_ancestor``. Counting the codes of patients belongs to ``patients``.
"""

from __future__ import annotations

import pandas as pd


def roll_up(events: pd.DataFrame, ancestors: pd.DataFrame | None, least: int) -> dict[int, int]:
    """Where each concept of ``events`` (columns person_id, concept) goes: itself when ``least`` patients have it, else
    its nearest ancestor that gathers as many, else 0 (suppressed).

    ancestors: concept_ancestor (ancestor_concept_id, descendant_concept_id, min_levels_of_separation), or None.
    """
    pairs = events[["person_id", "concept"]].drop_duplicates()
    counts = pairs.groupby("concept")["person_id"].size()
    goes = {int(str(concept)): (int(str(concept)) if count >= least else 0) for concept, count in counts.items()}
    goes.pop(0, None)
    rare = [concept for concept, target in goes.items() if target == 0]
    if ancestors is None or not rare:
        return goes | {0: 0}
    links = ancestors[ancestors["descendant_concept_id"].isin(rare) & (ancestors["min_levels_of_separation"] > 0)]
    links = links[links["ancestor_concept_id"] != 0].sort_values(["min_levels_of_separation", "ancestor_concept_id"])
    kept = {concept for concept, target in goes.items() if target}
    people = {concept: set(part) for concept, part in pairs.groupby("concept")["person_id"]}
    for _, level in links.groupby("min_levels_of_separation", sort=True):
        for ancestor, part in level.groupby("ancestor_concept_id", sort=True):
            waiting = [int(c) for c in part["descendant_concept_id"] if goes.get(int(c)) == 0]
            if not waiting:
                continue
            gathered = set().union(*(people[c] for c in waiting))
            if int(str(ancestor)) in kept or len(gathered) >= least:
                for concept in waiting:
                    goes[concept] = int(str(ancestor))
                kept.add(int(str(ancestor)))
    return goes | {0: 0}
