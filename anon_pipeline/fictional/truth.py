"""The true effects that are planted in the fictional hospital, and nothing else: numbers, not code.

Every generator reads its effects here, and ``associations.json`` is written from here, so that what is claimed is what
was planted. The names are those of ``associations.PLANTED``.
"""

from __future__ import annotations

from typing import Final

# Natural logarithm of alanine aminotransferase (U/L) at the index visit.
ALT_BASE: Final = 3.20
ALT_PER_ALLELE: Final = 0.30
ALT_LIVER: Final = 0.35
ALT_MALE: Final = 0.10
ALT_SD: Final = 0.40
ALT_WITHIN_SD: Final = 0.15
ALT_UDCA: Final = -0.30

# Natural logarithm of ferritin (ug/L) at the index visit.
FERRITIN_BASE: Final = 4.60
FERRITIN_PER_ALLELE: Final = 0.40
FERRITIN_MALE: Final = 0.50
FERRITIN_SD: Final = 0.55

# Diameter of the liver nodule in mm.
LESION_BASE: Final = 26.0
LESION_PER_LOG_ALT: Final = 9.0
LESION_LOG_ALT_CENTRE: Final = 3.5
LESION_LIVER: Final = 4.0
LESION_PER_YEAR: Final = 0.08
LESION_SD: Final = 5.0
LESION_MINIMUM: Final = 7.0
LESION_MAXIMUM: Final = 64.0
AGE_CENTRE: Final = 60.0

# Words of the reports.
LARGE_WORD_PER_MM: Final = 0.15
LARGE_WORD_CENTRE_MM: Final = 29.0
MURMUR_IF_HCM: Final = 0.80
MURMUR_OTHERWISE: Final = 0.15

# Death: exponential proportional hazards, per year of follow-up.
HAZARD_BASE: Final = 0.09
LOG_HAZARD_PER_MM: Final = 0.06
LOG_HAZARD_PER_YEAR_OF_AGE: Final = 0.04
HAZARD_LESION_CENTRE_MM: Final = 28.0

# Other analytes.
HAEMOGLOBIN_MALE: Final = 1.3  # g/dL
LOG_CREATININE_PER_YEAR_OF_AGE: Final = 0.006
POTASSIUM_FUROSEMIDE: Final = -0.35  # mmol/L
LOG_NT_PROBNP_HCM: Final = 1.2
