"""Makes ``support.py`` of the pipeline tests importable as ``anon_pipeline_test_support``."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

NAME = "anon_pipeline_test_support"

if NAME not in sys.modules:
    spec = importlib.util.spec_from_file_location(NAME, Path(__file__).resolve().parents[1] / "pipeline" / "support.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[NAME] = module
    spec.loader.exec_module(module)
