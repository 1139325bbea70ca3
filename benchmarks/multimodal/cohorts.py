"""Fictional cohorts of a given size run through the stages, with time and memory of each stage."""

from __future__ import annotations

import resource
import shutil
import time
from pathlib import Path
from typing import Any

POLICY = """
schema: anon-pipeline/policy/1
cohort: {{sql: everyone.sql}}
sources: {{images: hospital/dicom, vcf: hospital/genomics/cohort.vcf.gz}}
modalities:
  observational: {{track: synthetic}}
  biology: {{track: synthetic}}
  genomics: {{track: {genomics}, options: {{loci: ["chr22:43928847:C:G", "chr6:26090951:C:G"]}}}}
  text: {{track: synthetic}}
  imaging: {{track: synthetic}}
avatars: {{k: 60, holdout_fraction: {holdout}}}
"""


def hospital(root: Path, patients: int, seed: int, pictured: int | None = None) -> None:
    """Build it below ``root/hospital``. pictured: how many of the patients have notes, images and a genome (default
    all); the others have tables, since drawing images is what building costs."""
    from anon_pipeline.fictional import build
    from anon_pipeline.fictional.tables import write_warehouse

    if (root / "hospital" / "warehouse.duckdb").is_file():
        return
    root.mkdir(parents=True, exist_ok=True)
    if pictured is None or pictured >= patients:
        build(root / "hospital", patients, seed)
        return
    build(root / "hospital", patients, seed, tables_only=True)
    build(root / "few", pictured, seed)
    for name in ("dicom", "genomics"):
        shutil.move(root / "few" / name, root / "hospital" / name)
    for path in (root / "few" / "omop").rglob("note*"):
        target = root / "hospital" / "omop" / path.relative_to(root / "few" / "omop")
        if path.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
    (root / "hospital" / "warehouse.duckdb").unlink()
    write_warehouse(root / "hospital" / "omop", root / "hospital" / "warehouse.duckdb")
    shutil.rmtree(root / "few")


def context(root: Path, *, holdout: float = 0.2, genomics: str = "synthetic", device: str = "cpu") -> Any:
    """The stages' context of the cohort of everyone."""
    from anon_pipeline.keys import Key
    from anon_pipeline.policy import load_policy
    from anon_pipeline.stages.base import StageContext

    (root / "everyone.sql").write_text("SELECT person_id FROM person")
    (root / "everyone.yaml").write_text(POLICY.format(holdout=holdout, genomics=genomics))
    vcf = root / "hospital" / "genomics" / "cohort.vcf.gz"
    if not vcf.is_file():
        text = (root / "everyone.yaml").read_text().replace(", vcf: hospital/genomics/cohort.vcf.gz", "")
        (root / "everyone.yaml").write_text(text)
    return StageContext(
        cohort="everyone",
        policy=load_policy(root / "everyone.yaml"),
        work=root / "work" / "everyone",
        warehouse=str(root / "hospital" / "warehouse.duckdb"),
        releases=str(root / "releases"),
        key=Key(bytes(range(32))),
        device=device,
    )


def run(made: Any, prefixes: tuple[str, ...]) -> list[dict[str, Any]]:
    """Run the stages whose names begin so; one row each: stage, status, CPU seconds, seconds, peak MB so far."""
    from anon_pipeline.stages.base import run_stage
    from anon_pipeline.stages.graph import STAGES

    rows = []
    for stage in STAGES.values():
        if stage.name.startswith(prefixes):
            cpu, wall = time.process_time(), time.monotonic()
            evidence = run_stage(stage, made)
            rows.append(
                {
                    "stage": stage.name,
                    "status": evidence.status,
                    "reason": evidence.reason,
                    "cpu": round(time.process_time() - cpu, 1),
                    "wall": round(time.monotonic() - wall, 1),
                    "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
                }
            )
            print(rows[-1], flush=True)
    return rows


def planted(made: Any) -> dict[str, tuple[dict[str, Any], dict[str, Any]]]:
    """name -> the planted association's estimate in the patients learnt from, and in the avatars."""
    from anon_pipeline.fictional.associations import estimate
    from anon_pipeline.fictional.variables import sources_of

    sides = []
    for root in (made.extracted.training.root, made.work / "anonymised"):
        sides.append({row["name"]: row for row in estimate(sources_of(root))})
    return {name: (sides[0][name], sides[1][name]) for name in sides[0]}
