"""Names that detection knows beyond those that surrogates are drawn from: female, male, last, forename_word."""

from __future__ import annotations

from functools import cache
from pathlib import Path

NAMES = Path(__file__).parent / "names.txt"


@cache
def more_names() -> dict[str, list[str]]:
    """Sorted names by list; ``forename_word`` are first names that are ordinary words as well."""
    out: dict[str, list[str]] = {}
    name = ""
    for line in NAMES.read_text(encoding="utf-8").splitlines():
        if line.startswith("@"):
            name = line[1:]
        else:
            out.setdefault(name, []).extend(x.strip() for x in line.split("|") if x.strip())
    return {k: sorted(set(v)) for k, v in out.items()}
