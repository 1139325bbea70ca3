"""Reading notes and patients from JSON lines, and writing results: streaming, one line at a time.

A line that cannot be read is not dropped: it goes to the quarantine with its number and a reason, never its content.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from anon_pipeline.errors import BadInput
from anon_pipeline.modalities.text import known as kn

LINE = "__line__"
MAXIMUM_PATIENT_LINE = 1 << 20


def read_documents(path: Path, refuse: Callable[[int, str], None]) -> Iterator[dict[str, Any]]:
    """Documents with their line number under LINE; ``refuse(line, reason)`` is told of every unreadable line."""
    try:
        stream = path.open("rb")
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror}") from None
    with stream:
        for number, raw in enumerate(stream, 1):
            if not raw.strip():
                continue
            try:
                row = json.loads(raw.decode("utf-8"))
            except UnicodeDecodeError:
                refuse(number, "not UTF-8")
                continue
            except (json.JSONDecodeError, RecursionError):
                refuse(number, "not JSON")
                continue
            if not isinstance(row, dict):
                refuse(number, "not a JSON object")
                continue
            row[LINE] = number
            yield row


def read_patients(path: Path, by: str = "patient_id") -> dict[str, kn.Record]:
    """Records by patient id, or by another field where a line has it (the warehouse's ``person_id``).

    Raises BadInput with the line of the first that cannot be read.
    """
    out: dict[str, kn.Record] = {}
    try:
        stream = path.open("rb")
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror}") from None
    with stream:
        for number, raw in enumerate(stream, 1):
            if not raw.strip():
                continue
            try:
                row = json.loads(raw.decode("utf-8"))
                made = kn.record({**row, "patient_id": row[by]} if row.get(by) is not None else row)
            except (UnicodeDecodeError, json.JSONDecodeError, KeyError, TypeError, AttributeError):
                raise BadInput(f"{path}, line {number}: a patient needs a JSON object with 'patient_id'") from None
            out[made.patient_id] = made
    return out


def read_staff(path: Path) -> list[str]:
    """One person a line, 'First Last'."""
    try:
        return [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError):
        raise BadInput(f"{path}: cannot be read as UTF-8 text") from None


def dump(row: dict[str, Any]) -> bytes:
    """One line of JSON, UTF-8; lone surrogates that an id may hold are escaped."""
    text = json.dumps(row, ensure_ascii=False)
    try:
        return text.encode("utf-8") + b"\n"
    except UnicodeEncodeError:
        return json.dumps(row).encode("ascii") + b"\n"
