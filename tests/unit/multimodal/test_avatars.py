"""Avatars whose notes, images and tables agree: one draw of a small fictional hospital, decoded everywhere."""

from __future__ import annotations

import dataclasses
import hashlib
import re
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from anon_pipeline.cohort import Cohort, ExtractedCohort
from anon_pipeline.fictional import build
from anon_pipeline.keys import Key
from anon_pipeline.policy import load_policy
from anon_pipeline.release.signing import new_signing_key
from anon_pipeline.stages.anonymisation import the_draw
from anon_pipeline.stages.base import StageContext, run_stage
from anon_pipeline.stages.facts import person_facts
from anon_pipeline.stages.graph import STAGES

POLICY = """
schema: anon-pipeline/policy/1
cohort: {sql: everyone.sql}
sources: {images: hospital/dicom, vcf: hospital/genomics/cohort.vcf.gz}
modalities:
  observational: {track: synthetic}
  biology: {track: synthetic}
  genomics: {track: synthetic}
  text: {track: synthetic}
  imaging: {track: synthetic}
avatars: {k: 30, holdout_fraction: 0.2}
"""
DONE = ("extraction/cohort", "embedding/", "anonymised/")


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> StageContext:
    root = tmp_path_factory.mktemp("hospital")
    build(root / "hospital", 80, 11)
    (root / "everyone.sql").write_text("SELECT person_id FROM person")
    (root / "everyone.yaml").write_text(POLICY)
    made = StageContext(
        cohort="everyone",
        policy=load_policy(root / "everyone.yaml"),
        work=root / "work" / "everyone",
        warehouse=str(root / "hospital" / "warehouse.duckdb"),
        releases=str(root / "releases"),
        key=Key(bytes(range(32))),
        signing_key=new_signing_key(root / "signing.pem"),
    )
    for stage in STAGES.values():
        if stage.name.startswith(DONE):
            run_stage(stage, made)
    return made


def avatars(context: StageContext) -> Cohort:
    return Cohort(context.cohort, context.work / "anonymised")


def test_what_is_too_small_is_refused_with_its_reason(context: StageContext) -> None:
    genomics = context.evidence("anonymised/genomics")
    assert genomics.status == "refused"
    assert "500" in genomics.reason
    assert all(context.evidence(f"anonymised/{m}").status == "done" for m in ("observational", "imaging", "text"))


def test_all_modalities_are_of_the_same_avatars(context: StageContext) -> None:
    persons = set(avatars(context).read("person")["person_id"].to_pylist())
    images = pq.read_table(context.folder("anonymised/imaging") / "index.parquet")
    notes = pq.read_table(context.folder("anonymised/text") / "note.parquet")
    assert set(images["person_id"].to_pylist()) == persons
    assert set(notes["person_id"].to_pylist()) <= persons


def test_numbers_in_notes_are_the_avatars_own(context: StageContext) -> None:
    counts = context.evidence("anonymised/text").counts
    assert counts["facts_written"] > 100
    assert counts["facts_agreeing"] == counts["facts_written"]


def test_notes_are_of_what_the_avatar_went_through(context: StageContext) -> None:
    """No report of the death of someone who lives, and as many notes as patients have."""
    made = avatars(context)
    notes = pq.read_table(context.folder("anonymised/text") / "note.parquet").to_pandas()
    reported = set(notes.loc[notes["note_title"].str.contains("décès"), "person_id"])
    dead = set(made.read("death", ["person_id"])["person_id"].to_pylist())
    assert reported
    assert reported <= dead
    real = context.extracted.training
    per_patient = real.read("note", ["note_id"]).num_rows / real.read("person", ["person_id"]).num_rows
    assert len(notes) / made.read("person", ["person_id"]).num_rows == pytest.approx(per_patient, rel=0.25)


def test_a_phrase_of_a_note_is_never_one_patients_own(context: StageContext) -> None:
    """A line that one patient alone has is put together from words that others have in lines with words in common."""

    real = ExtractedCohort("everyone", context.folder("extraction/cohort")).training
    spoken: dict[str, set[int]] = {}
    for row in real.read("note", ["person_id", "note_text"]).to_pylist():
        for line in row["note_text"].split("\n"):
            spoken.setdefault(re.sub(r"\d", "0", line.strip()), set()).add(row["person_id"])
    notes = pq.read_table(context.folder("anonymised/text") / "note.parquet")["note_text"].to_pylist()
    lines = {re.sub(r"\d", "0", line.strip()) for text in notes for line in text.split("\n") if len(line) > 60}
    for line in sorted(lines):
        if len(spoken.get(line, set())) != 1:
            continue
        words = set(re.findall(r"\w+", line))
        alike: dict[str, set[int]] = {word: set() for word in words}
        for other, persons in spoken.items():
            common = words & set(re.findall(r"\w+", other))
            if other != line and len(common) > 1:
                for word in common:
                    alike[word] |= persons
        assert min(len(persons) for persons in alike.values()) >= 5, f"a line of {len(words)} words is one patient's"


def test_no_name_or_number_of_a_patient_is_in_a_note(context: StageContext) -> None:
    import json

    known = Path(context.warehouse).with_name("patients.jsonl").read_text().splitlines()
    notes = "\n".join(pq.read_table(context.folder("anonymised/text") / "note.parquet")["note_text"].to_pylist())
    for line in known:
        patient = json.loads(line)
        for field in ("ipp", "nir", "phone", "email", "address"):
            assert not patient.get(field) or str(patient[field]) not in notes


def test_images_are_drawn_not_copied(context: StageContext) -> None:
    import pydicom

    real = context.extracted.training.images
    originals = {hashlib.sha256(pydicom.dcmread(p).PixelData).digest() for p in real.rglob("*.dcm")}
    made = sorted(context.folder("anonymised/imaging").rglob("001.dcm"))
    assert made
    for path in made:
        data = pydicom.dcmread(path)
        assert hashlib.sha256(data.PixelData).digest() not in originals
        assert str(data.PatientID).startswith("AVATAR-")
        assert data.PatientBirthDate == ""


def test_lesion_size_keeps_its_place_among_the_facts(context: StageContext) -> None:
    real, made = person_facts(context)
    column = "imaging/lesion_diameter_mm"
    assert abs(real[column].mean() - made[column].mean()) < 4
    assert 0.5 < made[column].std() / real[column].std() < 1.5


def test_the_draw_keeps_its_contract(context: StageContext) -> None:
    draw = the_draw(context)
    assert np.allclose(draw.weights.sum(axis=1), 1, atol=1e-4)
    assert draw.weights.max() <= 0.05 + 1e-6
    assert (1 / (draw.weights**2).sum(axis=1)).min() >= 20
    assert {"text", "imaging"} <= set(draw.parts)


def test_another_seed_gives_other_avatars_and_the_same_seed_the_same(context: StageContext, tmp_path: Path) -> None:
    def images(seed: int) -> bytes:
        policy = context.policy.model_copy(
            update={"avatars": context.policy.avatars.model_copy(update={"seed": seed, "size": 5})}
        )
        from anon_pipeline.stages.anonymisation import anonymise

        out = tmp_path / f"{seed}-{len(list(tmp_path.iterdir()))}"
        out.mkdir()
        anonymise(dataclasses.replace(context, policy=policy), out, "imaging")
        return b"".join(p.read_bytes() for p in sorted(out.rglob("*.dcm")))

    first = images(0)
    assert first == images(0)
    assert first != images(1)


def test_notes_of_the_deidentified_track_hold_no_identifier(context: StageContext, tmp_path: Path) -> None:
    import json

    from anon_pipeline.modalities.text import deidentify

    made = deidentify(context.extracted.holdout, context.key, tmp_path)
    assert made is not None
    assert made.counts["held"] == 0
    assert made.counts["notes"] > 0
    text = "\n".join(pq.read_table(tmp_path / "note.parquet")["note_text"].to_pylist())
    for line in Path(context.warehouse).with_name("patients.jsonl").read_text().splitlines():
        patient = json.loads(line)
        for field in ("ipp", "nir", "email"):
            assert not patient.get(field) or str(patient[field]) not in text
