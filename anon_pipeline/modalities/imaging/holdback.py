"""Recognising what may not be released yet: head volumes, whole slides, documents, raw data, unknown classes.

Each is recognised by several attributes together, since any one of them can be wrong or missing. Files are only
recognised here; ``quarantine`` keeps them and ``engine`` extends a head found in one slice to its whole series.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Literal

from pydicom._uid_dict import UID_dictionary

from anon_pipeline.modalities.imaging.profile import Profile

_STORAGE = {uid: entry[0] for uid, entry in UID_dictionary.items() if entry[1] == "SOP Class" and "Storage" in entry[0]}
_ROOT = "1.2.840.10008.5.1.4.1.1."
RAW = {_ROOT + "66"} | {uid for uid, name in _STORAGE.items() if "Raw Data" in name}
DOCUMENTS = {uid for uid, name in _STORAGE.items() if "Encapsulated" in name}
SLIDES = {uid for uid, name in _STORAGE.items() if "Whole Slide" in name or "VL Slide-Coordinates" in name}
_NEVER = ("Directory", "Commitment", "Procedure", "Worklist", "Media Storage", "Video", "Hanging", "Color Palette",
          "Implant", "Protocol", "Inventory", "Instance Availability", "Audio", "Template")  # fmt: skip
RELEASABLE = {
    uid
    for uid, name in _STORAGE.items()
    if not any(word in name for word in _NEVER) and uid not in RAW | DOCUMENTS | SLIDES
}
_PIXELS = ("Image", "Segmentation Storage", "Label Map", "Parametric Map", "RT Dose", "US Volume", "Thickness Map",
           "Topography Map", "Volume Analysis", "DICOS")  # fmt: skip
PICTURES = {uid for uid in RELEASABLE if any(word in _STORAGE[uid] for word in _PIXELS)}
PHOTOGRAPHS = frozenset(_ROOT + tail for tail in ("77.1.4", "77.1"))
DIRECTORY = "1.2.840.10008.1.3.10"
VOLUMES = frozenset(
    _ROOT + tail
    for tail in ("2", "2.1", "2.2", "4", "4.1", "4.3", "4.4", "20", "128", "128.1", "130", "13.1.1", "13.1.2")
)
HEAD_TEXT_TAGS = (0x00180015, 0x00081030, 0x0008103E, 0x00181030, 0x00321060, 0x00400254, 0x00400007, 0x00082218,
                  0x00181250, 0x00181251, 0x00102000, 0x00204000, 0x00401002, 0x00321030, 0x00081032, 0x00400275,
                  0x0008103F, 0x00080104, 0x00081080, 0x52009229)  # fmt: skip
_HEAD = re.compile(
    r"\b(?:head|heads|skull|brain|face|facial|maxillofacial|neuro\w*|cranio\w*|cranial\w*|crane|crani\w*|cereb\w*|enceph\w*|"
    r"tete|orbit\w*|sinus|sinuses|paranasal|nasal|nose|nez|pituitary|hypophys\w*|sella|turci\w*|petrous|rochers?|iac|cai|"
    r"temporal|mastoid\w*|auditory|oreille|ear|tmj|atm|mandib\w*|jaw|maxill\w*|dental|dentaire|dentascan|teeth|"
    r"headneck|head_?neck|neck|cou|orl|ent|cervicofacial\w*|scalp|eye|eyes|oeil|whole ?body|wholebody|corps entier|wb|"
    r"body ?scan|tap_?head|carotid\w*|tsa|polygone|willis|angioirm cerebrale|stroke|avc|mprage|hn|headcoil|t1_mprage|"
    r"skullbase|brainstem|cerebellum|hippocamp\w*|cochlea\w*|deepbrain|stereotax\w*)\b|headne|brainl"
)
_HEAD_CODES = re.compile(
    rb"(?:69536005|12738006|89546000|774007|113305005|45048000|81745001|T-D1100|T-A0100|T-11100|T-D1600|T-AA000|89545001|T-D1200)"
)
_BODY = re.compile(
    r"\b(?:chest|thorax|thora\w*|lung|lungs|poumons?|abdom\w*|abdo\w*|pelvi\w*|pelvis|bassin|liver|foie|hepat\w*|kidney|"
    r"rein|reins|renal\w*|prostat\w*|bladder|uter\w*|hip|hanche|knee|genou|ankle|cheville|foot|pied|hand|main|wrist|"
    r"poignet|elbow|coude|shoulder|epaule|femur|tibia|leg|arm|bras|jambe|heart|coeur|cardiac|cardiaque|coron\w*|aort\w*|breast|"
    r"sein|lspine|tspine|lumbar|lombaire|thoracic|dorsal|sacrum|extremity|phantom|fantome|pancreas|bowel|colon\w*|"
    r"lumbosacral|lombosacre|tap|chestabd\w*|abdpel\w*|membre\w*)\b"
)
_SLIDE_TYPES = frozenset(("VOLUME", "LABEL", "OVERVIEW", "THUMBNAIL"))


def reason(values: Mapping[int, bytes], profile: Profile, pixels: bool, little: bool = True) -> str | None:
    """Why this instance is held back, or None. ``values``: raw top-level values by tag; ``pixels``: it has some."""
    sop_class = _text(values, 0x00080016)
    modality = _text(values, 0x00080060)
    if 0x00041220 in values or sop_class == DIRECTORY:
        return "directory"
    if not sop_class or not _text(values, 0x00080018):
        return "no_sop_class"
    if sop_class in DOCUMENTS or 0x00420011 in values or modality == "DOC":
        return "encapsulated_document"
    if sop_class in RAW or modality == "RAW":
        return "raw_data"
    if is_slide(values, sop_class, modality):
        return "whole_slide"
    if sop_class not in RELEASABLE:
        return "unknown_sop_class"
    if pixels and sop_class not in PICTURES:
        return "unexpected_pixels"
    if profile.recognizable_visual_features == "hold" and pixels and (sop_class in PHOTOGRAPHS or modality == "XC"):
        return "photograph"
    if profile.recognizable_visual_features == "hold" and pixels and is_head(values, sop_class, modality, little):
        return "head_volume"
    return None


def is_slide(values: Mapping[int, bytes], sop_class: str, modality: str) -> bool:
    """A whole-slide image, its label or overview: by class, by total matrix, or by modality and image type."""
    types = set(_text(values, 0x00080008).split("\\"))
    return (
        sop_class in SLIDES
        or 0x00480006 in values
        or 0x00480007 in values
        or (modality == "SM" and bool(types & _SLIDE_TYPES))
    )


def is_head(values: Mapping[int, bytes], sop_class: str, modality: str, little: bool = True) -> bool:
    """Whether a face could be rendered from the volume that this instance belongs to.

    By modality or class, then by any word or code that names the head or the whole body, wherever it stands; when
    nothing names a region at all, by the field of view: 140 to 310 mm is what a head is scanned with.
    """
    if sop_class not in VOLUMES and modality not in ("CT", "MR", "PT"):
        return False
    region = _region_text(values)
    named = _HEAD.search(region) is not None or any(
        _HEAD_CODES.search(values[tag]) for tag in (0x00082218, 0x52009229, 0x00400275) if tag in values
    )
    if sop_class.startswith(_ROOT + "13.1.") and sop_class != _ROOT + "13.1.3":
        return sop_class == _ROOT + "13.1.2" or named
    if named:
        return True
    if _BODY.search(region):
        return False
    field = _field_of_view(values, little)
    if field is None:
        rows = int.from_bytes(values.get(0x00280010, b"")[:2], "little" if little else "big")
        return rows >= 128 and sop_class in VOLUMES
    return 140 <= field <= 310


def _region_text(values: Mapping[int, bytes]) -> str:
    parts = []
    for tag in HEAD_TEXT_TAGS:
        value = values.get(tag)
        if value:
            if tag in (0x00082218, 0x00400275, 0x52009229):
                value = b" ".join(re.findall(rb"[A-Za-z][A-Za-z ]{2,}", value[:20000]))
            parts.append(re.sub(r"([a-z])([A-Z])", r"\1 \2", value.decode("latin-1")).replace("_", " "))
    text = " ".join(parts).lower()
    if text.isascii():
        return text
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()


def _field_of_view(values: Mapping[int, bytes], little: bool) -> float | None:
    """The longer side in mm: pixel spacing times matrix, else reconstruction diameter. None when neither is there."""
    order: Literal["little", "big"] = "little" if little else "big"
    rows, columns = (int.from_bytes(values.get(tag, b"")[:2], order) for tag in (0x00280010, 0x00280011))
    spacing = values.get(0x00280030) or values.get(0x00181164)
    if spacing is None and 0x52009229 in values:
        place = values[0x52009229].find(b"\x28\x00\x30\x00")
        if place >= 0:
            match = re.search(rb"[0-9.]+\\[0-9.]+", values[0x52009229][place + 4 : place + 64])
            spacing = match[0] if match else None
    try:
        if spacing:
            first, _, second = spacing.decode("ascii").strip("\0 ").partition("\\")
            return max(float(first) * rows, float(second or first) * columns)
        diameter = values.get(0x00181100) or values.get(0x00180090)
        return float(diameter.decode("ascii").strip("\0 ")) if diameter else None
    except ValueError:
        return None


def _text(values: Mapping[int, bytes], tag: int) -> str:
    return values.get(tag, b"").decode("latin-1").strip("\0 ")
