"""Facts and views of everyone, for the tasks that need two modalities and for the maps; ``quality`` has the figures."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from anon_pipeline.quality.coherence import modality_of
from anon_pipeline.quality.coherence_tasks import Sides, tasks, told
from anon_pipeline.risk.cross_modal import View
from anon_pipeline.stages.base import StageContext
from anon_pipeline.stages.facts import facts_of
from anon_pipeline.stages.views import Seen


def task_figures(context: StageContext, seen: Seen, real: pd.DataFrame, avatars: pd.DataFrame) -> dict[str, Any]:
    """``coherence_tasks.told`` of what an analyst could ask. real, avatars: their facts, by person_id."""
    if len(seen.people.holdout) < 2 or len(seen.views) < 2:
        return told([])
    held = facts_of(context.extracted.holdout, 1)
    frames = [frame.reindex(ids) for frame, ids in zip((real, held, avatars), seen.people.sides, strict=True)]
    names = [c for c in real.columns if not c.endswith("/near") and all(c in f for f in frames)]
    facts: dict[str, tuple[str, Sides]] = {}
    for name in names:
        one, other, made = (f[name].to_numpy(float) for f in frames)
        facts[name] = (modality_of(name), (one, other, made))
    return told(tasks(facts, {name: _sides(view) for name, view in seen.views.items()}))


def _sides(view: View) -> Sides:
    even = view.balanced()
    return even.real.astype(float), even.holdout.astype(float), even.synthetic.astype(float)


def mapped(seen: Seen) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """modality -> (avatars, patients learnt from) of those who have it."""
    return {name: (v.synthetic[v.has_synthetic], v.real[v.has_real]) for name, v in sorted(seen.views.items())}
