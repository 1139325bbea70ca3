"""Great Expectations on what would leave: the suites of ``gx_suites`` run in this process, one finding a table and
category.

GX keeps raw offending values in its results in every format but BOOLEAN_ONLY, and its Data Docs load from the network:
so results are asked for as BOOLEAN_ONLY, only counted, and no context, report or store outlives the call.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow.parquet as pq

from anon_pipeline.quality.gx_frames import frame_of, schema_of
from anon_pipeline.quality.gx_suites import EARLIEST, IDENTIFYING, LATEST, SUITES, TYPES, TableSuite

if TYPE_CHECKING:
    import great_expectations as gx

Finding = dict[str, Any]
Tables = dict[str, Path]


def expectations(folder: Path, *others: Path) -> list[Finding]:
    """Findings on every known table (``TABLE.parquet``) below the folders of one release.

    Keys are looked up across all the folders. A finding is ``{name, passed, value, limit, blocking, detail}``:
    ``name`` is ``quality/TABLE/CATEGORY``, ``value`` how many expectations failed, ``limit`` 0. An empty table that
    is not ``person`` is told but does not block. Without any known table the list is empty.
    """
    tables = {
        path.stem: path for root in (folder, *others) for path in sorted(root.rglob("*.parquet")) if path.stem in SUITES
    }
    if not tables:
        return []
    runner = _Runner()
    findings: list[Finding] = []
    for name in SUITES:
        if name in tables:
            findings.extend(_judge(name, tables, runner))
    if "person" not in tables:
        findings.append(_finding("quality/person/rows", 1, 1))
    return findings


def _judge(name: str, tables: Tables, runner: _Runner) -> Iterator[Finding]:
    suite = SUITES[name]
    schema = schema_of(tables[name])
    rows = pq.read_metadata(tables[name]).num_rows
    frame = frame_of(name, tables)
    present = set(schema["column"])
    about_schema = {"columns": _columns(suite), "types": _types(schema)}
    about_names = {"identifying": _identifying()}
    about_rows = {
        "ids": _ids(suite, present),
        "keys": _keys(frame),
        "dates": _dates(suite, present, frame),
        "ranges": _ranges(suite, present, frame),
    }
    yield from _findings(name, runner, schema, about_schema)
    yield from _findings(name, runner, schema[schema["filled"]], about_names)
    if rows:
        yield from _findings(name, runner, frame, {"rows": _rows(), **about_rows})
    else:
        yield _finding(f"quality/{name}/rows", 1, 1, not suite.may_be_empty)


def _findings(name: str, runner: _Runner, data: Any, expected: dict[str, list[Any]]) -> Iterator[Finding]:
    asked = {category: items for category, items in expected.items() if items}
    if not len(data) or not asked:
        return
    for category, failed in runner.failures(data, asked).items():
        yield _finding(f"quality/{name}/{category}", failed, len(asked[category]))


def _finding(name: str, failed: int, asked: int, blocking: bool = True) -> Finding:
    return {
        "name": name,
        "passed": failed == 0,
        "value": float(failed),
        "limit": 0.0,
        "blocking": blocking,
        "detail": f"{failed} of {asked} expectations failed",
    }


def _columns(suite: TableSuite) -> list[Any]:
    import great_expectations.expectations as gxe

    return [gxe.ExpectColumnDistinctValuesToContainSet(column="column", value_set=list(suite.required))]


def _types(schema: Any) -> list[Any]:
    import great_expectations.expectations as gxe

    allowed = []
    for name in schema["column"]:
        rule = next((types for pattern, types in TYPES if re.search(pattern, name)), None)
        types = rule or tuple(schema.loc[schema["column"] == name, "type"])
        allowed += [(name, kind) for kind in types]
    return [gxe.ExpectColumnPairValuesToBeInSet(column_A="column", column_B="type", value_pairs_set=allowed)]


def _identifying() -> list[Any]:
    import great_expectations.expectations as gxe

    return [gxe.ExpectColumnValuesToNotMatchRegex(column="column", regex=IDENTIFYING)]


def _rows() -> list[Any]:
    import great_expectations.expectations as gxe

    return [gxe.ExpectTableRowCountToBeBetween(min_value=1)]


def _ids(suite: TableSuite, present: set[str]) -> list[Any]:
    import great_expectations.expectations as gxe

    made: list[Any] = [
        gxe.ExpectColumnValuesToNotBeNull(column=column)
        for column in suite.required
        if column in present and not column.endswith("_text")
    ]
    if suite.identifier in present:
        made.append(gxe.ExpectColumnValuesToBeUnique(column=suite.identifier))
    return made


def _keys(frame: Any) -> list[Any]:
    import great_expectations.expectations as gxe

    return [
        gxe.ExpectColumnValuesToBeInSet(column=column, value_set=[True])
        for column in map(str, frame.columns)
        if column.startswith("_known_")
    ]


def _dates(suite: TableSuite, present: set[str], frame: Any) -> list[Any]:
    import great_expectations.expectations as gxe

    earliest: Any = pd.Timestamp(EARLIEST)
    latest: Any = pd.Timestamp(LATEST)
    made: list[Any] = [
        gxe.ExpectColumnPairValuesAToBeGreaterThanB(
            column_A=later, column_B=earlier, or_equal=True, ignore_row_if="either_value_is_missing"
        )
        for earlier, later in suite.ordered
        if {earlier, later} <= present
    ]
    for column in map(str, frame.columns):
        if column.endswith(("_date", "_datetime")):
            made += _between(frame, column, earliest, latest)
    if "_born" in frame:
        made.append(gxe.ExpectColumnValuesToBeInSet(column="_born", value_set=[True]))
    return made


def _ranges(suite: TableSuite, present: set[str], frame: Any) -> list[Any]:
    return [
        expectation
        for column, (low, high) in suite.ranges.items()
        if column in present
        for expectation in _between(frame, column, low, high)
    ]


def _between(frame: Any, column: str, low: Any, high: Any) -> list[Any]:
    """Bounds on the extremes: GX judges each value of a column in a Python loop, and its extremes at once."""
    import great_expectations.expectations as gxe

    if not frame[column].notna().any():
        return []
    made: list[Any] = []
    if low is not None:
        made.append(gxe.ExpectColumnMinToBeBetween(column=column, min_value=low))
    if high is not None:
        made.append(gxe.ExpectColumnMaxToBeBetween(column=column, max_value=high))
    return made


class _Runner:
    """One ephemeral GX context for all tables; nothing of it is written anywhere."""

    def __init__(self) -> None:
        os.environ["GX_ANALYTICS_ENABLED"] = "false"
        import great_expectations as gx

        self.context: gx.data_context.EphemeralDataContext = gx.get_context(mode="ephemeral")
        variables: Any = self.context.variables
        variables.progress_bars = {"globally": False}
        source = self.context.data_sources.add_pandas("release")
        self.batches = source.add_dataframe_asset("table").add_batch_definition_whole_dataframe("all")

    def failures(self, data: Any, expected: dict[str, list[Any]]) -> dict[str, int]:
        """How many expectations of each category do not hold. One that cannot be worked out does not hold.

        All of them are validated at once: GX spends more time on each validation than on the data of a cohort.
        """
        import great_expectations as gx

        for category, items in expected.items():
            for item in items:
                item.meta = {"category": category}
        suite = gx.ExpectationSuite(
            name="release", expectations=[item for items in expected.values() for item in items]
        )
        result = self.batches.get_batch({"dataframe": data}).validate(suite, result_format="BOOLEAN_ONLY")
        held = Counter(
            (item.expectation_config.meta or {})["category"]
            for item in result.results
            if item.success and item.expectation_config
        )
        return {category: len(items) - held[category] for category, items in expected.items()}
