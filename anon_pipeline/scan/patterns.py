"""What values of identifiers look like: RE2 patterns counted by the database, check digits on what they match.

``direct``: an identifier of a person by itself. Names of columns belong to ``names``.
"""

# ruff: noqa: E501
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from anon_pipeline.scan import checksums


@dataclass(frozen=True)
class Pattern:
    """``regex`` must match the whole trimmed value; ``check`` then decides; ``inside`` finds it within longer text."""

    name: str
    regex: str
    direct: bool
    check: Callable[[str], bool] | None = None
    inside: str | None = None

    @property
    def digits(self) -> bool:
        """Whether a plain number can match."""
        return self.name in ("nir", "phone", "rpps", "bank_card", "postal_code", "date", "record_number")


_EMAIL = r"[A-Za-z0-9._%+\-]+@[A-Za-z0-9\-]+(\.[A-Za-z0-9\-]+)*\.[A-Za-z]{2,}"
_PHONE_FR = r"(\+33|0033|0)\s?(\(0\))?[1-9]([ .\-]?\d{2}){4}"
_NIR = r"[1-478] ?\d{2} ?(0[1-9]|[1-9]\d) ?(\d{2}|2[ABab]) ?\d{3} ?\d{3} ?\d{2}"
_STREET = (
    r"\d{1,4} ?(bis|ter|quater)?,? ?(rue|avenue|av\.?|boulevard|bd|bld|impasse|all[ée]e|chemin|route|place|quai|cours|"
    r"square|passage|lieu[- ]dit|r[ée]sidence|faubourg|voie|sentier|montée|esplanade) "
)
_STREET_EN = r"\d{1,5} [A-Z][A-Za-z'\-]+( [A-Z][A-Za-z'\-]+){0,3} (St|Street|Ave|Avenue|Rd|Road|Blvd|Lane|Ln|Dr|Drive|Way|Ct|Court)\b"

PATTERNS = (
    Pattern("nir", _NIR, True, checksums.nir, rf"\b{_NIR}\b"),
    Pattern("e_mail", _EMAIL, True, None, rf"\b{_EMAIL}"),
    Pattern("phone", _PHONE_FR, True, None, rf"(^|\D){_PHONE_FR}(\D|$)"),
    Pattern("phone_international", r"\+\d{1,3}[ .\-]?\(?\d{1,4}\)?([ .\-]?\d{2,4}){2,4}|\(\d{3}\) ?\d{3}-\d{4}|\d{3}-\d{3}-\d{4}", True),
    Pattern("iban", r"[A-Z]{2}\d{2}( ?[A-Z0-9]{4}){2,7}( ?[A-Z0-9]{1,4})?", True, checksums.iban),
    Pattern("us_ssn", r"\d{3}-\d{2}-\d{4}", True),
    Pattern("rpps", r"(10|8)\d{9}", True, checksums.luhn),
    Pattern("bank_card", r"[3-6]\d{3}([ \-]?\d{4}){2}[ \-]?\d{3,4}", True, checksums.luhn),
    Pattern("ip_address", r"((25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(25[0-5]|2[0-4]\d|1?\d?\d)|([0-9A-Fa-f]{1,4}:){7}[0-9A-Fa-f]{1,4}", True),
    Pattern("mac_address", r"([0-9A-Fa-f]{2}[:\-]){5}[0-9A-Fa-f]{2}", True),
    Pattern("plate", r"[A-HJ-NP-TV-Z]{2}-\d{3}-[A-HJ-NP-TV-Z]{2}", True),
    Pattern("street", rf"(?i){_STREET}.{{2,60}}|(?-i){_STREET_EN}.{{0,60}}", True),
    Pattern("tcga_barcode", r"TCGA-[A-Z0-9]{2}-[A-Z0-9]{4}(-.*)?", True),
    Pattern("person_name", r"(?i)(m\.|mr\.?|mme|mlle|mrs\.?|ms\.?|dr\.?|pr\.?|prof\.?|docteur|monsieur|madame) +\p{L}[\p{L}'\-]+( +\p{L}[\p{L}'\-]+){0,3}", True),
    Pattern("uuid", r"[0-9A-Fa-f]{8}-([0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}", False),
    Pattern("postal_code", r"(0[1-9]|[1-8]\d|9[0-8])\d{3}|2[AB]\d{3}", False),
    Pattern("date", r"(19|20)\d{2}-(0\d|1[0-2])-[0-3]\d([ T].*)?|[0-3]?\d[/.][01]?\d[/.](19|20)\d{2}|(19|20)\d{2}(0[1-9]|1[0-2])([0-2]\d|3[01])", False),
    Pattern("record_number", r"[A-Za-z]{0,6}[\-_/ ]?\d{5,}([\-_/ ]\d+)*", False),
    Pattern("url", r"(https?|ftp)://\S+", False),
    Pattern("dicom_uid", r"[0-2](\.(0|[1-9]\d*)){5,}", False),
)  # fmt: skip

BY_NAME = {pattern.name: pattern for pattern in PATTERNS}
