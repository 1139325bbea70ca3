"""From text to the types of the CDM: what is accepted, how each departure is called, what cannot be read.

DuckDB does the work. Every departure from the canonical spelling has a code: a coercion (listed and counted), or, with
'!' before it, a value that cannot be read. Numbers are never rounded, dates never guessed except day before month.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

FIRST_DATE, LAST_DATE = "0001-01-01", "9999-12-31"
USUAL_DATES = ("1700-01-01", "2200-12-31")

_TRIM = r"trim(c, ' ' || chr(9) || chr(10) || chr(13) || chr(160))"
_TOKENS = (
    r"lower("
    + _TRIM
    + r") IN ('', 'null', 'na', 'n/a', '#n/a', 'nan', 'nat', 'none', 'nil', '<na>', '\n', '.', '-', '?')"
)
_ISO_DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_ZONE = r" ?(Z|UTC|GMT|[+-][0-9]{2}(:?[0-9]{2})?)$"


_DAY_FIRST = "[0-9]{1,2}[/.-][0-9]{1,2}[/.-][0-9]{4}"
_NAMED = f"regexp_matches({_TRIM}, '[A-Za-z]{{3}}') AND regexp_matches({_TRIM}, '[0-9]{{4}}')"
_DAY_FIRST_FORMATS = ("%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y")
_NAMED_FORMATS = ("%d-%b-%Y", "%d %b %Y", "%d-%B-%Y", "%d %B %Y", "%b %d %Y")
_TIMES = ("", " %H:%M:%S", " %H:%M", " %H:%M:%S.%f", "T%H:%M:%S", " %I:%M:%S %p")
_COMPACT_FORMATS = ("%Y%m%d", "%Y%m%d%H%M%S", "%Y%m%d %H:%M:%S", "%Y%m%d %H:%M", "%Y%m%dT%H%M%S", "%Y%m%d%H%M")


def _in_range(value: str, kind: str) -> str:
    end = f"{LAST_DATE} 23:59:59.999999" if kind == "TIMESTAMP" else LAST_DATE
    return f"({value} BETWEEN {kind} '{FIRST_DATE}' AND {kind} '{end}')"


def _is(pattern: str) -> str:
    """The trimmed text is wholly of a pattern."""
    return f"regexp_full_match({_TRIM}, '{pattern}')"


def _begins(pattern: str) -> str:
    return f"regexp_matches({_TRIM}, '^{pattern}')"


def _struct(kind: str, value: str | None, how: str | None) -> str:
    code = "NULL" if how is None else f"'{how}'"
    return f"{{'v': CAST({value or 'NULL'} AS {kind}), 'how': CAST({code} AS VARCHAR)}}"


def _or_else(kind: str, value: str, how: str, fault: str) -> str:
    """The value with its code, or a fault where there is none."""
    return f"CASE WHEN {value} IS NULL THEN {_struct(kind, None, '!' + fault)} ELSE {_struct(kind, value, how)} END"


def _dated(kind: str, value: str, how: str) -> str:
    """The outcome of reading a date: in the range that Python and Arrow can hold, or out of it, or none."""
    bad = "not_a_date" if kind == "DATE" else "not_a_datetime"
    return (
        f"CASE WHEN {value} IS NULL THEN {_struct(kind, None, '!' + bad)} "
        f"WHEN {_in_range(value, kind)} THEN {_struct(kind, value, how)} "
        f"ELSE {_struct(kind, None, '!date_out_of_range')} END"
    )


def _strptime(kind: str, formats: Sequence[str], times: Sequence[str] = ("",)) -> str:
    listed = ", ".join(f"'{day}{time}'" for day in formats for time in times)
    return f"CAST(try_strptime({_TRIM}, [{listed}]) AS {kind})"


def _reading(kind: str, rules: Sequence[tuple[str, str]], fault: str) -> str:
    """The first rule that holds; before all, no value, a clean one, and words that mean no value."""
    first = [
        ("c IS NULL", _struct(kind, None, None)),
        (clean(kind, "c"), _struct(kind, f"TRY_CAST(c AS {kind})", None)),
        (_TOKENS, _struct(kind, None, "null_token")),
    ]
    cases = " ".join(f"WHEN {condition} THEN {outcome}" for condition, outcome in [*first, *rules])
    return f"CASE {cases} ELSE {_struct(kind, None, '!' + fault)} END"


def _bigint() -> str:
    whole = f"TRY_CAST(regexp_extract({_TRIM}, '^[+-]?[0-9]+') AS BIGINT)"
    double = f"TRY_CAST({_TRIM} AS DOUBLE)"
    exact = f"{double} = trunc({double}) AND abs({double}) <= 9007199254740992"
    rules = [
        (_is("[+-]?[0-9]+"), _or_else("BIGINT", whole, "integer_rewritten", "integer_out_of_range")),
        (_is("[+-]?[0-9]+[.,]0*"), _or_else("BIGINT", whole, "float_to_integer", "integer_out_of_range")),
        (
            _is("[+-]?[0-9]*[.]?[0-9]+[eE][+-]?[0-9]+") + f" AND {exact}",
            _struct("BIGINT", f"TRY_CAST({double} AS BIGINT)", "float_to_integer"),
        ),
    ]
    return _reading("BIGINT", rules, "not_an_integer")


def _double() -> str:
    comma = f"TRY_CAST(replace(replace(replace({_TRIM}, ' ', ''), chr(160), ''), ',', '.') AS DOUBLE)"
    grouped = "'[+-]?[0-9]+([ ' || chr(160) || '][0-9]{3})*(,[0-9]+)?'"
    rules = [
        ("comma_file AND " + _is("[+-]?[0-9]{1,3}(,[0-9]{3})+"), _struct("DOUBLE", None, "!ambiguous_number")),
        (f"regexp_full_match({_TRIM}, {grouped})", _struct("DOUBLE", comma, "decimal_comma")),
    ]
    return _reading("DOUBLE", rules, "not_a_number")


def _date() -> str:
    iso = f"TRY_CAST(left({_TRIM}, 10) AS DATE)"
    compact = f"CAST(try_strptime(left({_TRIM}, 8), '%Y%m%d') AS DATE)"
    other = f"TRY_CAST(replace(replace({_TRIM}, '/', '-'), '.', '-') AS DATE)"
    day_first = _strptime("DATE", _DAY_FIRST_FORMATS, _TIMES)
    named = _strptime("DATE", _NAMED_FORMATS, _TIMES)
    rules = [
        (_is(_ISO_DAY), _dated("DATE", iso, "date_rewritten")),
        (_begins(_ISO_DAY + "[T ][0-9:. TZ+-]*$"), _dated("DATE", iso, "datetime_to_date")),
        (_is("[0-9]{8}([.]0)?"), _dated("DATE", compact, "compact_date")),
        (_is("[0-9]{8}[T ]?[0-9:.]+"), _dated("DATE", compact, "datetime_to_date")),
        (_begins(_DAY_FIRST), _dated("DATE", day_first, "day_first_date")),
        (_NAMED, _dated("DATE", named, "month_name_date")),
        (_is("[0-9]+[/.-][0-9]{1,2}[/.-][0-9]{1,2}"), _dated("DATE", other, "date_rewritten")),
    ]
    return _reading("DATE", rules, "not_a_date")


def _timestamp() -> str:
    unzoned = f"TRY_CAST(regexp_replace({_TRIM}, '{_ZONE}', '') AS TIMESTAMP)"
    compact = _strptime("TIMESTAMP", _COMPACT_FORMATS)
    day_first = _strptime("TIMESTAMP", _DAY_FIRST_FORMATS, _TIMES)
    named = _strptime("TIMESTAMP", _NAMED_FORMATS, _TIMES)
    rules = [
        (f"regexp_matches({_TRIM}, '[0-9]:[0-9]{{2}}.*{_ZONE}')", _dated("TIMESTAMP", unzoned, "zone_dropped")),
        (_is("[0-9]{8}([T ]?[0-9:]+)?"), _dated("TIMESTAMP", compact, "compact_date")),
        (_begins(_DAY_FIRST), _dated("TIMESTAMP", day_first, "day_first_date")),
        (_NAMED, _dated("TIMESTAMP", named, "month_name_date")),
        (_begins("[0-9]+[/.-][0-9]"), _dated("TIMESTAMP", f"TRY_CAST({_TRIM} AS TIMESTAMP)", "datetime_rewritten")),
    ]
    return _reading("TIMESTAMP", rules, "not_a_datetime")


def _varchar() -> str:
    absent, own = _struct("VARCHAR", None, "null_token"), _struct("VARCHAR", "c", None)
    return f"CASE WHEN c = '\\N' THEN {absent} ELSE {own} END"


def macros() -> list[str]:
    """DuckDB statements that make read_bigint(c, comma_file) and the others: value and code as a struct."""
    bodies = {
        "bigint": _bigint(),
        "double": _double(),
        "date": _date(),
        "timestamp": _timestamp(),
        "varchar": _varchar(),
    }
    return [f"CREATE TEMP MACRO read_{name}(c, comma_file) AS ({body})" for name, body in bodies.items()]


def clean(kind: str, column: str, typed: bool = False) -> str:
    """A predicate: the value is present and spelt as its type is, or, when ``typed``, is in range."""
    value = column if typed else f"TRY_CAST({column} AS {kind})"
    if kind == "VARCHAR":
        return f"({column} <> '\\N')"
    if kind == "DOUBLE":
        return f"coalesce(isfinite({value}), false)"
    if kind == "BIGINT":
        return "true" if typed else f"coalesce(CAST({value} AS VARCHAR) = {column}, false)"
    inside = f"coalesce({_in_range(value, kind)}, false)"
    if typed:
        return inside
    if kind == "DATE":
        return f"(coalesce(CAST({value} AS VARCHAR) = {column}, false) AND {inside})"
    spelt = f"left(CAST({value} AS VARCHAR), 19) = replace(left({column}, 19), 'T', ' ')"
    midnight = f"(length({column}) = 10 AND CAST({value} AS VARCHAR) = {column} || ' 00:00:00')"
    rest = f"(length({column}) = 19 OR regexp_full_match(substr({column}, 20), '[.][0-9]{{1,6}}'))"
    return f"(coalesce({midnight} OR ({spelt} AND {rest}), false) AND {inside})"


@dataclass(frozen=True)
class Column:
    """A column of a batch on its way to a field. ``typed``: it has the field's type already (Parquet)."""

    name: str
    field: str
    kind: str
    needed: bool
    typed: bool = False

    def departures(self, number: int) -> list[str]:
        """Aggregates over a batch: values that are not clean, dates in a datetime column, unusual dates."""
        dirty = f"{self.name} IS NOT NULL AND NOT {clean(self.kind, self.name, self.typed)}"
        if self.needed:
            dirty = f"({dirty}) OR {self.name} IS NULL"
        short = "0"
        if self.kind == "TIMESTAMP" and not self.typed:
            short = f"count(*) FILTER (length({self.name}) = 10 AND TRY_CAST({self.name} AS DATE) IS NOT NULL)"
        unusual = "0"
        if self.kind in ("DATE", "TIMESTAMP"):
            value = self.name if self.typed else f"TRY_CAST({self.name} AS {self.kind})"
            low, high = (f"{self.kind} '{day}'" for day in USUAL_DATES)
            unusual = f"count(*) FILTER ({value} NOT BETWEEN {low} AND {high})"
        return [
            f"count(*) FILTER ({dirty}) AS dirty{number}",
            f"{short} AS short{number}",
            f"{unusual} AS unusual{number}",
        ]

    def plainly(self) -> str:
        return self.name if self.typed else f"TRY_CAST({self.name} AS {self.kind})"

    def text(self) -> str:
        return f"CAST({self.name} AS VARCHAR)" if self.typed else self.name

    def judged(self, comma_file: bool) -> str:
        return f"read_{self.kind.lower()}({self.text()}, {'true' if comma_file else 'false'})"
