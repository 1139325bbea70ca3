"""The text as it reads: accents composed, invisible characters left out, with the way back to the original's offsets.

'De' + combining acute and 'D' + zero-width space + 'e' look like names to a reader and must to a detector. What is
outside of a replaced span stays as it was written, character by character.
"""

from __future__ import annotations

import re
import unicodedata
from array import array
from typing import Any, NamedTuple

INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufe00-\ufe0f\ufeff]"
)


class Composed(NamedTuple):
    """``starts[i]``, ``ends[i]``: where in the original the i-th character of ``text`` begins and ends."""

    text: str
    starts: array[int]
    ends: array[int]


def compose(text: str) -> Composed | None:
    """None where the text reads as it is written, as nearly all do."""
    if unicodedata.is_normalized("NFC", text) and not INVISIBLE.search(text):
        return None
    out: list[str] = []
    starts, ends = array("I"), array("I")
    position, size = 0, len(text)
    while position < size:
        end = position + 1
        while end < size and (unicodedata.combining(text[end]) or INVISIBLE.match(text[end])):
            end += 1
        piece = unicodedata.normalize("NFC", INVISIBLE.sub("", text[position:end]))
        visible = end
        while visible > position and INVISIBLE.match(text[visible - 1]):
            visible -= 1
        for char in piece:
            out.append(char)
            starts.append(position)
            ends.append(visible)
        position = end
    return Composed("".join(out), starts, ends)


def restore(result: dict[str, Any], original: str, read: Composed, replaced: list[dict[str, Any]]) -> dict[str, Any]:
    """A result on ``read.text`` as one on ``original``. replaced: the entities that ``surrogates`` stand for."""
    out: list[str] = []
    placed: list[dict[str, int]] = []
    position = length = 0
    for entity, new in zip(replaced, result["surrogates"], strict=True):
        start, end = max(read.starts[entity["start"]], position), read.ends[entity["end"] - 1]
        value = result["text"][new["start"] : new["end"]]
        before = original[position:start]
        out += [before, value]
        length += len(before)
        placed.append({"start": length, "end": length + len(value)})
        length += len(value)
        position = max(end, position)
    out.append(original[position:])
    entities = [
        {**entity, "start": read.starts[entity["start"]], "end": read.ends[entity["end"] - 1]}
        for entity in result["entities"]
    ]
    return {**result, "text": "".join(out), "entities": entities, "surrogates": placed}
