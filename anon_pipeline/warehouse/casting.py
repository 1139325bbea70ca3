"""From text to the types of the CDM: what is accepted, how each departure is called, what cannot be read.

DuckDB does the work. Every departure from the canonical spelling has a code: a coercion (listed and counted), or, with
'!' before it, a value that cannot be read. Numbers are never rounded, dates never guessed except day before month.
"""

from __future__ import annotations

from dataclasses import dataclass

FIRST_DATE, LAST_DATE = "0001-01-01", "9999-12-31"
USUAL_DATES = ("1700-01-01", "2200-12-31")

_TRIM = r"trim(c, ' ' || chr(9) || chr(10) || chr(13) || chr(160))"
_TOKENS = (
    r"lower("
    + _TRIM
    + r") IN ('', 'null', 'na', 'n/a', '#n/a', 'nan', 'nat', 'none', 'nil', '<na>', '\n', '.', '-', '?')"
)
_ISO_DAY = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}"
_ZONE = r" ?(Z|UTC|GMT|[+-][0-9]{2}(:?[0-9]{2})?)$"


def _in_range(value: str, kind: str) -> str:
    end = f"{LAST_DATE} 23:59:59.999999" if kind == "TIMESTAMP" else LAST_DATE
    return f"({value} BETWEEN {kind} '{FIRST_DATE}' AND {kind} '{end}')"


def _dated(kind: str, value: str, how: str) -> str:
    """The outcome of reading a date: in the range that Python and Arrow can hold, or out of it, or none."""
    bad = "not_a_date" if kind == "DATE" else "not_a_datetime"
    return (
        f"CASE WHEN {value} IS NULL THEN {_struct(kind, None, '!' + bad)} "
        f"WHEN {_in_range(value, kind)} THEN {_struct(kind, value, how)} ELSE {_struct(kind, None, '!date_out_of_range')} END"
    )


def _struct(kind: str, value: str | None, how: str | None) -> str:
    code = "NULL" if how is None else f"'{how}'"
    return f"{{'v': CAST({value or 'NULL'} AS {kind}), 'how': CAST({code} AS VARCHAR)}}"


def _strptime(kind: str, formats: list[str]) -> str:
    listed = ", ".join(f"'{each}'" for each in formats)
    return f"CAST(try_strptime({_TRIM}, [{listed}]) AS {kind})"


def _bigint() -> str:
    whole = rf"TRY_CAST(regexp_extract({_TRIM}, '^[+-]?[0-9]+') AS BIGINT)"
    double = f"TRY_CAST({_TRIM} AS DOUBLE)"

    def or_too_large(how: str) -> str:
        return (
            f"CASE WHEN {whole} IS NULL THEN {_struct('BIGINT', None, '!integer_out_of_range')} "
            f"ELSE {_struct('BIGINT', whole, how)} END"
        )

    return f"""CASE
        WHEN c IS NULL THEN {_struct("BIGINT", None, None)}
        WHEN {clean("BIGINT", "c")} THEN {_struct("BIGINT", "TRY_CAST(c AS BIGINT)", None)}
        WHEN {_TOKENS} THEN {_struct("BIGINT", None, "null_token")}
        WHEN regexp_full_match({_TRIM}, '[+-]?[0-9]+') THEN {or_too_large("integer_rewritten")}
        WHEN regexp_full_match({_TRIM}, '[+-]?[0-9]+[.,]0*') THEN {or_too_large("float_to_integer")}
        WHEN regexp_full_match({_TRIM}, '[+-]?[0-9]*[.]?[0-9]+[eE][+-]?[0-9]+')
            AND {double} = trunc({double}) AND abs({double}) <= 9007199254740992
            THEN {_struct("BIGINT", f"CAST({double} AS BIGINT)", "float_to_integer")}
        ELSE {_struct("BIGINT", None, "!not_an_integer")}
    END"""


def _double() -> str:
    comma = f"TRY_CAST(replace(replace(replace({_TRIM}, ' ', ''), chr(160), ''), ',', '.') AS DOUBLE)"
    return f"""CASE
        WHEN c IS NULL THEN {_struct("DOUBLE", None, None)}
        WHEN {clean("DOUBLE", "c")} THEN {_struct("DOUBLE", "TRY_CAST(c AS DOUBLE)", None)}
        WHEN {_TOKENS} THEN {_struct("DOUBLE", None, "null_token")}
        WHEN comma_file AND regexp_full_match({_TRIM}, '[+-]?[0-9]{{1,3}}(,[0-9]{{3}})+')
            THEN {_struct("DOUBLE", None, "!ambiguous_number")}
        WHEN regexp_full_match({_TRIM}, '[+-]?[0-9]+([ ' || chr(160) || '][0-9]{{3}})*(,[0-9]+)?')
            THEN {_struct("DOUBLE", comma, "decimal_comma")}
        ELSE {_struct("DOUBLE", None, "!not_a_number")}
    END"""


def _date() -> str:
    first = f"left({_TRIM}, 10)"
    compact = f"CAST(try_strptime(left({_TRIM}, 8), '%Y%m%d') AS DATE)"
    day_first = _strptime("DATE", _with_times(["%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y"]))
    named = _strptime("DATE", _with_times(["%d-%b-%Y", "%d %b %Y", "%d-%B-%Y", "%d %B %Y", "%b %d %Y"]))
    return f"""CASE
        WHEN c IS NULL THEN {_struct("DATE", None, None)}
        WHEN {clean("DATE", "c")} THEN {_struct("DATE", "TRY_CAST(c AS DATE)", None)}
        WHEN {_TOKENS} THEN {_struct("DATE", None, "null_token")}
        WHEN regexp_full_match({_TRIM}, '{_ISO_DAY[1:]}') THEN {_dated("DATE", f"TRY_CAST({first} AS DATE)", "date_rewritten")}
        WHEN regexp_matches({_TRIM}, '{_ISO_DAY}[T ][0-9:. TZ+-]*') THEN {_dated("DATE", f"TRY_CAST({first} AS DATE)", "datetime_to_date")}
        WHEN regexp_full_match({_TRIM}, '[0-9]{{8}}([.]0)?') THEN {_dated("DATE", compact, "compact_date")}
        WHEN regexp_full_match({_TRIM}, '[0-9]{{8}}[T ]?[0-9:.]+') THEN {_dated("DATE", compact, "datetime_to_date")}
        WHEN regexp_matches({_TRIM}, '^[0-9]{{1,2}}[/.-][0-9]{{1,2}}[/.-][0-9]{{4}}') THEN {_dated("DATE", day_first, "day_first_date")}
        WHEN regexp_matches({_TRIM}, '[A-Za-z]{{3}}') AND regexp_matches({_TRIM}, '[0-9]{{4}}') THEN {_dated("DATE", named, "month_name_date")}
        WHEN regexp_full_match({_TRIM}, '[0-9]+[/.-][0-9]{{1,2}}[/.-][0-9]{{1,2}}')
            THEN {_dated("DATE", f"TRY_CAST(replace(replace({_TRIM}, '/', '-'), '.', '-') AS DATE)", "date_rewritten")}
        ELSE {_struct("DATE", None, "!not_a_date")}
    END"""


def _timestamp() -> str:
    unzoned = f"TRY_CAST(regexp_replace({_TRIM}, '{_ZONE}', '') AS TIMESTAMP)"
    compact = _strptime(
        "TIMESTAMP", ["%Y%m%d", "%Y%m%d%H%M%S", "%Y%m%d %H:%M:%S", "%Y%m%d %H:%M", "%Y%m%dT%H%M%S", "%Y%m%d%H%M"]
    )
    day_first = _strptime("TIMESTAMP", _with_times(["%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y"]))
    named = _strptime("TIMESTAMP", _with_times(["%d-%b-%Y", "%d %b %Y", "%d-%B-%Y", "%d %B %Y", "%b %d %Y"]))
    direct = f"TRY_CAST({_TRIM} AS TIMESTAMP)"
    return f"""CASE
        WHEN c IS NULL THEN {_struct("TIMESTAMP", None, None)}
        WHEN {clean("TIMESTAMP", "c")} THEN {_struct("TIMESTAMP", "TRY_CAST(c AS TIMESTAMP)", None)}
        WHEN {_TOKENS} THEN {_struct("TIMESTAMP", None, "null_token")}
        WHEN regexp_matches({_TRIM}, '[0-9]:[0-9]{{2}}.*{_ZONE}') THEN {_dated("TIMESTAMP", unzoned, "zone_dropped")}
        WHEN regexp_matches({_TRIM}, '^[0-9]{{8}}([T ]?[0-9:]+)?$') THEN {_dated("TIMESTAMP", compact, "compact_date")}
        WHEN regexp_matches({_TRIM}, '^[0-9]{{1,2}}[/.-][0-9]{{1,2}}[/.-][0-9]{{4}}') THEN {_dated("TIMESTAMP", day_first, "day_first_date")}
        WHEN regexp_matches({_TRIM}, '[A-Za-z]{{3}}') AND regexp_matches({_TRIM}, '[0-9]{{4}}') THEN {_dated("TIMESTAMP", named, "month_name_date")}
        WHEN regexp_matches({_TRIM}, '^[0-9]+[/.-][0-9]') THEN {_dated("TIMESTAMP", direct, "datetime_rewritten")}
        ELSE {_struct("TIMESTAMP", None, "!not_a_datetime")}
    END"""


def _with_times(days: list[str]) -> list[str]:
    return [
        day + time for day in days for time in ("", " %H:%M:%S", " %H:%M", " %H:%M:%S.%f", "T%H:%M:%S", " %I:%M:%S %p")
    ]


def _varchar() -> str:
    return f"""CASE
        WHEN c = '\\N' THEN {_struct("VARCHAR", None, "null_token")}
        ELSE {_struct("VARCHAR", "c", None)}
    END"""


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
            short = f"count(*) FILTER (length({self.name}) = 10)"
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
