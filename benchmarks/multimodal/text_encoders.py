"""Encoders of notes compared at equal dimension, on people not learnt from, by linear probes of what tables say of them.

All see the same notes: cut into units, with everything personal and numeric replaced by slots, and only what enough
patients share. They differ in what they count (phrases, words, names of concepts) and in how they reduce it (singular
vectors, a network).
"""

from __future__ import annotations

import re
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

DIMENSIONS, OTHERS, SEEDS, LEAST = 12, 480, 3, 11
WORD = re.compile(r"[^\W\d_]{3,}")
Bags = list[set[str]]


def compare(root: Path, sizes: tuple[int, ...] = (80, 1500), notes: Any = None) -> list[dict[str, Any]]:
    """root: a cohort's work folder, extracted. notes: what ``read_notes`` gives, when it is at hand."""
    from anon_pipeline.cohort import Cohort
    from anon_pipeline.modalities.text.synthetic.notes import read_notes

    training = root / "extraction/cohort/training"
    notes = read_notes(Cohort("everyone", training)) if notes is None else notes
    known = variables(training)
    ids = np.intersect1d(np.unique([note.person_id for note, _ in notes]), known["person_id"])
    sentences: dict[int, list[str]] = {int(i): [] for i in ids}
    for note, _ in notes:
        for unit in note.units:
            sentences.get(note.person_id, []).extend([unit.phrase, *(part.phrase for part in unit.clauses)])
    own = [sentences[int(i)] for i in ids]
    known = known.set_index("person_id").loc[ids]
    names = concept_names(training)
    bags = {
        "phrases": [set(s) for s in own],
        "words": [{w.lower() for line in s for w in WORD.findall(line)} for s in own],
        "concepts": [{name for name in names if name in " ".join(s).lower()} for s in own],
    }
    bags["phrases and words"] = [p | w for p, w in zip(bags["phrases"], bags["words"], strict=True)]
    bags["phrases and concepts"] = [
        p | {f"= {c}" for c in own} for p, own in zip(bags["phrases"], bags["concepts"], strict=True)
    ]
    rows = []
    for size in sizes:
        for name, fit in {
            **{f"{key}, singular vectors": (key, singular) for key in bags},
            "phrases, autoencoder": ("phrases", network),
            "sentences of words, network": ("sentences", sentence_network),
        }.items():
            key, how = fit
            parts = [
                _one(own if key == "sentences" else bags[key], bags["phrases"], known, size, how, seed)
                for seed in range(SEEDS)
            ]
            row = {k: round(float(np.mean([p[k] for p in parts])), 3) for k in parts[0]}
            rows.append({"people": size, "encoder": name, **row})
            print(rows[-1], flush=True)
    return rows


def variables(training: Path) -> Any:
    """What tables say of the patients: one row each, nothing read from notes, images or genomes."""
    from dataclasses import replace

    from anon_pipeline.fictional.variables import patient_variables, sources_of

    found = sources_of(training)
    tables = {name: path for name, path in found.tables.items() if name != "note"}
    return patient_variables(replace(found, tables=tables, vcf=None, images=None))


def concept_names(training: Path) -> list[str]:
    """The names of the vocabulary's concepts and their words of six letters or more, in lower case."""
    import pyarrow.parquet as pq

    path = training / "vocabulary/concept.parquet"
    names = [str(n).lower() for n in pq.read_table(path, columns=["concept_name"])["concept_name"].to_pylist() if n]
    return sorted({n for n in names if len(n) > 3} | {w for n in names for w in WORD.findall(n) if len(w) >= 6})


def _one(inputs: Any, phrases: Bags, known: Any, size: int, how: Any, seed: int) -> dict[str, float]:
    from fusions import probes

    order = np.random.default_rng(seed).permutation(len(inputs))
    train, test = order[:size], order[-OTHERS:]
    cpu = time.process_time()
    codes = how([inputs[i] for i in train], [inputs[i] for i in test], [phrases[i] for i in train], seed)
    out = {"cpu": time.process_time() - cpu}
    asked = {}
    for name in ("age", "male", "liver", "hcm", "udca", "furosemide", "event"):
        y = known[name].to_numpy(float)
        asked[name] = (y[train], y[test])
    found = probes(*codes, asked)
    return out | found | {"mean": float(np.mean(list(found.values())))}


def counted(train: Bags, test: Bags) -> tuple[Any, Any]:
    """Weighted presence of what at least ``LEAST`` of those learnt from have, and not all: sparse (n, q), (m, q)."""
    from scipy import sparse
    from sklearn.feature_extraction.text import TfidfTransformer

    counts = Counter(term for bag in train for term in bag)
    terms = {t: i for i, t in enumerate(sorted(t for t, c in counts.items() if LEAST <= c < len(train)))}
    sides = []
    for bags in (train, test):
        pairs = [(row, terms[t]) for row, bag in enumerate(bags) for t in sorted(bag) if t in terms]
        at, columns = np.array(pairs, dtype=int).reshape(-1, 2).T
        sides.append(sparse.csr_matrix((np.ones(len(at)), (at, columns)), shape=(len(bags), len(terms))))
    weights = TfidfTransformer().fit(sides[0])
    return weights.transform(sides[0]), weights.transform(sides[1])


def singular(train: Bags, test: Bags, phrases: Bags, seed: int) -> tuple[NDArray[Any], NDArray[Any]]:
    from sklearn.decomposition import TruncatedSVD

    a, b = counted(train, test)
    svd = TruncatedSVD(min(DIMENSIONS, a.shape[1] - 1), algorithm="arpack", random_state=0)
    return svd.fit_transform(a), svd.transform(b)


def network(train: Bags, test: Bags, phrases: Bags, seed: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """The denoising autoencoder of ``fusions``, on the weighted phrases."""
    import fusions

    a, b = (part.toarray().astype(np.float32) for part in counted(train, test))
    middle = a.mean(axis=0)
    before, fusions.DIMENSIONS = fusions.DIMENSIONS, DIMENSIONS
    try:
        code = fusions.network((a - middle) * 10, seed)
    finally:
        fusions.DIMENSIONS = before
    return code((a - middle) * 10)[0], code((b - middle) * 10)[0]


def sentence_network(
    train: list[list[str]], test: list[list[str]], phrases: Bags, seed: int, steps: int = 300, width: int = 48
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Words to vectors, their mean through a layer to a sentence, sentences' mean to a patient of ``DIMENSIONS``, from
    which the patient's phrases are told: a sentence encoder learnt from these notes alone."""
    import torch
    from torch import nn

    torch.manual_seed(seed)
    torch.set_num_threads(1)
    counts = Counter(w for lines in train for w in {w.lower() for line in lines for w in WORD.findall(line)})
    words = {w: i for i, w in enumerate(sorted(w for w, c in counts.items() if c >= LEAST))}
    target = torch.from_numpy(counted(phrases, phrases)[0].toarray().astype(np.float32))
    target = (target > 0).float()

    def packed(people: list[list[str]]) -> tuple[Any, Any, Any]:
        """Each line once (tokens and where lines start), and the share of each line in each patient."""
        lines: dict[tuple[int, ...], int] = {}
        pairs = []
        for i, own in enumerate(people):
            found = {tuple(words[w.lower()] for w in WORD.findall(line) if w.lower() in words) for line in own}
            found.discard(())
            pairs += [(i, lines.setdefault(line, len(lines)), 1 / len(found)) for line in sorted(found)]
        at, column, share = zip(*pairs, strict=True)
        shares = (
            torch.sparse_coo_tensor(torch.tensor([at, column]), share, (len(people), len(lines))).coalesce().float()
        )
        starts = np.cumsum([0, *(len(line) for line in lines)])[:-1]
        return torch.tensor([w for line in lines for w in line]), torch.from_numpy(starts), shares

    class Encoder(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.words = nn.EmbeddingBag(len(words), width, mode="mean")
            self.sentence = nn.Sequential(nn.Linear(width, width), nn.SiLU())
            self.person = nn.Linear(width, DIMENSIONS)
            self.told = nn.Linear(DIMENSIONS, target.shape[1])

        def forward(self, tokens: Any, starts: Any, shares: Any) -> Any:
            return self.person(torch.sparse.mm(shares, self.sentence(self.words(tokens, starts))))

    model, data = Encoder(), packed(train)
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-2, weight_decay=1e-3)
    for _ in range(steps):
        code = model(*data)
        loss = nn.functional.binary_cross_entropy_with_logits(model.told(code), target)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    with torch.no_grad():
        return tuple(model(*packed(side)).numpy() for side in (train, test))  # type: ignore[return-value]
