"""``anon-pipeline warehouse load``: a folder of OMOP files to one DuckDB file, and a report of everything it took.

The file is written under a hidden name and renamed at the end. One transaction a file: a file that turns out to be
broken half-way leaves nothing, or is read again with the careful reader. What becomes of a file's batches is in
``file_loading.py``; which files there are in ``discovery.py``.

Layout of the warehouse: schema ``main`` holds every table of the CDM; ``other`` the tables that it does not know, as
text; ``rejects.rows`` the records that could not be loaded and ``rejects.cells`` the values that were left empty, with
file, line, code and content; ``meta.files`` what was loaded from what.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import duckdb

from anon_pipeline.errors import BadInput, PermanentFailure, TransientFailure, VerdictBroken
from anon_pipeline.warehouse import cdm
from anon_pipeline.warehouse.casting import macros
from anon_pipeline.warehouse.discovery import SourceFile, discover
from anon_pipeline.warehouse.duckdb_file import is_duckdb, quoted
from anon_pipeline.warehouse.file_loading import FileLoader
from anon_pipeline.warehouse.load_report import FileReport, LoadReport
from anon_pipeline.warehouse.progress import progress

__all__ = ["LoadReport", "load_folder"]

MEMORY_LIMIT = "1GB"
REJECTS = (
    "CREATE SCHEMA rejects",
    "CREATE TABLE rejects.rows (table_name VARCHAR, file VARCHAR, line BIGINT, record BIGINT, reason VARCHAR, "
    "column_name VARCHAR, content VARCHAR)",
    "CREATE TABLE rejects.cells (table_name VARCHAR, file VARCHAR, line BIGINT, record BIGINT, reason VARCHAR, "
    "column_name VARCHAR, value VARCHAR)",
    "CREATE SCHEMA other",
    "CREATE SCHEMA meta",
    "CREATE TABLE meta.files (file VARCHAR, sha256 VARCHAR, size BIGINT, table_name VARCHAR, status VARCHAR, "
    "rows_in BIGINT, loaded BIGINT, rejected BIGINT)",
)


def load_folder(
    folder: Path | str,
    target: Path | str,
    *,
    quiet: bool = True,
    strict: bool = False,
    memory_limit: str = MEMORY_LIMIT,
) -> LoadReport:
    """Load every table below ``folder`` into ``target``, which is replaced at the end when it is a warehouse.

    With ``strict``, raises VerdictBroken and writes nothing when a row is rejected or a file is broken. Raises BadInput
    when the folder holds no table of the CDM or the target is another kind of file, TransientFailure when another load
    is writing the same target or the disk is full.
    """
    folder, target = Path(folder), Path(target)
    sources, ignored = discover(folder)
    if target.is_dir() or (target.exists() and target.stat().st_size and not is_duckdb(target)):
        raise BadInput(f"{target} exists and is not a DuckDB file: it is not replaced")
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.partial")
    connection = _connect(partial, memory_limit)
    try:
        report = LoadReport(str(folder), str(target), cdm.VERSION, ignored_files=ignored)
        for statement in (*REJECTS, *macros(), *map(cdm.create_statement, cdm.tables())):
            connection.execute(statement).fetchall()
        loader = FileLoader(connection, quiet)
        for source in progress(sources, "loading", "file", quiet):
            report.files.append(_load_one(loader, source))
        _summarise(connection, report, loader)
        if strict and report.faults:
            raise VerdictBroken(f"loading {folder}: " + "; ".join(report.faults))
        connection.execute("CHECKPOINT").fetchall()
        connection.close()
        partial.chmod(0o600)
        Path(f"{target}.wal").unlink(missing_ok=True)  # of a warehouse that is no more
        partial.replace(target)
    except duckdb.OutOfMemoryException:
        raise TransientFailure(f"loading {folder}: not enough memory ({memory_limit})") from None
    except duckdb.IOException as error:
        raise TransientFailure(f"loading {folder}: the disk failed ({type(error).__name__})") from None
    except duckdb.Error as error:
        raise PermanentFailure(f"loading {folder}: the database failed ({type(error).__name__})") from None
    finally:
        connection.close()
        _remove(partial)
    return report


def _connect(partial: Path, memory_limit: str) -> duckdb.DuckDBPyConnection:
    try:
        if partial.exists() and _is_locked(partial):
            raise TransientFailure(f"{partial.parent}: another load is writing the same warehouse")
        _remove(partial)
        settings: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": memory_limit,
            "temp_directory": str(partial) + ".tmp",
            "python_enable_replacements": "false",
            "threads": "2",
        }
        before = os.umask(0o077)
        try:
            return duckdb.connect(str(partial), config=settings)
        finally:
            os.umask(before)
    except duckdb.IOException:
        raise TransientFailure(f"{partial.parent}: a warehouse cannot be written there") from None


def _is_locked(partial: Path) -> bool:
    """Whether another process holds the file, as DuckDB does while it writes (a POSIX lock)."""
    import fcntl

    with partial.open("rb+") as stream:
        try:
            fcntl.lockf(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
    return False


def _remove(partial: Path) -> None:
    import shutil

    partial.unlink(missing_ok=True)
    Path(str(partial) + ".wal").unlink(missing_ok=True)
    shutil.rmtree(str(partial) + ".tmp", ignore_errors=True)


def _load_one(loader: FileLoader, source: SourceFile) -> FileReport:
    with source.path.open("rb") as stream:
        sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
    kind = source.kind + (f" ({source.compression})" if source.compression else "")
    report = FileReport(source.relative, sha256, source.path.stat().st_size, kind)
    if source.match:
        report.table, report.recognised_by = source.match.table, source.match.how
    loader.load(source, report)
    if report.rows_in != report.loaded + report.rejected:
        raise PermanentFailure(
            f"{source.relative}: {report.rows_in} rows read do not make "
            f"{report.loaded} loaded and {report.rejected} rejected"
        )
    return report


def _summarise(connection: duckdb.DuckDBPyConnection, report: LoadReport, loader: FileLoader) -> None:
    for name, table in cdm.tables().items():
        if not any(each.table == name for each in report.files):
            report.missing_tables.append(name)
            continue
        key = quoted(table.primary_key) if table.primary_key else "NULL"
        rows, keys, distinct = connection.execute(
            f"SELECT count(*), count({key}), count(DISTINCT {key}) FROM main.{quoted(name)}"
        ).fetchall()[0]
        report.tables[name] = rows
        if keys > distinct:
            report.repeated_keys[name] = keys - distinct
    report.other_tables = dict(sorted(loader.other_tables.items()))
    rows = [
        (each.file, each.sha256, each.size, each.table, each.status, each.rows_in, each.loaded, each.rejected)
        for each in report.files
    ]
    connection.executemany("INSERT INTO meta.files VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)
