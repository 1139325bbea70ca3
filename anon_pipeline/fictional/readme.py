"""The README that every fictional hospital carries."""

README = """\
# A fictional hospital

Everything here is made up: no person, address, telephone number or document is real.

| path | what |
|---|---|
| `omop/*.parquet` | OMOP CDM 5.4 tables, lower-case names, BIGINT ids (some negative, some over 2^53) |
| `warehouse.duckdb` | the same tables in DuckDB |
| `patients.jsonl` | who each person is on paper: one JSON object a line; `patient_id` is the IPP |
| `staff.jsonl` | the physicians |
| `genomics/cohort.vcf.gz` (`.tbi`) | phased genotypes of all patients (GRCh38), samples named by IPP |
| `dicom/IPP/STUDY/N.dcm` | CT with segmentation, ultrasound, chest film, some screen saves |
| `associations.json` | the planted associations across modalities, with their true effects |

With `--tables-only` there are only `omop`, `warehouse.duckdb`, `associations.json` and this file.

Keys between modalities: `person.person_source_value` is the IPP, which is the VCF's sample name and DICOM's PatientID;
`note.person_id` is `person.person_id`. Cohorts are in `cohort` and `cohort_definition`.
"""
