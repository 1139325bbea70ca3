"""The laboratory: irregular series of analytes as OMOP measurement rows, missing by design, with detection limits.

Analytes, units, reference ranges and which visit asks for which analyte are the table ANALYTES. The planted effects
come from ``truth``; concept names and codes are in ``concepts.csv``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anon_pipeline.fictional import truth
from anon_pipeline.fictional.concepts import codes
from anon_pipeline.fictional.population import Population
from anon_pipeline.fictional.visits import EMERGENCY, INPATIENT, Visits, moment
from anon_pipeline.keys import seeded_rng

EQUAL, BELOW = 4172703, 4171756


@dataclass(frozen=True)
class Analyte:
    """One analyte. centre, between, within are on the logarithmic scale when ``log``; asked: the probability that an
    (outpatient, inpatient, emergency) visit asks for it; liver and hcm: added when the patient has the disease."""

    name: str
    concept_id: int
    unit: str
    unit_concept_id: int
    log: bool
    centre: float
    between: float
    within: float
    decimals: int
    range_men: tuple[float, float]
    range_women: tuple[float, float]
    asked: tuple[float, float, float]
    liver: float = 0.0
    hcm: float = 0.0
    limit: float = 0.0


ANALYTES = (
    Analyte("ALAT", 3006923, "U/L", 8645, True, 3.2, 0.4, 0.15, 0, (0, 45), (0, 34), (0.5, 0.8, 0.6), 0.3),
    Analyte("ASAT", 3013721, "U/L", 8645, True, 3.2, 0.3, 0.15, 0, (0, 40), (0, 32), (0.4, 0.7, 0.5), 0.3),
    Analyte("GGT", 3026910, "U/L", 8645, True, 3.5, 0.6, 0.2, 0, (0, 60), (0, 40), (0.3, 0.5, 0.2), 0.4),
    Analyte("PAL", 3035995, "U/L", 8645, True, 4.3, 0.25, 0.12, 0, (40, 130), (35, 105), (0.2, 0.4, 0.1), 0.3),
    Analyte(
        "BILIRUBINE", 2000000102, "umol/L", 8749, True, 2.3, 0.5, 0.2, 0, (0, 21), (0, 21), (0.2, 0.5, 0.4), 0.3, 0, 4
    ),
    Analyte("ALBUMINE", 2000000103, "g/L", 8636, False, 40, 4, 2, 1, (35, 50), (35, 50), (0.1, 0.4, 0.1), 0.3),
    Analyte("HEMOGLOBINE", 3000963, "g/dL", 8713, False, 13.0, 1.2, 0.5, 1, (13, 17), (12, 16), (0.6, 0.95, 0.9)),
    Analyte("LEUCOCYTES", 3000905, "10*9/L", 9444, True, 1.9, 0.25, 0.2, 1, (4, 10), (4, 10), (0.5, 0.9, 0.9)),
    Analyte("PLAQUETTES", 3024929, "10*9/L", 9444, True, 5.4, 0.25, 0.1, 0, (150, 400), (150, 400), (0.5, 0.9, 0.8)),
    Analyte("SODIUM", 3019550, "mmol/L", 8753, False, 139.5, 2, 1.5, 0, (136, 145), (136, 145), (0.5, 0.95, 0.9)),
    Analyte("POTASSIUM", 3023103, "mmol/L", 8753, False, 4.25, 0.25, 0.15, 1, (3.5, 5.0), (3.5, 5.0), (0.7, 0.97, 0.9)),
    Analyte("CREATININE", 2000000101, "umol/L", 8749, True, 4.25, 0.22, 0.08, 0, (64, 104), (49, 90), (0.6, 0.95, 0.9)),
    Analyte(
        "GLYCEMIE", 2000000106, "mmol/L", 8753, True, 1.72, 0.2, 0.1, 1, (3.9, 6.1), (3.9, 6.1), (0.3, 0.6, 0.6), 0.1
    ),
    Analyte("HBA1C", 3004410, "%", 8554, False, 6.0, 0.7, 0.2, 1, (4, 6), (4, 6), (0.1, 0.1, 0.0), 0.2),
    Analyte("CRP", 2000000105, "mg/L", 8751, True, 1.4, 1.1, 0.6, 1, (0, 5), (0, 5), (0.1, 0.8, 0.8), 0, 0, 4),
    Analyte(
        "FERRITINE", 2000000104, "ug/L", 8748, True, 4.6, 0.5, 0.1, 0, (30, 400), (15, 150), (0.05, 0.1, 0.0), 0.2, 0, 3
    ),
    Analyte("LDL", 2000000110, "mmol/L", 8753, False, 3.1, 0.7, 0.3, 2, (0, 4.1), (0, 4.1), (0.2, 0.1, 0), 0.1, 0.1),
    Analyte("INR", 2000000109, "1", 0, True, 0.08, 0.1, 0.06, 2, (0.8, 1.2), (0.8, 1.2), (0.1, 0.5, 0.4), 0.2, 0.1),
    Analyte("AFP", 2000000108, "ug/L", 8748, True, 1.2, 0.8, 0.2, 1, (0, 7), (0, 7), (0.0, 0.02, 0), 0.5, 0, 2),
    Analyte(
        "NT_PROBNP", 2000000107, "ng/L", 0, True, 4.9, 0.7, 0.25, 0, (0, 300), (0, 300), (0.05, 0.3, 0.4), 0, 0.5, 10
    ),
    Analyte("TROPONINE", 2000000111, "ng/L", 0, True, 2.0, 0.7, 0.4, 0, (0, 14), (0, 14), (0, 0.15, 0.7), 0, 0.2, 5),
)
INDEX_ALWAYS = ("ALAT", "FERRITINE", "HEMOGLOBINE", "CREATININE", "POTASSIUM")
COLUMN = {analyte.name: i for i, analyte in enumerate(ANALYTES)}


def values(people: Population, seen: Visits) -> NDArray[np.float64]:
    """(visits, analytes) what the laboratory reports, rounded, NaN where the analyte was not asked for."""
    rng = seeded_rng(people.seed, "biology", people.block)
    n, a = len(people), len(ANALYTES)
    centre, between, within = (np.array([getattr(x, key) for x in ANALYTES]) for key in ("centre", "between", "within"))
    level = centre + between * rng.normal(size=(n, a))
    severity = rng.normal(size=n)
    male, liver, hcm = (x.astype(float) for x in (people.male, people.liver, people.hcm))
    shift = {
        "ASAT": 0.6 * (people.log_alt - truth.ALT_BASE),
        "GGT": 0.5 * liver + 0.2 * male,
        "PLAQUETTES": -0.08 * liver * severity,
        "ALBUMINE": -1.5 * liver * severity,
        "HEMOGLOBINE": truth.HAEMOGLOBIN_MALE * male,
        "CREATININE": truth.LOG_CREATININE_PER_YEAR_OF_AGE * (people.age - truth.AGE_CENTRE) + 0.18 * male,
        "GLYCEMIE": 0.12 * liver,
        "HBA1C": 0.5 * liver,
        "AFP": 0.03 * (people.lesion_mm - 26),
        "NT_PROBNP": truth.LOG_NT_PROBNP_HCM * hcm + 0.015 * (people.age - truth.AGE_CENTRE),
        "TROPONINE": 0.5 * hcm,
    }
    for name, add in shift.items():
        level[:, COLUMN[name]] += add
    level[:, COLUMN["ALAT"]] = people.log_alt
    level[:, COLUMN["FERRITINE"]] = (
        truth.FERRITIN_BASE
        + truth.FERRITIN_PER_ALLELE * people.hfe
        + truth.FERRITIN_MALE * male
        + truth.FERRITIN_SD * rng.normal(size=n)
    )
    row, first = seen.patient, seen.rank == 0
    out = level[row] + within * rng.normal(size=(len(seen), a))
    for name in ("ALAT", "FERRITINE"):
        out[first, COLUMN[name]] = level[row[first], COLUMN[name]]
    out[:, COLUMN["ALAT"]] += truth.ALT_UDCA * (people.udca[row] & ~first)
    out[:, COLUMN["POTASSIUM"]] += truth.POTASSIUM_FUROSEMIDE * (people.furosemide[row] & ~first)
    for i, analyte in enumerate(ANALYTES):
        column = np.exp(out[:, i]) if analyte.log else out[:, i]
        out[:, i] = np.round(column, analyte.decimals)

    asked = np.array([x.asked for x in ANALYTES])
    kind = np.select([seen.kind == INPATIENT, seen.kind == EMERGENCY], [1, 2], 0)
    chance = asked.T[kind]
    chance += np.array([x.liver for x in ANALYTES]) * people.liver[row, None]
    chance += np.array([x.hcm for x in ANALYTES]) * people.hcm[row, None]
    for name in INDEX_ALWAYS:
        chance[first, COLUMN[name]] = 1.0
    out[rng.random(out.shape) >= chance] = np.nan
    return out


def measurement_columns(people: Population, seen: Visits, matrix: NDArray[np.float64]) -> dict[str, object]:
    """The laboratory's rows of OMOP measurement."""
    visit, column = np.nonzero(~np.isnan(matrix))
    patient = seen.patient[visit]
    value = matrix[visit, column]
    limit = np.array([x.limit for x in ANALYTES])[column]
    below = value < limit
    value = np.where(below, limit, value)
    ranges = np.where(
        people.male[patient, None],
        np.array([x.range_men for x in ANALYTES])[column],
        np.array([x.range_women for x in ANALYTES])[column],
    )
    concept = np.array([x.concept_id for x in ANALYTES])
    unit = np.array([x.unit_concept_id for x in ANALYTES])
    source = np.array([f"{x.name}|{codes()[x.concept_id]}" for x in ANALYTES])
    return {
        "measurement_id": -(seen.visit_id[visit] * 100 + column),
        "person_id": people.person_id[patient],
        "measurement_concept_id": concept[column],
        "measurement_date": seen.start[visit].astype("datetime64[D]"),
        "measurement_datetime": moment(seen.start[visit], seen.minute[visit]),
        "measurement_type_concept_id": 32856,
        "operator_concept_id": np.where(below, BELOW, EQUAL),
        "value_as_number": value,
        "unit_concept_id": unit[column],
        "range_low": ranges[:, 0],
        "range_high": ranges[:, 1],
        "provider_id": seen.provider[visit],
        "visit_occurrence_id": seen.visit_id[visit],
        "measurement_source_value": source[column],
        "measurement_source_concept_id": 0,
        "unit_source_value": np.array([x.unit for x in ANALYTES])[column],
    }


def bedside_columns(people: Population, seen: Visits) -> dict[str, object]:
    """Weight and height of everyone, and the septum's thickness in the cardiomyopathy cohort, at the index visit."""
    rng = seeded_rng(people.seed, "bedside", people.block)
    n = len(people)
    first = np.flatnonzero(seen.rank == 0)
    height = np.round(np.where(people.male, 175, 162) + rng.normal(0, 6.5, n))
    weight = np.round((height / 100) ** 2 * np.clip(rng.normal(26 + 2.5 * people.liver, 4), 16, 50), 1)
    septum = septum_mm(people)
    asked = np.stack([np.ones(n, bool), np.ones(n, bool), people.hcm], axis=1)
    patient, what = np.nonzero(asked)
    visit = first[patient]
    return {
        "measurement_id": -(seen.visit_id[visit] * 100 + 90 + what),
        "person_id": people.person_id[patient],
        "measurement_concept_id": np.array([2000000121, 2000000122, 2000000120])[what],
        "measurement_date": seen.start[visit].astype("datetime64[D]"),
        "measurement_datetime": moment(seen.start[visit], seen.minute[visit]),
        "measurement_type_concept_id": 32817,
        "operator_concept_id": EQUAL,
        "value_as_number": np.stack([weight, height, septum], axis=1)[patient, what],
        "unit_concept_id": np.array([9529, 8582, 8588])[what],
        "provider_id": seen.provider[visit],
        "visit_occurrence_id": seen.visit_id[visit],
        "measurement_source_value": np.array(["POIDS", "TAILLE", "SIV-ECHO"])[what],
        "measurement_source_concept_id": 0,
        "unit_source_value": np.array(["kg", "cm", "mm"])[what],
    }


def septum_mm(people: Population) -> NDArray[np.float64]:
    """(n,) thickness of the interventricular septum in whole mm: over 15 in hypertrophic cardiomyopathy."""
    rng = seeded_rng(people.seed, "septum", people.block)
    drawn = rng.normal(np.where(people.hcm, 19, 10), np.where(people.hcm, 3, 1))
    return np.clip(drawn, 6, 38).round()
