"""A policy that follows from a scan: what may leave and how, every column's role as a comment to be read and signed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from anon_pipeline.cohort import BIOLOGY_TABLES, OBSERVATIONAL_TABLES
from anon_pipeline.scan.names import table_stem
from anon_pipeline.scan.roles import Role

DEFAULT_LIMITS = Path(__file__).parent.parent / "risk" / "default_limits.yaml"

TREATMENT = {
    Role.DIRECT.value: "never leaves",
    Role.QUASI.value: "leaves only in avatars",
    Role.SENSITIVE.value: "leaves only in avatars",
    Role.FREE_TEXT.value: "withheld until the text modality is chosen",
    Role.TECHNICAL.value: "replaced or left out",
}


def propose(report: dict[str, Any]) -> str:
    """The policy file as text; ``anon_pipeline.policy.load_policy`` accepts it."""
    stems = {table_stem(t["table"]) for t in report["tables"] if t["rows"]}
    people = max((t["rows"] for t in report["tables"] if table_stem(t["table"]) == "person"), default=None)
    text = any(c["role"] == Role.FREE_TEXT.value for t in report["tables"] for c in t["columns"])
    omop = bool(stems & set(OBSERVATIONAL_TABLES))
    tracks = {
        "observational": "synthetic" if omop or not stems & set(BIOLOGY_TABLES) else "withheld",
        "biology": "synthetic" if stems & set(BIOLOGY_TABLES) else "withheld",
        "genomics": "withheld",
        "text": "withheld",
        "imaging": "withheld",
    }
    lines = [
        "# Proposed from a scan; to be read, corrected and signed by the person responsible for the data.",
        "schema: anon-pipeline/policy/1",
        "title: Proposed from a scan",
        "modalities:",
    ]
    for modality, track in tracks.items():
        lines += [f"  {modality}:", f"    track: {track}"]
        if modality == "text" and text:
            lines.append(
                "    # free text was found: choose deidentified or synthetic once its residual risk is measured"
            )
    k = 60 if people is None or people >= 600 else max(20, people // 10)
    lines += [
        "avatars:",
        f"  k: {k}",
        "release:",
        "  access: controlled",
        "  small_cell: 11",
        "# The role of every column:",
    ]
    for table in report["tables"]:
        lines.append(f"#   {_plain(table['table'])} ({table['rows']} rows)")
        for column in table["columns"]:
            role = column["role"]
            told = ", ".join([role.replace("_", " "), TREATMENT[role], *_promise(column)])
            lines.append(f"#     {_plain(column['column'])}: {told}")
        for cell in table["kmap"][-1:]:
            names = ", ".join(_plain(c) for c in cell["columns"])
            lines.append(f"#     worst three together ({names}): {cell['rows_alone']} rows stand alone")
    content = DEFAULT_LIMITS.read_text(encoding="utf-8")
    lines.append(content[content.index("limits:\n") :].rstrip("\n"))
    return "\n".join(lines) + "\n"


def _promise(column: dict[str, Any]) -> list[str]:
    """What an empty column would be once filled."""
    return ["empty", *column["evidence"][1:]] if column["evidence"][:1] == ["empty"] else []


def _plain(name: str) -> str:
    """A name on one line of a comment."""
    return " ".join(name.split())
