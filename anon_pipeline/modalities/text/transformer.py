# ruff: noqa: E501, TID253
"""A hospital's own transformers token classifier as one more Presidio recogniser, named by a line of the policy:

    modalities: {text: {options: {transformer: models/our-model}}}

The folder is local (``save_pretrained``); nothing is ever fetched. Its labels are mapped by name, BIO prefixes dropped.
``transformers`` is an optional dependency. Imported lazily.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from presidio_analyzer import EntityRecognizer, RecognizerResult
from presidio_analyzer.nlp_engine import NlpArtifacts

from anon_pipeline.errors import BadInput
from anon_pipeline.modalities.text.labels import DIRECT, INDIRECT

ALIASES = {
    "NOM": "LAST_NAME", "PRENOM": "FIRST_NAME", "PER": "LAST_NAME", "PERSON": "LAST_NAME", "PATIENT": "LAST_NAME", "DOCTOR": "LAST_NAME",
    "LOC": "CITY", "GPE": "CITY", "VILLE": "CITY", "ADRESSE": "ADDRESS", "ZIP": "POSTAL_CODE", "TEL": "PHONE", "MAIL": "EMAIL",
    "SECU": "NIR", "HOPITAL": "HOSPITAL", "ORG": "HOSPITAL", "DATE_NAISSANCE": "BIRTH_DATE", "DATETIME": "DATE",
}  # fmt: skip
WINDOW = 400
THRESHOLD = 0.5


class TransformerRecognizer(EntityRecognizer):
    """Windows of WINDOW words through a local model; a word takes the label of its first sub-token."""

    def __init__(self, folder: Path, language: str, loaded: tuple[Any, Any]) -> None:
        self.folder = folder
        self.tokenizer, self.model = loaded
        names = self.model.config.id2label
        self.labels = {int(i): _label(str(name)) for i, name in names.items()}
        super().__init__(supported_entities=[*DIRECT, *INDIRECT], name="transformer", supported_language=language)

    def load(self) -> None:
        return

    def analyze(
        self, text: str, entities: list[str], nlp_artifacts: NlpArtifacts | None = None
    ) -> list[RecognizerResult]:
        import torch

        from anon_pipeline.modalities.text.tokens import tokenize

        spans = tokenize(text)
        out: list[RecognizerResult] = []
        metadata = {
            RecognizerResult.RECOGNIZER_NAME_KEY: "transformer",
            RecognizerResult.RECOGNIZER_IDENTIFIER_KEY: self.id,
        }
        limit = min(int(getattr(self.model.config, "max_position_embeddings", 512)) - 2, 512)
        for begin in range(0, len(spans), WINDOW):
            part = spans[begin : begin + WINDOW]
            while part:
                words = [text[a:b] for a, b in part]
                encoded = self.tokenizer(
                    words, is_split_into_words=True, truncation=True, max_length=limit, return_tensors="pt"
                )
                ids = encoded.word_ids()
                with torch.inference_mode():
                    scores = torch.softmax(self.model(**encoded).logits[0], dim=-1)
                seen: set[int] = set()
                for position, word in enumerate(ids):
                    if word is None or word in seen:
                        continue
                    seen.add(word)
                    best = int(scores[position].argmax())
                    label, score = self.labels.get(best), float(scores[position, best])
                    start, end = part[word]
                    if label and score >= THRESHOLD and text[start].isalnum():
                        out.append(RecognizerResult(label, start, end, score, recognition_metadata=metadata))
                done = max(seen, default=-1) + 1
                part = part[done:] if done else []
        return out


def _label(name: str) -> str | None:
    bare = name.split("-", 1)[1] if name[:2] in ("B-", "I-", "E-", "S-", "L-", "U-") else name
    bare = ALIASES.get(bare.upper(), bare.upper())
    return bare if bare in DIRECT or bare in INDIRECT else None


def recognisers(folder: Path) -> list[EntityRecognizer]:
    """One recogniser a language over one loaded model. Raises BadInput when it cannot be loaded."""
    try:
        from transformers import AutoModelForTokenClassification, AutoTokenizer
    except ImportError:
        raise BadInput("the policy names a transformer, but the package 'transformers' is not installed") from None
    if not folder.is_dir():
        raise BadInput(f"no transformer at {folder}")
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, add_prefix_space=True)
        model = AutoModelForTokenClassification.from_pretrained(folder, local_files_only=True).eval()
    except (OSError, ValueError) as error:
        raise BadInput(f"transformer at {folder}: {type(error).__name__}") from None
    return [TransformerRecognizer(folder, language, (tokenizer, model)) for language in ("en", "fr")]
