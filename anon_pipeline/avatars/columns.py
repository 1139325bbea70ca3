"""What each column of a table is: its kind, its dtype, its precision, and whether it may leave at all.

Types are inferred from the values, or taken from a schema. How values become latent scores belongs to
``marginals``; reading and writing files belongs to ``tablefile``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pandas as pd

from anon_pipeline.avatars.tablefile import ColumnTable
from anon_pipeline.errors import BadInput

Kind = Literal["number", "category", "constant", "missing", "dropped"]

RARE = 20
"""A category, or an atom of a number, that fewer patients than this share is not kept as such."""

_IDENTIFIER = re.compile(
    r"^(id|pid|pidnum|uid|uuid|guid|mrn|ssn|nir|nss|ipp|iep|ins|nip|rpps|finess|index|rowid|row|unnamed:? ?\d*)$"
    r"|(^|[_\W])(patient|person|subject|record|case|encounter|visit|stay|hadm|sample|participant|dossier|sejour)?"
    r"[_\W]?(id|ids|identifier|identifiant|num|number|numero|no|nr|key|uuid|mrn|ssn|nir|ipp|iep)$",
    re.IGNORECASE,
)
_CAMEL_IDENTIFIER = re.compile(r"[a-z](Id|ID|Num|No|Nr|Key)$")
_NAMING = re.compile(
    r"(^|[_\W])(name|names|surname|firstname|lastname|fullname|maidenname|nom|noms|prenom|prenoms|prénom|prénoms|"
    r"e?mail|courriel|phone|telephone|tel|mobile|fax|address|adresse|street|rue|iban|passport|login|url|ip)([_\W]|\d*$)",
    re.IGNORECASE,
)
_DATE_FORMATS = (
    "%Y-%m-%d",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%Y/%m/%d",
    "%d.%m.%Y",
    "%d-%m-%Y",
    "%Y%m%d",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%dT%H:%M",
    "%Y-%m-%d %H:%M:%S.%f",
    "%Y-%m-%dT%H:%M:%SZ",
    "%d/%m/%Y %H:%M",
    "%d/%m/%Y %H:%M:%S",
)
_KINDS = {
    "integer": "number",
    "number": "number",
    "float": "number",
    "date": "number",
    "datetime": "number",
    "category": "category",
    "boolean": "category",
    "identifier": "dropped",
    "text": "dropped",
}


@dataclass(frozen=True)
class Column:
    """One column. ``unit`` is the step of a number (1 for integers, 10**-decimals, a day or a second for dates,
    both counted in seconds). ``date_format`` is set for text that holds dates. ``outcome`` is "time" or "event" for
    the two columns of a survival outcome. ``derived``: a number computed from several of a person's values; it has no
    atoms, and every avatar gets one, also where a patient would have had too few values for it."""

    name: str
    kind: Kind
    dtype: Any
    reason: str = ""
    unit: float = 0.0
    temporal: bool = False
    date_format: str = ""
    ordered: bool = False
    minimum: float | None = None
    maximum: float | None = None
    outcome: str = ""
    derived: bool = False
    constant: Any = field(default=None, repr=False)


def infer(
    frame: pd.DataFrame | ColumnTable,
    schema: dict[str, Any] | None = None,
    tell: Callable[[str, int, int], None] = lambda *_: None,
) -> list[Column]:
    """The columns of ``frame`` in order. ``schema`` is ``{"columns": {name: {"type", "min", "max", "decimals",
    "outcome"}}}``; columns that it leaves out are inferred. Raises BadInput on an unknown type or column name."""
    given = (schema or {}).get("columns") or {}
    if not isinstance(given, dict) or any(not isinstance(rule, dict) for rule in given.values()):
        raise BadInput("schema: 'columns' must map each column name to a mapping")
    if unknown := sorted(str(name) for name in set(given) - set(frame.columns)):
        raise BadInput(f"schema: columns that the table does not have: {', '.join(unknown)}")
    columns = []
    for i, name in enumerate(frame.columns):
        tell("telling columns apart", i, len(frame.columns))
        columns.append(_column(str(name), pd.Series(frame[name]), given.get(name, {})))
    return _outcomes(columns, frame)


def _column(name: str, values: pd.Series, rule: dict[str, Any]) -> Column:
    wanted = rule.get("type")
    if wanted is not None and wanted not in _KINDS:
        raise BadInput(f"schema: column {name}: unknown type; one of {', '.join(_KINDS)}")
    present = values.dropna()
    common: dict[str, Any] = {
        "name": name,
        "dtype": values.dtype,
        "minimum": rule.get("min"),
        "maximum": rule.get("max"),
        "outcome": rule.get("outcome", ""),
    }
    if wanted and _KINDS[wanted] == "dropped":
        return Column(kind="dropped", reason=f"declared {wanted}", **common)
    if not len(present):
        return Column(kind="missing", **common)
    if _nested(present):
        raise BadInput(
            f"column {name}: nested values (lists or structures); flatten it, or declare it as text to drop it"
        )
    if len(present) < RARE <= len(values) - len(present):
        return Column(kind="missing", reason=f"fewer than {RARE} values", **common)
    if _NAMING.search(name) and not wanted and not pd.api.types.is_numeric_dtype(values.dtype):
        return Column(kind="dropped", reason="direct identifier (name of the column)", **common)
    distinct = present.nunique()
    if pd.api.types.is_bool_dtype(values.dtype) or wanted in ("category", "boolean") or distinct == 1:
        ordered = bool(pd.api.types.is_numeric_dtype(values.dtype))
        if distinct == 1 and len(present) == len(values):
            return Column(kind="constant", ordered=ordered, constant=present.iloc[0], **common)
        return Column(kind="category", ordered=ordered, **common)
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        naive = present.dt.tz_localize(None) if getattr(values.dt, "tz", None) is not None else present
        return _temporal(common, naive.astype("datetime64[us]"), "")
    if pd.api.types.is_numeric_dtype(values.dtype):
        return _numeric(common, present, name, distinct, wanted, rule)
    return _text(common, present, name, distinct, wanted)


def _nested(present: pd.Series) -> bool:
    return pd.api.types.is_object_dtype(present.dtype) and not pd.api.types.is_hashable(present.iloc[0])


def _numeric(
    common: dict[str, Any], present: pd.Series, name: str, distinct: int, wanted: str | None, rule: dict[str, Any]
) -> Column:
    numbers = present.to_numpy(dtype=float, na_value=np.nan)
    if not np.isfinite(numbers).all():
        numbers = numbers[np.isfinite(numbers)]
    whole = bool(len(numbers)) and bool(np.all(numbers == np.round(numbers)))
    if not wanted and whole and distinct == len(present) and len(present) >= 20:
        steps = np.diff(np.sort(numbers))
        named = _IDENTIFIER.search(name) or _CAMEL_IDENTIFIER.search(name)
        if named or np.all(steps == 1):
            return Column(kind="dropped", reason="direct identifier (one value a row)", **common)
    if not wanted and whole and (_IDENTIFIER.search(name) and distinct > 0.5 * len(present)):
        return Column(kind="dropped", reason="direct identifier (name and distinct values)", **common)
    if not wanted and whole and len(numbers) and _looks_coded(numbers, distinct):
        return Column(kind="dropped", reason="long number with almost one value a row", **common)
    decimals = rule.get("decimals")
    unit = 1.0 if whole else 10.0 ** -(int(decimals) if decimals is not None else _decimals(numbers))
    few = whole and distinct <= 10 and not wanted
    return Column(kind="category" if few else "number", ordered=True, unit=unit, **common)


def _looks_coded(numbers: np.ndarray, distinct: int) -> bool:
    """Thirteen digits or more and nearly unique: a social security number, a phone with its country, a barcode."""
    return bool(distinct > 0.9 * len(numbers) and 1e12 <= np.median(np.abs(numbers)) < 1e20)


def _decimals(numbers: np.ndarray) -> int:
    sample = numbers[:: max(1, len(numbers) // 5000)]
    for decimals in range(1, 10):
        if np.allclose(np.round(sample, decimals), sample, rtol=0, atol=10.0 ** -(decimals + 3)):
            return decimals
    return 12


def _temporal(common: dict[str, Any], present: pd.Series, date_format: str) -> Column:
    whole_days = bool((present.dt.normalize() == present).all())
    return Column(
        kind="number",
        ordered=True,
        temporal=True,
        unit=86400.0 if whole_days else 1.0,
        date_format=date_format,
        **common,
    )


def parse_dates(values: pd.Series, date_format: str) -> pd.Series:
    """Text to datetime64[us]; what does not fit is missing."""
    return pd.to_datetime(values, format=date_format, errors="coerce").astype("datetime64[us]")


def _text(common: dict[str, Any], present: pd.Series, name: str, distinct: int, wanted: str | None) -> Column:
    first = present.iloc[0]
    if not isinstance(first, str) and hasattr(first, "isoformat"):
        parsed = pd.to_datetime(present, errors="coerce")
        if parsed.notna().all():
            return _temporal(common, parsed.astype("datetime64[us]"), "object")
    texts = present.astype(str)
    sample = texts.iloc[:: max(1, len(texts) // 200)]
    if wanted in (None, "date", "datetime") and sample.str.match(r"^\d{1,4}[-/.]?\d{1,2}[-/.]?\d{1,4}").all():
        for date_format in _DATE_FORMATS:
            if parse_dates(sample, date_format).notna().all():
                parsed = parse_dates(texts, date_format)
                if parsed.notna().all():
                    return _temporal(common, parsed, date_format)
    if wanted in ("date", "datetime", "integer", "number", "float"):
        raise BadInput(f"schema: column {common['name']}: not every value is of the declared type")
    if distinct > 20 and (_IDENTIFIER.search(name) or _CAMEL_IDENTIFIER.search(name)) and distinct > 0.5 * len(texts):
        return Column(kind="dropped", reason="direct identifier (name and distinct values)", **common)
    if distinct > 0.9 * len(texts) and len(texts) >= 20:
        return Column(kind="dropped", reason="one value a row", **common)
    if texts.str.len().mean() > 60:
        return Column(kind="dropped", reason="free text", **common)
    counts = texts.value_counts()
    if counts[counts < RARE].sum() > 0.5 * len(texts) and len(texts) >= 2 * RARE:
        return Column(kind="dropped", reason="text that few rows share", **common)
    return Column(kind="category", **common)


_EVENT = re.compile(r"(^|_)(cens|censor|censored|event|status|death|died|dead|deceased|relapse|fustat|deces)", re.I)
_TIME = re.compile(
    r"(^|_)(days|time|times|months|weeks|futime|duration|survtime|survival|follow_?up|tte|os|pfs|dfs|delai|duree)(_|$)",
    re.I,
)


def _outcomes(columns: list[Column], frame: pd.DataFrame | ColumnTable) -> list[Column]:
    """Mark the pair of a survival outcome, by the schema or by the usual names; it is synthesised last."""
    from dataclasses import replace

    if any(column.outcome for column in columns):
        return columns
    events = [
        c for c in columns if c.kind == "category" and _EVENT.search(c.name) and pd.Series(frame[c.name]).nunique() == 2
    ]
    times = [c for c in columns if c.kind == "number" and not c.temporal and _TIME.search(c.name)]
    if len(events) != 1 or not times:
        return columns
    place = [c.name for c in columns]
    near = min(times, key=lambda c: abs(place.index(c.name) - place.index(events[0].name)))
    marks = {events[0].name: "event", near.name: "time"}
    return [replace(c, outcome=marks.get(c.name, "")) for c in columns]
