"""Phrases that are alike but for a few words, as one phrase with a choice of words: 'lésion ⟨W⟩ du segment ⟨W⟩'.

Reports combine few wordings in many ways, so that each combination has few patients where the wording has many. Which
phrases are shared by enough patients, and which word is said of whom, is decided elsewhere.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import SequenceMatcher

from anon_pipeline.modalities.text.inflection import lemma

WORD = "W"
GAP = f"⟨{WORD}⟩"
MOST_GAPS, LONGEST_GAP = 3, 3
ALIKE = 0.6
"""Share of a phrase's words that stand in all of its variants."""
MOST_COMPARED, MOST_TRIED = 2_000, 20
TOKEN = re.compile(r"\s*(?:⟨\w+⟩|[^\W_]+(?:[-'’][^\W_]+)*['’]?|[^\s⟨]|⟨)")
WORDLIKE = re.compile(r"\s*[^\W\d_][\w'’-]*\Z")
FORMS = 0.1
"""Share of a word's patients in a gap from which another of its forms there is another word: it agrees with the patient
('vu le', 'vue le') and not with the phrase."""
Span = tuple[int, int]


@dataclass
class Frame:
    """One phrase with gaps. members: each phrase that it stands for -> the words in its gaps, in order."""

    text: str
    members: dict[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass
class _Cluster:
    founder: list[str]
    spans: list[Span]
    members: dict[str, tuple[list[str], dict[int, int]]]


def frames(persons: Mapping[str, int]) -> list[Frame]:
    """The phrases as frames; a phrase that is like no other is a frame without gaps.

    persons: phrase -> how many patients have it; the commonest found a frame first. Two phrases are alike when three
    gaps of at most three words lead from one to the other, none of them beside a slot, where a unit or what is counted
    stands.
    """
    ordered = sorted(persons, key=lambda text: (-persons[text], text))
    clusters: list[_Cluster] = []
    having: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for text in ordered[:MOST_COMPARED]:
        tokens = TOKEN.findall(text)
        slots = tuple(token.strip() for token in tokens if "⟨" in token)
        words = {(*slots, token.strip()) for token in tokens if WORDLIKE.match(token)}
        if any(_joined(clusters[index], text, tokens) for index in _like(words, having)):
            continue
        for word in words:
            having[word].append(len(clusters))
        clusters.append(_Cluster(tokens, [], {text: (tokens, {i: i for i in range(len(tokens))})}))
    return [_frame(cluster) for cluster in clusters] + [Frame(text, {text: ()}) for text in ordered[MOST_COMPARED:]]


def _like(words: set[tuple[str, ...]], having: Mapping[tuple[str, ...], list[int]]) -> list[int]:
    """Clusters with the same slots whose founder has enough of the words, those with most first."""
    common = Counter(index for word in words for index in having.get(word, ()))
    ordered = sorted(common.items(), key=lambda c: (-c[1], c[0]))[:MOST_TRIED]
    return [i for i, count in ordered if count >= ALIKE * len(words)]


def _joined(cluster: _Cluster, text: str, tokens: list[str]) -> bool:
    """Take the phrase into the cluster, if it can be."""
    founder = cluster.founder
    steps = SequenceMatcher(None, founder, tokens, autojunk=False).get_opcodes()
    if any(kind in ("insert", "delete") for kind, *_ in steps):
        return False
    place = {a + i: b + i for kind, a, end, b, _ in steps if kind == "equal" for i in range(end - a)}
    spans = _united([*cluster.spans, *((a, end) for kind, a, end, *_ in steps if kind == "replace")])
    members = {**cluster.members, text: (tokens, place)}
    fixed = len(founder) - sum(end - start for start, end in spans)
    if len(spans) > MOST_GAPS or fixed < max(2, ALIKE * len(founder)) or any(_beside_slot(founder, s) for s in spans):
        return False
    filled = members.values() if spans != cluster.spans else (members[text],)
    if not all(_wordlike(_between(own, where, span)) for own, where in filled for span in spans):
        return False
    cluster.spans, cluster.members = spans, members
    return True


def _united(spans: Iterable[Span]) -> list[Span]:
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _beside_slot(tokens: list[str], span: Span) -> bool:
    around = tokens[max(span[0] - 1, 0) : span[1] + 1]
    return any("⟨" in token for token in around)


def _between(tokens: list[str], place: Mapping[int, int], span: Span) -> list[str]:
    """The tokens of a member where its founder has those of the span: what is around a span stands in all members."""
    start = place[span[0] - 1] + 1 if span[0] else 0
    return tokens[start : place.get(span[1], len(tokens))]


def _wordlike(tokens: list[str]) -> bool:
    return 0 < len(tokens) <= LONGEST_GAP and all(WORDLIKE.match(token) for token in tokens)


def _frame(cluster: _Cluster) -> Frame:
    parts, last = [], 0
    for start, end in cluster.spans:
        ahead = " " if cluster.founder[start].startswith(" ") else ""
        parts += ["".join(cluster.founder[last:start]), ahead + GAP]
        last = end
    text = "".join([*parts, *cluster.founder[last:]])
    return Frame(
        text,
        {
            member: tuple("".join(_between(tokens, place, span)).strip() for span in cluster.spans)
            for member, (tokens, place) in cluster.members.items()
        },
    )


def word_keys(said: Mapping[str, int]) -> dict[str, str]:
    """What each word of a gap counts as. said: word -> patients who have it there.

    Its lemma, so that 'nodule volumineux' and 'lésion volumineuse' share a word; itself where the gap holds several
    forms of it.
    """
    forms: dict[str, list[str]] = defaultdict(list)
    for word in sorted(said):
        forms[lemma(word)].append(word)
    keys = {}
    for one, words in forms.items():
        counts = sorted(said[word] for word in words)
        several = len(words) > 1 and counts[-2] >= FORMS * sum(counts)
        keys.update({word: word if several else one for word in words})
    return keys
