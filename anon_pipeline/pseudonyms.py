"""One patient's keyed pseudonyms, the same in every modality of the de-identified track.

Identifiers, date shifts and UIDs are here; names, addresses and other surrogates that need lists of
French words are in ``anon_pipeline.surrogates``. Avatars never use this module: they are nobody.
"""

from __future__ import annotations

from anon_pipeline.keys import Key

UID_ROOT = "2.25."
MAXIMUM_SHIFT_DAYS = 3653
MINIMUM_SHIFT_DAYS = 30


class Pseudonymiser:
    """Keyed, stateless: the same key gives the same answers in every process and run."""

    def __init__(self, key: Key) -> None:
        self.key = key.derive("pseudonyms")

    def patient_id(self, patient_id: str, prefix: str = "ANON") -> str:
        """An opaque identifier of 16 hexadecimal digits after the prefix."""
        return prefix + self.key.digest("patient-id", patient_id.strip()).hex()[:16].upper()

    def date_shift(self, patient_id: str) -> int:
        """Days to add to every date of the patient, in [-3653, -30]: always to the past, never zero."""
        span = MAXIMUM_SHIFT_DAYS - MINIMUM_SHIFT_DAYS + 1
        return -(MINIMUM_SHIFT_DAYS + self.key.integer(span, "date-shift", patient_id.strip()))

    def uid(self, uid: str) -> str:
        """A valid DICOM UID (PS3.5 B.2, UUID-derived, at most 44 characters) for an original one."""
        value = int.from_bytes(self.key.digest("uid", uid.strip().rstrip("\0"))[:16], "big")
        value = (value & ~(0xF << 76)) | (0x8 << 76)  # version 8 (RFC 9562): custom content
        value = (value & ~(0x3 << 62)) | (0x2 << 62)  # variant
        return UID_ROOT + str(value)
