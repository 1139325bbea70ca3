"""A cohort's real notes from the warehouse to a signed release, and what the gate says when identifiers are left."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from anon_pipeline.errors import ReleaseRefused
from anon_pipeline.keys import Key
from anon_pipeline.modalities.text import engine, residual
from anon_pipeline.policy import load_policy
from anon_pipeline.release.signing import new_signing_key
from anon_pipeline.stages import graph
from anon_pipeline.stages.base import StageContext

PATIENTS = 20
POLICY = """
schema: anon-pipeline/policy/1
cohort: {sql: all.sql}
modalities: {text: {track: deidentified, options: {patients: hospital/patients.jsonl, canaries: 400}}}
release: {minimum_patients: 20, purge_extraction: false}
"""
CANARIES, LINKED = "deidentified/text/canaries/leak_rate", "deidentified/text/linked_by_names/top1_over_chance"
SECOND = "deidentified/text/second_detector/notes_with_findings"


@dataclasses.dataclass
class Released:
    context: StageContext
    canaries: list[str]

    def told(self) -> str:
        """Everything that is written about the notes, but not the notes."""
        work = [p for p in self.context.work.rglob("*.json") if "extraction" not in p.parts]
        release = [p for p in Path(self.context.releases).rglob("*") if p.suffix in (".json", ".html", ".jsonl")]
        return "\n".join(p.read_text() for p in (*work, *release))


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Released:
    from anon_pipeline.fictional.builder import build

    root = tmp_path_factory.mktemp("notes")
    build(root / "hospital", PATIENTS, 3, progress=False, images=False)
    with duckdb.connect(str(root / "hospital" / "warehouse.duckdb")) as warehouse:
        numbered = "SELECT note_id, row_number() OVER (PARTITION BY person_id ORDER BY note_id) AS n FROM note"
        warehouse.execute(f"DELETE FROM note WHERE note_id IN (SELECT note_id FROM ({numbered}) WHERE n > 2)")
    (root / "all.sql").write_text("SELECT person_id FROM person")
    (root / "policy.yaml").write_text(POLICY)
    context = StageContext(
        cohort="notes",
        policy=load_policy(root / "policy.yaml"),
        work=root / "work" / "notes",
        warehouse=str(root / "hospital" / "warehouse.duckdb"),
        releases=str(root / "releases"),
        key=Key(bytes(range(32))),
        signing_key=new_signing_key(root / "signing.pem"),
    )
    made: list[str] = []
    draw = residual._canary
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(residual, "_canary", lambda *given: made.append(draw(*given)) or made[-1])
        graph.run(context)
    return Released(context, made)


def test_a_release_tells_and_holds_its_residual_risk(released: Released) -> None:
    gate = {check.name: check for check in released.context.evidence("release/gate").checks}
    figures = {check.name: check for name in ("identifiers", "linkability")
               for check in released.context.evidence(f"risk/{name}").checks}  # fmt: skip
    for name in (CANARIES, LINKED, SECOND):
        assert gate[name].passed
        assert figures[name].limit == gate[name].limit
        assert figures[name].low <= figures[name].value <= figures[name].high
        assert figures[name].blocking
    assert figures[CANARIES].high <= 0.05
    assert 380 < int(figures[CANARIES].detail.split()[0]) <= 400
    kinds = {name.split(":")[1].split("/")[0] for name in gate if name.startswith("deidentified/text/canaries:")}
    assert kinds == set(residual.KINDS)
    facts = figures["deidentified/text/linked_by_facts/top1_over_chance"]
    assert facts.value > 2, "whoever knows a case recognises its note"
    assert not facts.blocking
    (report,) = Path(released.context.releases).rglob("report.html")
    assert all(name in report.read_text() for name in (CANARIES, LINKED, SECOND))


def test_nothing_that_is_told_holds_a_value(released: Released) -> None:
    told = released.told().lower()
    assert len(released.canaries) == 400
    assert not [canary for canary in released.canaries if len(canary) > 5 and canary.lower() in told]
    lines = Path(released.context.warehouse).with_name("patients.jsonl").read_text().splitlines()
    for patient in map(json.loads, lines):
        names = [n for n in (patient["last_name"], *patient["first_names"]) if len(n) > 5]
        for value in (*names, patient["ipp"], patient["nir"], patient["phone"], patient["email"], patient["address"]):
            assert value.lower() not in told


def test_the_notes_that_leave_hold_no_identifier(released: Released) -> None:
    (path,) = Path(released.context.releases).rglob("note.parquet")
    left = "\n".join(pq.read_table(path)["note_text"].to_pylist()).lower()
    lines = Path(released.context.warehouse).with_name("patients.jsonl").read_text().splitlines()
    for patient in map(json.loads, lines):
        assert not [v for v in (patient["ipp"], patient["nir"], patient["email"], patient["phone"]) if v in left]


def finds_nothing(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(engine, "detect", lambda texts, *_: [[] for _ in texts])


def thresholds_too_high(patch: pytest.MonkeyPatch) -> None:
    """Rules speak, the classifier never does."""

    class Silent:
        def predict(self, texts: list[str]) -> list[None]:
            return [None for _ in texts]

    patch.setattr(engine, "_tagger", lambda device: Silent())


@pytest.mark.parametrize(
    ("fault", "broken"), [(finds_nothing, (CANARIES, SECOND, LINKED)), (thresholds_too_high, (CANARIES, SECOND))]
)
def test_a_leaking_deidentifier_is_refused(
    released: Released, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault, broken: tuple[str, ...]
) -> None:
    fault(monkeypatch)
    without = released.context.policy.modalities["text"].model_copy(update={"options": {"canaries": 400}})
    policy = released.context.policy.model_copy(update={"modalities": {"text": without}})
    leaking = dataclasses.replace(
        released.context, work=tmp_path / "work", releases=str(tmp_path / "out"), policy=policy
    )
    with pytest.raises(ReleaseRefused) as refused:
        graph.run(leaking)
    told = str(refused.value)
    for name in broken:
        assert f"limit {name}" in told
    assert not (tmp_path / "out").exists()
    assert leaking.evidence("risk/identifiers").failed_checks()
    held = Released(leaking, []).told().lower() + told.lower()
    patients = Path(released.context.warehouse).with_name("patients.jsonl").read_text().splitlines()
    assert not [p for p in map(json.loads, patients) if p["nir"] in held or p["ipp"] in held or p["email"] in held]


def test_the_gate_holds_the_figures_again(released: Released, tmp_path: Path) -> None:
    from anon_pipeline.release.gate import judge
    from anon_pipeline.stages.graph import upstream_of_release

    work = tmp_path / "work"
    shutil.copytree(released.context.work, work)
    shutil.rmtree(work / "risk" / "identifiers")
    told = judge(dataclasses.replace(released.context, work=work), upstream_of_release()).reasons
    assert f"limit {CANARIES}: no evidence was reported for it" in told
