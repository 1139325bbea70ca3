"""``anon-pipeline tables`` through its command line: files, exit codes, reports."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from anon_pipeline.cli.main import app

runner = CliRunner()


@pytest.fixture
def table(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "pidnum": rng.permutation(300) + 10_000,
            "age": rng.integers(20, 90, 300),
            "group": np.where(rng.random(300) < 0.5, "a", "b"),
            "value": np.where(rng.random(300) < 0.1, np.nan, rng.standard_normal(300).round(2)),
        }
    )
    path = tmp_path / "in.csv"
    frame.to_csv(path, index=False, sep=";", na_rep="NA")
    return path


def call(*arguments: str | Path) -> Any:
    return runner.invoke(app, ["tables", *map(str, arguments)])


def test_a_run(table: Path, tmp_path: Path) -> None:
    out, report = tmp_path / "out.csv", tmp_path / "report.json"
    result = call(table, out)
    assert result.exit_code == 0, result.output
    assert "dropped: pidnum" in result.output
    made = pd.read_csv(out, sep=";")
    assert list(made.columns) == ["age", "group", "value"]
    assert "NA" in out.read_text()
    again = tmp_path / "again.csv"
    assert call(table, again, "--quiet").output == ""
    assert again.read_bytes() == out.read_bytes()
    assert not report.exists()


def test_json_and_other_formats(table: Path, tmp_path: Path) -> None:
    result = call(table, tmp_path / "out.parquet", "--json", "--n", "123")
    account = json.loads(result.output)["tables"]
    assert account["rows_out"] == 123
    assert len(pd.read_parquet(tmp_path / "out.parquet")) == 123


@pytest.mark.parametrize(
    ("content", "options"),
    [
        ("", []),
        ("a,b\n", []),
        ("a,a\n1,2\n", []),
        ("a,b\n1\n", []),
        ("a,b\n" + "1,2\n3,4\n" * 10, []),
        ("a,b\n" + "1,2\n3,4\n" * 50, ["--k", "3"]),
        ("a,b\n" + "1,2\n3,4\n" * 50, ["--schema", "absent.yaml"]),
    ],
)
def test_bad_input_exits_2_and_writes_nothing(tmp_path: Path, content: str, options: list[str]) -> None:
    source, out = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text(content)
    result = call(source, out, *options)
    assert result.exit_code == 2, result.output
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.csv"]


def test_never_onto_itself(table: Path) -> None:
    before = table.read_bytes()
    assert call(table, table).exit_code == 2
    assert table.read_bytes() == before


def test_a_broken_verdict(table: Path, tmp_path: Path, monkeypatch) -> None:
    """A limit that cannot hold is broken: the attacks run for real (once), only the limits are made impossible."""
    import anon_pipeline.risk.report as risk

    real, told = risk.evaluate, {}

    def strict(*arguments: Any, **options: Any) -> dict[str, Any]:
        if not told:
            told.update(real(*arguments, **{**options, "quick": True}))
        return {**told, "verdict": "broken"}

    monkeypatch.setattr(risk, "evaluate", strict)
    out, report = tmp_path / "out.csv", tmp_path / "report.json"
    holdout = tmp_path / "holdout.csv"
    lines = table.read_text().splitlines()
    holdout.write_text("\n".join([lines[0], *lines[200:]]) + "\n")
    for force, code in ((False, 3), (True, 0)):
        arguments = [table, out, "--holdout", holdout, "--report", report, *(["--force"] if force else [])]
        result = call(*arguments)
        assert result.exit_code == code, result.output
        assert out.exists() == force
        written = json.loads(report.read_text())
        assert written["verdict"] == "broken"
        assert written["forced"] is force
        assert written["written"] is force
