"""Fixtures of the release's tests."""

from tests.unit.release.small_cohort import context, released

__all__ = ["context", "released"]
