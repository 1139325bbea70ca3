"""The patient-level table of a cohort, and its decoding for a draw: what all longitudinal modalities share.

One row a patient: demographics, the observed period, death, how often each visit type and each clinical code occurs,
and functional features of each analyte (how many samples, level, slope, spread). An avatar's rows in every OMOP table
are then expanded from the same decoded row, never linked afterwards. Expanding belongs to ``timeline`` (visits) and to
the modalities (events, measurements).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from anon_pipeline.avatars.columns import RARE, Column, Kind
from anon_pipeline.avatars.decode import Decoder, DecoderOptions
from anon_pipeline.avatars.embedding import Famd, famd, principal
from anon_pipeline.avatars.identity import avatar_ids
from anon_pipeline.avatars.marginals import Encoded, Marginal, decode, learn
from anon_pipeline.avatars.rollup import roll_up
from anon_pipeline.cohort import Cohort
from anon_pipeline.errors import BadInput
from anon_pipeline.keys import seeded_rng
from anon_pipeline.modalities import Draw

EVENTS = {
    "condition_occurrence": ("condition_concept_id", "condition_start_date"),
    "drug_exposure": ("drug_concept_id", "drug_exposure_start_date"),
    "procedure_occurrence": ("procedure_concept_id", "procedure_date"),
    "observation": ("observation_concept_id", "observation_date"),
}
CODES_PER_TABLE = 150
ANALYTES = 60
FIT_PATIENTS = 30_000
POINT_DIMENSIONS = 16
DAY = 86400.0


@dataclass
class PatientTable:
    """frame: one row a patient, by ascending person_id, columns named ``kind:...``. person_ids: (n,) int64.
    goes: event table -> concept -> the code that it becomes (0: suppressed). one_sex: column -> the only
    gender_concept_id that has it. suppressed: table -> rows whose code does not leave. analytes: what the ``lab:``
    columns describe."""

    frame: pd.DataFrame
    person_ids: NDArray[np.int64]
    goes: dict[str, dict[int, int]] = field(default_factory=dict)
    one_sex: dict[str, int] = field(default_factory=dict)
    suppressed: dict[str, int] = field(default_factory=dict)
    analytes: list[Analyte] = field(default_factory=list)


@dataclass
class AvatarPatients:
    """frame: the decoded patient-level table, row i is avatar i of the draw. ids: its new person_id."""

    frame: pd.DataFrame
    ids: NDArray[np.int64]


def query(sql: str, **tables: Any) -> pd.DataFrame:
    """Run DuckDB over Parquet files named in ``tables``: {name} in the statement becomes the file."""
    import duckdb

    quoted = {name: "read_parquet('" + str(path).replace("'", "''") + "')" for name, path in tables.items()}
    with duckdb.connect(config={"threads": 1}) as connection:
        return connection.execute(sql.format(**quoted)).df()


def patient_table(cohort: Cohort) -> PatientTable:
    """Read the patient-level table of one part of an extraction. Raises BadInput without person.parquet."""
    stamp = tuple((str(p), p.stat().st_mtime_ns) for p in sorted(cohort.root.rglob("*.parquet")))
    return _patient_table(cohort.name, str(cohort.root), stamp)


@lru_cache(maxsize=2)
def _patient_table(name: str, root: str, stamp: tuple[Any, ...]) -> PatientTable:
    _ = stamp
    cohort = Cohort(name, Path(root))
    if not cohort.has("person"):
        raise BadInput(f"cohort {cohort.name}: no person table")
    base = _demographics(cohort)
    persons = base.index.to_numpy(dtype=np.int64)
    table = PatientTable(base, persons)
    parts = [base]
    if cohort.has("visit_occurrence"):
        visits = query("select person_id, visit_concept_id as concept from {t}", t=cohort.path("visit_occurrence"))
        parts.append(_counts(visits, "visit", persons, table, "visit_occurrence", cohort, limit=20))
    for event, (concept, date) in EVENTS.items():
        if cohort.has(event):
            rows = query(
                f"select person_id, {concept} as concept from {{t}} where {date} is not null", t=cohort.path(event)
            )
            parts.append(_counts(rows, event, persons, table, event, cohort, limit=CODES_PER_TABLE))
    if cohort.has("measurement"):
        parts.append(_analytes(cohort, persons, table))
    table.frame = pd.concat(parts, axis=1)
    sex = table.frame["sex"].to_numpy()
    for column in table.frame.columns:
        if ":" in column and not column.startswith(("lab:", "visit:")):
            having = np.unique(sex[table.frame[column].to_numpy() > 0])
            if len(having) == 1 and len(np.unique(sex)) > 1 and (sex == having[0]).mean() < 0.9:
                table.one_sex[column] = int(having[0])
    return table


def _demographics(cohort: Cohort) -> pd.DataFrame:
    person = query(
        """select distinct on (person_id) person_id, coalesce(gender_concept_id, 0) as sex,
        coalesce(race_concept_id, 0) as race, coalesce(ethnicity_concept_id, 0) as ethnicity,
        coalesce(cast(birth_datetime as date), make_date(cast(year_of_birth as integer),
        cast(coalesce(month_of_birth, 7) as integer), cast(coalesce(day_of_birth, 1) as integer))) as birth
        from {t} where year_of_birth is not null order by person_id""",
        t=cohort.path("person"),
    ).set_index("person_id")
    spans = []
    if cohort.has("observation_period"):
        spans.append(
            query(
                """select person_id, observation_period_start_date as a, observation_period_end_date as b
                from {t}""",
                t=cohort.path("observation_period"),
            )
        )
    else:
        for event, (_, date) in {**EVENTS, "visit_occurrence": ("", "visit_start_date")}.items():
            if cohort.has(event):
                spans.append(query(f"select person_id, {date} as a, {date} as b from {{t}}", t=cohort.path(event)))
    if spans:
        span = pd.concat(spans)
        span["a"], span["b"] = pd.to_datetime(span["a"]), pd.to_datetime(span["b"])
        span = span.groupby("person_id").agg(a=("a", "min"), b=("b", "max"))
        person = person.join(span)
    else:
        person["a"] = person["b"] = pd.NaT
    birth = pd.to_datetime(person["birth"])
    start = pd.to_datetime(person["a"]).fillna(birth)
    end = pd.to_datetime(person["b"]).fillna(start)
    out = pd.DataFrame(index=person.index)
    for column in ("sex", "race", "ethnicity"):
        out[column] = person[column].astype("int64")
    out["age"] = (start - birth).dt.days.clip(lower=0).astype("int64")
    out["length"] = (end - start).dt.days.clip(lower=0).astype("int64")
    out["start"] = start.astype("datetime64[us]")
    out["dead"] = 0
    if cohort.has("death"):
        death = query(
            "select person_id, max(death_date) as d from {t} where death_date is not null group by 1",
            t=cohort.path("death"),
        ).set_index("person_id")["d"]
        when = pd.to_datetime(death).reindex(out.index)
        out["dead"] = when.notna().astype("int64")
        out["until_death"] = (when - end).dt.days.clip(lower=0).astype(float)
    return out.sort_index()


def _counts(
    rows: pd.DataFrame,
    prefix: str,
    persons: NDArray[np.int64],
    table: PatientTable,
    name: str,
    cohort: Cohort,
    limit: int,
) -> pd.DataFrame:
    """How often each patient has each code that enough patients share, the ``limit`` commonest codes."""
    rows = rows[rows["person_id"].isin(persons)].copy()
    rows["concept"] = rows["concept"].fillna(0).astype("int64")
    least = RARE if len(persons) >= 4 * RARE else max(5, len(persons) // 4)
    ancestors = None
    if cohort.has("concept_ancestor") and prefix != "visit":
        ancestors = query(
            "select ancestor_concept_id, descendant_concept_id, min_levels_of_separation from {t}",
            t=cohort.path("concept_ancestor"),
        )
    goes = roll_up(rows, ancestors, least)
    rows["code"] = rows["concept"].map(goes).fillna(0).astype("int64")
    people = rows[rows["code"] > 0].groupby("code")["person_id"].nunique()
    people = people[people >= least].sort_index().sort_values(ascending=False, kind="stable")
    kept = [int(code) for code in people.index[:limit]]
    table.goes[name] = {concept: (code if code in set(kept) else 0) for concept, code in goes.items()}
    table.suppressed[name] = int((~rows["code"].isin(kept)).sum())
    counts = rows[rows["code"].isin(kept)].groupby(["person_id", "code"]).size().unstack(fill_value=0)
    counts = counts.reindex(index=persons, columns=kept, fill_value=0).astype("int64")
    counts.columns = [f"{prefix}:{code}" for code in kept]
    counts.index.name = "person_id"
    return counts


@dataclass(frozen=True)
class Analyte:
    """One kind of measurement in one unit. logarithmic: its features are those of the logarithm."""

    concept: int
    unit: int
    logarithmic: bool
    numeric: bool

    @property
    def name(self) -> str:
        return f"lab:{self.concept}:{self.unit}"

    def scale(self, values: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        return np.log(values) if self.logarithmic else np.asarray(values, dtype=float)

    def unscale(self, values: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        return np.exp(values) if self.logarithmic else np.asarray(values, dtype=float)


def measurements(cohort: Cohort, columns: str = "") -> pd.DataFrame:
    """The patients' measurements: person_id, concept, unit (0: none), d (day since 1970), v; more ``columns``."""
    unit = "unit_concept_id" if "unit_concept_id" in cohort_columns(cohort, "measurement") else "0"
    return query(
        f"""select person_id, measurement_concept_id as concept, coalesce({unit}, 0) as unit,
        date_diff('day', date '1970-01-01', cast(measurement_date as date)) as d,
        cast(value_as_number as double) as v{columns} from {{t}}
        where coalesce(measurement_concept_id, 0) <> 0 and measurement_date is not null
        order by person_id, concept, unit, d, v""",
        t=cohort.path("measurement"),
    )


def cohort_columns(cohort: Cohort, table: str) -> set[str]:
    import pyarrow.parquet as pq

    return set(pq.read_schema(cohort.path(table)).names)


def _analytes(cohort: Cohort, persons: NDArray[np.int64], table: PatientTable) -> pd.DataFrame:
    """Functional features of each analyte: samples, level (median), slope a year, mean distance from the level."""
    rows = measurements(cohort)
    rows = rows[rows["person_id"].isin(persons)]
    least = RARE if len(persons) >= 4 * RARE else max(5, len(persons) // 4)
    people = rows.groupby(["concept", "unit"])["person_id"].nunique().sort_index()
    people = people[people >= least].sort_values(ascending=False, kind="stable")[:ANALYTES]
    out: dict[str, Any] = {}
    kept = 0
    groups = {key: part for key, part in rows.groupby(["concept", "unit"]) if key in people.index}
    for concept, unit in people.index:
        part = groups[(concept, unit)]
        kept += len(part)
        known = part[np.isfinite(part["v"])]
        enough = known["person_id"].nunique() >= least
        v = known["v"].to_numpy()
        skewed = enough and v.min() > 0 and _skewness(v) > 1.5
        analyte = Analyte(int(concept), int(unit), bool(skewed), bool(enough))
        table.analytes.append(analyte)
        out[f"{analyte.name}:n"] = part.groupby("person_id").size().reindex(persons, fill_value=0).astype("int64")
        if not enough:
            continue
        known = pd.DataFrame({"p": known["person_id"], "t": known["d"] / 365.25, "y": analyte.scale(v)})
        groups_of = known.groupby("p")
        level = groups_of["y"].median()
        out[f"{analyte.name}:level"] = level.reindex(persons)
        known["away"] = (known["y"] - groups_of["y"].transform("median")).abs()
        spread = groups_of["away"].mean()[groups_of.size() > 1] if len(known) else level[:0]
        if len(spread) >= least:
            out[f"{analyte.name}:spread"] = spread.reindex(persons)
        slope = _slopes(known)
        if len(slope) >= least:
            out[f"{analyte.name}:slope"] = slope.reindex(persons)
    table.suppressed["measurement"] = int(len(rows) - kept)
    return pd.DataFrame(out, index=pd.Index(persons, name="person_id"))


def _skewness(values: NDArray[np.float64]) -> float:
    middle = values - np.median(values)
    return float(np.mean(middle**3) / max(float(np.mean(middle**2) ** 1.5), 1e-12))


def _slopes(known: pd.DataFrame) -> pd.Series:
    """Least squares slopes a year of patients with three samples or more over at least 30 days."""
    groups = known.groupby("p")
    t = known["t"] - groups["t"].transform("mean")
    y = known["y"] - groups["y"].transform("mean")
    parts = pd.DataFrame({"p": known["p"], "tt": t * t, "ty": t * y, "t": t})
    sums = parts.groupby("p").agg(tt=("tt", "sum"), ty=("ty", "sum"), n=("t", "size"), a=("t", "min"), b=("t", "max"))
    sums = sums[(sums["n"] >= 3) & (sums["b"] - sums["a"] >= 30 / 365.25)]
    return sums["ty"] / sums["tt"]


def columns_of(frame: pd.DataFrame) -> list[Column]:
    """What each patient-level column is: codes' counts are numbers, demographics categories."""
    out = []
    for name in frame.columns:
        values = pd.Series(frame[name])
        present = values.dropna()
        if present.nunique() <= 1:
            constant = present.iloc[0] if len(present) else None
            out.append(Column(str(name), "constant" if len(present) else "missing", values.dtype, constant=constant))
        elif name in ("sex", "race", "ethnicity", "dead"):
            out.append(Column(str(name), "category", values.dtype, ordered=False))
        elif name == "start":
            out.append(Column(str(name), "number", values.dtype, unit=DAY, temporal=True, ordered=True))
        elif pd.api.types.is_integer_dtype(values.dtype) or name == "until_death":
            counts = present.value_counts()
            few = len(counts) <= 10 and counts.min() >= RARE
            kind: Kind = "category" if few and name != "until_death" else "number"
            out.append(Column(str(name), kind, values.dtype, unit=1.0, ordered=True))
        else:
            out.append(Column(str(name), "number", values.dtype, unit=1e-6, ordered=True))
    return out


def encode_patients(
    frame: pd.DataFrame, rng: np.random.Generator
) -> tuple[list[Marginal], list[Encoded], list[Column]]:
    """Classes and scores of every column that varies; the third list holds all columns."""
    columns = columns_of(frame)
    pairs = [learn(c, pd.Series(frame[c.name]), rng) for c in columns if c.kind in ("number", "category")]
    return [m for m, _ in pairs], [e for _, e in pairs], columns


def embed_patients(frame: pd.DataFrame, limit: int = 200) -> Famd:
    """The mixed-type embedding of some columns of the patient-level table, at most ``limit`` dimensions."""
    marginals, encoded, _ = encode_patients(frame, seeded_rng(0, "embed"))
    if not marginals:
        return Famd(np.zeros((len(frame), 1), np.float32), np.ones(1, np.float32))
    whole = famd(marginals, encoded)
    return Famd(whole.vectors[:, :limit], whole.explained[:limit])


def decode_patients(cohort: Cohort, draw: Draw, seed: int) -> AvatarPatients:
    """The patient-level row of every avatar of a draw.

    The chain is learnt on pairs of an avatar's point and a patient taken from its neighbourhood by weight, so an
    avatar's row follows its point, and the patient that it started from is never in its pair.
    """
    return _decode_patients(_Held(cohort, draw, seed))


class _Held:
    """Arguments of a cached call: equal when the cohort's files, the draw and the seed are."""

    def __init__(self, cohort: Cohort, draw: Draw, seed: int) -> None:
        import hashlib

        self.cohort, self.draw, self.seed = cohort, draw, seed
        digest = hashlib.sha256(np.ascontiguousarray(draw.points).tobytes())
        digest.update(np.ascontiguousarray(draw.neighbours).tobytes())
        files = tuple((str(p), p.stat().st_mtime_ns) for p in sorted(cohort.root.rglob("*.parquet")))
        self.token = (digest.hexdigest(), seed, files)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Held) and self.token == other.token

    def __hash__(self) -> int:
        return hash(self.token)


@lru_cache(maxsize=1)
def _decode_patients(held: _Held) -> AvatarPatients:
    cohort, draw, seed = held.cohort, held.draw, held.seed
    table = patient_table(cohort)
    rng = seeded_rng(seed, "patients", draw.size)
    marginals, encoded, columns = encode_patients(table.frame, rng)
    place = {int(p): i for i, p in enumerate(table.person_ids)}
    row_of = np.array([place.get(int(p), -1) for p in draw.person_ids])
    avatars = np.arange(draw.size)
    if draw.size > FIT_PATIENTS:
        avatars = np.sort(rng.choice(draw.size, FIT_PATIENTS, replace=False))
    repeats = max(1, min(4, 1500 // max(1, len(avatars))))
    avatars = np.repeat(avatars, repeats)
    reach = even_weights(draw)[avatars] * (row_of[draw.neighbours[avatars]] >= 0)
    cumulative = np.cumsum(reach, axis=1)
    pick = (rng.random(len(avatars))[:, None] * cumulative[:, -1:] >= cumulative).sum(axis=1)
    chosen = row_of[draw.neighbours[avatars, np.minimum(pick, draw.neighbours.shape[1] - 1)]]
    usable = chosen >= 0
    avatars, chosen = avatars[usable], chosen[usable]
    points = principal(draw.points).vectors[:, :POINT_DIMENSIONS]
    points = points / (points[:, :1].std() + 1e-9)
    paired = [Encoded(e.cls[chosen], e.score[chosen], e.inner[chosen]) for e in encoded]
    # a patient is in about ``repeats`` pairs, and a leaf must hold 20 patients at least
    least = max(5, min(max(30, RARE * repeats), len(chosen) // 4))
    decoder = Decoder(marginals, paired, DecoderOptions(min_leaf=least, predictors=60), points=points[avatars])
    drawn = decoder.sample(draw.size, rng, points=points)
    out: dict[str, Any] = {}
    at = 0
    for column in columns:
        if column.kind in ("number", "category"):
            out[column.name] = decode(marginals[at], drawn[at][0], drawn[at][1])
            at += 1
        else:
            out[column.name] = pd.Series([column.constant] * draw.size)
    frame = pd.DataFrame(out)
    for name, sex in table.one_sex.items():
        frame.loc[frame["sex"] != sex, name] = 0
    return AvatarPatients(frame, avatar_ids(draw.size, seed))


def even_weights(draw: Draw, rounds: int = 30) -> NDArray[np.float64]:
    """The draw's weights, scaled (Sinkhorn) so that every patient counts as much over all avatars and every avatar's
    weights still sum to 1: central patients would else be heard more than rare ones. (m, k) float64."""
    weights = draw.weights.astype(float)
    patients = len(draw.person_ids)
    for _ in range(rounds):
        heard = np.bincount(draw.neighbours.ravel(), weights.ravel(), minlength=patients)
        scale = (draw.size / patients) / np.maximum(heard, 1e-9)
        weights = weights * np.clip(scale, 0.1, 10)[draw.neighbours]
        weights /= weights.sum(axis=1, keepdims=True)
    return weights
