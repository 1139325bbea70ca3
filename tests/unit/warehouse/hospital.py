"""A tiny hospital with a canary in every text column, images, a VCF and two cohorts, for the tests of extraction."""

from __future__ import annotations

import csv
import datetime as dt
import io
from pathlib import Path

from anon_pipeline.warehouse import cdm

PERSONS = 40
FIRST_ID = -(2**62)


def person_id(number: int) -> int:
    """Signed 64-bit ids, far from what a double can hold."""
    return FIRST_ID + number * 7


def ipp(number: int) -> str:
    return f"CANARY-IPP-{number:04d}"


def value(field: cdm.Field, row: int, person: int) -> str:
    """A canary for text, a valid value for the rest; ids that are identifying are canaries too (9 digits from 77)."""
    if field.name in ("person_id", "subject_id"):
        return str(person_id(person))
    if field.name == "person_source_value":
        return ipp(person)
    if field.name in ("provider_id", "care_site_id", "location_id"):
        return str(770000000 + row)
    if field.type == "VARCHAR":
        return f"CANARY-{field.table}-{field.name}-{row}"
    if field.type == "BIGINT":
        if field.primary_key:
            return str(row + 1)
        return str(1 + row % 5) if field.name.endswith("concept_id") else str(row % 28 + 1)
    if field.type == "DOUBLE":
        return str(row / 8)
    day = dt.date(2010, 1, 1) + dt.timedelta(days=row)
    return day.isoformat() if field.type == "DATE" else f"{day.isoformat()} 10:00:00"


def write_tables(folder: Path) -> None:
    """Every table of the CDM as CSV, 80 rows each (one a person for person and death)."""
    folder.mkdir(parents=True)
    for name, table in cdm.tables().items():
        if name in ("cohort", "cohort_definition", "concept", "concept_ancestor"):
            continue
        rows = PERSONS if name in ("person", "death") else 2 * PERSONS
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(table.field_names)
        writer.writerows([value(field, row, row % PERSONS) for field in table.fields] for row in range(rows))
        (folder / f"{name}.csv").write_text(text.getvalue(), encoding="utf-8")
    concepts = [f"{i},Concept {i},Domain,Voc,Class,S,C{i},1970-01-01,2099-12-31," for i in range(1, 9)]
    header = ",".join(cdm.tables()["concept"].field_names)
    (folder / "concept.csv").write_text("\n".join([header, *concepts]) + "\n")
    (folder / "concept_ancestor.csv").write_text(
        "ancestor_concept_id,descendant_concept_id,min_levels_of_separation,max_levels_of_separation\n7,1,1,1\n1,1,0,0\n8,6,1,1\n"
    )
    definitions = [
        (1, "Hépatopathie stéatosique"),
        (2, "Œdème & Cœur"),
        (3, "Œdème & cœur"),
        (4, "心臓"),
    ]
    cohort = [(1, i) for i in range(30)] + [(2, i) for i in range(10)] + [(3, i) for i in range(5)] + [(4, 0), (1, 999)]
    (folder / "cohort_definition.csv").write_text(
        "cohort_definition_id,cohort_definition_name\n" + "".join(f"{n},{name}\n" for n, name in definitions),
        encoding="utf-8",
    )
    (folder / "cohort.csv").write_text(
        "cohort_definition_id,subject_id,cohort_start_date,cohort_end_date\n"
        + "".join(f"{n},{person_id(i)},2030-01-01,2030-12-31\n" for n, i in cohort)
    )


def write_images(folder: Path) -> None:
    """One CT slice for each of 20 patients, and all that a PACS folder holds besides."""
    import pydicom
    from pydicom.data import get_testdata_file

    folder.mkdir(parents=True)
    data = pydicom.dcmread(str(get_testdata_file("CT_small.dcm")))
    for number in range(20):
        data.PatientID = ipp(number) + " "
        data.SOPInstanceUID = f"1.2.3.{number}"
        data.save_as(folder / f"CANARY-NAME-{number}.dcm")
    data.PatientID = "CANARY-STRANGER"
    data.save_as(folder / "stranger.dcm")
    data.PatientID = ""
    data.save_as(folder / "nobody.dcm")
    whole = (folder / "CANARY-NAME-3.dcm").read_bytes()
    (folder / "sub").mkdir()
    (folder / "sub" / "again.dcm").write_bytes(whole)
    (folder / "sub" / "cut.dcm").write_bytes(whole[: len(whole) // 2])
    (folder / "report.txt").write_text("CANARY-TEXT")


def vcf_text(samples: list[str], records: int = 50) -> str:
    lines = [
        "##fileformat=VCFv4.2",
        "##bcftools_viewCommand=view -s CANARY-COMMAND",
        "##SAMPLE=<ID=CANARY-SAMPLE>",
        "##contig=<ID=chr1,length=1000,URL=CANARY>",
        '##INFO=<ID=AC,Number=A,Type=Integer,Description="Allele count">',
        '##INFO=<ID=END,Number=1,Type=Integer,Description="CANARY">',
        '##INFO=<ID=CARRIER,Number=1,Type=String,Description="Who">',
        '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">',
        '##FORMAT=<ID=NAME,Number=1,Type=String,Description="Name">',
        "\t".join(["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT", *samples]),
    ]
    for record in range(records):
        genotypes = [f"{(i + record) % 2}|{i % 2}:CANARY-{i}" for i in range(len(samples))]
        info = f"AC=3;CARRIER=CANARY-CARRIER;END={record + 2}"
        lines.append(
            "\t".join(["chr1", str(record + 1), f"rs{record}", "A", "C", ".", "PASS", info, "GT:NAME", *genotypes])
        )
    return "\n".join(lines) + "\n"
