"""Everyone as an attacker sees them: one space a modality, fitted on what is released, for patients and avatars alike.

Real patients here are those learnt from and those held out; every scaling, vocabulary and component is learnt from the
avatars alone, which an attacker holds. The attacks belong to ``anon_pipeline.risk``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from numpy.typing import NDArray

from anon_pipeline.cohort import Cohort
from anon_pipeline.risk.cross_modal import View
from anon_pipeline.risk.patient_features import patient_features, vocabulary

WORDS, TEXT_DIMENSIONS, IMAGE_DIMENSIONS, SITES = 3000, 32, 32, 256
WORD = re.compile(r"\d+(?:[.,]\d+)?|[^\W\d_]{3,}")
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class People:
    """Who the rows of the views are: person_id of the patients learnt from, of those held out, and of the avatars."""

    real: NDArray[np.int64]
    holdout: NDArray[np.int64]
    synthetic: NDArray[np.int64]

    @property
    def sides(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        return self.real, self.holdout, self.synthetic


@dataclass(frozen=True)
class Images:
    """One kind of image of everyone who has it. rows: of ``People``, by side; images: (n, slices, rows, columns)."""

    rows: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]
    images: tuple[Floats, Floats, Floats]


@dataclass(frozen=True)
class Seen:
    """What an attacker compares: a view a modality, and the images themselves."""

    people: People
    views: dict[str, View] = field(default_factory=dict)
    images: dict[str, Images] = field(default_factory=dict)


def people_of(training: Cohort, holdout: Cohort, avatars: Cohort) -> People:
    """Everyone with a row in ``person``, by ascending person_id."""
    found = [
        np.unique(cohort.read("person", ["person_id"])["person_id"].to_numpy())
        if cohort.has("person")
        else np.empty(0, np.int64)
        for cohort in (training, holdout, avatars)
    ]
    return People(*found)


def seen(training: Cohort, holdout: Cohort, avatars: Cohort, modalities: set[str]) -> Seen:
    """The views of the ``modalities`` that leave as avatars. avatars: a folder a modality, as stages write it."""
    sides = (training, holdout, avatars)
    people = people_of(*sides)
    views: dict[str, View] = {}
    images: dict[str, Images] = {}
    if modalities & {"observational", "biology"}:
        views |= {k: v for k, v in _tables(sides).items() if k in modalities}
    if "genomics" in modalities:
        views["genomics"] = _genomes(sides, people)
    if "text" in modalities:
        views["text"] = _notes(sides, people)
    if "imaging" in modalities:
        images = _images(sides, people)
        if images:
            views["imaging"] = _pictures(images, people)
    return Seen(people, views, images)


def _view(parts: Sequence[NDArray[Any]], has: Sequence[NDArray[np.bool_]]) -> View:
    real, held, made = (np.ascontiguousarray(part, np.float32) for part in parts)
    return View(real, held, made, has[0], has[1], has[2])


def _tables(sides: tuple[Cohort, Cohort, Cohort]) -> dict[str, View]:
    """Ranks among the avatars of every number, indicators of categories and of what is missing."""
    words = vocabulary(sides[0].root)
    frames = [patient_features(cohort.root, words) if cohort.has("person") else None for cohort in sides[:2]]
    avatars = patient_features(sides[2].root, words)
    frames = [avatars.iloc[:0] if frame is None else frame for frame in frames] + [avatars]
    shared = [c for c in frames[2].columns if all(c in f for f in frames)]
    lab = [c for c in shared if c.startswith("measurement_") or (c[0] == "m" and c[1:2].isdigit())]
    found = {}
    for name, columns in (("biology", lab), ("observational", [c for c in shared if c not in lab])):
        if columns:
            parts = [np.hstack(block) for block in zip(*(_ranked(frames, c) for c in columns), strict=True)]
            found[name] = _view(parts, [np.ones(len(p), bool) for p in parts])
    return found


def _ranked(frames: list[pd.DataFrame], column: str) -> list[Floats]:
    if not pd.api.types.is_numeric_dtype(frames[2][column]):
        levels = sorted(frames[2][column].dropna().unique())
        return [np.stack([(f[column] == v).to_numpy(float) for v in levels], axis=1) for f in frames]
    values = [pd.to_numeric(f[column], errors="coerce").to_numpy(float) for f in frames]
    known = np.sort(values[2][np.isfinite(values[2])])
    if not len(known):
        return [np.zeros((len(v), 1), np.float32) for v in values]
    blocks = []
    for v in values:
        here = np.isfinite(v)
        place = (np.searchsorted(known, v, "left") + np.searchsorted(known, v, "right")) / (2 * len(known)) - 0.5
        blocks.append(np.stack([np.where(here, place * 2, 0), np.where(here, 0, 0.5)], axis=1).astype(np.float32))
    return blocks


def _notes(sides: tuple[Cohort, Cohort, Cohort], people: People) -> View:
    """Latent semantic analysis of the words and numbers of everything written of a person."""
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer

    texts, has = [], []
    for cohort, ids in zip(sides, people.sides, strict=True):
        written: dict[int, list[str]] = {int(p): [] for p in ids}
        path = cohort.notes if cohort.notes.is_file() else cohort.root / "text" / "note.parquet"
        if path.is_file():
            notes = pq.read_table(path, columns=["person_id", "note_text"])
            for person, text in zip(notes["person_id"].to_pylist(), notes["note_text"].to_pylist(), strict=True):
                if text and person in written:
                    written[person].append(text)
        texts.append(["\n".join(written[int(p)]) for p in ids])
        has.append(np.array([bool(t) for t in texts[-1]], bool))
    model = TfidfVectorizer(tokenizer=WORD.findall, min_df=2, max_features=WORDS, sublinear_tf=True, token_pattern=None)
    matrices = [model.fit_transform(texts[2])] + [model.transform(t) if t else None for t in texts[:2]]
    dimensions = min(TEXT_DIMENSIONS, min(matrices[0].shape) - 1)
    svd = TruncatedSVD(max(dimensions, 1), algorithm="arpack", random_state=0).fit(matrices[0])
    width = svd.components_.shape[0]
    parts = [np.zeros((0, width)) if m is None else svd.transform(m) for m in (matrices[1], matrices[2], matrices[0])]
    return _view(parts, has)


def _genomes(sides: tuple[Cohort, Cohort, Cohort], people: People) -> View:
    """Dosages at sites spread over the released file, divided by their spread among the avatars."""
    from cyvcf2 import VCF

    def read(path: Path, wanted: set[tuple[str, int, str, str]] | None) -> tuple[list[int], dict, list]:
        reader = VCF(str(path), gts012=True)
        kept, order = {}, []
        for number, v in enumerate(reader):
            key = (v.CHROM, v.POS, v.REF, ",".join(v.ALT))
            if wanted is None:
                order.append((number, key))
            if wanted is None or key in wanted:
                kept[key] = np.where(v.gt_types == 3, 0, v.gt_types).astype(np.int8)
        return [int(s) for s in reader.samples], kept, order

    made_names, made, order = read(sides[2].vcf, None)
    common = [key for _, key in order if 0.02 < made[key].mean() / 2 < 0.98] or [key for _, key in order]
    chosen = [common[i] for i in np.unique(np.linspace(0, len(common) - 1, SITES).astype(int))]
    spread = np.array([made[key].std() + 1e-6 for key in chosen])
    parts, has = [], []
    for cohort, ids in zip(sides, people.sides, strict=True):
        table, own = np.zeros((len(ids), len(chosen))), np.zeros(len(ids), bool)
        if cohort.vcf.is_file():
            names, found, _ = (made_names, made, order) if cohort is sides[2] else read(cohort.vcf, set(chosen))
            rows, inside = _places(np.array(names, np.int64), ids)
            for column, key in enumerate(chosen):
                if key in found:
                    table[rows, column] = found[key][inside] / spread[column]
            own[rows] = True
        parts.append(table)
        has.append(own)
    return _view(parts, has)


def _places(named: NDArray[np.int64], ids: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(rows of ``ids``, positions in ``named``) of those that are in both."""
    _, rows, positions = np.intersect1d(ids, named, return_indices=True)
    return rows, positions


def _images(sides: tuple[Cohort, Cohort, Cohort], people: People) -> dict[str, Images]:
    from anon_pipeline.modalities.imaging.synthetic.thumbnails import thumbnails

    small = [thumbnails(cohort) for cohort in sides]
    found = {}
    for kind in sorted(small[2]):
        if kind not in small[0]:
            continue
        shape = small[2][kind].images.shape[1:]
        rows, images = [], []
        for side, ids in zip(small, people.sides, strict=True):
            own = side.get(kind)
            if own is None or own.images.shape[1:] != shape:
                rows.append(np.empty(0, np.int64))
                images.append(np.empty((0, *shape), np.float32))
                continue
            here, positions = _places(own.person_ids, ids)
            rows.append(here)
            images.append(own.images[positions])
        found[kind] = Images((rows[0], rows[1], rows[2]), (images[0], images[1], images[2]))
    return found


def _pictures(images: dict[str, Images], people: People) -> View:
    """Components of the small images, kinds side by side; a person has the view with every kind."""
    parts: list[list[Floats]] = [[], [], []]
    has = [np.ones(len(ids), bool) for ids in people.sides]
    for own in images.values():
        made = own.images[2].reshape(len(own.images[2]), -1)
        mean = made.mean(axis=0)
        sample = made[:: max(1, len(made) // 1000)] - mean
        _, _, axes = np.linalg.svd(sample, full_matrices=False)
        axes = axes[:IMAGE_DIMENSIONS]
        for side in range(3):
            block = np.zeros((len(people.sides[side]), len(axes)), np.float32)
            block[own.rows[side]] = (own.images[side].reshape(-1, mean.size) - mean) @ axes.T
            parts[side].append(block)
            mask = np.zeros(len(block), bool)
            mask[own.rows[side]] = True
            has[side] &= mask
    return _view([np.hstack(p) for p in parts], has)
