"""A French university hospital that does not exist, with all five modalities of the same patients.

For the demonstration, the tests and the proof that planted associations survive anonymisation. ``build`` makes it;
``associations.estimate`` reads the associations back from any hospital or release.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from anon_pipeline.fictional.builder import BuildReport, build

__all__ = ["BuildReport", "build"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        from anon_pipeline.fictional import builder

        return getattr(builder, name)
    raise AttributeError(name)
