"""The role of a column, from what its name says and what its values look like, with the evidence."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from anon_pipeline.scan import names
from anon_pipeline.scan.patterns import BY_NAME
from anon_pipeline.scan.profile import Profile


class Role(StrEnum):
    DIRECT = "direct_identifier"
    QUASI = "quasi_identifier"
    SENSITIVE = "sensitive"
    FREE_TEXT = "free_text"
    TECHNICAL = "technical"


@dataclass
class Finding:
    """A column's role and why. ``evidence`` names rules and counts, never a value."""

    profile: Profile
    role: Role
    evidence: list[str] = field(default_factory=list)


MOSTLY = 0.3
SOME = 0.02


def role_of(profile: Profile) -> Finding:
    """Values decide over names where they speak: check digits and strict patterns first."""
    name, table = names.normalised(profile.column), names.table_stem(profile.table)
    evidence = [f"{hits} of {profile.sampled} sampled values: {pattern}" for pattern, hits in profile.hits.items()]
    vocabulary = bool(names.VOCABULARY_TABLES.match(table))
    if not profile.present:
        return _empty(profile, name, vocabulary)
    if _free_text(profile, name) and not vocabulary:
        inside = [
            f"{hits} of {profile.sampled} sampled texts hold: {pattern}" for pattern, hits in profile.inside.items()
        ]
        return Finding(profile, Role.FREE_TEXT, [*evidence, *inside, "sentences"])
    direct = _direct_values(profile, name, vocabulary)
    if direct:
        return Finding(profile, Role.DIRECT, [*evidence, *direct])
    if vocabulary:
        return Finding(profile, Role.TECHNICAL, [*evidence, "a table of codes, of no person"])
    if names.CODES.search(name) and not names.QUASI.search(name):
        return Finding(profile, Role.SENSITIVE, [*evidence, "column name: a code"])
    if names.KEYS.match(name) and not _own_number(name):
        extra = ["key of a person, replaced on release"] if name in ("person_id", "subject_id") else ["key"]
        if names.QUASI.search(name):
            return Finding(profile, Role.QUASI, [*evidence, "column name: a place"])
        return Finding(profile, Role.TECHNICAL, [*evidence, *extra])
    if names.DIRECT.search(name) and not _contradicted(profile, name):
        return Finding(profile, Role.DIRECT, [*evidence, "column name"])
    if names.QUASI.search(name):
        return Finding(profile, Role.QUASI, [*evidence, "column name"])
    if profile.type.upper().startswith(("DATE", "TIMESTAMP")) or profile.share("date") > MOSTLY:
        return Finding(profile, Role.QUASI, [*evidence, "dates"])
    if profile.share("postal_code") > 0.9 and profile.same_length > 0.95 and 20 < profile.distinct < 40_000:
        return Finding(profile, Role.QUASI, [*evidence, "postal codes"])
    return _unnamed(profile, evidence)


def _empty(profile: Profile, name: str, vocabulary: bool) -> Finding:
    """A column without a value identifies nobody; what its name promises is told, for the day when it is filled."""
    if vocabulary or not names.DIRECT.search(name) or (names.KEYS.match(name) and not _own_number(name)):
        promise = "quasi-identifier" if names.QUASI.search(name) and not vocabulary else ""
    else:
        promise = "direct identifier"
    return Finding(profile, Role.TECHNICAL, ["empty", *([f"by its name a {promise} once filled"] if promise else [])])


def _own_number(name: str) -> bool:
    """Whether a name that ends like a key is a number by which the person is known outside the database."""
    return bool(names.DIRECT.search(name)) and name not in ("person_id", "subject_id", "id")


def _direct_values(profile: Profile, name: str, vocabulary: bool) -> list[str]:
    if not profile.sampled:
        return []
    out = []
    integer = profile.type.upper().endswith("INT")
    for pattern, hits in profile.hits.items():
        rule = BY_NAME[pattern]
        if not rule.direct or hits < 3:
            continue
        share = hits / profile.sampled
        if pattern in ("rpps", "bank_card") and (share < 0.8 or names.KEYS.match(name) or names.CODES.search(name)):
            continue
        if pattern == "phone" and integer and share < 0.8:
            continue
        needed = SOME if rule.check is not None or pattern in ("e_mail", "us_ssn") else MOSTLY
        if share >= needed:
            out.append(f"values: {pattern}")
    if vocabulary:
        return out if any("e_mail" in o or "nir" in o for o in out) else []
    named = bool(names.AMBIGUOUS_NAME.search(name)) or bool(names.DIRECT.search(name))
    needed = 0.2 if named else 0.6
    if profile.name_like >= max(3, needed * profile.sampled) and profile.sample_distinct > 5:
        out.append(f"values: {profile.name_like} of {profile.sampled} look like first names or full names")
    return out


def _contradicted(profile: Profile, name: str) -> bool:
    """A name such as ``name`` or ``tel`` on a column whose values are few categories or fractions accuses nobody."""
    if not profile.sampled or profile.rows < 20:
        return False
    if name in (
        "ip",
        "ins",
        "mac",
        "bic",
        "rib",
        "tel",
        "mobile",
        "street",
        "rue",
        "voie",
        "photo",
        "lat",
        "lon",
        "mail",
    ):
        return profile.sample_distinct <= 10 and profile.sampled >= 100
    return names.AMBIGUOUS_NAME.search(name) is not None and profile.sample_distinct <= 3 and profile.sampled >= 100


def _free_text(profile: Profile, name: str) -> bool:
    if not profile.sampled:
        return False
    long = profile.mean_words >= 6 and profile.mean_length >= 40 and profile.sample_distinct > 0.2 * profile.sampled
    return long or (bool(names.FREE_TEXT.search(name)) and profile.mean_words >= 2.5 and profile.mean_length >= 15)


def _unnamed(profile: Profile, evidence: list[str]) -> Finding:
    """A name that says nothing: constant-length unique codes are a number that somebody gave a person."""
    textual = profile.type.upper().startswith("VARCHAR")
    if (
        textual
        and profile.present >= 50
        and profile.uniqueness > 0.95
        and profile.sample_distinct > 0.98 * profile.sampled
        and profile.same_length > 0.9
        and 6 <= profile.mean_length <= 40
        and profile.mean_words < 1.2
        and profile.share("record_number") > 0.9
        and profile.share("date") < 0.05
        and not _fractions(profile)
    ):
        return Finding(profile, Role.DIRECT, [*evidence, "unique codes of one length"])
    if profile.share("uuid") > 0.5 or profile.share("dicom_uid") > 0.5:
        return Finding(profile, Role.TECHNICAL, [*evidence, "machine identifiers, unique over the world: replace them"])
    if profile.sampled and profile.sample_distinct <= 1:
        return Finding(profile, Role.TECHNICAL, [*evidence, "constant"])
    return Finding(profile, Role.SENSITIVE, evidence)


def _fractions(profile: Profile) -> bool:
    return profile.numbers > 0.9 * profile.sampled and profile.mean_length < 9
