"""Finding the SQL statements of ``sql/``, one a file, by name.

In a checkout they lie in the top-level ``sql/`` folder; an installed package finds them in ``share/anon-pipeline/sql``
below the environment (pyproject's data-files). What a statement says belongs in its file, and nowhere else.
"""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path

from anon_pipeline.errors import BadInput

CHECKOUT = Path(__file__).resolve().parents[2] / "sql"
INSTALLED = Path(sys.prefix) / "share" / "anon-pipeline" / "sql"


def folder() -> Path:
    """Where the statements are. Raises BadInput when neither place holds them."""
    for place in (CHECKOUT, INSTALLED):
        if (place / "extraction").is_dir():
            return place
    raise BadInput(f"the sql folder is neither at {CHECKOUT} nor at {INSTALLED}")


@cache
def statement(name: str) -> str:
    """The statement of ``sql/NAME.sql``, for instance ``extraction/person``; without its final semicolon."""
    path = folder() / f"{name}.sql"
    try:
        return path.read_text(encoding="utf-8").strip().removesuffix(";")
    except OSError as error:
        raise BadInput(f"statement {name}: {error.strerror}") from None
