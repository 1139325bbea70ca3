"""The imaging modality's verbs on the synthetic track: embed patients, decode avatars, state the facts of images."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from anon_pipeline.cohort import Cohort
from anon_pipeline.errors import CannotBeMadeSafe
from anon_pipeline.keys import seeded_rng
from anon_pipeline.modalities import Draw, Embedding, Synthesis
from anon_pipeline.modalities.imaging.synthetic.features import LESION, KindModel, learn, read_back, vector
from anon_pipeline.modalities.imaging.synthetic.grain import with_grain
from anon_pipeline.modalities.imaging.synthetic.lesion import draw as draw_lesion
from anon_pipeline.modalities.imaging.synthetic.shape import from_frame
from anon_pipeline.modalities.imaging.synthetic.stacks import Stack, commonest_shape, each_stack, pictured
from anon_pipeline.modalities.imaging.synthetic.thumbnails import thumbnails

if TYPE_CHECKING:
    import pandas as pd

    from anon_pipeline.modalities.imaging.synthetic.apart import Apart

LEAST_PATIENTS = 40
FIT_PATIENTS = 1000
BLOCK = 128
TRIES = 12


@dataclass(frozen=True)
class Learnt:
    """One kind: its model, and the vectors (n, width) of the patients who have it, by ascending person_id."""

    model: KindModel
    person_ids: NDArray[np.int64]
    vectors: NDArray[np.float32]


def learnt(cohort: Cohort) -> dict[str, Learnt]:
    """The kinds that at least 40 patients have in one shape; empty without images. Raises CannotBeMadeSafe when there
    are images and no such kind.

    Models are learnt from at most 1,000 patients, and everyone is then encoded one by one: memory does not grow with
    the number of patients beyond that.
    """
    index = cohort.images / "index.parquet"
    return dict(_learnt(cohort, index.stat().st_mtime_ns)) if index.is_file() else {}


@lru_cache(maxsize=1)
def _learnt(cohort: Cohort, stamp: int) -> tuple[tuple[str, Learnt], ...]:
    """Images are read once for ``embed`` and ``synthesize``. stamp: when the index was written."""
    persons = np.array(sorted(pictured(cohort)), np.int64)
    chosen = persons
    if len(persons) > FIT_PATIENTS:
        chosen = seeded_rng(0, "images-learnt-from").choice(persons, FIT_PATIENTS, replace=False)
    first: dict[str, list[Stack]] = defaultdict(list)
    for stack in each_stack(cohort, set(chosen.tolist())):
        first[stack.kind].append(stack)
    models: dict[str, KindModel] = {}
    shapes: dict[str, tuple[int, ...]] = {}
    rows: dict[str, dict[int, NDArray[np.float32]]] = {}
    most = 0
    for kind in sorted(first):
        stacks = first.pop(kind)
        shapes[kind] = commonest_shape(stacks)
        stacks = [stack for stack in stacks if stack.volume.shape == shapes[kind]]
        most = max(most, len(stacks))
        if len(stacks) >= LEAST_PATIENTS:
            models[kind] = learn(kind, stacks)
            rows[kind] = {stack.person_id: vector(models[kind], stack) for stack in stacks}
    if most and not models:
        raise CannotBeMadeSafe(f"{most} patients have images of one kind and shape; {LEAST_PATIENTS} are needed")
    for stack in each_stack(cohort, set(np.setdiff1d(persons, chosen).tolist())):
        if stack.kind in models and stack.volume.shape == shapes[stack.kind]:
            rows[stack.kind][stack.person_id] = vector(models[stack.kind], stack)
    return tuple(
        (
            kind,
            Learnt(model, np.array(sorted(rows[kind]), np.int64), np.stack([v for _, v in sorted(rows[kind].items())])),
        )
        for kind, model in models.items()
    )


def embed(cohort: Cohort, device: str) -> Embedding | None:
    """One vector a patient: the kinds of images that at least 40 patients have, side by side.

    device: unused, eigen-images are one small matrix product. A patient without one of the kinds stands at its mean.
    quality: patients, variance explained by the components, and how well they restore an image, of each kind. facts:
    where a lesion's diameter stands. Raises
    CannotBeMadeSafe when no kind has 40 patients.
    """
    kinds = learnt(cohort)
    if not kinds:
        return None
    members = np.sort(cohort.read("person", ["person_id"])["person_id"].to_numpy())
    parts, present, facts, width = [], np.zeros(len(members), bool), [], 0
    quality: dict[str, float] = {}
    for kind, own in kinds.items():
        part = np.tile(own.vectors.mean(axis=0), (len(members), 1)).astype(np.float32)
        inside = np.isin(own.person_ids, members)
        rows = np.searchsorted(members, own.person_ids[inside])
        part[rows] = own.vectors[inside]
        present[rows] = True
        parts.append(part)
        if own.model.has_lesion:
            facts.append(width + own.model.diameter)
        width += part.shape[1]
        quality[f"{kind}_patients"] = len(rows)
        quality[f"{kind}_explained_variance"] = own.model.encoder.explained
    joined = np.concatenate(parts, axis=1)
    joined[~present] = 0
    return Embedding("imaging", members, joined, present, quality, tuple(facts))


def synthesize(cohort: Cohort, draw: Draw, seed: int, out: Path) -> Synthesis:
    """Write the avatars' images below ``out`` and ``out/index.parquet``.

    An avatar has a kind of image as often as the patients that it was drawn from have it.
    An image that would be nearer to a patient's than patients' images are to each other (the 1st percentile) is drawn
    again, farther from the drawn point each time. Raises CannotBeMadeSafe when no kind has enough patients.
    """
    from anon_pipeline.avatars.identity import avatar_ids
    from anon_pipeline.modalities.imaging.synthetic.apart import Apart
    from anon_pipeline.modalities.imaging.synthetic.write import write_stack

    kinds = learnt(cohort)
    if not kinds or "imaging" not in draw.parts:
        raise CannotBeMadeSafe("no kind of image has enough patients")
    ids, part, at = avatar_ids(draw.size, seed), draw.parts["imaging"], 0
    index: list[dict[str, object]] = []
    counts = {"images": 0, "avatars": draw.size, "images_drawn_again": 0, "images_left_out": 0}
    for kind, learnt_kind in kinds.items():
        model = learnt_kind.model
        own = part[:, at : at + model.width]
        at += model.width
        apart = Apart.of(cohort, kind)
        having = np.isin(draw.person_ids, learnt_kind.person_ids)
        chance = (draw.weights * having[draw.neighbours]).sum(axis=1) / draw.weights.sum(axis=1)
        has = seeded_rng(seed, "has-images", kind).random(draw.size) < chance + 1e-6
        order = np.argsort(ids)
        order = order[has[order]]
        for low in range(0, len(order), BLOCK):
            block = order[low : low + BLOCK]
            stacks, again, out_of_tries = _drawn(model, own[block], ids[block], seed, apart)
            counts["images_drawn_again"] += again
            counts["images_left_out"] += out_of_tries
            for stack in stacks:
                for path, digest in write_stack(stack, out, seed):
                    index.append({"person_id": stack.person_id, "path": path, "sha256": digest})
                    counts["images"] += 1
    schema = pa.schema([("person_id", pa.int64()), ("path", pa.string()), ("sha256", pa.string())])
    pq.write_table(pa.Table.from_pylist(index, schema), out / "index.parquet", compression="zstd")
    files = [Path(str(row["path"])) for row in index]
    return Synthesis([*files, Path("index.parquet")], counts, ["identity, dates and device in the headers are made up"])


def _drawn(
    model: KindModel, rows: NDArray[np.float32], ids: NDArray[np.int64], seed: int, apart: Apart | None
) -> tuple[list[Stack], int, int]:
    """The stacks of a block of avatars, how often one was drawn again, and how many were left out as too near still."""
    rngs = [seeded_rng(seed, "image", model.kind, int(i)) for i in ids]
    stacks: list[Stack | None] = [
        decode_one(model, row, int(i), rng) for row, i, rng in zip(rows, ids, rngs, strict=True)
    ]
    again = 0
    if apart is not None:
        waiting = np.flatnonzero(apart.too_near([s for s in stacks if s is not None]))
        for attempt in range(1, TRIES + 1):
            if not len(waiting):
                break
            again += len(waiting)
            for i in waiting:
                moved = rows[i] + 0.15 * attempt * rngs[i].standard_normal(rows.shape[1], dtype=np.float32)
                if model.has_lesion:
                    moved[-1 - len(LESION) :] = rows[i][-1 - len(LESION) :]
                stacks[i] = decode_one(model, moved, int(ids[i]), rngs[i])
            near = apart.too_near([stacks[i] for i in waiting])  # type: ignore[misc]
            waiting = waiting[near]
        for i in waiting:
            stacks[i] = None
    kept = [stack for stack in stacks if stack is not None]
    return kept, again, len(stacks) - len(kept)


def decode_one(model: KindModel, row: np.ndarray, person_id: int, rng: np.random.Generator) -> Stack:
    """One avatar's stack from its vector."""
    scores, box, spacing, step, lesion = read_back(model, row)
    frame = model.encoder.decode(scores[None, :], rng)[0]
    volume = with_grain(from_frame(frame, box, model.fill), model.kind, model.grain, rng)
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
