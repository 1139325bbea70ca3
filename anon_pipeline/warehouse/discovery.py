"""Which files of a folder are tables, and of which: by name, by the folder they lie in, by their header.

Files are told apart by content (Parquet, compressed, text), their name only says which table they may be. Reading their
rows does not belong here.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from anon_pipeline.errors import BadInput
from anon_pipeline.warehouse.bytes_stream import compression_of
from anon_pipeline.warehouse.matching import TableMatch, match_header, match_table, table_of_header
from anon_pipeline.warehouse.records import Header, read_header

PARQUET_MAGIC = b"PAR1"
TABLE_SUFFIXES = (".csv", ".tsv", ".psv", ".parquet", ".pq", ".parq")
PERHAPS_SUFFIXES = (".txt", ".dat", ".asc", "")
COMPRESSED_SUFFIXES = (".gz", ".gzip", ".bz2", ".xz", ".zst", ".zip")
MISSPELT_OVERLAP = 0.5


@dataclass
class SourceFile:
    """One file: what it is and which table it was taken for. ``fault`` says why its rows cannot be read at all."""

    path: Path
    relative: str
    kind: str
    match: TableMatch | None = None
    header: Header | None = None
    compression: str | None = None
    fault: str = ""


def discover(folder: Path) -> tuple[list[SourceFile], list[str]]:
    """Every table file below a folder, in the order of their names, and the files that are none.

    Raises BadInput when the folder is missing or holds no table of the CDM.
    """
    if not folder.is_dir():
        raise BadInput(f"{folder} is not a folder")
    found: list[SourceFile] = []
    ignored: list[str] = []
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(each for each in folders if not each.startswith((".", "_")))
        for name in sorted(names):
            path = Path(place) / name
            relative = path.relative_to(folder).as_posix()
            source = None if name.startswith((".", "_")) else _source(path, relative)
            if source is None:
                ignored.append(relative)
            else:
                found.append(source)
    found.sort(key=lambda source: source.relative)
    if not any(source.match for source in found):
        raise BadInput(f"{folder} holds no table of OMOP CDM (no CSV or Parquet file is named after one)")
    return found, sorted(ignored)


def stem_of(name: str) -> str:
    """A file's name without what says its format."""
    while True:
        base, suffix = os.path.splitext(name)  # noqa: PTH122 (a name, not a path)
        if not base or suffix.lower() not in TABLE_SUFFIXES + PERHAPS_SUFFIXES[:-1] + COMPRESSED_SUFFIXES:
            return re.sub(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}", "", name)
        name = base


def _suffixes(name: str) -> str:
    lower = name.lower()
    for suffix in COMPRESSED_SUFFIXES:
        lower = lower.removesuffix(suffix)
    return Path(lower).suffix if Path(lower).suffix in TABLE_SUFFIXES + PERHAPS_SUFFIXES else "?"


def _source(path: Path, relative: str) -> SourceFile | None:
    if not path.is_file():
        return None
    suffix = _suffixes(path.name)
    match = _by_names(relative)
    if suffix == "?" and "." in path.name.strip("."):
        return None
    if path.stat().st_size == 0:
        return SourceFile(path, relative, "empty", match) if match else None
    with path.open("rb") as stream:
        if stream.read(4) == PARQUET_MAGIC:
            return _parquet(path, relative, match)
    compression = compression_of(path)
    if compression == "zip":
        return SourceFile(path, relative, "text", match, compression=compression, fault="zip archives are not read")
    if suffix in (".parquet", ".pq", ".parq"):
        return SourceFile(path, relative, "parquet", match, fault="not a Parquet file")
    header = read_header(path)
    source = SourceFile(path, relative, "text", match, header, compression)
    if header is None:
        source.fault = "no header can be read"
        return source if match or suffix in TABLE_SUFFIXES else None
    source.match = _settled(match, header.names)
    if source.match is None and suffix not in TABLE_SUFFIXES:
        return None
    return source


def _parquet(path: Path, relative: str, match: TableMatch | None) -> SourceFile:
    import pyarrow as pa
    import pyarrow.parquet as pq

    source = SourceFile(path, relative, "parquet", match)
    try:
        names = list(pq.read_schema(path).names)
    except (pa.ArrowException, OSError):
        source.fault = "the Parquet file cannot be read (cut short?)"
        return source
    source.header = Header(names, "", 0)
    source.match = _settled(match, names)
    return source


def _by_names(relative: str) -> TableMatch | None:
    parts = relative.split("/")
    folder = next((part for part in reversed(parts[:-1]) if "=" not in part), "")
    return match_table(stem_of(parts[-1]), stem_of(folder))


def _settled(match: TableMatch | None, header: list[str]) -> TableMatch | None:
    """A name that is only nearly a table's needs a header that agrees; a header can also speak for itself."""
    if match and match.how == "misspelt name":
        header_match = match_header(match.table, header)
        if header_match.recognised < MISSPELT_OVERLAP * len(header):
            match = None
    if match is None and (table := table_of_header(header)):
        return TableMatch(table, "header")
    return match
