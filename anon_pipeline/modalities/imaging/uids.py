"""Which UIDs name a patient's objects (and are replaced) and which are the standard's own (and stay)."""

from __future__ import annotations

import re

from anon_pipeline.modalities.imaging.dictionary import WELL_KNOWN_UIDS
from anon_pipeline.pseudonyms import Pseudonymiser

_VOCABULARY = re.compile(
    r"^(1\.2\.840\.10008\.(6\.1|2\.16|8)(\.\d{1,5}){1,3}|2\.16\.840\.1\.113883\.[356](\.\d{1,5}){1,3})$"
)
VOCABULARY_TAGS = frozenset((0x0008010C, 0x00080117, 0x0008010D, 0x00080118, 0x0008010B))


class Uids:
    """Keyed and memoised: equal UIDs stay equal, so references between instances hold."""

    def __init__(self, pseudonymiser: Pseudonymiser, retain: bool) -> None:
        self._new = pseudonymiser.uid
        self._retain = retain
        self._memo: dict[str, str] = {}

    def __call__(self, uid: str, tag: int = 0) -> str:
        """The UID to write for an original one; an empty one stays empty."""
        if not uid or uid in WELL_KNOWN_UIDS:
            return uid
        if tag in VOCABULARY_TAGS and _VOCABULARY.match(uid):
            return uid
        if self._retain and re.fullmatch(r"(0|[1-9]\d*)(\.(0|[1-9]\d*))+", uid) and len(uid) <= 64:
            return uid
        new = self._memo.get(uid)
        if new is None:
            if len(self._memo) > 200_000:
                self._memo.clear()
            new = self._memo[uid] = self._new(uid)
        return new
