"""A language model's rewordings of avatars' notes: taken only when they say the same in shared words."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from anon_pipeline.errors import BadInput
from anon_pipeline.modalities.text.synthetic.rewording import faithful, local_writer, reword, words_of

NOTE = "Scanner du 12/03/2021 : nodule du foie de 27 mm. ALAT à 64 UI/L. Pas de douleur."
SHARED = words_of(
    ["Le scanner du ⟨DATE⟩ montre un nodule hépatique", "on retrouve des ALAT à ⟨N⟩", "absence de fièvre"]
)


@pytest.mark.parametrize(
    "text",
    [
        "Le scanner du 12/03/2021 montre un nodule du foie de 27 mm. On retrouve des ALAT à 64 UI/L. Pas de douleur.",
        "Scanner du 12/03/2021 : nodule du foie, 27 mm ; ALAT 64 UI/L, absence de douleur.",
    ],
)
def test_the_same_in_other_words(text: str) -> None:
    assert faithful(NOTE, text, SHARED)


@pytest.mark.parametrize(
    "text",
    [
        "Scanner du 12/03/2021 : nodule du foie de 72 mm. ALAT à 64 UI/L. Pas de douleur.",
        "Scanner du 12/03/2021 : nodule du foie de 64 mm. ALAT à 27 UI/L. Pas de douleur.",
        "Scanner du 12/03/2021 : ALAT de 27 mm, nodule du foie à 64 UI/L. Pas de douleur.",
        "Scanner du 12/03/2021 : nodule du foie de 27 mm. ALAT à 64 UI/L. Douleur.",
        "Scanner du 12/03/2021 : nodule du foie de 27 mm. ALAT à 64 UI/L. Pas de douleur. Madame Kervella.",
        "Scanner du 12/03/2021 : nodule du foie de 27 mm. ALAT à 64 UI/L. Pas de douleur. Revu le 3/4/2021.",
        "12/03/2021 27 64 pas",
        "",
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    assert not faithful(NOTE, text, SHARED)


def test_what_is_refused_stays_as_composed() -> None:
    other = NOTE.replace("Pas de douleur", "absence de douleur")
    out, taken = reword([NOTE] * 10, SHARED, lambda notes: [other if i % 2 else "rien" for i, _ in enumerate(notes)])
    assert taken == 5
    assert out == [NOTE, other] * 5


def test_a_local_model_writes_and_its_inventions_are_refused(tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers", reason="the optional package 'transformers' is not installed")
    os.environ["HF_HUB_OFFLINE"] = "1"
    words = ["[UNK]", "scanner", "nodule", "foie", "mm", ":", ".", *"0123456789"]
    (tmp_path / "vocab.txt").write_text("\n".join(["[PAD]", "[CLS]", "[SEP]", "[MASK]", *words]))
    tokenizer = transformers.BertTokenizerFast(vocab_file=str(tmp_path / "vocab.txt"))
    config = transformers.GPT2Config(vocab_size=len(tokenizer), n_positions=256, n_embd=16, n_layer=1, n_head=2)
    transformers.set_seed(0)
    transformers.GPT2LMHeadModel(config).save_pretrained(tmp_path / "m")
    tokenizer.save_pretrained(tmp_path / "m")
    writer = local_writer(tmp_path / "m")
    made = writer([NOTE, "nodule"])
    assert len(made) == 2
    assert made == writer([NOTE, "nodule"])
    assert reword([NOTE], SHARED, writer) == ([NOTE], 0)


def test_a_model_that_is_not_there(tmp_path: Path) -> None:
    pytest.importorskip("transformers", reason="the optional package 'transformers' is not installed")
    with pytest.raises(BadInput, match="no language model"):
        local_writer(tmp_path / "none")
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadInput, match="language model at"):
        local_writer(tmp_path / "empty")
