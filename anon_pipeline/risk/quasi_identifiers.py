"""Which columns an outsider is likely to know about a person: from the schema, else from their names."""

from __future__ import annotations

import re
from typing import Any

NAMES = re.compile(
    r"(^|_|\b)(age|sex|sexe|gender|gender_concept_id|race|race_concept_id|ethnicity|ethnicity_concept_id|ethnie|"
    r"zip|zip_?code|postal|postal_?code|code_?postal|cp|commune|city|ville|department|departement|region|state|country|pays|"
    r"birth|birth_?(date|year|month)|year_of_birth|month_of_birth|day_of_birth|naissance|date_naissance|"
    r"marital|marital_status|situation_familiale|"
    r"occupation|profession|job|education|nationality|nationalite|native_country|location_id)($|_|\b)",
    re.IGNORECASE,
)


def quasi_identifiers(columns: list[str], schema: dict[str, Any] | None = None, most: int = 8) -> list[str]:
    """The declared quasi-identifiers (``quasi_identifiers`` of the schema, or columns of that role), else by name."""
    declared = (schema or {}).get("quasi_identifiers")
    if not declared:
        entries = (schema or {}).get("columns", {})
        if isinstance(entries, dict):
            declared = [c for c, e in entries.items() if isinstance(e, dict) and e.get("role") == "quasi_identifier"]
    if declared:
        return [c for c in declared if c in columns]
    return [c for c in columns if NAMES.search(c)][:most]
