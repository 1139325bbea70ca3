"""A purge leaves evidence alone, and sweeps what killed runs left."""

from __future__ import annotations

from pathlib import Path

from anon_pipeline.release.store import purge


def test_a_purged_folder_holds_its_evidence_and_nothing_beside_it_is_left(tmp_path: Path) -> None:
    folder = tmp_path / "extraction" / "cohort"
    (folder / "training").mkdir(parents=True, mode=0o700)
    (folder / "training" / "person.parquet").write_bytes(b"a patient")
    (folder / "evidence.json").write_text("{}")
    for left in (".cohort.old", ".cohort.partial-7", ".cohort.emptied"):
        (folder.parent / left).mkdir()
        (folder.parent / left / "person.parquet").write_bytes(b"a patient")
    other = folder.parent / ".other.partial-7"
    other.mkdir()
    purge([folder])
    purge([folder])
    assert sorted(path.name for path in folder.parent.iterdir()) == [".other.partial-7", "cohort"]
    assert [path.name for path in folder.rglob("*")] == ["evidence.json"]
    assert folder.stat().st_mode & 0o077 == 0
