"""Detectors on unseen notes in four variants, on English, on court text, on eponyms and drugs; and their speed.

    python benchmarks/text/run.py [--documents 130] [--court 400] [--parts detection,texts,costs] [--shared ../shared/data]

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
from collections import Counter
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
os.environ.setdefault("OMP_NUM_THREADS", "1")
THRESHOLDS = HERE.parents[1] / "anon_pipeline" / "modalities" / "text" / "weights" / "thresholds.json"


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


def stock(language: str) -> Any:
    """presidio-analyzer as installed, with a blank spaCy pipeline of the language, no network."""
    import spacy
    import tldextract
    from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
    from presidio_analyzer.nlp_engine import SpacyNlpEngine

    tldextract.extract = tldextract.TLDExtract(suffix_list_urls=())

    class Blank(SpacyNlpEngine):
        def __init__(self) -> None:
            super().__init__()
            self.nlp = {language: spacy.blank(language)}

        def load(self) -> None:
            return

    registry = RecognizerRegistry(supported_languages=[language])
    registry.load_predefined_recognizers(languages=[language])
    engine = AnalyzerEngine(registry=registry, nlp_engine=Blank(), supported_languages=[language])
    return lambda texts: [[(r.start, r.end, r.entity_type) for r in engine.analyze(t, language)] for t in texts]


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


NUMBERS = {
    "NIR": 0.995, "IPP": 0.995, "RPPS": 0.995, "FINESS": 0.995, "PHONE": 0.995, "EMAIL": 0.995, "DATE": 0.995, "BIRTH_DATE": 0.995,
    "POSTAL_CODE": 0.99, "LAST_NAME": 0.97, "FIRST_NAME": 0.96, "ADDRESS": 0.97, "CITY": 0.95, "HOSPITAL": 0.93,
}  # fmt: skip


def detection(arguments: argparse.Namespace, stocked: Any) -> list[str]:
    """Unseen notes in four variants, ours, our rules alone and the peer."""
    from measure import VARIANTS, score, vary
    from unseen import Maker

    maker = Maker(arguments.seed)
    documents = [maker.document(i)[:2] for i in range(arguments.documents)]
    lines = [
        "| detector | variant | direct recall | precision | leaking documents | indirect recall | indirect precision |",
        "|---|---|---|---|---|---|---|",
    ]
    by_class: dict[str, dict[str, float]] = {}
    misses: Counter[Any] = Counter()
    for variant in VARIANTS:
        rng = random.Random(arguments.seed)
        made = [vary(t, g, variant, rng) for t, g in documents]
        result = score(made, ours, misses)
        by_class[variant] = result["recall"]
        lines.append(row("anon-pipeline", variant, result))
        if not arguments.alone:
            lines.append(row("its rules alone", variant, score(made, rules_only)))
            lines.append(row("stock presidio, blank French", variant, score(made, stocked)))
    if arguments.misses:
        arguments.misses.write_text(
            "".join(f"{k[0]}\t{k[1]}\t{n}\n" for k, n in misses.most_common()), encoding="utf-8"
        )
    lines += ["", "Recall of anon-pipeline by class and the lowest that is asked:", ""]
    lines += ["| class | asked | " + " | ".join(VARIANTS) + " |", "|---|---|" + "---|" * len(VARIANTS)]
    for c in sorted(by_class["clean"]):
        figures = " | ".join(f"{by_class[v].get(c, float('nan')):.3f}" for v in VARIANTS)
        lines.append(f"| {c} | {NUMBERS.get(c, '')} | {figures} |")
    return lines


def other_texts(arguments: argparse.Namespace, stocked: Any) -> list[str]:
    """Lines without identifiers, the patient's own name with its record, English, court text."""
    from measure import VARIANTS, score, vary
    from surrogate_checks import own_name
    from unseen import NEGATIVES
    from unseen_english import documents as english_notes

    from anon_pipeline.modalities.text.training.documents import NamePools, document

    rng = random.Random(arguments.seed)
    hit = {v: sum(bool(f) for f in ours([vary(t, [], v, rng)[0] for t in NEGATIVES])) for v in VARIANTS}
    told = ", ".join(f"{v} {n}" for v, n in hit.items())
    lines = ["", f"Eponym and drug lines wrongly hit, of {len(NEGATIVES)}: {told}."]
    pools = NamePools(dev=True)
    pairs = [(document(rng, pools, 0.0), VARIANTS[i % 4]) for i in range(arguments.own)]
    leaks, total = own_name(pairs, rng)
    lines += ["", f"With the patient's record, a token of the patient's own name is left in {leaks} of {total} notes that hold it ({leaks / total:.2%})."]  # fmt: skip
    english = english_notes(arguments.seed, 60)
    made, other = score(english, ours), score(english, stock("en"))
    lines += ["", f"English ({len(english)} unseen notes): recall {made['direct_recall']:.3f}, precision {made['precision']:.3f}; "
              f"stock presidio, blank English: {other['direct_recall']:.3f}/{other['precision']:.3f}."]  # fmt: skip
    if arguments.shared.is_dir():
        sentences = court(arguments.shared, arguments.court)
        made, other = score(sentences, ours), score(sentences, stocked)
        lines += ["", f"French court text ({len(sentences)} sentences with persons, dates or places; another domain, never trained on): recall "
                  f"{made['direct_recall']:.3f}, precision {made['precision']:.3f}; stock presidio {other['direct_recall']:.3f}/{other['precision']:.3f}."]  # fmt: skip
    return lines


def costs(arguments: argparse.Namespace, stocked: Any) -> list[str]:
    """Surrogates, speed, memory, broken input, load time."""
    import robustness
    from surrogate_checks import check, notes
    from unseen import Maker

    from anon_pipeline.keys import Key
    from anon_pipeline.modalities.text import engine
    from anon_pipeline.modalities.text.tagger import WEIGHTS

    lines = ["", "Surrogates (held-out names, three notes a patient), good of all:", ""]
    lines += [f"- {name}: {good} of {of} ({good / of:.2%})" for name, (good, of) in check(*notes(arguments.seed, arguments.patients)).items()]  # fmt: skip
    maker, long = Maker(arguments.seed + 1), []
    for _ in range(arguments.speed):
        text = ""
        while len(text) < 1500:
            text += maker.document()[0] + "\n"
        long.append(text[:1500])
    whole = lambda texts: list(engine.deidentify_documents([{"id": str(i), "text": t} for i, t in enumerate(texts)], Key(bytes(range(32)))))  # noqa: E731  # fmt: skip
    a, b, c = speed(ours, long), speed(stocked, long), speed(whole, long)
    lines += ["", f"Speed, {len(long)} notes of 1,500 characters, one thread, same run: detection {a:.0f} notes a CPU-second, with replacement "
              f"{c:.0f}; stock presidio-analyzer (detection, blank French) {b:.0f}: {a / b:.1f} and {c / b:.1f} times."]  # fmt: skip
    (few, small), (many, big) = robustness.memory([t for t in long if t][:150])
    large = robustness.large(arguments.megabytes)
    cpu, wall = robustness.load_seconds()
    lines += ["", f"Peak memory of a run: {small:.0f} MB with {few} notes, {big:.0f} MB with {many}.", "",
              f"A note of {arguments.megabytes} MB: {large['seconds']:.0f} CPU-seconds, {large['megabytes']:.0f} MB at the peak, {large['left']} of its 3 kinds of "
              f"identifiers left.", "", "Broken notes: " + "; ".join(f"{k}: {v}" for k, v in robustness.broken().items()) + ".", "",
              f"Weights: {WEIGHTS.stat().st_size / 1e6:.1f} MB, loaded in {cpu:.2f} CPU-seconds ({wall:.2f} s) once torch is imported."]  # fmt: skip
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=130)
    parser.add_argument("--court", type=int, default=400)
    parser.add_argument("--own", type=int, default=400, help="Notes for the patient's own name.")
    parser.add_argument("--patients", type=int, default=60)
    parser.add_argument("--speed", type=int, default=150)
    parser.add_argument("--megabytes", type=int, default=20, help="Size of the large note.")
    parser.add_argument("--seed", type=int, default=20261122)
    parser.add_argument("--alone", action="store_true", help="Without peers in the four variants.")
    parser.add_argument("--misses", type=Path, help="Write what was missed and wrongly hit (fictional notes) there.")
    parser.add_argument("--parts", default="detection,texts,costs")
    parser.add_argument("--shared", type=Path, default=Path(os.environ.get("ANON_PIPELINE_SHARED_DATA", "../shared/data")))  # fmt: skip
    arguments = parser.parse_args()
    import torch

    torch.set_num_threads(1)
    stocked = stock("fr")
    lines: list[str] = []
    for part, measured in (("detection", detection), ("texts", other_texts), ("costs", costs)):
        if part in arguments.parts.split(","):
            lines += measured(arguments, stocked)
    versions = ", ".join(f"{p} {importlib.metadata.version(p)}" for p in ("torch", "presidio-analyzer", "spacy", "faker"))  # fmt: skip
    chosen = json.loads(THRESHOLDS.read_text(encoding="utf-8"))
    head = [
        "# Text: measured", "", f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores shared with other work, 2026-11-22; {versions}.",
        f"Command: `python benchmarks/text/run.py {' '.join(sys.argv[1:])}`. Templates and names that the",
        "generator does not have (`unseen.py`); no patient's record is used unless it is said. Recall is by token. Some of the",
        "misses on these templates were read while rules were written; expect a little less on others.",
        f"Thresholds: direct {chosen['direct']}, indirect {chosen['indirect']} ({chosen['rule']}).", "",
    ]  # fmt: skip
    text = "\n".join([*head, *lines]) + "\n"
    if arguments.parts == "detection,texts,costs":
        (HERE / "RESULTS.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
