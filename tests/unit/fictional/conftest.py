"""One small hospital with everything, and one of 2,000 patients without DICOM files, built once a session."""

from __future__ import annotations

from pathlib import Path

import pytest

from anon_pipeline import fictional

SMALL, SEED = 14, 11


@pytest.fixture(scope="session")
def hospital(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("fictional") / "small"
    fictional.build(out, SMALL, SEED)
    return out


@pytest.fixture(scope="session")
def large_hospital(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("fictional") / "large"
    fictional.build(out, 2000, 5, images=False)
    return out
