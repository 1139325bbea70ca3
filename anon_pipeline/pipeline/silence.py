"""Keep libraries quiet while they handle patients' data: what they print, log or warn may quote a value.

Standard output and error, at the level of the file descriptors since C libraries write there too, go nowhere;
warnings and log records of other packages are dropped. Set ANON_PIPELINE_DEBUG to see them on a development machine.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

from anon_pipeline.cli.common import DEBUG_VARIABLE


@contextlib.contextmanager
def silenced() -> Iterator[None]:
    if os.environ.get(DEBUG_VARIABLE):
        yield
        return
    with (
        _descriptors_to_nowhere(),
        Path(os.devnull).open("w") as nowhere,
        contextlib.redirect_stdout(nowhere),
        contextlib.redirect_stderr(nowhere),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        before = logging.root.manager.disable
        logging.disable(logging.CRITICAL)
        try:
            yield
        finally:
            logging.disable(before)


@contextlib.contextmanager
def _descriptors_to_nowhere() -> Iterator[None]:
    _flush()
    saved = [os.dup(descriptor) for descriptor in (1, 2)]
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        yield
    finally:
        _flush()
        for descriptor, copy in zip((1, 2), saved, strict=True):
            os.dup2(copy, descriptor)
            os.close(copy)
        os.close(nowhere)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(ValueError, OSError, AttributeError):
            stream.flush()
