"""A small OMOP cohort made here: every table, known dependences, canaries in every column that must not leave."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from anon_pipeline.cohort import Cohort

FEMALE, MALE = 8532, 8507
CANARY = "CANARY-7f3a"


def make_cohort(root: Path, patients: int = 160, seed: int = 0) -> Cohort:
    """Diabetes (201826) raises the drug 1503297 and the analyte 3004410; pregnancy (4299535) is of women only; four
    patients have the rare code 5000001, whose ancestor 5000000 gathers them with others."""
    rng = np.random.default_rng(seed)
    day = np.datetime64("2015-01-01")
    tables: dict[str, list[dict]] = {name: [] for name in ("person", "observation_period", "visit_occurrence")}
    for name in (
        "condition_occurrence",
        "drug_exposure",
        "procedure_occurrence",
        "observation",
        "death",
        "measurement",
    ):
        tables[name] = []
    visit = 0
    for i in range(patients):
        person = int(rng.integers(10**12, 10**13))
        sex = FEMALE if rng.random() < 0.5 else MALE
        born = np.datetime64("1940-01-01") + int(rng.integers(0, 20_000))
        start = day + int(rng.integers(0, 900))
        end = start + int(rng.integers(200, 1200))
        dead = rng.random() < 0.2
        tables["person"].append(
            {
                "person_id": person,
                "gender_concept_id": sex,
                "year_of_birth": born.astype("datetime64[Y]").astype(int) + 1970,
                "month_of_birth": born.astype("datetime64[M]").astype(int) % 12 + 1,
                "day_of_birth": 1,
                "birth_datetime": None,
                "race_concept_id": 0,
                "ethnicity_concept_id": 0,
                "person_source_value": f"{CANARY}-{i}",
                "location_id": 424242,
            }
        )
        tables["observation_period"].append(
            {
                "observation_period_id": i,
                "person_id": person,
                "observation_period_start_date": start,
                "observation_period_end_date": end,
                "period_type_concept_id": 32817,
            }
        )
        diabetes = rng.random() < 0.4
        for n in range(2 + rng.poisson(3)):
            visit += 1
            at = start + int(rng.integers(0, (end - start).astype(int) + 1))
            stay = int(rng.integers(0, 5)) if n % 3 == 0 else 0
            stop = min(at + stay, end)
            tables["visit_occurrence"].append(
                {
                    "visit_occurrence_id": visit,
                    "person_id": person,
                    "visit_concept_id": 9201 if n % 3 == 0 else 9202,
                    "visit_start_date": at,
                    "visit_end_date": stop,
                }
            )
            common = {"person_id": person, "visit_occurrence_id": visit}
            codes = [320128] if rng.random() < 0.5 else []
            codes += [201826] if diabetes else []
            codes += [4299535] if sex == FEMALE and rng.random() < 0.3 else []
            codes += [5000001] if i < 4 else []
            codes += [5000002] if 4 <= i < 40 else []
            for code in codes:
                tables["condition_occurrence"].append(
                    {
                        **common,
                        "condition_concept_id": code,
                        "condition_start_date": at,
                        "condition_end_date": stop,
                        "condition_source_value": f"{CANARY}-c{i}",
                    }
                )
            if diabetes:
                tables["drug_exposure"].append(
                    {
                        **common,
                        "drug_concept_id": 1503297,
                        "drug_exposure_start_date": at,
                        "drug_exposure_end_date": stop,
                        "days_supply": int(rng.choice([7, 30, 90])),
                        "quantity": 1.0,
                        "sig": f"{CANARY}-s{i}",
                    }
                )
            tables["procedure_occurrence"].append(
                {**common, "procedure_concept_id": int(rng.choice([2211348, 2211350])), "procedure_date": at}
            )
            tables["observation"].append(
                {**common, "observation_concept_id": 4275495, "observation_date": at, "value_as_string": CANARY}
            )
            for concept, unit, value in (
                (3004410, 8554, 5.4 + 2.5 * diabetes + 0.3 * rng.standard_normal()),
                (3020460, 8751, max(0.5, rng.lognormal(1, 1))),
            ):
                low = concept == 3020460 and value <= 1
                tables["measurement"].append(
                    {
                        **common,
                        "measurement_concept_id": concept,
                        "measurement_date": at,
                        "operator_concept_id": 4171756 if low else 4172703,
                        "value_as_number": 1.0 if low else round(value, 1),
                        "unit_concept_id": unit,
                        "range_low": 4.0 if concept == 3004410 else None,
                        "range_high": 6.0 if concept == 3004410 else None,
                        "value_source_value": f"{CANARY}-v{i}",
                    }
                )
        if dead:
            tables["death"].append({"person_id": person, "death_date": end})
    for name, rows in tables.items():
        path = Cohort("small", root).path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        frame = pd.DataFrame(rows)
        for column in frame.columns:
            if column.endswith("_date"):
                frame[column] = pd.to_datetime(frame[column]).dt.date
        if name != "person" and f"{name}_id" not in frame and name != "death":
            frame[f"{name}_id"] = np.arange(len(frame)) + 1
        table = pa.Table.from_pandas(frame, preserve_index=False)
        if name == "person":
            table = table.set_column(
                table.schema.get_field_index("birth_datetime"),
                "birth_datetime",
                pa.nulls(len(frame), pa.timestamp("us")),
            )
        pq.write_table(table, path)
    vocabulary = root / "vocabulary"
    vocabulary.mkdir(exist_ok=True)
    pq.write_table(
        pa.table(
            {
                "ancestor_concept_id": pa.array([5000000, 5000000], pa.int64()),
                "descendant_concept_id": pa.array([5000001, 5000002], pa.int64()),
                "min_levels_of_separation": pa.array([1, 1], pa.int64()),
            }
        ),
        vocabulary / "concept_ancestor.parquet",
    )
    return Cohort("small", root)


@pytest.fixture(scope="session")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Cohort:
    return make_cohort(tmp_path_factory.mktemp("cohort"))
