"""Records of a VCF's text, and their genotypes parsed in numba: many times faster than through htslib's structures.

Only what is written plainly is parsed: GT first, alleles below 100, haploid or diploid, as many columns as samples.
Anything else raises ``Unusual``, and the caller reads the file with cyvcf2 instead, which knows all of VCF.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anon_pipeline.compute.compiled import compiled
from anon_pipeline.modalities.genomics.inflating import pieces

LINES_AT_ONCE = 4096
_COLUMNS = 11
_CHROM, _POS, _ID, _REF, _ALT, _FILTER, _FORMAT = 0, 1, 2, 3, 4, 6, 8


class Unusual(Exception):
    """Something that only a whole VCF parser should read."""


@dataclass
class Fixed:
    """What a record says of its site, however it is read. ``passed``: no filter failed."""

    contig: str
    position: int
    identifier: str
    ref: str
    alts: list[str]
    passed: bool


@dataclass
class Record(Fixed):
    """One line before its genotypes are parsed."""

    buffer: NDArray[np.uint8]
    start: int
    end: int

    def calls(self, into: NDArray[np.int8]) -> tuple[int, int]:
        """Parse the genotypes to (2 x samples,) allele numbers, -1 missing, -2 beyond a haploid call.

        Returns how many calls are heterozygous, and how many of them have no phase. Raises Unusual.
        """
        status, het, unphased = _calls(self.buffer, self.start, self.end, into)
        if status:
            raise Unusual
        return het, unphased


def records(path: Path, samples: int) -> Iterator[Record]:
    """Every record in order. Raises Unusual, and ``inflating.Broken`` where the file is damaged."""
    columns = np.empty((LINES_AT_ONCE, _COLUMNS), np.int64)
    rest = b""
    for piece in pieces(path):
        text = rest + piece
        buffer = np.frombuffer(text, np.uint8)
        place = 0
        while True:
            count, place, status = _lines(buffer, place, samples, columns)
            if status:
                raise Unusual
            for ends in columns[:count].tolist():
                yield _record(text, buffer, ends)
            if count < LINES_AT_ONCE:
                break
        rest = text[place:]
    if rest:
        raise Unusual


def _record(text: bytes, buffer: NDArray[np.uint8], ends: list[int]) -> Record:
    form = text[ends[_FORMAT] + 1 : ends[_FORMAT + 1]]
    position = text[ends[_POS] + 1 : ends[_POS + 1]]
    if not (form == b"GT" or form.startswith(b"GT:")) or not position.isdigit():
        raise Unusual
    alt = text[ends[_ALT] + 1 : ends[_ALT + 1]].decode()
    return Record(
        text[ends[_CHROM] + 1 : ends[_CHROM + 1]].decode(),
        int(position),
        text[ends[_ID] + 1 : ends[_ID + 1]].decode(),
        text[ends[_REF] + 1 : ends[_REF + 1]].decode(),
        alt.split(",") if alt != "." else [],
        text[ends[_FILTER] + 1 : ends[_FILTER + 1]] in (b"PASS", b"."),
        buffer,
        ends[9] + 1,
        ends[10],
    )


@compiled(nogil=True)
def _lines(buffer: Any, place: int, samples: int, columns: Any) -> Any:
    """Fill ``columns`` (rows, 11) with a whole line's place before its first byte, of nine tabs, and of its end.

    Returns (lines found, where to go on, whether a line has too few columns). Header lines are passed over.
    """
    size = len(buffer)
    count = 0
    while place < size and count < len(columns):
        comment = buffer[place] == 35
        here = place
        if not comment:
            columns[count, 0] = place - 1
            found = 0
            while here < size and found < 9:
                byte = buffer[here]
                if byte == 9:
                    found += 1
                    columns[count, found] = here
                elif byte == 10:
                    return count, place, 1
                here += 1
            if found < 9:
                break
            guess = here + 4 * samples - 1
            if guess < size and buffer[guess] == 10:
                inside = 0
                for byte in buffer[here:guess]:
                    inside += byte == 10
                if inside == 0:
                    here = guess
        while here < size and buffer[here] != 10:
            here += 1
        if here == size:
            break
        if not comment:
            columns[count, 10] = here
            count += 1
        place = here + 1
    return count, place, 0


@compiled(nogil=True)
def _calls(buffer: Any, start: int, end: int, into: Any) -> Any:
    samples = len(into) // 2
    if end - start == 4 * samples - 1:
        wrong, het, unphased = 0, 0, 0
        for sample in range(samples):
            place = start + 4 * sample
            first = np.uint8(buffer[place] - np.uint8(48))
            mark = buffer[place + 1]
            second = np.uint8(buffer[place + 2] - np.uint8(48))
            wrong |= (first > 9) | (second > 9) | ((mark != 124) & (mark != 47))
            differ = first != second
            het += differ
            unphased += differ & (mark == 47)
            into[2 * sample] = first
            into[2 * sample + 1] = second
        for sample in range(samples - 1):
            wrong |= buffer[start + 4 * sample + 3] != 9
        if wrong == 0:
            return 0, het, unphased
    return _any_calls(buffer, start, end, into)


@compiled(nogil=True)
def _any_calls(buffer: Any, start: int, end: int, into: Any) -> Any:
    """The same for haploid and missing calls, two-digit alleles, and fields beside GT."""
    samples = len(into) // 2
    place = start
    het, unphased = 0, 0
    for sample in range(samples):
        alleles = 0
        slashed = False
        into[2 * sample + 1] = -2
        while True:
            number, digits = 0, 0
            if place < end and buffer[place] == 46:
                number = -1
                place += 1
            else:
                while place < end and 48 <= buffer[place] <= 57:
                    number = 10 * number + buffer[place] - 48
                    digits += 1
                    place += 1
                if digits == 0 or digits > 2:
                    return 1, 0, 0
            if alleles == 2:
                return 1, 0, 0
            into[2 * sample + alleles] = number
            alleles += 1
            if place == end or buffer[place] == 9 or buffer[place] == 58:
                break
            if buffer[place] != 124 and buffer[place] != 47:
                return 1, 0, 0
            slashed = buffer[place] == 47
            place += 1
        while place < end and buffer[place] != 9:
            place += 1
        if (place == end) != (sample == samples - 1):
            return 1, 0, 0
        place += 1
        first, second = into[2 * sample], into[2 * sample + 1]
        if first >= 0 and second >= 0 and first != second:
            het += 1
            unphased += slashed
    return 0, het, unphased
