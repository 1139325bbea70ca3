"""Cohort names: from whatever a hospital calls a cohort to ``^[a-z0-9_-]+$``."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

MAXIMUM_LENGTH = 60


def slug(text: str) -> str:
    """Lower-case letters, digits, '_' and '-' only: accents, ligatures and apostrophes are taken off. May be empty."""
    text = text.replace("œ", "oe").replace("Œ", "OE").replace("æ", "ae").replace("Æ", "AE").replace("ß", "ss")
    bare = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9_]+", "-", bare.lower()).strip("-")[:MAXIMUM_LENGTH].strip("-")


def cohort_slugs(cohorts: Sequence[tuple[int, str | None]]) -> list[str]:
    """One distinct name a cohort, in the order given: (definition id, name or None).

    A cohort without a usable name is ``cohort-ID``; each of several cohorts with the same name gets its id after it, so
    that a name never changes hands when a cohort is added before it.
    """
    bare = [slug(name or "") or f"cohort-{definition_id}" for definition_id, name in cohorts]
    taken = [name if bare.count(name) == 1 else f"{name}-{cohorts[i][0]}" for i, name in enumerate(bare)]
    names: list[str] = []
    for name in taken:
        unique, number = name, 2
        while unique in names:
            unique, number = f"{name}-{number}", number + 1
        names.append(unique)
    return names
