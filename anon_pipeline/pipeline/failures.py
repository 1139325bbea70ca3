"""From the stages' failures to Dagster's, without a patient's value in either.

The event log keeps exceptions for ever, with their causes and contexts. So whatever a stage raises is replaced: a
permanent failure by its own message (which holds no value, by the rule of ``anon_pipeline.errors``), a transient one by
a request to retry, and everything unforeseen by its type and place alone. What a stage does is not decided here.
"""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import dagster as dg

from anon_pipeline.errors import AnonPipelineError, TransientFailure
from anon_pipeline.pipeline.silence import silenced

T = TypeVar("T")
MAXIMUM_RETRIES = 3
FIRST_DELAY_SECONDS = 10
_PASSING = {
    errno.EAGAIN,
    errno.ECONNABORTED,
    errno.ECONNREFUSED,
    errno.ECONNRESET,
    errno.EDQUOT,
    errno.EHOSTUNREACH,
    errno.EIO,
    errno.ENETUNREACH,
    errno.ENOSPC,
    errno.ESTALE,
    errno.ETIMEDOUT,
}


def is_transient(error: BaseException) -> bool:
    """Whether trying again may help: a typed failure says so itself; of the others, only what the outside caused."""
    if isinstance(error, AnonPipelineError):
        return isinstance(error, TransientFailure)
    return isinstance(error, ConnectionError | TimeoutError) or (isinstance(error, OSError) and error.errno in _PASSING)


def told(error: BaseException) -> str:
    """What may be written of an error: the message of our own failures, the type and place of any other."""
    if isinstance(error, AnonPipelineError):
        return str(error)
    return f"internal error, {type(error).__name__} at {_place(error)}"


def _place(error: BaseException) -> str:
    """The innermost line of this package that the error went through."""
    place = "?"
    trace = error.__traceback__
    while trace is not None:
        file = Path(trace.tb_frame.f_code.co_filename)
        if "anon_pipeline" in file.parts or trace.tb_next is None:
            place = f"{file.name}:{trace.tb_lineno}"
        trace = trace.tb_next
    return place


def replacement(error: BaseException, attempt: int) -> BaseException:
    """The exception to raise instead: fresh, with no cause, context or traceback of the original.

    attempt: 0 for the first. A transient failure waits 10, 20, 40 seconds and then fails for good.
    """
    if not isinstance(error, Exception):
        return type(error)()
    if is_transient(error) and attempt < MAXIMUM_RETRIES:
        return dg.RetryRequested(max_retries=MAXIMUM_RETRIES, seconds_to_wait=FIRST_DELAY_SECONDS * 2**attempt)
    return dg.Failure(description=told(error), allow_retries=False)


def guarded(context: dg.AssetExecutionContext, work: Callable[[], T]) -> T:
    """Do a stage's work so that nothing it raises, prints or warns reaches Dagster as it is.

    A function and not a context manager: what a ``with`` statement raises carries the original as its context.
    """
    raised: BaseException | None = None
    try:
        with silenced():
            return work()
    except BaseException as error:
        raised = error
    instead = replacement(raised, context.retry_number)
    if isinstance(instead, dg.RetryRequested):
        context.log.warning(f"{told(raised)}; trying again in {instead.seconds_to_wait} s")
    raise instead
