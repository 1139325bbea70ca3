"""Makes ``support.py`` and ``canaries.py`` importable as ``anon_pipeline_test_*``, whatever the import mode."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / "pipeline"

for name in ("support", "canaries"):
    full = f"anon_pipeline_test_{name}"
    if full not in sys.modules:
        spec = importlib.util.spec_from_file_location(full, FOLDER / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        sys.modules[full] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[full])
