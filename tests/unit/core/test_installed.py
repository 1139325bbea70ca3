"""constraints.txt pins everything that is installed, so that no resolver is needed; nothing may be missing from it."""

from __future__ import annotations

import subprocess
import sys


def test_every_requirement_is_installed_at_a_fitting_version() -> None:
    """Anonymeter's own pins are older than ours (requirements-tests-no-deps.txt)."""
    checked = subprocess.run([sys.executable, "-m", "pip", "check"], check=False, capture_output=True, text=True)
    broken = [line for line in checked.stdout.splitlines() if not line.startswith(("anonymeter ", "No broken"))]
    assert not broken
