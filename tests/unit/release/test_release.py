"""A release can be verified with nothing but its folder, traced from any copy of its files, and made twice alike."""

from __future__ import annotations

import base64
import dataclasses
import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from anon_pipeline.cli.main import app
from anon_pipeline.errors import BadInput
from anon_pipeline.release import store
from anon_pipeline.release.signing import load_signer, new_signing_key
from anon_pipeline.release.trace import trace, tree
from anon_pipeline.release.verify import verify
from anon_pipeline.stages.base import StageContext
from tests.unit.release.small_cohort import run_release, run_upstream


def test_verifies_and_says_whose_key(released: Path, context: StageContext) -> None:
    assert verify(released).faults == []
    assert context.signing_key is not None
    public = context.signing_key.with_name("signing.pem.pub")
    assert verify(released, public).trusted
    stranger = new_signing_key(context.signing_key.with_name("stranger.pem"))
    assert verify(released, stranger.with_name("stranger.pem.pub")).faults == [
        "signature: no signature of this key verifies"
    ]


def edit_file(folder: Path) -> None:
    (folder / "data/observational/person.csv").write_text("person_id\n1\n")


def remove_file(folder: Path) -> None:
    (folder / "data/observational/person.csv").unlink()


def add_file(folder: Path) -> None:
    (folder / "data/extra.csv").write_text("x")


def edit_manifest(folder: Path) -> None:
    content = json.loads((folder / "manifest.json").read_text())
    content["access"] = "open"
    (folder / "manifest.json").write_text(json.dumps(content))


def edit_statement(folder: Path) -> None:
    envelope = json.loads((folder / "manifest.dsse.json").read_text())
    statement = json.loads(base64.b64decode(envelope["payload"]))
    statement["predicate"]["access"] = "open"
    envelope["payload"] = base64.b64encode(json.dumps(statement).encode()).decode()
    (folder / "manifest.dsse.json").write_text(json.dumps(envelope))


def link_outside(folder: Path) -> None:
    target = folder / "data/observational/person.csv"
    moved = folder.parent / "moved.csv"
    shutil.move(target, moved)
    target.symlink_to(moved)


def drop_runs(folder: Path) -> None:
    (folder / "runs.dsse.json").unlink()


def swap_key(folder: Path) -> None:
    (folder / "public_key.pem").write_text("not a key")


@pytest.mark.parametrize(
    "tamper", [edit_file, remove_file, add_file, edit_manifest, edit_statement, link_outside, drop_runs, swap_key]
)
def test_finds_every_change(released: Path, tamper, tmp_path: Path) -> None:
    tamper(released)
    assert verify(released).faults
    outcome = CliRunner().invoke(app, ["verify", str(released)])
    assert outcome.exit_code == 1
    assert "BROKEN" in outcome.output


def test_traces_a_renamed_copy(released: Path, tmp_path: Path) -> None:
    copy = tmp_path / "elsewhere" / "table.bin"
    copy.parent.mkdir()
    shutil.copy(released / "data/observational/person.csv", copy)
    with pytest.raises(BadInput, match="no release at hand"):
        trace(copy)
    traced = trace(copy, tmp_path / "releases")
    assert traced["made_by"] == "anonymised/observational"
    assert traced["verified"]
    ancestry = [stage["stage"] for stage in traced["stages"]]
    assert ancestry[0] == "anonymised/observational"
    assert {"embedding/joint", "extraction/cohort"} <= set(ancestry)
    assert [source["name"] for source in traced["sources"]] == ["warehouse/person"]
    assert {stage["run_id"] for stage in traced["stages"]} == {"run-1"}
    told = "\n".join(tree(traced))
    assert "source warehouse/person" in told
    assert "membership/calibrated_distance/auc: value 0.5, low 0.45, high 0.55" in told


def test_same_inputs_give_the_same_bytes(released: Path, context: StageContext, tmp_path: Path) -> None:
    again = dataclasses.replace(
        context, work=tmp_path / "again" / "work", releases=str(tmp_path / "again" / "releases"), run_id="run-1"
    )
    run_upstream(again)
    run_release(again)
    (other,) = (Path(again.releases) / again.cohort).iterdir()
    first = {p.relative_to(released): p.read_bytes() for p in released.rglob("*") if p.is_file()}
    second = {p.relative_to(other): p.read_bytes() for p in other.rglob("*") if p.is_file()}
    assert first == second
    assert released.name == other.name


def test_publishes_behind_a_url(context: StageContext) -> None:
    import fsspec

    remote = dataclasses.replace(context, releases="memory://bucket/releases")
    run_upstream(remote)
    run_release(remote)
    names = fsspec.filesystem("memory").find("/bucket/releases/cohort-a")
    assert any(name.endswith("manifest.dsse.json") for name in names)
    assert any(name.endswith("data/observational/person.csv") for name in names)


def test_a_failed_upload_leaves_no_signed_manifest(context: StageContext, monkeypatch: pytest.MonkeyPatch) -> None:
    import fsspec

    from anon_pipeline.errors import TransientFailure

    system = fsspec.filesystem("memory")
    put_file = type(system).put_file

    def failing(self, local, target, **kwargs):
        if target.endswith("report.html"):
            raise OSError(28, "No space left on device")
        return put_file(self, local, target, **kwargs)

    monkeypatch.setattr(type(system), "put_file", failing)
    remote = dataclasses.replace(context, releases="memory://full/releases")
    run_upstream(remote)
    with pytest.raises(TransientFailure):
        run_release(remote)
    assert not [name for name in system.find("/full") if name.endswith("manifest.dsse.json")]


def test_local_place_is_all_or_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "source"
    source.mkdir()
    for name in ("a.txt", "b.txt"):
        (source / name).write_text(name)
    where = tmp_path / "store" / "cohort" / "release"
    copied = []
    copyfile = shutil.copyfile

    def killed_at_second(a, b):
        if copied:
            raise KeyboardInterrupt
        copied.append(a)
        return copyfile(a, b)

    monkeypatch.setattr(store.shutil, "copyfile", killed_at_second)
    with pytest.raises(KeyboardInterrupt):
        store.put(str(where), [(source, set())])
    assert not where.exists()
    monkeypatch.undo()
    store.put(str(where), [(source, set())])
    assert sorted(p.name for p in where.iterdir()) == ["a.txt", "b.txt"]


def test_signing_key_must_be_private(tmp_path: Path) -> None:
    path = new_signing_key(tmp_path / "k.pem")
    path.chmod(0o644)
    with pytest.raises(BadInput, match="0600"):
        load_signer(path)
    with pytest.raises(BadInput, match="exists already"):
        new_signing_key(path)
