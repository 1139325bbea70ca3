# ruff: noqa: PLW2901
"""Reading and expanding the grammar of fictional documents. What a slot becomes is in ``slots``.

Files ``grammar/*.txt``: ``@rule`` opens a rule, each further line is one alternative (``| a | b`` several words),
``<rule>`` expands a rule, ``[SLOT]`` a slot, ``\\n`` breaks the line. One alternative in six of a rule that has six
or more is held out for the development set.
"""

from __future__ import annotations

import random
import re
import zlib
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "grammar"
PIECE = re.compile(r"(<[a-z_0-9]+>|\[[A-Za-z_0-9]+\])")
RULE = re.compile(r"<[a-z_0-9]+>\Z")
NEVER_HELD = {"document", "en_document"}


@cache
def rules(dev: bool) -> dict[str, list[list[str]]]:
    """Rule -> alternatives, each a list of pieces; ``dev`` chooses the held-out alternatives where there are any."""
    raw: dict[str, list[str]] = {}
    name = ""
    for path in sorted(FOLDER.glob("*.txt")):
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.startswith("@"):
                name = line[1:].strip()
            elif line.startswith("| "):
                raw.setdefault(name, []).extend(x.strip() for x in line[2:].split(" | ") if x.strip())
            elif line.strip():
                raw.setdefault(name, []).append(line.replace("\\n", "\n").replace("\\t", "\t"))
    chosen: dict[str, list[list[str]]] = {}
    for rule, lines in raw.items():
        held = [x for x in lines if zlib.crc32(x.encode()) % 6 == 0]
        if len(lines) >= 6 and held and rule not in NEVER_HELD:
            lines = held if dev else [x for x in lines if x not in set(held)]
        chosen[rule] = [PIECE.split(line) for line in lines]
    return chosen


def alternative(rule: str, rng: random.Random, dev: bool) -> list[str]:
    """The pieces of one alternative; one draw in three comes from ``rule_made``, the composed ones, where it exists."""
    chosen = rules(dev)
    composed = chosen.get(f"{rule}_made")
    return rng.choice(composed if composed and rng.random() < 0.35 else chosen[rule])


def word(rule: str, rng: random.Random, dev: bool) -> str:
    """One alternative of a rule, its own rules expanded; slots stay as they are written."""
    return "".join(word(p[1:-1], rng, dev) if RULE.match(p) else p for p in alternative(rule, rng, dev))
