"""The failures that the whole package shares, and the exit code of each.

A message names a file, a column, a tag, a count or a rule. It never holds a patient's value:
messages end up in logs and in Dagster's event log, which keep them for ever.
"""

from __future__ import annotations


class AnonPipelineError(Exception):
    """Base of every failure that this package raises on purpose."""

    exit_code = 1


class PermanentFailure(AnonPipelineError):
    """Trying again with the same input gives the same failure."""


class TransientFailure(AnonPipelineError):
    """The outside world failed (a connection, a lock, a full disk): trying again may help."""

    exit_code = 75


class BadInput(PermanentFailure):
    """The input cannot be used; the message says what is wrong and where."""

    exit_code = 2


class VerdictBroken(PermanentFailure):
    """A verdict was asked for and a limit is broken: nothing may be written to the output."""

    exit_code = 3


class ReleaseRefused(VerdictBroken):
    """The gate refuses; ``reasons`` lists every reason, one sentence each."""

    def __init__(self, reasons: list[str]) -> None:
        self.reasons = list(reasons)
        super().__init__("release refused: " + "; ".join(self.reasons))


class CannotBeMadeSafe(PermanentFailure):
    """A modality cannot be released on this track at this cohort's size; the message is the reason that is reported.

    It does not stop the cohort: the modality is left out of the release, and the report says why.
    """

    exit_code = 3
