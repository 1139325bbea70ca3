"""The de-identification profile: the options of PS3.15 Annex E as switches, read from a YAML file.

What each option does to each attribute is in ``table``; what is held back whatever the profile says is in
``holdback``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from anon_pipeline.errors import BadInput

SCHEMA: Final = "anon-pipeline/imaging-profile/1"


class PixelRegions(BaseModel):
    """Boxes (x, y, width, height in pixels) that a known device burns text into; empty conditions match anything."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    manufacturer: str = ""
    model: str = ""
    modality: str = ""
    rows: int | None = None
    columns: int | None = None
    boxes: list[tuple[int, int, int, int]] = Field(min_length=1)

    def matches(self, manufacturer: str, model: str, modality: str, rows: int, columns: int) -> bool:
        return (
            self.manufacturer.lower() in manufacturer.lower()
            and self.model.lower() in model.lower()
            and self.modality in ("", modality)
            and self.rows in (None, rows)
            and self.columns in (None, columns)
        )


class Profile(BaseModel):
    """Which options of PS3.15 Table E.1-1 are on. The default keeps intervals and patient characteristics."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    schema_: Literal["anon-pipeline/imaging-profile/1"] = Field(default=SCHEMA, alias="schema")
    retain_modified_dates: bool = True
    retain_patient_characteristics: bool = True
    retain_device_identity: bool = False
    retain_institution_identity: bool = False
    retain_uids: bool = False
    retain_safe_private: bool = False
    clean_descriptors: bool = True
    clean_structured_content: bool = True
    clean_graphics: bool = True
    clean_pixel_data: bool = True
    recognizable_visual_features: Literal["hold", "keep"] = "hold"
    encapsulated_documents: Literal["hold"] = "hold"
    whole_slides: Literal["hold"] = "hold"
    free_text: Literal["vocabulary", "engine"] = "vocabulary"
    extra_terms: list[str] = Field(default_factory=list)
    pixel_regions: list[PixelRegions] = Field(default_factory=list)

    def options(self) -> tuple[str, ...]:
        """The names of the table's option columns that are on."""
        names = (
            "retain_uids", "retain_device_identity", "retain_institution_identity", "retain_patient_characteristics",
            "retain_modified_dates", "clean_descriptors", "clean_structured_content", "clean_graphics",
        )  # fmt: skip
        return tuple(name for name in names if getattr(self, name))


def load_profile(path: Path | str | None) -> Profile:
    """Read a profile; None gives the default one. Raises BadInput naming the file and every wrong key."""
    if path is None:
        return Profile()
    path = Path(path)
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInput(f"profile {path}: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError):
        raise BadInput(f"profile {path}: not YAML") from None
    if not isinstance(content, dict) or content.get("schema") != SCHEMA:
        raise BadInput(f"profile {path}: 'schema: {SCHEMA}' is missing")
    try:
        return Profile.model_validate(content)
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors(include_input=False))
        raise BadInput(f"profile {path}: {faults}") from None
