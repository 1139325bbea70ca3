# ruff: noqa: TID253
"""The detectors as Presidio recognisers over one shared pass: a blank engine, no spaCy weights, nothing fetched.

Artifacts carry the folded text and the classifier's probabilities, so that every recogniser reads the same pass.
Presidio's own context enhancement (a deep copy of every result) is replaced: our rules look at their context.
Imported lazily: it needs Presidio.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from presidio_analyzer import AnalyzerEngine, EntityRecognizer, RecognizerResult
from presidio_analyzer.context_aware_enhancers import ContextAwareEnhancer
from presidio_analyzer.nlp_engine import NlpArtifacts, SpacyNlpEngine
from presidio_analyzer.recognizer_registry import RecognizerRegistry

from anon_pipeline.modalities.text import decode
from anon_pipeline.modalities.text.folding import fold_text
from anon_pipeline.modalities.text.labels import DIRECT, INDIRECT
from anon_pipeline.modalities.text.plausible import plausible
from anon_pipeline.modalities.text.rules import contact, dates, names, numbers, places
from anon_pipeline.modalities.text.rules.found import Found
from anon_pipeline.modalities.text.tagger import Tags

LANGUAGES = ("en", "fr")
ALL = [*DIRECT, *INDIRECT]
Finder = Callable[[str, str], Iterable[Found]]
RULES: dict[str, tuple[Finder, tuple[str, ...]]] = {
    "numbers": (numbers.find, ("NIR", "IPP", "NDA", "RPPS", "FINESS", "ADELI", "IBAN", "PLATE", "DEVICE_SERIAL")),
    "contact": (contact.find, ("PHONE", "EMAIL", "URL")),
    "dates": (dates.find, ("DATE", "BIRTH_DATE", "AGE_OVER_89")),
    "places": (places.find, ("POSTAL_CODE", "CITY", "ADDRESS", "HOSPITAL", "WARD")),
    "names": (names.find, ("LAST_NAME", "FIRST_NAME")),
}


class Artifacts(NlpArtifacts):
    """One document's shared pass."""

    def __init__(self, text: str, language: str, tags: Tags | None, folded: str | None = None) -> None:
        super().__init__([], [], [], [], None, language)  # type: ignore[arg-type]
        self.folded = folded if folded is not None else fold_text(text)
        self.tags = tags
        self.rules: list[Found] = []


class BlankEngine(SpacyNlpEngine):
    """A spaCy engine with blank pipelines: the tokens that the rules need are cut by ``tokens``."""

    def __init__(self) -> None:
        import spacy

        super().__init__(models=[{"lang_code": code, "model_name": "blank"} for code in LANGUAGES])
        self.nlp = {code: spacy.blank(code) for code in LANGUAGES}  # type: ignore[assignment]

    def load(self) -> None:
        return

    def process_text(self, text: str, language: str) -> NlpArtifacts:
        return Artifacts(text, language, None)

    def process_batch(self, texts: Iterable[Any], language: str, **_: Any) -> Iterator[tuple[str, NlpArtifacts]]:  # type: ignore[override]
        for text in texts:
            yield text, self.process_text(text, language)


class _NoEnhancer(ContextAwareEnhancer):
    def __init__(self) -> None:
        super().__init__(0.0, 0.0, 0, 0)

    def enhance_using_context(self, text, raw_results, nlp_artifacts, recognizers, context=None):
        return raw_results


class RuleRecognizer(EntityRecognizer):
    """One family of rules."""

    def __init__(self, family: str, language: str) -> None:
        self.finder, labels = RULES[family]
        super().__init__(supported_entities=list(labels), name=f"rules-{family}", supported_language=language)

    def load(self) -> None:
        return

    def analyze(
        self, text: str, entities: list[str], nlp_artifacts: NlpArtifacts | None = None
    ) -> list[RecognizerResult]:
        folded = nlp_artifacts.folded if isinstance(nlp_artifacts, Artifacts) else fold_text(text)
        made = list(self.finder(text, folded))
        if isinstance(nlp_artifacts, Artifacts):
            nlp_artifacts.rules += made
        return [_result(found, self) for found in made]


class ClassifierRecognizer(EntityRecognizer):
    """The trained token classifier; probabilities come with the artifacts, a whole batch at a time."""

    def __init__(self, language: str, thresholds: decode.Thresholds | None = None) -> None:
        self.thresholds = thresholds or decode.shipped_thresholds()
        super().__init__(supported_entities=ALL, name="classifier", supported_language=language)

    def load(self) -> None:
        return

    def analyze(
        self, text: str, entities: list[str], nlp_artifacts: NlpArtifacts | None = None
    ) -> list[RecognizerResult]:
        if not isinstance(nlp_artifacts, Artifacts) or nlp_artifacts.tags is None:
            return []
        return [_result(f, self) for f in decode.spans(text, nlp_artifacts.tags, self.thresholds) if plausible(text, f)]


def _result(found: Found, recognizer: EntityRecognizer) -> RecognizerResult:
    metadata = {
        RecognizerResult.RECOGNIZER_NAME_KEY: found.rule,
        RecognizerResult.RECOGNIZER_IDENTIFIER_KEY: recognizer.id,
    }
    return RecognizerResult(found.label, found.start, found.end, found.score, recognition_metadata=metadata)


def build(extra: list[EntityRecognizer] | None = None, thresholds: decode.Thresholds | None = None) -> AnalyzerEngine:
    """The analyser of both languages; ``extra`` recognisers (a transformers model) join the pass."""
    recognizers: list[EntityRecognizer] = []
    for language in LANGUAGES:
        recognizers += [RuleRecognizer(family, language) for family in RULES]
        recognizers.append(ClassifierRecognizer(language, thresholds))
    recognizers += extra or []
    registry = RecognizerRegistry(recognizers=recognizers, supported_languages=list(LANGUAGES))
    return AnalyzerEngine(
        registry=registry,
        nlp_engine=BlankEngine(),
        supported_languages=list(LANGUAGES),
        context_aware_enhancer=_NoEnhancer(),
    )


def analyse(
    engine: AnalyzerEngine, text: str, language: str, tags: Tags | None, folded: str | None = None
) -> list[Found]:
    """Every finding of every recogniser, overlaps and all.

    Presidio drops a finding inside another of its label with a higher score, mostly the classifier's. What rules read
    is told all the same: a telephone number read whole must not give way to a date in its first half.
    """
    artifacts = Artifacts(text, language, tags, folded)
    results = engine.analyze(text, language, entities=None, nlp_artifacts=artifacts)
    out = []
    for r in results:
        name = (r.recognition_metadata or {}).get(RecognizerResult.RECOGNIZER_NAME_KEY, "presidio")
        out.append(Found(r.start, r.end, r.entity_type, float(r.score), name))
    return list(dict.fromkeys([*out, *artifacts.rules]))
