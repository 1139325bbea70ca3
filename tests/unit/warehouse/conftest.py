"""Folders of OMOP files, small and as bad as they come, and ways to look at what became of them."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from anon_pipeline.keys import Key
from anon_pipeline.warehouse import LoadReport, load_folder
from anon_pipeline.warehouse.load_report import FileReport


class Loaded:
    """A loaded folder: its report and its warehouse."""

    def __init__(self, report: LoadReport, path: Path) -> None:
        self.report = report
        self.path = path

    def rows(self, sql: str) -> list[tuple]:
        with duckdb.connect(str(self.path), read_only=True) as connection:
            return connection.execute(sql).fetchall()

    def file(self, name: str) -> FileReport:
        return next(each for each in self.report.files if each.file == name)


@pytest.fixture
def load(tmp_path: Path) -> Callable[[dict[str, str | bytes]], Loaded]:
    """Write files (.gz names are compressed when given as text), load them, and check that no row is lost."""

    def write_and_load(files: dict[str, str | bytes]) -> Loaded:
        folder, target = tmp_path / "omop", tmp_path / "warehouse.duckdb"
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            data = content.encode() if isinstance(content, str) else content
            path.write_bytes(gzip.compress(data) if name.endswith(".gz") and isinstance(content, str) else data)
        report = load_folder(folder, target)
        for each in report.files:
            assert each.rows_in == each.loaded + each.rejected
        loaded = Loaded(report, target)
        assert loaded.rows("SELECT count(*) FROM rejects.rows") == [(report.rejected,)]
        return loaded

    return write_and_load


@pytest.fixture
def key() -> Key:
    return Key(hashlib.sha256(b"a key of the tests").digest())
