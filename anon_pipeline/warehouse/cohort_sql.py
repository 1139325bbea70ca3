"""Deciding whether a policy's cohort statement may run: one SELECT (or WITH ... SELECT), nothing else.

This is the first of two locks. The second is the connection: DuckDB files are opened read-only without access to the
file system, PostgreSQL in a read-only transaction.
"""

from __future__ import annotations

import re

from anon_pipeline.errors import BadInput

_SKIPPED = re.compile(
    r"""
    --[^\n]*                        # comment to the end of the line
  | /\*.*?\*/                       # block comment
  | '(?:[^']|'')*'                  # string
  | "(?:[^"]|"")*"                  # quoted name
  | \$(\w*)\$.*?\$\1\$              # dollar-quoted string
    """,
    re.DOTALL | re.VERBOSE,
)
_FORBIDDEN = re.compile(
    r"\b(insert|update|delete|merge|create|alter|drop|truncate|grant|revoke|copy|attach|detach|install|load|pragma|call"
    r"|execute|prepare|vacuum|export|import|checkpoint|into|lock|listen|notify|begin|commit|rollback|reset)\b",
    re.IGNORECASE,
)


def checked_select(sql: str, where: str) -> str:
    """The statement without comments at its end and without its final semicolon.

    Raises BadInput naming ``where`` when it is not exactly one SELECT or WITH.
    """
    bare = _SKIPPED.sub(lambda found: " " if found.group(0).startswith(("--", "/*")) else "''", sql).strip()
    bare = bare.rstrip("; \n\t\r")
    if not bare:
        raise BadInput(f"{where}: the statement is empty")
    if ";" in bare:
        raise BadInput(f"{where}: one statement was expected")
    if not re.match(r"\(*\s*(select|with)\b", bare, re.IGNORECASE):
        raise BadInput(f"{where}: a SELECT or WITH statement was expected")
    if found := _FORBIDDEN.search(bare):
        raise BadInput(f"{where}: {found.group(0).upper()} is not allowed in a cohort's statement")
    depth = 0
    for character in bare:
        depth += (character == "(") - (character == ")")
        if depth < 0:
            break
    if depth != 0:
        raise BadInput(f"{where}: unbalanced parentheses")
    return _without_end(sql)


def _without_end(sql: str) -> str:
    """Cut the semicolon and what follows it (white space and comments only: one statement was checked above)."""
    position = 0
    while position < len(sql):
        if found := _SKIPPED.match(sql, position):
            position = found.end()
        elif sql[position] == ";":
            return sql[:position]
        else:
            position += 1
    return sql
