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

from anon_pipeline.avatars.series import GapModel, Pool
from anon_pipeline.avatars.timeline import Timeline, Visits

RARE_TYPE = 20


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
        visit, day = _into_visits(part, avatar, day, time.visits, order, first, rng)
        found["avatar"].append(avatar)
        found["code"].append(np.full(len(avatar), code))
        found["day"].append(day)
        found["visit"].append(visit)
        for attribute in attributes:
            extra[attribute].append(draw_attribute(part, attribute, len(avatar), rng))
    joined = {k: np.concatenate(v).astype(np.int64) if v else np.empty(0, np.int64) for k, v in found.items()}
    drawn = {k: np.concatenate(v) if v else np.empty(0) for k, v in extra.items()}
    return Events(joined["avatar"], joined["code"], joined["day"], joined["visit"], drawn)


def draw_attribute(part: pd.DataFrame, attribute: str, rows: int, rng: np.random.Generator) -> NDArray[Any]:
    """Values of one attribute of one code: numbers from a smoothed pool, codes from their shares; NaN is missing."""
    values = part[attribute]
    missing = float(values.isna().mean())
    known = values.dropna().to_numpy(dtype=float)
    if not len(known):
        return np.full(rows, np.nan)
    if attribute.startswith("c:"):
        uniques, counts = np.unique(known, return_counts=True)
        enough = counts >= RARE_TYPE
        if not enough.any():
            enough = counts == counts.max()
        out = rng.choice(uniques[enough], rows, p=counts[enough] / counts[enough].sum())
    else:
        people = part["person_id"].to_numpy()[values.notna().to_numpy()]
        out = Pool(known, people).sample(rows, rng)
        if np.all(known == np.round(known)):
            out = np.round(out)
    out = out.astype(float)
    out[rng.random(rows) < missing] = np.nan
    return out


def _into_visits(
    part: pd.DataFrame,
    avatar: NDArray[np.int64],
    day: NDArray[np.int64],
    visits: Visits,
    order: NDArray[np.int64],
    first: NDArray[np.int64],
    rng: np.random.Generator,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Put the share of events that patients have inside visits into the avatar's nearest visit of a usual type."""
    kinds = part["visit_concept"].to_numpy()
    share = float((kinds > 0).mean())
    ids = np.zeros(len(avatar), np.int64)
    if share == 0 or not len(order):
        return ids, day
    usual, counts = np.unique(kinds[kinds > 0], return_counts=True)
    usual = usual[counts >= 0.05 * counts.sum()]
    inside = rng.random(len(avatar)) < share
    for i in np.flatnonzero(inside):
        own = order[first[avatar[i]] : first[avatar[i] + 1]]
        if not len(own):
            continue
        fitting = own[np.isin(visits.concept[own], usual)]
        own = fitting if len(fitting) else own
        gap = np.maximum(visits.start[own] - day[i], 0) + np.maximum(day[i] - visits.stop[own], 0)
        best = own[int(np.argmin(gap))]
        ids[i] = visits.id[best]
        day[i] = min(max(day[i], visits.start[best]), visits.stop[best])
    return ids, day
