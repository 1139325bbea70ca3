"""Clinical events of avatars: which visit, which day, how long, in an order that their codes have among patients.

Each code's timing, share inside visits, typical visit types and attributes are pooled over the patients who have it.
How many events an avatar has of each code comes from its patient-level row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from anon_pipeline.avatars.series import GapModel, draw_attribute
from anon_pipeline.avatars.timeline import Timeline, place_in_visits


@dataclass
class Events:
    """One row an event: avatar (row of the draw), code, day (since 1970), stay (days or -1), visit (id or 0), and
    the drawn attributes by name."""

    avatar: NDArray[np.int64]
    code: NDArray[np.int64]
    day: NDArray[np.int64]
    visit: NDArray[np.int64]
    attributes: dict[str, NDArray[Any]]


def expand(rows: pd.DataFrame, prefix: str, time: Timeline, spans: pd.DataFrame, rng: np.random.Generator) -> Events:
    """Events of every avatar for one table.

    rows: the patients' events with columns person_id, code, d (day since 1970), visit_concept (of the event's visit,
    0 without one) and, optionally, attribute columns named ``n:...`` (numbers) or ``c:...`` (codes).
    """
    frame = time.patients.frame
    names = [name for name in frame.columns if name.startswith(prefix + ":")]
    attributes = [str(name) for name in rows.columns if str(name)[:2] in ("n:", "c:")]
    order, first = time.visits.of(len(frame))
    found: dict[str, list[Any]] = {"avatar": [], "code": [], "day": [], "visit": []}
    extra: dict[str, list[Any]] = {name: [] for name in attributes}
    groups = dict(iter(rows.groupby("code")))
    for name in names:
        code = int(name.split(":")[1])
        part = groups.get(code)
        counts = frame[name].to_numpy(dtype=np.int64)
        if part is None or not counts.any():
            continue
        model = GapModel(part["person_id"].to_numpy(), part["d"].to_numpy(), spans, np.zeros(len(part)))
        avatar, day, _ = model.sample(counts, time.start, time.end, rng)
        visit, day = place_in_visits(part, avatar, day, time.visits, order, first, rng)
        found["avatar"].append(avatar)
        found["code"].append(np.full(len(avatar), code))
        found["day"].append(day)
        found["visit"].append(visit)
        for attribute in attributes:
            extra[attribute].append(draw_attribute(part, attribute, len(avatar), rng))
    joined = {k: np.concatenate(v).astype(np.int64) if v else np.empty(0, np.int64) for k, v in found.items()}
    drawn = {k: np.concatenate(v) if v else np.empty(0) for k, v in extra.items()}
    return Events(joined["avatar"], joined["code"], joined["day"], joined["visit"], drawn)
