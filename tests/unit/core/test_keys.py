"""Keys: weak or exposed ones are refused; what is derived is stable, separate by purpose, and never printed."""

from __future__ import annotations

from pathlib import Path

import pytest

from anon_pipeline.errors import BadInput
from anon_pipeline.keys import Key, key_from_environment, key_from_file, new_key_file, seeded_rng
from anon_pipeline.pseudonyms import Pseudonymiser

KEY = Key(bytes(range(32)))


def test_refuses_weak_and_exposed_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for weak in (b"short", b"a" * 64):
        with pytest.raises(BadInput):
            Key(weak)
    path = new_key_file(tmp_path / "key")
    assert path.stat().st_mode & 0o777 == 0o600
    assert key_from_file(path).digest("x") == key_from_file(path).digest("x")
    path.chmod(0o640)
    with pytest.raises(BadInput, match="0600"):
        key_from_file(path)
    monkeypatch.delenv("ANON_PIPELINE_KEY", raising=False)
    monkeypatch.delenv("ANON_PIPELINE_KEY_FILE", raising=False)
    with pytest.raises(BadInput, match="no key"):
        key_from_environment()


def test_a_key_never_prints_itself() -> None:
    assert KEY.secret.hex() not in repr(KEY)
    assert str(KEY) == "Key(...)"


def test_labels_are_separated() -> None:
    assert KEY.digest("a", "bc") != KEY.digest("ab", "c")
    assert KEY.derive("x").secret != KEY.derive("y").secret
    assert KEY.rng("x").integers(1 << 60) == KEY.rng("x").integers(1 << 60)
    assert seeded_rng(1, "x").integers(1 << 60) != seeded_rng(2, "x").integers(1 << 60)


def test_pseudonyms_are_stable_and_in_bounds() -> None:
    names = Pseudonymiser(KEY)
    shifts = {names.date_shift(f"patient {i}") for i in range(500)}
    assert len(shifts) > 400
    assert max(shifts) <= -30
    assert min(shifts) >= -3653
    assert names.date_shift("7") == Pseudonymiser(Key(bytes(range(32)))).date_shift("7")
    assert names.patient_id("7") != names.patient_id("8")
    uids = {names.uid(f"1.2.{i}") for i in range(500)}
    assert len(uids) == 500
    assert all(len(uid) <= 64 and uid.startswith("2.25.") and not uid[5:].startswith("0") for uid in uids)
    assert names.uid("1.2.3\0") == names.uid("1.2.3")
