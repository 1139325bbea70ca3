"""Policies: deny by default, wrong lines named, comments without meaning."""

from __future__ import annotations

from pathlib import Path

import pytest

from anon_pipeline.errors import BadInput
from anon_pipeline.named_files import WHOLE, named_files
from anon_pipeline.policy import Track, load_policy, policy_for

HEAD = "schema: anon-pipeline/policy/1\n"


def write(path: Path, text: str) -> Path:
    path.write_text(HEAD + text)
    return path


def test_what_no_policy_names_is_withheld(tmp_path: Path) -> None:
    policy = load_policy(write(tmp_path / "p.yaml", ""))
    assert policy.track("imaging") is Track.WITHHELD


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("modalities: {imagery: {track: synthetic}}\n", "imagery"),
        ("avatars: {k: 2}\n", "avatars.k"),
        ("surprise: 1\n", "surprise"),
        ("modalities: {text: {track: deidentified}, biology: {track: synthetic}}\n", "two policies"),
        ("limits: [{check: x, maximum: 1}]\n", "limits.0.reason"),
        ("cohort: {sql: absent.sql}\n", "absent.sql"),
        ("a: [\n", "not YAML"),
    ],
)
def test_wrong_lines_are_named(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(BadInput, match=told):
        load_policy(write(tmp_path / "p.yaml", text))


def test_digest_is_of_the_meaning(tmp_path: Path) -> None:
    first = load_policy(write(tmp_path / "a.yaml", "title: x\navatars: {k: 50}\n")).digest()
    second = load_policy(write(tmp_path / "b.yaml", "# why\navatars:\n  k: 50\ntitle: x\n")).digest()
    assert first == second
    (tmp_path / "c.sql").write_text("SELECT 1 AS person_id")
    third = load_policy(write(tmp_path / "c.yaml", "cohort: {sql: c.sql}\n")).digest()
    (tmp_path / "c.sql").write_text("SELECT 2 AS person_id")
    assert third != load_policy(tmp_path / "c.yaml").digest()


def test_changed_weights_and_lists_make_another_policy(tmp_path: Path) -> None:
    model = tmp_path / "models" / "ours"
    model.mkdir(parents=True)
    (model / "weights.bin").write_bytes(b"first" * 100)
    (tmp_path / "staff.csv").write_text("name\nA\n")
    text = (
        "modalities: {text: {track: deidentified, options: {transformer: models/ours, staff: staff.csv, mode: mask}}}\n"
    )
    seen = [load_policy(write(tmp_path / "a.yaml", text))]
    assert set(seen[0].file_digests) == {"text.transformer", "text.staff"}
    (model / "weights.bin").write_bytes(b"other" * 100)
    seen.append(load_policy(tmp_path / "a.yaml"))
    (tmp_path / "staff.csv").write_text("name\nA\nB\n")
    seen.append(load_policy(tmp_path / "a.yaml"))
    (model / "weights.bin").rename(model / "model.bin")
    seen.append(load_policy(tmp_path / "a.yaml"))
    assert len({policy.digest() for policy in seen}) == 4
    assert load_policy(tmp_path / "a.yaml").digest() == seen[-1].digest()


def test_no_folder_around_the_policy_is_read(tmp_path: Path) -> None:
    options = {"text": {"one": ".", "two": "..", "three": "/", "four": "no such file", "five": "x" * 5000}}
    assert named_files(options, tmp_path) == {}


def test_what_cannot_be_read_is_named_by_its_option(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "staff.csv").write_text("name")

    def closed(self: Path, *_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", closed)
    with pytest.raises(BadInput, match=r"text\.staff"):
        named_files({"text": {"staff": "staff.csv"}}, tmp_path)


def test_of_large_weights_samples_count(tmp_path: Path) -> None:
    weights = tmp_path / "large.bin"
    with weights.open("wb") as file:
        file.truncate(WHOLE + 1)
    first = named_files({"text": {"transformer": "large.bin"}}, tmp_path)
    with weights.open("r+b") as file:
        file.seek(WHOLE - 10)
        file.write(b"fine-tuned")
    assert first != named_files({"text": {"transformer": "large.bin"}}, tmp_path)


def test_a_cohort_has_its_own_policy_or_the_default(tmp_path: Path) -> None:
    write(tmp_path / "default.yaml", "title: general\n")
    write(tmp_path / "liver.yaml", "title: liver\n")
    assert policy_for("liver", tmp_path).title == "liver"
    assert policy_for("heart", tmp_path).title == "general"
    with pytest.raises(BadInput):
        policy_for("../liver", tmp_path)
