"""The imaging modality's verbs on the synthetic track: embed patients, decode avatars, state the facts of images."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from anon_pipeline.cohort import Cohort
from anon_pipeline.errors import CannotBeMadeSafe
from anon_pipeline.keys import seeded_rng
from anon_pipeline.modalities import Draw, Embedding, Synthesis
from anon_pipeline.modalities.imaging.synthetic.features import KindModel, learn, read_back
from anon_pipeline.modalities.imaging.synthetic.lesion import draw as draw_lesion
from anon_pipeline.modalities.imaging.synthetic.shape import from_frame
from anon_pipeline.modalities.imaging.synthetic.stacks import Stack, read_stacks
from anon_pipeline.modalities.imaging.synthetic.thumbnails import thumbnails

if TYPE_CHECKING:
    import pandas as pd

LEAST_PATIENTS = 40


def _usable(cohort: Cohort) -> dict[str, list[Stack]]:
    return {kind: stacks for kind, stacks in read_stacks(cohort).items() if len(stacks) >= LEAST_PATIENTS}


def embed(cohort: Cohort, device: str) -> Embedding | None:
    """One vector a patient: the kinds of images that at least 40 patients have, side by side.

    device: unused, eigen-images are one small matrix product. Raises CannotBeMadeSafe when no kind has 40 patients.
    """
    everything = read_stacks(cohort)
    if not everything:
        return None
    usable = {kind: stacks for kind, stacks in everything.items() if len(stacks) >= LEAST_PATIENTS}
    if not usable:
        most = max(len(stacks) for stacks in everything.values())
        raise CannotBeMadeSafe(f"{most} patients have images of one kind and shape; {LEAST_PATIENTS} are needed")
    members = np.sort(cohort.read("person", ["person_id"])["person_id"].to_numpy())
    parts, present = [], np.zeros(len(members), bool)
    quality: dict[str, float] = {}
    for kind, stacks in usable.items():
        model, vectors = learn(kind, stacks)
        part = np.zeros((len(members), model.width), np.float32)
        rows = np.searchsorted(members, [s.person_id for s in stacks])
        part[rows] = vectors
        missing = np.setdiff1d(np.arange(len(members)), rows)
        part[missing] = vectors.mean(axis=0)
        present[rows] = True
        parts.append(part)
        quality[f"{kind}_patients"] = len(stacks)
        quality[f"{kind}_explained_variance"] = model.encoder.explained
    joined = np.concatenate(parts, axis=1)
    joined[~present] = 0
    return Embedding("imaging", members, joined, present, quality)


def synthesize(cohort: Cohort, draw: Draw, seed: int, out: Path) -> Synthesis:
    """Write the avatars' images below ``out`` and ``out/index.parquet``; every avatar has every usable kind.

    Raises CannotBeMadeSafe when no kind has enough patients.
    """
    from anon_pipeline.avatars.identity import avatar_ids
    from anon_pipeline.modalities.imaging.synthetic.write import write_stack

    usable = _usable(cohort)
    if not usable or "imaging" not in draw.parts:
        raise CannotBeMadeSafe("no kind of image has enough patients")
    ids, part, at = avatar_ids(draw.size, seed), draw.parts["imaging"], 0
    index: list[dict[str, object]] = []
    counts = {"images": 0, "avatars": draw.size}
    for kind, stacks in usable.items():
        model, _ = learn(kind, stacks)
        own = part[:, at : at + model.width]
        at += model.width
        for avatar in np.argsort(ids):
            rng = seeded_rng(seed, "image", kind, int(ids[avatar]))
            stack = decode_one(model, own[avatar], int(ids[avatar]), rng)
            for path, digest in write_stack(stack, out, seed):
                index.append({"person_id": int(ids[avatar]), "path": path, "sha256": digest})
                counts["images"] += 1
    schema = pa.schema([("person_id", pa.int64()), ("path", pa.string()), ("sha256", pa.string())])
    pq.write_table(pa.Table.from_pylist(index, schema), out / "index.parquet", compression="zstd")
    files = [Path(str(row["path"])) for row in index]
    return Synthesis([*files, Path("index.parquet")], counts, ["identity, dates and device in the headers are made up"])


def decode_one(model: KindModel, row: np.ndarray, person_id: int, rng: np.random.Generator) -> Stack:
    """One avatar's stack from its vector."""
    scores, box, spacing, step, lesion = read_back(model, row)
    frame = model.encoder.decode(scores[None, :], rng)[0]
    volume = from_frame(frame, box, model.fill)
    mask = None
    if lesion is not None:
        volume, mask = draw_lesion(volume, lesion, spacing, step, rng)
    return Stack(person_id, model.kind, volume, mask, spacing, step, model.body_part)


def facts(cohort: Cohort) -> pd.DataFrame | None:
    """``imaging/lesion_diameter_mm`` of everyone who has a mask, indexed by person_id; None without images."""
    import pandas as pd

    rows = {
        int(person): float(size)
        for small in thumbnails(cohort).values()
        for person, size in zip(small.person_ids, small.lesion_mm, strict=True)
        if np.isfinite(size)
    }
    if not rows:
        return None
    return pd.DataFrame({"imaging/lesion_diameter_mm": pd.Series(rows, dtype=float)}).rename_axis("person_id")
