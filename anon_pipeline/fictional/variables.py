"""One row a patient, read back from files: the variables between which associations are planted.

It reads released avatars as well as the hospital itself: it needs no more than OMOP-shaped Parquet, a VCF, and DICOM,
each of them optional. What is then estimated belongs to ``associations``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from anon_pipeline.errors import BadInput
from anon_pipeline.fictional.founders import LOCI

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

ALT, FERRITIN, HAEMOGLOBIN, CREATININE = 3006923, 2000000104, 3000963, 2000000101
POTASSIUM, NT_PROBNP = 3023103, 2000000107
LIVER, HCM, UDCA, FUROSEMIDE = 2000000201, 2000000204, 2000000301, 956874
NODULE_THRESHOLD_HU, NODULE_CEILING_HU = 110, 190
MIDLINE_MM = -14.0

_LESION = re.compile(r"(?:nodule|nodulaire|l[ée]sion|formation|masse)[^.\n]*?(\d+(?:,\d+)?)\s*(mm|cm)\b", re.IGNORECASE)
_LARGE = re.compile(r"volumineu", re.IGNORECASE)
_MURMUR = re.compile(r"souffle\s+systolique", re.IGNORECASE)
_TABLES = (
    "person", "visit_occurrence", "observation_period", "death", "condition_occurrence", "drug_exposure", "measurement",
    "note",
)  # fmt: skip


@dataclass(frozen=True)
class Sources:
    """Where one set of patients lies.

    tables: OMOP table -> Parquet file or folder of them; people: what a VCF sample or a PatientID may call a person ->
    person_id (person_source_value and person_id itself are always known).
    """

    tables: Mapping[str, Path]
    vcf: Path | None = None
    images: Path | None = None
    people: Mapping[str, int] = field(default_factory=dict)


def sources_of(root: Path) -> Sources:
    """Find the files below ``root``: a fictional hospital, a part of an extracted cohort, or a folder of tables."""
    root = Path(root)
    tables: dict[str, Path] = {}
    for folder in (root, *sorted(p for p in root.iterdir() if p.is_dir())):
        for table in _TABLES:
            for path in (folder / f"{table}.parquet", folder / table):
                if table not in tables and (path.is_file() or (path.is_dir() and any(path.glob("*.parquet")))):
                    tables[table] = path
    vcf = next(iter(sorted([*root.glob("*.vcf.gz"), *root.glob("*/*.vcf.gz")])), None)
    images = next((root / name for name in ("dicom", "images", "imaging") if (root / name).is_dir()), None)
    return Sources(tables, vcf, images)


def patient_variables(source: Path | Sources) -> pd.DataFrame:
    """One row a person, ordered by person_id. A variable whose files are absent is NaN for everyone.

    Columns: person_id; male, age (years at the first visit), liver, hcm (diagnoses, 0/1); pnpla3, hfe (dosages);
    log_alt, log_ferritin, haemoglobin, log_creatinine, log_nt_probnp (first value, natural logarithms); alt_change
    (mean logarithm later minus first), potassium_change (mmol/L); udca, furosemide (0/1); report_mm, word_large,
    word_murmur (from notes); image_mm (pixels), mask_mm (segmentation); time (years), event. Raises BadInput without
    persons.
    """
    where = source if isinstance(source, Sources) else sources_of(source)
    if "person" not in where.tables:
        raise BadInput("no person table: variables need at least OMOP person as Parquet")
    frame = _from_tables(where)
    known = _callers(where, frame)
    frame = frame.drop(columns="source")
    for column in ("pnpla3", "hfe", "image_mm", "mask_mm"):
        frame[column] = np.nan
    if where.vcf is not None:
        for name, values in vcf_dosages(where.vcf).items():
            _place(frame, name.lower(), values, known)
    if where.images is not None:
        for column, values in zip(("image_mm", "mask_mm"), image_diameters(where.images), strict=True):
            _place(frame, column, values, known)
    return frame


def _callers(where: Sources, frame: pd.DataFrame) -> dict[str, int]:
    known = {str(person): int(person) for person in frame["person_id"]}
    known |= {str(s): int(p) for s, p in zip(frame["source"], frame["person_id"], strict=True) if s is not None}
    return known | dict(where.people)


def _place(frame: pd.DataFrame, column: str, values: Mapping[str, float], known: Mapping[str, int]) -> None:
    by_person = {known[name]: value for name, value in values.items() if name in known}
    frame[column] = [by_person.get(int(p), np.nan) for p in frame["person_id"]]


def _from_tables(where: Sources) -> pd.DataFrame:
    import duckdb

    with duckdb.connect() as connection:
        connection.execute("CREATE MACRO log_of(x) AS ln(CASE WHEN x > 0 THEN x END)")
        for table in _TABLES:
            path = where.tables.get(table)
            if path is not None:
                files = str(path / "*.parquet" if path.is_dir() else path).replace("'", "''")
                connection.execute(
                    f"CREATE VIEW {table} AS SELECT * FROM read_parquet('{files}', union_by_name = true)"
                )
        has = where.tables
        columns = {c[0] for c in connection.execute("DESCRIBE person").fetchall()}
        label = "person_source_value" if "person_source_value" in columns else "NULL"
        day = "make_date(year_of_birth, coalesce(month_of_birth, 7), coalesce(day_of_birth, 1))"
        if not {"month_of_birth", "day_of_birth"} <= columns:
            day = "make_date(year_of_birth, 7, 1)"
        connection.execute(
            f"CREATE TABLE base AS SELECT person_id, CAST({label} AS VARCHAR) AS source, "
            f"CAST(gender_concept_id = 8507 AS INTEGER) AS male, {day} AS birth FROM person"
        )
        starts = [
            f"SELECT person_id, {column} AS day FROM {table}"
            for table, column in (
                ("visit_occurrence", "visit_start_date"),
                ("observation_period", "observation_period_start_date"),
            )
            if table in has
        ]
        connection.execute(
            "CREATE TABLE first_day AS "
            + (f"SELECT person_id, min(day) AS day FROM ({' UNION ALL '.join(starts)}) GROUP BY 1" if starts
               else "SELECT person_id, CAST(NULL AS DATE) AS day FROM base")
        )  # fmt: skip
        parts = ["SELECT base.*, first_day.day AS start, date_diff('day', birth, first_day.day) / 365.25 AS age"]
        joins = ["FROM base LEFT JOIN first_day USING (person_id)"]
        for name, table, key, concept in (
            ("liver", "condition_occurrence", "condition_concept_id", LIVER),
            ("hcm", "condition_occurrence", "condition_concept_id", HCM),
            ("udca", "drug_exposure", "drug_concept_id", UDCA),
            ("furosemide", "drug_exposure", "drug_concept_id", FUROSEMIDE),
        ):
            value = f"CAST(person_id IN (SELECT person_id FROM {table} WHERE {key} = {concept}) AS DOUBLE)"
            parts.append(f"{value if table in has else 'CAST(NULL AS DOUBLE)'} AS {name}")
        parts.append(
            "CAST(coalesce(died.day, stop.day) - first_day.day AS DOUBLE) / 365.25 AS time, "
            "CAST(died.day IS NOT NULL AS DOUBLE) AS event"
        )
        for alias, table, column in (
            ("died", "death", "death_date"),
            ("stop", "observation_period", "observation_period_end_date"),
        ):
            joins.append(
                f"LEFT JOIN (SELECT person_id, max({column}) AS day FROM {table} GROUP BY 1) {alias} USING (person_id)"
                if table in has
                else f"LEFT JOIN (SELECT CAST(NULL AS BIGINT) AS person_id, CAST(NULL AS DATE) AS day) {alias} "
                "USING (person_id)"
            )
        frame = connection.execute(f"{', '.join(parts)} {' '.join(joins)} ORDER BY person_id").df()
        frame = frame.drop(columns=["birth", "start"])
        laboratory = _laboratory(connection) if "measurement" in has else None
        notes = connection.execute(
            "SELECT person_id, note_title, note_text FROM note ORDER BY person_id, note_id"
        ).fetchall() if "note" in has else []  # fmt: skip
    if laboratory is not None:
        frame = frame.merge(laboratory, on="person_id", how="left")
    for column in (
        "log_alt", "log_ferritin", "haemoglobin", "log_creatinine", "log_nt_probnp", "alt_change", "potassium_change",
    ):  # fmt: skip
        if column not in frame:
            frame[column] = np.nan
    return _with_notes(frame, notes)


def _laboratory(connection: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """First values and later changes of the analytes that associations use."""
    first = ", ".join(
        "arg_min(value_as_number, (measurement_date, measurement_id)) "
        f"FILTER (measurement_concept_id = {concept}) AS {name}"
        for name, concept in (
            ("alt", ALT), ("ferritin", FERRITIN), ("haemoglobin", HAEMOGLOBIN), ("creatinine", CREATININE),
            ("nt_probnp", NT_PROBNP), ("potassium", POTASSIUM),
        )
    )  # fmt: skip
    later = "measurement_date > first_day.day"
    return connection.execute(
        f"""
        WITH firsts AS (SELECT person_id, {first} FROM measurement GROUP BY 1),
        laters AS (
            SELECT person_id,
                avg(log_of(value_as_number)) FILTER (measurement_concept_id = {ALT} AND {later}) AS log_alt_later,
                avg(value_as_number) FILTER (measurement_concept_id = {POTASSIUM} AND {later}) AS potassium_later
            FROM measurement JOIN first_day USING (person_id) GROUP BY 1)
        SELECT person_id, log_of(alt) AS log_alt, log_of(ferritin) AS log_ferritin, haemoglobin,
            log_of(creatinine) AS log_creatinine, log_of(nt_probnp) AS log_nt_probnp,
            log_alt_later - log_of(alt) AS alt_change, potassium_later - potassium AS potassium_change
        FROM firsts LEFT JOIN laters USING (person_id)"""
    ).df()


def lesion_mm_in_text(text: str) -> float | None:
    """The nodule's diameter in mm that a report states, or None."""
    found = _LESION.search(text)
    if found is None:
        return None
    value = float(found.group(1).replace(",", "."))
    return value * 10 if found.group(2).lower() == "cm" else value


def _with_notes(frame: pd.DataFrame, notes: list[tuple[int, str | None, str | None]]) -> pd.DataFrame:
    size: dict[int, float] = {}
    large: dict[int, float] = {}
    murmur: dict[int, float] = {}
    for person, title, text in notes:
        if not text:
            continue
        murmur[person] = max(murmur.get(person, 0.0), float(bool(_MURMUR.search(text))))
        if person not in size and "scanner" in f"{title or ''} {text[:4000]}".lower():
            value = lesion_mm_in_text(text)
            if value is not None:
                size[person] = value
                large[person] = float(bool(_LARGE.search(text)))
    for column, values in (("report_mm", size), ("word_large", large), ("word_murmur", murmur)):
        frame[column] = [values.get(int(p), np.nan) for p in frame["person_id"]]
    return frame


def vcf_dosages(path: Path) -> dict[str, dict[str, float]]:
    """locus -> sample -> dosage, read from the text of a (blocked) gzipped VCF."""
    import gzip

    wanted = {(locus.contig.removeprefix("chr"), str(locus.position)): name for name, locus in LOCI.items()}
    found: dict[str, dict[str, float]] = {}
    samples: list[str] = []
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            if line.startswith("#"):
                samples = line.rstrip("\n").split("\t")[9:]
                continue
            contig, position = line.split("\t", 2)[:2]
            name = wanted.get((contig.removeprefix("chr"), position))
            if name is None:
                continue
            calls = line.rstrip("\n").split("\t")[9:]
            values = (re.findall(r"\d+", call.split(":", 1)[0]) for call in calls)
            found[name] = {s: float(sum(a != "0" for a in v)) for s, v in zip(samples, values, strict=True) if v}
    return found


def nodule_mm(pixels: NDArray[np.floating[Any]], spacing: float) -> float:
    """Diameter in mm of the nodule in one CT slice of (rows, columns) Hounsfield units, spacing in mm.

    The pixels between 110 and 190 HU on the patient's right of the spine, as the diameter of a disc of that area.
    """
    columns = (np.arange(pixels.shape[1]) - (pixels.shape[1] - 1) / 2) * spacing
    side = pixels[:, columns < MIDLINE_MM]
    count = int(((side > NODULE_THRESHOLD_HU) & (side < NODULE_CEILING_HU)).sum())
    return float(2 * np.sqrt(count * spacing**2 / np.pi))


def image_diameters(folder: Path) -> tuple[dict[str, float], dict[str, float]]:
    """Diameters in mm (from CT pixels, from the mask) by PatientID, or by person_id where there is an index.

    Of several slices or frames the largest counts.
    """
    import pydicom

    by_path: dict[Path, str] = {}
    if (folder / "index.parquet").is_file():
        import pyarrow.parquet as pq

        index = pq.read_table(folder / "index.parquet", columns=["person_id", "path"]).to_pylist()
        by_path = {folder / row["path"]: str(row["person_id"]) for row in index}
    pixels: dict[str, float] = {}
    masks: dict[str, float] = {}
    for path in sorted(by_path) if by_path else sorted(folder.rglob("*.dcm")):
        data = pydicom.dcmread(path)
        who = by_path.get(path) or str(data.get("PatientID", ""))
        if data.get("Modality") == "CT":
            units = data.pixel_array * float(data.RescaleSlope) + float(data.RescaleIntercept)
            pixels[who] = max(pixels.get(who, 0.0), nodule_mm(units, float(data.PixelSpacing[0])))
        elif data.get("Modality") == "SEG":
            measures = data.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0]
            count = data.pixel_array.reshape(-1, data.Rows, data.Columns).sum(axis=(1, 2)).max()
            masks[who] = float(2 * np.sqrt(count * float(measures.PixelSpacing[0]) ** 2 / np.pi))
    return pixels, masks
