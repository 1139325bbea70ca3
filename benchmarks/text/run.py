"""Detectors on unseen notes in four variants, on English, on court text, on eponyms and drugs; and their speed.

    python benchmarks/text/run.py [--documents 130] [--court 1500] [--shared ../shared/data]

Peers of the same run: stock presidio-analyzer with a blank French pipeline, and the rules of this package alone.
Needs Faker for names that no list of the package holds. Writes RESULTS.md beside this file.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import platform
import random
import sys
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
os.environ.setdefault("OMP_NUM_THREADS", "1")


def ours(texts: list[str]) -> list[list[tuple[int, int, str]]]:
    from anon_pipeline.modalities.text import engine

    languages = [engine.language_of(t) for t in texts]
    found = engine.detect(texts, languages, engine.Options())
    return [
        [(f.start, f.end, f.label) for f in engine.with_known(t, s, None, {}, {})]
        for t, s in zip(texts, found, strict=True)
    ]


def rules_only(texts: list[str]) -> list[list[tuple[int, int, str]]]:
    from anon_pipeline.modalities.text import analyzer
    from anon_pipeline.modalities.text.merge import merge

    engine = analyzer.build()
    return [[(f.start, f.end, f.label) for f in merge(t, analyzer.analyse(engine, t, "fr", None))] for t in texts]


def stock() -> Any:
    """presidio-analyzer as installed, French, a blank spaCy pipeline, no network."""
    import spacy
    import tldextract
    from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
    from presidio_analyzer.nlp_engine import SpacyNlpEngine

    tldextract.extract = tldextract.TLDExtract(suffix_list_urls=())

    class Blank(SpacyNlpEngine):
        def __init__(self) -> None:
            super().__init__()
            self.nlp = {"fr": spacy.blank("fr")}

        def load(self) -> None:
            return

    registry = RecognizerRegistry(supported_languages=["fr"])
    registry.load_predefined_recognizers(languages=["fr"])
    engine = AnalyzerEngine(registry=registry, nlp_engine=Blank(), supported_languages=["fr"])
    return lambda texts: [[(r.start, r.end, r.entity_type) for r in engine.analyze(t, "fr")] for t in texts]


def row(name: str, variant: str, made: dict[str, Any]) -> str:
    return (
        f"| {name} | {variant} | {made['direct_recall']:.3f} | {made['precision']:.3f} | {made['leaking_documents']:.1%} | "
        f"{made['indirect_recall']:.3f} | {made['indirect_precision']:.3f} |"
    )


def court(path: Path, count: int) -> list[tuple[str, list[tuple[int, int, str]]]]:
    names = {"PER": "LAST_NAME", "LOC": "CITY", "DATETIME": "DATE", "CODE": "IPP", "ORG": "HOSPITAL"}
    out = []
    for line in (path / "french_court_text" / "fr_echr_all.jsonl").read_text(encoding="utf-8").splitlines():
        made = json.loads(line)
        gold = [
            (e["start"], e["end"], names[e["label"]])
            for e in made["entities"]
            if e["label"] in ("PER", "DATETIME", "LOC")
        ]
        if gold:
            out.append((made["text"], gold))
    random.Random(1).shuffle(out)
    return out[:count]


def speed(detect: Any, texts: list[str]) -> float:
    detect(texts[:32])
    begun = time.process_time()
    detect(texts)
    return len(texts) / (time.process_time() - begun)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=130)
    parser.add_argument("--court", type=int, default=600)
    parser.add_argument("--seed", type=int, default=20261122)
    parser.add_argument(
        "--shared", type=Path, default=Path(os.environ.get("ANON_PIPELINE_SHARED_DATA", "../shared/data"))
    )
    arguments = parser.parse_args()
    import torch

    torch.set_num_threads(1)
    from measure import VARIANTS, score, vary
    from unseen import NEGATIVES, Maker

    from anon_pipeline.modalities.text.training.documents import NamePools, document

    maker = Maker(arguments.seed)
    documents = [maker.document(i)[:2] for i in range(arguments.documents)]
    stocked = stock()
    lines = [
        "| detector | variant | direct recall | precision | leaking documents | indirect recall | indirect precision |",
        "|---|---|---|---|---|---|---|",
    ]
    by_class: dict[str, dict[str, float]] = {}
    for variant in VARIANTS:
        rng = random.Random(arguments.seed)
        made = [vary(t, g, variant, rng) for t, g in documents]
        result = score(made, ours)
        by_class[variant] = result["recall"]
        lines.append(row("anon-pipeline", variant, result))
        lines.append(row("its rules alone", variant, score(made, rules_only)))
        lines.append(row("stock presidio, blank French", variant, score(made, stocked)))
    classes = sorted(by_class["clean"])
    lines += [
        "",
        "Recall of anon-pipeline by class:",
        "",
        "| class | " + " | ".join(VARIANTS) + " |",
        "|---|" + "---|" * len(VARIANTS),
    ]
    lines += [
        f"| {c} | " + " | ".join(f"{by_class[v].get(c, float('nan')):.3f}" for v in VARIANTS) + " |" for c in classes
    ]
    hit = [t for t, found in zip(NEGATIVES, ours(NEGATIVES), strict=True) if found]
    lines += ["", f"Eponym and drug lines wrongly hit: {len(hit)} of {len(NEGATIVES)}."]
    rng = random.Random(3)
    english = [document(rng, NamePools(dev=True), 1.0) for _ in range(100)]
    made = score([(d.text, d.spans()) for d in english], ours)
    lines += [
        "",
        f"English (generator's held-out names and templates, {len(english)} notes): direct recall {made['direct_recall']:.3f}, precision {made['precision']:.3f}.",
    ]
    if arguments.shared.is_dir():
        sentences = court(arguments.shared, arguments.court)
        made = score(sentences, ours)
        other = score(sentences, stocked)
        lines += ["", f"French court text ({len(sentences)} sentences with persons, dates or places; another domain, never trained on): recall "
                  f"{made['direct_recall']:.3f}, precision {made['precision']:.3f}; stock presidio {other['direct_recall']:.3f}/{other['precision']:.3f}."]  # fmt: skip
    long = []
    for _ in range(200):
        text = ""
        while len(text) < 1500:
            text += maker.document()[0] + "\n"
        long.append(text[:1500])
    a, b = speed(ours, long), speed(stocked, long)
    lines += [
        "",
        f"Detection of 200 notes of 1,500 characters, one thread: {a:.0f} notes a CPU-second; stock presidio {b:.0f} ({a / b:.1f} times).",
    ]
    versions = ", ".join(
        f"{p} {importlib.metadata.version(p)}" for p in ("torch", "presidio-analyzer", "spacy", "faker")
    )
    head = [
        "# Text: measured", "", f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, 2026-11-22; {versions}.",
        f"Command: `python benchmarks/text/run.py --documents {arguments.documents} --court {arguments.court}`. Templates and names that the",
        "generator does not have (`unseen.py`); no patient's record is used. Recall is by token.", "",
    ]  # fmt: skip
    text = "\n".join([*head, *lines]) + "\n"
    (HERE / "RESULTS.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
