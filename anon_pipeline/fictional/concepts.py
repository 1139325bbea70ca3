"""The concepts that the fictional hospital uses, read from ``concepts.csv``.

Standard ones have their true OMOP ids, names and codes; the hospital's own have ids over 2,000,000,000, which is the
OHDSI convention for local concepts.
"""

from __future__ import annotations

import csv
from functools import lru_cache
from importlib.resources import files

VOCABULARIES = {
    "None": "OMOP standardized vocabularies",
    "Gender": "OMOP Gender",
    "Visit": "OMOP Visit",
    "Type Concept": "OMOP Type Concept",
    "SNOMED": "Systematic Nomenclature of Medicine - Clinical Terms (IHTSDO)",
    "LOINC": "Logical Observation Identifiers Names and Codes (Regenstrief Institute)",
    "UCUM": "Unified Code for Units of Measure (Regenstrief Institute)",
    "RxNorm": "RxNorm (NLM)",
    "CCAM": "Classification commune des actes médicaux",
    "CHU-BIO": "Laboratory codes of the fictional hospital",
    "CHU-MES": "Bedside measurements of the fictional hospital",
    "CHU-DIAG": "Diagnoses of the fictional hospital",
    "CHU-MED": "Drugs of the fictional hospital",
    "CHU-ACTE": "Procedures of the fictional hospital",
    "CHU-OBS": "Observations of the fictional hospital",
    "CHU-DOC": "Document types of the fictional hospital",
}


@lru_cache(maxsize=1)
def concepts() -> tuple[dict[str, str], ...]:
    """The rows of ``concepts.csv``, ids as text."""
    text = files("anon_pipeline.fictional").joinpath("concepts.csv").read_text(encoding="utf-8")
    return tuple(csv.DictReader(text.splitlines()))


@lru_cache(maxsize=1)
def codes() -> dict[int, str]:
    """concept_id -> concept_code."""
    return {int(row["concept_id"]): row["concept_code"] for row in concepts()}


@lru_cache(maxsize=1)
def names() -> dict[int, str]:
    """concept_id -> concept_name."""
    return {int(row["concept_id"]): row["concept_name"] for row in concepts()}


def ancestors() -> list[tuple[int, int, int]]:
    """(ancestor, descendant, levels) of the subset's own hierarchy, each concept being its own ancestor at level 0."""
    parents = {int(row["concept_id"]): int(row["parent"]) for row in concepts() if row["parent"]}
    pairs = []
    for row in concepts():
        concept = int(row["concept_id"])
        if row["domain_id"] not in ("Condition", "Drug", "Procedure", "Measurement"):
            continue
        ancestor, level = concept, 0
        while True:
            pairs.append((ancestor, concept, level))
            if ancestor not in parents:
                break
            ancestor, level = parents[ancestor], level + 1
    return sorted(pairs)
