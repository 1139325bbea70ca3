"""The planted associations across modalities, and the estimate of each on any hospital, cohort or release.

Effects are those of ``truth``; variables come from ``variables``; the arithmetic from ``regressions``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from anon_pipeline.fictional import regressions, truth
from anon_pipeline.fictional.variables import Sources, patient_variables

if TYPE_CHECKING:
    import pandas as pd

SCHEMA = "anon-pipeline/associations/1"

_HOW = {
    "pnpla3": ("genomics", "alternative alleles (0-2) at rs738409, chr22:43928847 C>G, of the patient's sample"),
    "hfe": ("genomics", "alternative alleles (0-2) at rs1799945, chr6:26090951 C>G, of the patient's sample"),
    "log_alt": ("biology", "natural logarithm of the first measurement with concept 3006923 (ALT, U/L)"),
    "alt_change": ("biology", "mean natural logarithm of ALT after the first visit's day, minus log_alt"),
    "log_ferritin": ("biology", "natural logarithm of the first measurement with concept 2000000104 (ferritin, ug/L)"),
    "haemoglobin": ("biology", "first measurement with concept 3000963, in g/dL"),
    "log_creatinine": ("biology", "natural logarithm of the first measurement with concept 2000000101 (umol/L)"),
    "log_nt_probnp": ("biology", "natural logarithm of the first measurement with concept 2000000107 (ng/L)"),
    "potassium_change": ("biology", "mean potassium (3023103) after the first visit's day, minus the first, in mmol/L"),
    "image_mm": (
        "imaging",
        "diameter of a disc with the area of the CT slice's pixels over 110 and under 190 HU, on the image's left of "
        "-14 mm from the centre, in the slice with most of them",
    ),
    "mask_mm": ("imaging", "diameter of a disc with the area of the segmentation's largest frame"),
    "report_mm": ("text", "diameter that the scanner report states, in mm"),
    "word_large": ("text", "1 when the scanner report says volumineux or volumineuse"),
    "word_murmur": ("text", "1 when any note says souffle systolique"),
    "hcm": ("observational", "1 when there is a condition_occurrence with concept 2000000204"),
    "liver": ("observational", "1 when there is a condition_occurrence with concept 2000000201"),
    "male": ("observational", "1 when gender_concept_id is 8507"),
    "age": ("observational", "years from birth to the first visit"),
    "udca": ("observational", "1 when there is a drug_exposure with concept 2000000301"),
    "furosemide": ("observational", "1 when there is a drug_exposure with concept 956874"),
    "death": (
        "observational",
        "years from the first visit to death or the observation period's end; death as the event",
    ),
}


@dataclass(frozen=True)
class Association:
    """``to`` is regressed on ``from_`` and ``adjust``; ``effect`` is the true coefficient of ``from_``."""

    name: str
    from_: str
    to: str
    model: str
    effect: float
    unit: str
    adjust: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "from": dict(zip(("modality", "how"), _HOW[self.from_], strict=True)) | {"variable": self.from_},
            "to": dict(zip(("modality", "how"), _HOW[self.to], strict=True)) | {"variable": self.to},
            "model": self.model,
            "adjust": list(self.adjust),
            "effect": self.effect,
            "unit": self.unit,
        }


_MURMUR = float(
    np.log(truth.MURMUR_IF_HCM / (1 - truth.MURMUR_IF_HCM))
    - np.log(truth.MURMUR_OTHERWISE / (1 - truth.MURMUR_OTHERWISE))
)
_HAZARD_MM, _HAZARD_AGE = truth.LOG_HAZARD_PER_MM, truth.LOG_HAZARD_PER_YEAR_OF_AGE

PLANTED = (
    Association("pnpla3_alt", "pnpla3", "log_alt", "linear", truth.ALT_PER_ALLELE, "log(U/L) per allele",
                ("liver", "male")),
    Association("hfe_ferritin", "hfe", "log_ferritin", "linear", truth.FERRITIN_PER_ALLELE, "log(ug/L) per allele",
                ("male",)),
    Association("alt_lesion", "log_alt", "image_mm", "linear", truth.LESION_PER_LOG_ALT, "mm per log(U/L)",
                ("liver", "age")),
    Association("image_report", "report_mm", "image_mm", "linear", 1.0, "mm per mm"),
    Association("mask_report", "report_mm", "mask_mm", "linear", 1.0, "mm per mm"),
    Association("lesion_word", "report_mm", "word_large", "logistic", truth.LARGE_WORD_PER_MM, "log odds per mm"),
    Association("image_word", "image_mm", "word_large", "logistic", truth.LARGE_WORD_PER_MM, "log odds per mm"),
    Association("lesion_death", "report_mm", "death", "cox", _HAZARD_MM, "log hazard per mm", ("age",)),
    Association("image_death", "image_mm", "death", "cox", _HAZARD_MM, "log hazard per mm", ("age",)),
    Association("age_death", "age", "death", "cox", _HAZARD_AGE, "log hazard per year", ("report_mm",)),
    Association("male_haemoglobin", "male", "haemoglobin", "linear", truth.HAEMOGLOBIN_MALE, "g/dL"),
    Association("age_creatinine", "age", "log_creatinine", "linear", truth.LOG_CREATININE_PER_YEAR_OF_AGE,
                "log(umol/L) per year", ("male",)),
    Association("udca_alt", "udca", "alt_change", "linear", truth.ALT_UDCA, "log(U/L)", ("liver",)),
    Association("furosemide_potassium", "furosemide", "potassium_change", "linear", truth.POTASSIUM_FUROSEMIDE,
                "mmol/L", ("hcm",)),
    Association("hcm_nt_probnp", "hcm", "log_nt_probnp", "linear", truth.LOG_NT_PROBNP_HCM, "log(ng/L)", ("age",)),
    Association("hcm_murmur", "hcm", "word_murmur", "logistic", _MURMUR, "log odds"),
)  # fmt: skip


def write_associations(path: Path) -> None:
    content = {
        "schema": SCHEMA,
        "note": "true effects planted by construction; adjust: covariates of the regression beside a constant",
        "associations": [association.as_dict() for association in PLANTED],
    }
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def estimate_from_frame(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Each planted association on a frame of ``patient_variables``: name, true effect, effect, low, high (95 %), n.

    Rows with a missing variable are left out of that association; effect, low and high are None where it cannot be
    estimated (a modality is absent, too few patients, separation).
    """
    return [_estimated(association, frame) for association in PLANTED]


def _estimated(association: Association, frame: pd.DataFrame) -> dict[str, Any]:
    predictors = [association.from_, *association.adjust]
    outcome = ["time", "event"] if association.model == "cox" else [association.to]
    values = np.column_stack([frame[name].to_numpy(dtype=float) for name in (*outcome, *predictors)])
    values = values[np.isfinite(values).all(axis=1)]
    x = values[:, len(outcome) :]
    if not len(values):
        found = regressions.Estimate(float("nan"), float("nan"), float("nan"), 0)
    elif association.model == "cox":
        positive = values[:, 0] > 0
        found = regressions.cox(values[positive, 0], values[positive, 1], x[positive])
    else:
        fit = regressions.linear if association.model == "linear" else regressions.logistic
        found = fit(values[:, 0], x)
    numbers = {key: None if np.isnan(value) else value for key, value in found._asdict().items()}
    return {"name": association.name, "truth": association.effect, **numbers}


def estimate(source: Path | Sources) -> list[dict[str, Any]]:
    """``estimate_from_frame`` of ``patient_variables`` of a hospital's folder, a cohort's folder or named sources."""
    return estimate_from_frame(patient_variables(source))
