"""The generator's gold, its held-out parts, and a tiny model trained from it."""

from __future__ import annotations

import random

import numpy as np

from anon_pipeline.modalities.text.labels import LABELS
from anon_pipeline.modalities.text.tagger import WEIGHTS, Tagger
from anon_pipeline.modalities.text.training.documents import NamePools, document, training_document, variant
from anon_pipeline.modalities.text.training.grammar import rules
from anon_pipeline.modalities.text.training.train import train


def test_gold_labels_cover_every_character():
    rng, pools = random.Random(1), NamePools(dev=False)
    for _ in range(60):
        made = training_document(rng, pools)
        assert len(made.labels) == len(made.text)
        assert all(0 <= label < len(LABELS) for label in made.labels)
        for start, end, _ in made.spans():
            assert made.text[start:end].strip()


def test_development_names_and_templates_are_held_out():
    train_pools, dev_pools = NamePools(dev=False), NamePools(dev=True)
    assert not set(train_pools.last) & set(dev_pools.last)
    assert not set(train_pools.first["female"]) & set(dev_pools.first["female"])
    sentences = lambda dev: {"".join(a) for a in rules(dev)["sentence"]}  # noqa: E731
    assert not sentences(True) & sentences(False)


def test_variants_keep_the_gold():
    rng = random.Random(2)
    made = document(rng, NamePools(dev=False))
    for kind in ("upper", "lower", "ocr"):
        other = variant(made, kind, rng)
        assert len(other.text) == len(other.labels)
        assert set(other.labels) == set(made.labels)


def test_a_tiny_model_trains_and_loads(tmp_path):
    weights = tmp_path / "tiny.npz"
    report = train(weights, seed=3, steps=12, batch_tokens=500, progress=False)
    assert report["last_loss"] < report["first_loss"]
    tags = Tagger(weights).predict(["Mme DUPONT vue le 12/03/2020", ""])
    assert tags[0].scores.shape == (len(tags[0].spans), len(LABELS))
    assert np.allclose(tags[0].scores.sum(axis=1), 1, atol=1e-3)
    assert len(tags[1].spans) == 0


def test_shipped_weights_are_small():
    assert WEIGHTS.stat().st_size < 20_000_000
