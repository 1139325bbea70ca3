"""Dialects of CSV are kept, and files that cannot be used are told without a value."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from anon_pipeline.avatars.tablefile import read_table
from anon_pipeline.avatars.tablewriter import write_table
from anon_pipeline.errors import BadInput


def round_trip(tmp_path: Path, text: str | bytes) -> bytes:
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_bytes(text if isinstance(text, bytes) else text.encode())
    frame, dialect = read_table(source)
    write_table(frame, target, dialect)
    return target.read_bytes()


@pytest.mark.parametrize(
    "text",
    [
        "a,b,c\n1,2.5,x\n2,3.0,y\n",
        "a;b;c\n1;2,5;x\n2;3,25;y\n",
        '"a";"b"\n1;"x"\n2;"y"\n',
        "a\tb\n1\tNA\n2\t4\n",
        "a,b\n1,\n2,x\n",
        "a,b\n1.0,true\n,false\n",
        "zip,b\n01234,1\n00999,2\n",
        'a,b\n"x, y",1\nz,2\n',
        "a|b\n1|2\n3|4\n",
        "a,b\r\n1,x\r\n2,y\r\n",
        "﻿a,b\n1,é\n2,y\n",
        "a,b\n1,é\n2,y\n".encode("latin-1"),
        "when,n\n2020-01-02,1\n2021-03-04,2\n",
    ],
)
def test_a_file_written_back_is_the_same(tmp_path: Path, text: str | bytes) -> None:
    assert round_trip(tmp_path, text) == (text if isinstance(text, bytes) else text.encode())


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"\n\n", "empty"),
        (b"a,b\n", "no rows"),
        (b"a,a\n1,2\n", "duplicate column names"),
        (b"a,b\n1,CANARY\n1,2,CANARY\n", "line 3 has 3 fields, the header 2"),
        (b"PK\x03\x04\x00\x00binary", "not a text file"),
    ],
)
def test_bad_files(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "in.csv"
    path.write_bytes(content)
    with pytest.raises(BadInput, match=words) as caught:
        read_table(path)
    assert "CANARY" not in str(caught.value)


def test_a_ragged_line_beyond_the_sample(tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    path.write_text("a,b\n" + "1,2\n" * 5000 + "1,2,CANARY\n")
    with pytest.raises(BadInput, match="fields") as caught:
        read_table(path)
    assert "CANARY" not in str(caught.value)


def test_types_beyond_the_sample(tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    path.write_text("a,b\n" + "1,2\n" * 5000 + "1.5,word\n")
    frame, _ = read_table(path)
    assert frame["a"].dtype == float
    assert frame["b"].iloc[-1] == "word"


def test_parquet_keeps_its_types(tmp_path: Path) -> None:
    frame = pd.DataFrame({"a": np.arange(5, dtype="int32"), "b": ["x", None, "y", "x", "x"]})
    frame.to_parquet(tmp_path / "in.parquet")
    read, dialect = read_table(tmp_path / "in.parquet")
    write_table(read, tmp_path / "out.parquet", dialect)
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "out.parquet"), pd.read_parquet(tmp_path / "in.parquet"))
    table = pa.table(
        {
            "nullable": pd.array([True, None, False, True], dtype="boolean"),
            "dose": pa.array([Decimal("1.25"), None, Decimal("10.00"), Decimal("0.50")]),
            "hour": pa.array([1, None, 3, 86_399_000_000], pa.time64("us")),
            "stay": pa.array([1, 2, None, 4], pa.duration("s")),
        }
    )
    pq.write_table(table, tmp_path / "types.parquet")
    read, dialect = read_table(tmp_path / "types.parquet")
    assert [str(read[name].dtype) for name in ("dose", "hour", "stay")] == ["float64"] * 3
    write_table(read, tmp_path / "again.parquet", dialect)
    assert pq.read_table(tmp_path / "again.parquet").equals(table)
    (tmp_path / "bad.parquet").write_bytes(b"nothing")
    with pytest.raises(BadInput, match="not a Parquet file"):
        read_table(tmp_path / "bad.parquet")
