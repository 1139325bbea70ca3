# ruff: noqa: E501
"""Names that a title, a form's field or a married name announces. Names without such a word are the classifier's."""

from __future__ import annotations

import re
from collections.abc import Iterator

from anon_pipeline.modalities.text.lists import more_names
from anon_pipeline.modalities.text.rules.found import Found
from anon_pipeline.surrogates.identity import guess_sex
from anon_pipeline.surrogates.style import fold
from anon_pipeline.surrogates.words import items

TITLE = re.compile(r"(?<![a-z'])(?:m\.|mr\.?|mrs\.?|ms\.?|mme\.?|mlle|mle|monsieur|madame|mademoiselle|docteur|dr\.?|drs\.?|professeur|prof\.?|pr\.?|doctor|maitre|confrere|consoeur)[ ]{1,2}(?=[a-z])")  # fmt: skip
BIRTH = re.compile(
    r"(?<![a-z])(?:nee?|epouse|ep\.?|veuve|vve|nom de naissance ?:|nom de jeune fille ?:|nom d'usage ?:|nom usuel ?:) +(?=[a-z])"
)
GLUED = re.compile(
    r"(?<![a-z])(?:docteur|professeur|monsieur|madame|mademoiselle|mme|mlle)(?!s?\b|es?\b|eurs?\b)([a-z]{3,})|(?<![a-z])(?:dr|pr|mme|mr|m)\.([a-z]{3,})"
)
FIELD = re.compile(r"(?<![a-z])(?P<kind>nom(?: de famille| de naissance| d'usage| usuel| marital| patronymique| du patient)?|prenoms?|prenom\(s\)|nom et prenoms?|nom prenoms?|surname|first names?|last name|given names?|patient name|name)\.? *[:=|] *(?=[a-z])")  # fmt: skip
KIN = re.compile(r"(?<![a-z])(?:fille|fils|femme|mari|epouse|epoux|compagne|compagnon|conjointe?|mere|pere|maman|papa|soeur|s.ur|frere|niece|neveu|tante|oncle|tata|tonton|cousine?|grand-mere|grand-pere|belle-[a-z]+|beau-[a-z]+|petite?-(?:fille|fils)|voisine?|amie?|marraine|parrain|enfant|bebe|petite?|jumeau|jumelle|prenomme|prenommee)(?: (?:ainee?|cadette?|jumelle|jumeau|unique|de|d'))?,? (?=[a-z])")  # fmt: skip
PAIR = re.compile(r"(?<![\w/])([^\W\d_]{3,}) ?[/+&] ?([^\W\d_]{3,})(?![\w/])")
ORDINARY = frozenset(["fleur", "rose", "claire", "aime", "ange", "noel", "pascal", "constant", "modeste", "juste", "fortune", "prudence", "patience", "felicite", "victoire", "aurore", "perle", "olive", "prune", "grace", "merveille", "divine", "tresor", "reine", "prince", "lin", "long", "nuit", "mai", "yan", "dan", "cola", "max", "noa", "indy", "luna", "lune", "violette", "jasmine", "marine", "parfait", "innocent", "placide", "desire", "germain", "blanche", "vera", "amara", "celeste", "brune", "mina"])  # fmt: skip
WORD = re.compile(r"[^\W\d_]+(?:['’\-][^\W\d_]+)*\.?")
PARTICLES = frozenset(
    [
        "de",
        "du",
        "des",
        "d",
        "la",
        "le",
        "les",
        "el",
        "al",
        "ben",
        "van",
        "von",
        "der",
        "den",
        "di",
        "da",
        "dos",
        "della",
        "del",
        "ould",
        "ait",
        "saint",
        "sainte",
        "abou",
        "abi",
    ]
)
# what a doctor is in this note; the name may follow
ROLES = frozenset(
    ["signataire", "referent", "referente", "traitant", "traitante", "responsable", "prescripteur", "prescriptrice",
     "destinataire", "correspondant", "correspondante", "redacteur", "redactrice", "operateur", "operatrice",
     "remplacant", "remplacante", "titulaire"]
)  # fmt: skip
STOP = frozenset(
    [
        "le",
        "la",
        "les",
        "de",
        "du",
        "des",
        "un",
        "une",
        "et",
        "ou",
        "en",
        "au",
        "aux",
        "pour",
        "par",
        "avec",
        "sans",
        "sur",
        "est",
        "a",
        "ne",
        "nee",
        "qui",
        "que",
        "se",
        "son",
        "sa",
        "ses",
        "il",
        "elle",
        "ce",
        "cette",
        "patient",
        "patiente",
        "chef",
        "service",
        "medecin",
        "traitant",
        "interne",
        "senior",
        "agee",
        "age",
        "hospitalise",
        "hospitalisee",
        "vit",
        "presente",
        "signe",
        "docteur",
        "dr",
        "pr",
        "professeur",
        "madame",
        "monsieur",
        "mme",
        "mr",
        "the",
        "a",
        "an",
        "is",
        "was",
        "and",
        "or",
        "with",
        "for",
        "of",
        "on",
        "in",
        "at",
        "to",
        "confrere",
        "chere",
        "cher",
        "consoeur",
        "qu",
        "s",
        "n",
        "c",
        "absent",
        "absente",
        "non",
        "responsable",
        "date",
        "prenom",
        "nom",
        "ddn",
        "sexe",
        "ipp",
        "adresse",
        "tel",
        "email",
        "cardiologue",
        "chirurgien",
        "radiologue",
        "urgentiste",
        "generaliste",
        "pediatre",
        "neurologue",
    ]
)


def find(text: str, folded: str) -> Iterator[Found]:
    lower = not any(map(str.isupper, text))
    for match in TITLE.finditer(folded):
        word = match.group().strip()
        if word in ("m.", "pr", "ms", "confrere", "consoeur", "maitre") and not text[match.end()].isupper():
            continue
        if word in ("confrere", "consoeur") and not text[match.end()].isupper():
            continue
        yield from _names(text, folded, match.end(), lower, "title")
    for match in GLUED.finditer(folded):
        begin = match.start(match.lastindex or 1)
        if match.lastindex == 1 or text[begin].isupper() or not folded.startswith(("m.", "pr."), match.start()):
            yield from _names(text, folded, begin, lower, "title")
    yield from _kin(text, folded)
    yield from _pairs(text)
    for match in BIRTH.finditer(folded):
        if text[match.end()].isupper() or (folded[match.start()] == "n" and ":" in match.group()):
            for found in _names(text, folded, match.end(), lower, "birth-name"):
                yield found._replace(label="LAST_NAME")
    for match in FIELD.finditer(folded):
        kind = match.group("kind")
        first = "prenom" in kind or "first" in kind or "given" in kind
        both = ("nom" in kind.split() or kind.startswith("nom ")) and "prenom" in kind
        for found in _names(text, folded, match.end(), lower, "field", line=True):
            yield (
                found
                if both or kind in ("name", "patient name")
                else found._replace(label="FIRST_NAME" if first else "LAST_NAME")
            )


def _pairs(text: str) -> Iterator[Found]:
    """First names of the lists beside one another, as nurses sign: 'Kévin/Assia'."""
    for match in PAIR.finditer(text):
        if all(fold(match.group(i)) in _first_names() and fold(match.group(i)) not in ORDINARY for i in (1, 2)):
            for i in (1, 2):
                yield Found(*match.span(i), "FIRST_NAME", 0.75, "name-pair")


def _kin(text: str, folded: str) -> Iterator[Found]:
    """A first name that a word for a relative announces ('sa fille Rosine'): only names of the lists."""
    for match in KIN.finditer(folded):
        word = WORD.match(text, match.end())
        if word is None:
            continue
        name = fold(word.group().rstrip("."))
        known = name in _first_names() or name.split(" ")[0] in _first_names()
        if known and name not in STOP and (text[match.end()].isupper() or name not in ORDINARY):
            yield Found(match.end(), match.end() + len(word.group().rstrip(".")), "FIRST_NAME", 0.75, "name-kin")


def _names(text: str, folded: str, position: int, lower: bool, rule: str, line: bool = False) -> Iterator[Found]:
    """The words after an announcement that can be a name: capitalised, particles, at most four; one in lower case."""
    words: list[tuple[int, int]] = []
    last = position
    plain = lower or not any(map(str.islower, text[max(0, position - 200) : position + 200]))
    for match in WORD.finditer(text, position, min(len(text), position + 70)):
        between = text[last : match.start()]
        if between.strip(" \u00a0") or "\n" in between or len(between) > 3:
            break
        start, end = match.span()
        word = folded[start:end].rstrip(".")
        if text[end - 1] == "." and len(word) > 3:
            end -= 1
        if word in ROLES and not words:
            last = match.end()
            continue
        if word in STOP and not (word in PARTICLES and text[start].isupper()):
            break
        capital = text[start].isupper()
        if not capital and not lower and word not in PARTICLES and word[:2] not in ("d'", "l'"):
            if words or rule == "field" or len(word) < 3:
                break
            words.append((start, end))
            break
        words.append((start, end))
        last = match.end()
        if text[last - 1] == "." and len(word) > 3:
            break
        limit = 1 if plain and not _is_first(text, words) else 2 if plain else 4
        if len([w for w in words if folded[w[0] : w[1]] not in PARTICLES]) >= limit:
            break
    while words and folded[words[-1][0] : words[-1][1]] in PARTICLES:
        words.pop()
    if not words:
        return
    labels = split_names([text[a:b] for a, b in words])
    for (start, end), label in zip(words, labels, strict=True):
        yield Found(start, end, label, 0.75, f"name-{rule}")


def _is_first(text: str, words: list[tuple[int, int]]) -> bool:
    """Whether the last word so far is an initial or a first name, so that a surname may follow it."""
    word = fold(text[slice(*words[-1])].rstrip("."))
    return len(word) == 1 or word in _first_names() or word.split("-")[0] in _first_names()


def split_names(words: list[str]) -> list[str]:
    """FIRST_NAME or LAST_NAME for each word of a full name: capitals, initials and the lists of first names tell."""
    if len(words) == 1:
        return ["LAST_NAME"]
    labels = []
    mixed = any(w.isupper() and len(w) > 2 for w in words) and any(not w.isupper() for w in words)
    for index, word in enumerate(words):
        plain = word.rstrip(".")
        if len(plain) <= 1 or (word.endswith(".") and len(plain) <= 4):
            labels.append("FIRST_NAME")
        elif mixed:
            labels.append("LAST_NAME" if word.isupper() or fold(word) in PARTICLES else "FIRST_NAME")
        else:
            known = fold(word) in _first_names()
            labels.append(
                "FIRST_NAME" if (known and index == 0) or (index == 0 and guess_sex(word) is not None) else "LAST_NAME"
            )
    if "LAST_NAME" not in labels:
        labels[-1] = "LAST_NAME"
    return labels


_KNOWN: set[str] = set()


def _first_names() -> set[str]:
    if not _KNOWN:
        more = more_names()
        _KNOWN.update(fold(n) for n in (*items("first_names"), *more["female"], *more["male"]) if len(n) > 2)
    return _KNOWN
