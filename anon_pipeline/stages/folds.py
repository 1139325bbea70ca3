"""Hold-out by folds, for small cohorts: as many generations as folds, each without one of them, to be attacked.

The released avatars are made from everyone. The same code, policy and key make, for each fold, avatars from the people
outside it; the attacks compare those people with the fold's, who were set apart before anything was learnt. How the
folds' figures become one belongs to ``anon_pipeline.risk.folds``.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from anon_pipeline.cohort import Cohort
from anon_pipeline.keys import Key
from anon_pipeline.stages.base import StageContext, StageResult, run_stage

GENERATION = ("embedding/", "anonymised/")
LEAST_HELD_OUT = 20


def fold_of(persons: NDArray[np.int64], folds: int, key: Key) -> NDArray[np.int64]:
    """(n,) the fold of each person: folds of equal size to within one, in an order that the key decides."""
    own = key.derive("holdout-folds")
    order = np.argsort([own.digest("fold", int(person)) for person in persons], kind="stable")
    found = np.empty(len(persons), np.int64)
    found[order] = np.arange(len(persons)) % folds
    return found


def fold_contexts(context: StageContext) -> Iterator[StageContext]:
    """For each fold, a context whose stages up to the anonymised modalities are done; gone when the next is asked.

    There are fewer folds than the policy asks for where one would have fewer than 20 people.
    """
    from anon_pipeline.stages.graph import EXTRACTION, STAGES

    training = context.extracted.training
    persons = np.unique(pq.read_table(training.members, columns=["person_id"])["person_id"].to_numpy())
    folds = max(2, min(context.policy.avatars.holdout_folds, len(persons) // LEAST_HELD_OUT))
    place = fold_of(persons, folds, context.key)
    for left in context.work.glob(".folds-*"):
        shutil.rmtree(left, ignore_errors=True)  # a killed run's
    parent = context.work / f".folds-{os.getpid()}"
    parent.mkdir(mode=0o700)
    try:
        for fold in range(folds):
            kept, held = persons[place != fold], persons[place == fold]
            size = context.policy.avatars.size
            avatars = context.policy.avatars.model_copy(
                update={"holdout_folds": 0, "size": size and max(1, round(size * len(kept) / len(persons)))}
            )
            own = replace(
                context, work=parent / str(fold), policy=context.policy.model_copy(update={"avatars": avatars})
            )

            def split(
                _: StageContext, out: Path, kept: NDArray[np.int64] = kept, held: NDArray[np.int64] = held
            ) -> StageResult:
                for name, people in (("training", kept), ("holdout", held)):
                    part_of(training, people, out / name)
                return StageResult(counts={"training": float(len(kept)), "holdout": float(len(held))})

            run_stage(replace(STAGES[EXTRACTION], body=split), own)
            for stage in STAGES.values():
                if stage.name.startswith(GENERATION):
                    run_stage(stage, own)
            yield own
            shutil.rmtree(own.work, ignore_errors=True)
    finally:
        shutil.rmtree(parent, ignore_errors=True)


def part_of(cohort: Cohort, people: NDArray[np.int64], root: Path) -> None:
    """Write below ``root`` what the cohort holds of ``people``; images are linked, not copied."""
    members = pa.array(np.sort(people), pa.int64())
    for path in sorted(cohort.root.rglob("*.parquet")):
        target = root / path.relative_to(cohort.root)
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        table = pq.read_table(path)
        if "person_id" in table.column_names:
            table = table.filter(pc.is_in(table["person_id"], value_set=members))
            if path.name == "index.parquet":
                for name in table["path"].to_pylist():
                    _link(path.parent / name, target.parent / name)
            if not table.num_rows:
                continue
        pq.write_table(table, target, compression="zstd")
    if cohort.vcf.is_file():
        _genomes_of(cohort.vcf, people, root / "genomics" / cohort.vcf.name)


def _link(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _genomes_of(source: Path, people: NDArray[np.int64], target: Path) -> None:
    """The samples of ``people``; nothing when the file has none of them."""
    import pysam

    wanted = {str(int(person)) for person in people}
    with pysam.VariantFile(str(source)) as reader:
        names = [name for name in reader.header.samples if name in wanted]
        if not names:
            return
        reader.subset_samples(names)
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with pysam.VariantFile(str(target), "wz", header=reader.header) as writer:
            for record in reader:
                writer.write(record)
