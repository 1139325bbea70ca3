"""What Dagster is told of a failure: enough to act on, and never a patient's value."""

from __future__ import annotations

import errno
import logging
import os
import warnings
from types import SimpleNamespace
from typing import Any

import dagster as dg
import pytest

from anon_pipeline.errors import BadInput, PermanentFailure, ReleaseRefused, TransientFailure
from anon_pipeline.pipeline.failures import MAXIMUM_RETRIES, guarded, is_transient, told
from anon_pipeline.pipeline.silence import silenced

CANARY = "canary-7c1f"


def context(attempt: int = 0) -> Any:
    return SimpleNamespace(retry_number=attempt, log=logging.getLogger("test"))


def raising(error: BaseException) -> Any:
    def work() -> None:
        try:
            int(CANARY)
        except ValueError as cause:
            raise error from cause

    return work


def chain(error: BaseException) -> list[BaseException]:
    found: list[BaseException] = []
    todo: list[BaseException | None] = [error]
    while todo:
        one = todo.pop()
        if one is not None and one not in found:
            found.append(one)
            todo += [one.__cause__, one.__context__]
    return found


@pytest.mark.parametrize("error", [ValueError(CANARY), KeyError(CANARY), RuntimeError(CANARY), MemoryError(CANARY)])
def test_an_unforeseen_error_is_replaced_with_its_whole_chain(error: Exception) -> None:
    with pytest.raises(dg.Failure) as raised:
        guarded(context(), raising(error))
    assert chain(raised.value) == [raised.value]
    assert CANARY not in repr(raised.value) + str(raised.value.description)
    assert type(error).__name__ in str(raised.value.description)
    assert not raised.value.allow_retries


def test_a_permanent_failure_keeps_its_message_and_is_not_retried() -> None:
    with pytest.raises(dg.Failure) as raised:
        guarded(context(), raising(ReleaseRefused(["risk/membership: check failed"])))
    assert "risk/membership: check failed" in str(raised.value.description)
    assert not raised.value.allow_retries
    assert chain(raised.value) == [raised.value]


def test_a_transient_failure_is_retried_with_growing_delays_then_fails() -> None:
    delays = []
    for attempt in range(MAXIMUM_RETRIES):
        with pytest.raises(dg.RetryRequested) as raised:
            guarded(context(attempt), raising(TransientFailure("the store is away")))
        delays.append(raised.value.seconds_to_wait)
        assert chain(raised.value) == [raised.value]
    assert delays == sorted(set(delays))
    with pytest.raises(dg.Failure) as last:
        guarded(context(MAXIMUM_RETRIES), raising(TransientFailure("the store is away")))
    assert last.value.description == "the store is away"


def test_what_the_outside_causes_is_transient_and_the_rest_is_not() -> None:
    assert is_transient(ConnectionResetError())
    assert is_transient(TimeoutError())
    assert is_transient(OSError(errno.ENOSPC, "full"))
    assert not is_transient(OSError(errno.ENOENT, "missing"))
    assert not is_transient(BadInput("x"))
    assert not is_transient(PermanentFailure("x"))
    assert not is_transient(ValueError("x"))


def test_an_interruption_stays_one_without_what_it_interrupted() -> None:
    with pytest.raises(KeyboardInterrupt) as raised:
        guarded(context(), raising(KeyboardInterrupt(CANARY)))
    assert raised.value.args == ()
    assert chain(raised.value) == [raised.value]


def test_the_place_is_a_line_and_not_a_value() -> None:
    with pytest.raises(KeyError) as raised:
        {}[CANARY]
    assert told(raised.value).startswith("internal error, KeyError at test_failures.py:")
    assert CANARY not in told(raised.value)


def test_nothing_that_a_library_prints_or_logs_is_seen(capfd: pytest.CaptureFixture[str]) -> None:
    with silenced():
        print(CANARY)  # noqa: T201
        os.write(1, CANARY.encode())
        os.write(2, CANARY.encode())
        os.system(f"echo {CANARY} >&2")  # noqa: S605
        logging.getLogger("some.library").error(CANARY)
        warnings.warn(CANARY, stacklevel=1)
    os.write(1, b"after")
    out, err = capfd.readouterr()
    assert CANARY not in out + err
    assert "after" in out


def test_results_pass_through() -> None:
    assert guarded(context(), lambda: 7) == 7
