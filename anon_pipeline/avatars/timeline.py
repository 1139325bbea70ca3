"""The avatars' calendar: birth, observed period, death and visits, the same for every modality of a draw.

Everything here is a function of the cohort, the draw and the seed, so that observational data and biology, which do
not know each other, place their events in the same visits. Dates come from smoothed distributions; no patient's date
is carried over. What happens in a visit belongs to the modalities.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from anon_pipeline.avatars.patient_rows import AvatarPatients, Held, decode_patients
from anon_pipeline.avatars.patients import patient_table
from anon_pipeline.avatars.reading import query
from anon_pipeline.avatars.series import GapModel
from anon_pipeline.cohort import Cohort
from anon_pipeline.keys import seeded_rng
from anon_pipeline.modalities import Draw

ONCE_A_DAY = 0.05
"""Share of a patient's events of one kind on the day of another below which there is one a day."""


@dataclass
class Visits:
    """One row a visit, sorted by id. avatar: row of the draw. id: new visit_occurrence_id. concept, start, stop:
    days since 1970, inclusive. kind: visit_type_concept_id."""

    avatar: NDArray[np.int64]
    id: NDArray[np.int64]
    concept: NDArray[np.int64]
    start: NDArray[np.int64]
    stop: NDArray[np.int64]

    def of(self, avatars: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """(order, first): ``order[first[i]:first[i + 1]]`` are avatar i's visits by start."""
        order = np.lexsort((self.start, self.avatar))
        first = np.searchsorted(self.avatar[order], np.arange(avatars + 1))
        return order, first


@dataclass
class Timeline:
    """Days since 1970, one entry an avatar: birth, start and end of observation, death (-1: alive). ids: person_id."""

    patients: AvatarPatients
    birth: NDArray[np.int64]
    start: NDArray[np.int64]
    end: NDArray[np.int64]
    death: NDArray[np.int64]
    visits: Visits

    @property
    def ids(self) -> NDArray[np.int64]:
        return self.patients.ids


def timeline(cohort: Cohort, draw: Draw, seed: int) -> Timeline:
    """The calendar of a draw's avatars."""
    return _timeline(Held(cohort, draw, seed))


@lru_cache(maxsize=1)
def _timeline(held: Held) -> Timeline:
    cohort, draw, seed = held.cohort, held.draw, held.seed
    patients = decode_patients(cohort, draw, seed)
    frame = patients.frame
    rng = seeded_rng(seed, "timeline", draw.size)
    start = (frame["start"].astype("datetime64[us]").astype("int64") // 86_400_000_000).to_numpy()
    length = np.maximum(frame["length"].to_numpy(dtype=np.int64), 0)
    birth = start - np.maximum(frame["age"].to_numpy(dtype=np.int64), 0)
    start, birth, end = _within(table_ends(patient_table(cohort).frame), start, birth, start + length)
    dead = frame["dead"].to_numpy() == 1 if "dead" in frame else np.zeros(draw.size, bool)
    after = frame["until_death"].fillna(0).to_numpy(dtype=float) if "until_death" in frame else np.zeros(draw.size)
    death = np.where(dead, end + np.maximum(after, 0).astype(np.int64), -1)
    visits = _visits(cohort, frame, start, end, rng)
    return Timeline(patients, birth, start, end, death, visits)


def _visits(
    cohort: Cohort, frame: pd.DataFrame, start: NDArray[np.int64], end: NDArray[np.int64], rng: np.random.Generator
) -> Visits:
    names = [name for name in frame.columns if name.startswith("visit:")]
    empty = np.empty(0, np.int64)
    if not names:
        return Visits(empty, empty, empty, empty, empty)
    table = patient_table(cohort)
    rows = query(
        """select person_id, visit_concept_id as concept, date_diff('day', date '1970-01-01', cast(visit_start_date as
        date)) as d, greatest(coalesce(date_diff('day', cast(visit_start_date as date), cast(visit_end_date as date)),
        0), 0) as stay from {t} where visit_start_date is not null""",
        t=cohort.path("visit_occurrence"),
    )
    rows["code"] = rows["concept"].map(table.goes["visit_occurrence"]).fillna(0).astype("int64")
    real = real_spans(table.frame)
    parts: dict[str, list[Any]] = {"avatar": [], "concept": [], "start": [], "stop": []}
    for name in names:
        code = int(name.split(":")[1])
        part = rows[rows["code"] == code]
        model = GapModel(part["person_id"].to_numpy(), part["d"].to_numpy(), real, part["stay"].to_numpy(dtype=float))
        counts = frame[name].to_numpy(dtype=np.int64)
        avatar, day, stay = model.sample(counts, start, end, rng)
        parts["avatar"].append(avatar)
        parts["concept"].append(np.full(len(avatar), code))
        parts["start"].append(day)
        parts["stop"].append(np.minimum(day + stay, end[avatar]))
    joined = {name: np.concatenate(values).astype(np.int64) for name, values in parts.items()}
    _one_after_the_other(joined, rows[rows["code"] > 0], real, start, end, rng)
    _open_with_a_visit(joined, start, _share_opened(rows, real), rng)
    ids = rng.permutation(len(joined["avatar"])).astype(np.int64) + 1
    order = np.argsort(ids)
    return Visits(
        joined["avatar"][order], ids[order], joined["concept"][order], joined["start"][order], joined["stop"][order]
    )


def _one_after_the_other(
    visits: dict[str, NDArray[np.int64]],
    rows: pd.DataFrame,
    spans: pd.DataFrame,
    start: NDArray[np.int64],
    end: NDArray[np.int64],
    rng: np.random.Generator,
) -> None:
    """Give the visits of each avatar, in their order, days drawn for all kinds together, in place; each kind by itself,
    an avatar's first letter and first stay would be of one day. On days and over stays of their own, where patients'
    are (``rows``: person_id, d, stay; ``spans``: observed periods)."""
    if not len(visits["avatar"]):
        return
    order = np.lexsort((rng.random(len(visits["avatar"])), visits["start"], visits["avatar"]))
    avatar, stay = visits["avatar"][order], (visits["stop"] - visits["start"])[order]
    model = GapModel(rows["person_id"].to_numpy(), rows["d"].to_numpy(), spans, rows["stay"].to_numpy(dtype=float))
    _, day, _ = model.sample(np.bincount(avatar, minlength=len(start)), start, end, rng)
    told = rows.sort_values(["person_id", "d", "stay"], ignore_index=True)
    again = (told["person_id"] == told["person_id"].shift()).to_numpy()
    before = (told["d"] + told["stay"]).shift().to_numpy()
    if again.any() and (told["d"].diff().to_numpy()[again] == 0).mean() < ONCE_A_DAY:
        rank = np.arange(len(avatar)) - np.searchsorted(avatar, avatar)
        apart = day - rank
        ahead = pd.Series(apart).groupby(avatar).cummax().to_numpy() + rank
        day = np.minimum(ahead, end[avatar])
    stop = np.minimum(day + stay, end[avatar])
    if again.any() and (told["d"].to_numpy() <= before)[again].mean() < ONCE_A_DAY:
        following = np.r_[day[1:], 0]
        same = np.r_[avatar[1:] == avatar[:-1], False]
        stop = np.where(same, np.maximum(np.minimum(stop, following - 1), day), stop)
    visits["start"][order], visits["stop"][order] = day, stop


def _share_opened(rows: pd.DataFrame, spans: pd.DataFrame) -> float:
    """The share of patients with visits whose observed period begins with one."""
    first = rows[rows["code"] > 0].groupby("person_id")["d"].min()
    return float((first == spans["a"].reindex(first.index)).mean()) if len(first) else 0.0


def _open_with_a_visit(
    visits: dict[str, NDArray[np.int64]], start: NDArray[np.int64], share: float, rng: np.random.Generator
) -> None:
    """Move the earliest visit of a ``share`` of the avatars to the first day of their observed period, in place."""
    order = np.lexsort((visits["start"], visits["avatar"]))
    earliest = order[np.diff(visits["avatar"][order], prepend=-1) > 0]
    earliest = earliest[rng.random(len(earliest)) < share]
    early = visits["start"][earliest] - start[visits["avatar"][earliest]]
    visits["start"][earliest] -= early
    visits["stop"][earliest] -= early


def table_ends(frame: pd.DataFrame) -> int:
    """The last day that avatars may reach: the 10th latest end of observation among patients."""
    ends = np.sort(real_spans(frame)["b"].to_numpy())
    return int(ends[-min(10, len(ends))])


def _within(
    last: int, start: NDArray[np.int64], birth: NDArray[np.int64], end: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Move calendars that reach into the future back, as a whole: ages and durations stay."""
    late = np.maximum(end - last, 0)
    return start - late, birth - late, end - late


def real_spans(frame: pd.DataFrame) -> pd.DataFrame:
    """Patients' own observed periods, in days since 1970: columns a, b, indexed by person_id."""
    a = frame["start"].astype("datetime64[us]").astype("int64") // 86_400_000_000
    return pd.DataFrame({"a": a, "b": a + frame["length"]}, index=frame.index)


def place_in_visits(
    part: pd.DataFrame,
    avatar: NDArray[np.int64],
    day: NDArray[np.int64],
    visits: Visits,
    order: NDArray[np.int64],
    first: NDArray[np.int64],
    rng: np.random.Generator,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Put the share of events that patients have inside visits into the avatar's nearest visit of a usual type; each
    into another one, where patients have the event at most once a day. ``avatar`` is sorted."""
    kinds = part["visit_concept"].to_numpy()
    share = float((kinds > 0).mean())
    ids = np.zeros(len(avatar), np.int64)
    if share == 0 or not len(order):
        return ids, day
    usual, counts = np.unique(kinds[kinds > 0], return_counts=True)
    usual = usual[counts >= 0.05 * counts.sum()]
    once = part.duplicated(["person_id", "d"]).mean() < ONCE_A_DAY
    inside = rng.random(len(avatar)) < share
    whose, taken = -1, np.empty(0, np.int64)
    for i in np.flatnonzero(inside):
        if avatar[i] != whose:
            whose, taken = int(avatar[i]), np.empty(0, np.int64)
        own = order[first[whose] : first[whose + 1]]
        if not len(own):
            continue
        own = _rather(own, np.isin(visits.concept[own], usual))
        own = _rather(own, ~np.isin(own, taken))
        gap = np.maximum(visits.start[own] - day[i], 0) + np.maximum(day[i] - visits.stop[own], 0)
        best = own[int(np.argmin(gap))]
        ids[i] = visits.id[best]
        day[i] = min(max(day[i], visits.start[best]), visits.stop[best])
        if once:
            taken = np.append(taken, best)
    return ids, day


def _rather(visits: NDArray[np.int64], better: NDArray[np.bool_]) -> NDArray[np.int64]:
    return visits[better] if better.any() else visits
